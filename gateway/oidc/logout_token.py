"""The token that tells a relying party that a session is over (OIDC Back-Channel Logout 1.0, 2.4; T15)."""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from gateway.broker.identifiers import new_secret
from gateway.broker.session import Participant
from gateway.oidc.keys import SigningKeys

TYPE: Final = "logout+jwt"
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME: Final = timedelta(seconds=120)


def logout_token(keys: SigningKeys, issuer: str, participant: Participant, now: datetime) -> str:
    """Sign a logout token for one relying party: its own ``sid`` and ``sub``, no ``nonce``, a new ``jti``."""
    issued = int(now.timestamp())
    claims: dict[str, object] = {
        "iss": issuer,
        "aud": participant.relying_party,
        "iat": issued,
        "exp": issued + int(LIFETIME.total_seconds()),
        "jti": new_secret(),
        "sub": participant.subject,
        "sid": participant.sid,
        "events": {EVENT: {}},
    }
    return keys.sign(claims, participant.session, TYPE)


def render_form(token: str) -> bytes:
    """Write the body of the request that carries it (2.5)."""
    return urlencode({"logout_token": token}).encode("ascii")
