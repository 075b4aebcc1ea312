"""What a relying party may ask of an access token it was given: take it back (RFC 7009), or say whether it counts (RFC 7662).

Its own tokens only. Of any other, as of one that never was, the answer is the same: nothing to take back, not active.
"""

from base64 import urlsafe_b64encode
from datetime import datetime

from authlib.oauth2.rfc6749 import InvalidRequestError

from gateway.audit.event import Verdict
from gateway.broker.deliver import revoke
from gateway.broker.events import TokenInspected
from gateway.broker.identifiers import digest, new_correlation
from gateway.broker.login import Redeemed
from gateway.broker.ports import Unit
from gateway.oidc.back_channel import BackChannelRequest

ASKED_BACK = "asked_by_relying_party"


def revoke_token(unit: Unit, sent: BackChannelRequest) -> bool:
    """Take a token back (RFC 7009 2.1); whoever presents it afterwards is refused.

    ``token_type_hint`` is not needed, for there is one kind; a wrong one changes nothing.

    Returns:
        Whether there was one to take back; the relying party is not told (RFC 7009 2.2).

    Raises:
        OAuth2Error: the request is not proven, or names no token.
    """
    login = _named(unit, sent)
    if login is not None:
        revoke(unit, login, sent.peer, ASKED_BACK)
    return login is not None


def inspect_token(unit: Unit, sent: BackChannelRequest, now: datetime, issuer: str) -> dict[str, object]:
    """Say whether a token counts, and until when, for whom and in whose hands (RFC 7662 2.2, RFC 8705 3.2, RFC 9449 6.2).

    Raises:
        OAuth2Error: the request is not proven, or names no token.
    """
    login = _named(unit, sent)
    active = login is not None and now <= login.token_expires_at
    unit.record(
        TokenInspected(
            corr=login.asked.id if login is not None else new_correlation(),
            peer=sent.peer,
            endpoint=sent.endpoint,
            verdict=Verdict(ok=active, rule="token_counts" if active else "invalid_token"),
        )
    )
    return _description(login, issuer) if login is not None and active else {"active": False}


def _named(unit: Unit, sent: BackChannelRequest) -> Redeemed | None:
    """Spend what proved the request, then find the token among those of its sender."""
    sent.spend(unit)
    token = sent.form.get("token")
    if not token:
        raise InvalidRequestError("token is missing")
    login = unit.load_by_token(digest(token))
    if not isinstance(login, Redeemed) or login.asked.question.relying_party != sent.client.party.id:
        return None
    return login


def _description(login: Redeemed, issuer: str) -> dict[str, object]:
    kind, _, value = (login.holder or "").partition(":")
    described: dict[str, object] = {
        "active": True,
        "iss": issuer,
        "client_id": login.asked.question.relying_party,
        "scope": dict(login.asked.question.reply)["scope"],
        "exp": int(login.token_expires_at.timestamp()),
        "token_type": "DPoP" if kind == "jkt" else "Bearer",
    }
    if kind:
        described["cnf"] = {kind: value if kind == "jkt" else _thumbprint(value)}
    return described


def _thumbprint(fingerprint: str) -> str:
    """Write a certificate's SHA-256 as ``x5t#S256`` wants it (RFC 8705 3.1)."""
    return urlsafe_b64encode(bytes.fromhex(fingerprint)).rstrip(b"=").decode("ascii")
