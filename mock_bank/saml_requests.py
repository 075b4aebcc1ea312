"""What the bank checks in an AuthnRequest before it shows a login (SAML 2.0 Profiles 4.1.4.1, Core 3.4.1).

A fault makes its one check lenient, here and nowhere else. Nothing is read from a request but what was signed.
"""

from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from mock_bank import wire_saml as wire
from mock_bank.faults import ActiveFaults
from mock_bank.saml_idp import KnownServiceProvider, SamlIdp

TOLERANCE_SECONDS: Final = 300
REQUEST: Final = f"{{{wire.P}}}AuthnRequest"
_SIGNATURE: Final = f"{{{wire.DS}}}Signature"


class RequestRefused(Exception):
    """A request is not answered; the text is for the developer who made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlQuestion:
    """A request as checked."""

    id: str
    provider: KnownServiceProvider
    consumer: str
    by_artifact: bool
    relay_state: str | None
    contexts: tuple[str, ...]
    """Those that would do; empty where any would."""
    passive: bool


def judge(carried: wire.Carried, idp: SamlIdp, faults: ActiveFaults, now: datetime) -> SamlQuestion:
    """Read a request.

    Raises:
        RequestRefused: it breaks a rule.
    """
    try:
        root = wire.parsed(carried.xml, entities="sam.xxe-internal" in faults, fetches="sam.xxe-external" in faults)
        provider = _sender(root, idp)
        request = _proven(root, carried, provider, faults)
    except wire.Malformed as error:
        raise RequestRefused(str(error)) from error
    _check_head(request, idp, now)
    return SamlQuestion(
        id=request.get("ID"),
        provider=provider,
        consumer=_consumer(request, provider, faults),
        by_artifact=request.get("ProtocolBinding") == f"{wire.BINDING}HTTP-Artifact",
        relay_state=carried.relay_state,
        contexts=tuple(one.text or "" for one in request.iter(f"{{{wire.A}}}AuthnContextClassRef")),
        passive=request.get("IsPassive") in {"true", "1"},
    )


def _sender(root: Any, idp: SamlIdp) -> KnownServiceProvider:
    if root.tag != REQUEST:
        raise RequestRefused("the message is no AuthnRequest")
    provider = idp.service_providers.get((root.findtext(f"{{{wire.A}}}Issuer") or "").strip())
    if provider is None:
        raise RequestRefused("Issuer is no registered service provider")
    return provider


def _proven(root: Any, carried: wire.Carried, provider: KnownServiceProvider, faults: ActiveFaults) -> Any:
    """The request that the service provider signed, and nothing that only stands beside it."""
    if "sam.no-request-verify" in faults:
        return root
    if carried.signed is not None and root.find(_SIGNATURE) is None:
        return _proven_by_query(root, carried, provider, faults)
    requests = list(root.iter(REQUEST))
    if len(requests) > 1:
        return _wrapped(root, requests, provider, faults)
    if root.find(_SIGNATURE) is None:
        return _unsigned(root, faults)
    certificate = None if "sam.accept-any-key" in faults else provider.signing
    signed = wire.signed_part(root, certificate)
    if signed.get("ID") != root.get("ID"):
        raise RequestRefused("the signature covers another element than the request")
    return signed


def _proven_by_query(root: Any, carried: wire.Carried, provider: KnownServiceProvider, faults: ActiveFaults) -> Any:
    if not carried.signature:
        return _unsigned(root, faults)
    sha1 = "sam.accept-sha1-request" in faults and carried.algorithm.endswith("sha1")
    if not wire.query_is_signed(carried, provider.signing, sha1=sha1):
        raise RequestRefused("no registered key made the signature of the query")
    return root


def _unsigned(root: Any, faults: ActiveFaults) -> Any:
    if "sam.accept-unsigned-request" not in faults:
        raise RequestRefused("the request is not signed")
    return root


def _wrapped(root: Any, requests: list[Any], provider: KnownServiceProvider, faults: ActiveFaults) -> Any:
    """A second request hides in the message: refused, unless the fault says to verify the hidden one and read the outer."""
    hidden = requests[-1]
    if _shape_of(root, hidden) not in faults:
        raise RequestRefused("the message holds more than one request")
    original = deepcopy(hidden)
    original.tail = None
    if original.find(_SIGNATURE) is None:
        signature = deepcopy(next(root.iter(_SIGNATURE)))
        for extra in signature.findall(f"{{{wire.DS}}}Object"):
            signature.remove(extra)
        original.append(signature)
    wire.signed_part(original, provider.signing)
    return root


def _shape_of(root: Any, hidden: Any) -> str:
    if hidden.get("ID") == root.get("ID"):
        return "sam.xsw-dup-id"
    return "sam.xsw-object" if hidden.getparent().tag == f"{{{wire.DS}}}Object" else "sam.xsw-extensions"


def _check_head(request: Any, idp: SamlIdp, now: datetime) -> None:
    if request.get("Version") != "2.0" or not request.get("ID"):
        raise RequestRefused("Version must be 2.0, and there must be an ID")
    if request.get("Destination") != idp.settings.sign_on:
        raise RequestRefused("Destination is not this address")
    try:
        issued = datetime.strptime(request.get("IssueInstant", "")[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise RequestRefused("IssueInstant is no moment") from error
    if abs((now - issued).total_seconds()) > TOLERANCE_SECONDS:
        raise RequestRefused("IssueInstant is not within five minutes")


def _consumer(request: Any, provider: KnownServiceProvider, faults: ActiveFaults) -> str:
    registered = provider.settings.consumers
    asked = request.get("AssertionConsumerServiceURL") or registered[0]
    if asked not in registered and "sam.open-acs" not in faults:
        raise RequestRefused("AssertionConsumerServiceURL is not registered")
    return str(asked)
