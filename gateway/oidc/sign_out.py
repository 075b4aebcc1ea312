"""RP-initiated sign-out (OIDC RP-Initiated Logout 1.0): who asks is proven by an ID token of ours, whatever its age.

The person is sent back to a registered address only. Without that proof nothing is ended but by the person (T15).
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from gateway.broker.relying_party import RelyingParties, RelyingParty
from gateway.oidc.errors import SignOutRefused, UntrustedRequest
from gateway.oidc.keys import SigningKeys
from gateway.oidc.request import AuthorizationRequest

NO_HINT: Final = "id_token_hint_or_confirmation"
"""The rule of a request that the person must confirm on a page of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOut:
    """A sign-out request whose relying party is proven by an ID token of ours."""

    party: RelyingParty
    location: str | None
    """Where to send the person; None when the relying party named no address."""
    sid: str | None = None
    """The session that the ID token speaks of; only relying parties of a group are told one."""


def verify_sign_out(query: bytes, parties: RelyingParties, keys: SigningKeys, issuer: str) -> SignOut:
    """Check a sign-out request.

    Raises:
        SignOutRefused: the ID token is not ours, or the address is not registered for its audience.
    """
    try:
        request = AuthorizationRequest.parse(query)
    except UntrustedRequest as error:
        raise SignOutRefused("readable_request", error.code, error.description) from error
    if any(len(found) > 1 for found in request.values.values()):
        raise SignOutRefused("no_parameter_twice", "invalid_request", "a parameter was sent more than once")
    if not request.get("id_token_hint"):
        raise SignOutRefused(NO_HINT, "invalid_request", "id_token_hint is missing, so that the person must confirm")
    party, sid = _audience(request, parties, keys, issuer)
    if request.get("client_id") not in {None, party.id}:
        raise SignOutRefused("same_relying_party", "invalid_request", "client_id is not the ID token's audience")
    uri = request.get("post_logout_redirect_uri")
    if uri is None:
        return SignOut(party=party, location=None, sid=sid)
    if uri not in party.client.post_logout_redirect_uris:
        raise SignOutRefused(
            "registered_post_logout_redirect_uri", "invalid_request", "post_logout_redirect_uri is not registered"
        )
    state = request.get("state")
    separator = "&" if "?" in uri else "?"
    location = f"{uri}{separator}{urlencode({'state': state})}" if state else uri
    return SignOut(party=party, location=location, sid=sid)


def _audience(
    request: AuthorizationRequest, parties: RelyingParties, keys: SigningKeys, issuer: str
) -> tuple[RelyingParty, str | None]:
    hint = request.get("id_token_hint")
    try:
        claims = keys.verify(hint or "")
    except ValueError as error:
        raise SignOutRefused(
            "id_token_hint_is_ours", "invalid_request", "id_token_hint is missing or not an ID token of ours"
        ) from error
    party = parties.oidc_client(str(claims.get("aud")))
    if party is None or claims.get("iss") != issuer:
        raise SignOutRefused("id_token_hint_is_ours", "invalid_request", "id_token_hint is for nobody registered")
    sid = claims.get("sid")
    return party, sid if isinstance(sid, str) else None
