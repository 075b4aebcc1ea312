"""What a provider publishes of itself (OpenID Connect Discovery 1.0), read from the configured issuer and nowhere else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from authlib.oidc.discovery import OpenIDProviderMetadata

from providers.errors import AssertionRejected, ProviderUnavailable
from providers.oidc.profile import OidcProfile
from providers.refusals import Reason
from providers.servers import Servers
from providers.transport import Reply
from providers.wire.oauth import read_object_of

_OK: Final = 200
_GRAMMAR: Final = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported")
"""Members that Authlib checks by the specification's grammar; what we need of the others is checked here."""
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Where a provider's endpoints are; each is on a configured server."""

    authorization_endpoint: str
    token_endpoint: str
    """The one for clients that authenticate as we do."""
    jwks_uri: str
    userinfo_endpoint: str | None
    announces_issuer: bool
    """Whether its answers through the browser hold ``iss`` (RFC 9207)."""


def well_known(issuer: str) -> str:
    """Where the metadata of an issuer stands (Discovery 4)."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def fetch_metadata(profile: OidcProfile, servers: Servers) -> Metadata:
    """Read the metadata.

    Raises:
        ProviderUnavailable: it does not answer.
        AssertionRejected: ``not_trusted`` for another issuer or an endpoint on a server that is not configured,
            ``malformed`` for a document that lacks what is needed.
    """
    reply = servers.call("GET", well_known(profile.issuer))
    check_answered(reply)
    return read_metadata(read_object_of(reply), profile, servers.covers)


def check_answered(reply: Reply) -> None:
    """See that a published document came; raises ``ProviderUnavailable`` (``provider_busy``) otherwise."""
    if reply.status != _OK:
        raise ProviderUnavailable(
            Reason.PROVIDER_BUSY, f"a published document came with status {reply.status}", exchanges=(reply.exchange,)
        )


def read_metadata(document: Mapping[str, Any], profile: OidcProfile, covers: Callable[[str], bool]) -> Metadata:
    """Read what is needed of a metadata document; see ``fetch_metadata`` for what is refused."""
    # (1) It is this issuer's: before this line everything in it may be somebody else's (Discovery 4.3).
    if document.get("issuer") != profile.issuer:
        raise AssertionRejected(Reason.NOT_TRUSTED, "the metadata's issuer is not the configured one")
    # (2) It has the form that the specification gives it.
    _check_grammar(document)
    # (3) What it offers fits what was agreed.
    _check_agreement(document, profile)
    # (4) Every endpoint is on a server that we may call.
    placed = _aliased(document) if profile.authentication != "private_key_jwt" else document
    for name in (*_ENDPOINTS, *(("userinfo_endpoint",) if profile.userinfo else ())):
        _check_place(placed.get(name), name, covers)
    return Metadata(
        authorization_endpoint=document["authorization_endpoint"],
        token_endpoint=placed["token_endpoint"],
        jwks_uri=document["jwks_uri"],
        userinfo_endpoint=placed.get("userinfo_endpoint") if profile.userinfo else None,
        announces_issuer=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _check_grammar(document: Mapping[str, Any]) -> None:
    metadata = OpenIDProviderMetadata(document)
    for name in _GRAMMAR:
        try:
            getattr(metadata, f"validate_{name}")()
        except (ValueError, TypeError, AttributeError) as error:
            raise AssertionRejected(Reason.MALFORMED, f"the metadata's {name} is missing or malformed") from error


def _check_agreement(document: Mapping[str, Any], profile: OidcProfile) -> None:
    needed = (
        ("response_types_supported", "code"),
        ("id_token_signing_alg_values_supported", profile.id_token_algorithm),
        ("code_challenge_methods_supported", "S256"),
        ("token_endpoint_auth_methods_supported", profile.authentication),
    )
    for name, value in needed:
        offered = document.get(name)
        if offered is not None and (not isinstance(offered, list) or value not in offered):
            raise AssertionRejected(Reason.MALFORMED, f"the metadata's {name} does not hold {value}, which was agreed")


def _aliased(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The endpoints for clients that authenticate by certificate (RFC 8705 section 5)."""
    aliases = document.get("mtls_endpoint_aliases", {})
    if not isinstance(aliases, dict):
        raise AssertionRejected(Reason.MALFORMED, "the metadata's mtls_endpoint_aliases is no object")
    named = {name: aliases[name] for name in ("token_endpoint", "userinfo_endpoint") if name in aliases}
    return {**document, **named}


def _check_place(url: Any, name: str, covers: Callable[[str], bool]) -> None:
    if not isinstance(url, str):
        raise AssertionRejected(Reason.MALFORMED, f"the metadata's {name} is missing or malformed")
    if not covers(url):
        raise AssertionRejected(Reason.NOT_TRUSTED, f"the metadata's {name} is on no server that is configured")
