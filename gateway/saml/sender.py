"""Who sent a message: the registered relying party whose pinned key signed it (T22, T26)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from gateway.broker.relying_party import RelyingParties, RelyingParty, ServiceProvider
from gateway.saml.errors import UntrustedSamlRequest
from providers.saml.bindings import Carried
from providers.saml.errors import SamlRefused
from providers.saml.gate import parse_message
from providers.saml.names import ENTITY, ds, saml
from providers.saml.reading import identifier_of, instant_of, only_child, text_of
from providers.saml.signature import verify_enveloped

FRESH: Final = timedelta(minutes=5)
SKEW: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A message whose sender is proven; ``root`` is what was signed and nothing else."""

    root: Any
    party: RelyingParty
    provider: ServiceProvider
    relay_state: str | None

    @property
    def id(self) -> str:
        """Its ID."""
        return str(self.root.get("ID"))


def take_out(received: bytes, read: Callable[[bytes], Carried], kind: str) -> Carried:
    """Take a message out of what the browser brought.

    Args:
        received: the query string or form, exactly.
        read: knows the binding.
        kind: ``SAMLRequest`` or ``SAMLResponse``.

    Raises:
        UntrustedSamlRequest: there is none, or one of the other kind.
    """
    try:
        carried = read(received)
    except SamlRefused as refused:
        raise UntrustedSamlRequest(refused.rule, refused.detail) from refused
    if carried.kind != kind:
        raise UntrustedSamlRequest("expected_message", f"this address takes {kind} only")
    return carried


def verify_sender(carried: Carried, name: str, parties: RelyingParties, destination: str, now: datetime) -> Signed:
    """Find out who sent a message, and that it is meant for us, now.

    Args:
        carried: the message as the browser brought it.
        name: the element that it must be.
        parties: who is registered.
        destination: the address it came to.
        now: the moment.

    Raises:
        UntrustedSamlRequest: the message is unsafe, unsigned, forged, of nobody registered, for another address or old.
    """
    try:
        signed = _proven(carried, name, parties, now)
        for rule, holds in _rules_of(signed.root, destination, now).items():
            if not holds:
                raise UntrustedSamlRequest(rule, _DESCRIPTIONS[rule], relying_party=signed.party.id)
    except SamlRefused as refused:
        raise UntrustedSamlRequest(refused.rule, refused.detail) from refused
    return signed


def _proven(carried: Carried, name: str, parties: RelyingParties, now: datetime) -> Signed:
    """(1) Safe XML. (2) Who it says it is: only to know whose keys to try. (3) The signature. (4) The same, verified."""
    root = parse_message(carried.xml)
    if root.tag != name:
        raise SamlRefused("expected_message", "the message is of another kind than this address takes")
    party = parties.by_entity_id(issuer_of(root))
    if party is None or party.saml is None:
        raise UntrustedSamlRequest("known_service_provider", "Issuer is not registered")
    if party.saml.valid_until < now:
        raise UntrustedSamlRequest("metadata_in_time", "the registered metadata has expired", relying_party=party.id)
    verified = _verified(root, carried, party.saml)
    if parties.by_entity_id(issuer_of(verified)) is not party:
        raise UntrustedSamlRequest("known_service_provider", "Issuer is not registered")
    return Signed(root=verified, party=party, provider=party.saml, relay_state=carried.relay_state)


def _verified(root: Any, carried: Carried, provider: ServiceProvider) -> Any:
    """One signature, in the place that the binding gives it."""
    if not carried.by_redirect:
        return verify_enveloped(root, provider.signing)
    if root.find(ds("Signature")) is not None:
        raise SamlRefused("signature_in_place", "by redirect the signature stands in the query and not in the message")
    carried.verify_redirect(provider.signing)
    return root


def issuer_of(root: Any) -> str:
    """Read who says to have sent a message."""
    issuer = only_child(root, saml("Issuer"), "one_issuer")
    if issuer.get("Format") not in {None, ENTITY}:
        raise SamlRefused("one_issuer", "Issuer must be an entity id")
    return text_of(issuer)


def _rules_of(root: Any, destination: str, now: datetime) -> Mapping[str, bool]:
    identifier_of(root, "request_id")
    issued = instant_of(root.get("IssueInstant"), "request_issue_instant")
    return {
        "version_two": root.get("Version") == "2.0",
        "destination_is_ours": root.get("Destination") == destination,
        "issued_just_now": now - FRESH <= issued <= now + SKEW,
    }


_DESCRIPTIONS: Final = {
    "version_two": "Version must be 2.0",
    "destination_is_ours": "Destination must be the address that the message is sent to",
    "issued_just_now": "IssueInstant must be within the last five minutes; check the clock",
}
