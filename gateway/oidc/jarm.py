"""Answers of the authorization endpoint as signed tokens (JARM), for relying parties registered to get them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from gateway.oidc.keys import SigningKeys

SIGNED_MODES: Final = frozenset({"jwt", "query.jwt"})
"""Both mean the query of the redirect URI, since ``code`` is the only response type (JARM 2.3.4)."""
LIFETIME: Final = timedelta(minutes=5)
"""JARM 2.1 recommends ten minutes at most."""


def signed_answer(
    keys: SigningKeys, issuer: str, audience: str, parameters: Mapping[str, str], now: datetime, about: str
) -> dict[str, str]:
    """Put the parameters of an answer into one token (JARM 2.1).

    ``iss`` stands inside, where nobody can change it, and therefore not beside it (RFC 9207 2.4).

    Args:
        keys: sign as they sign ID tokens.
        issuer: this gateway.
        audience: the ``client_id`` of whom it is for.
        parameters: ``code`` or ``error`` and ``error_description``, and ``state``.
        now: UTC, aware.
        about: the login or incident, whose event is committed.
    """
    issued = int(now.timestamp())
    expires = issued + int(LIFETIME.total_seconds())
    claims: dict[str, object] = {"iss": issuer, "aud": audience, "iat": issued, "exp": expires, **parameters}
    return {"response": keys.sign(claims, about)}
