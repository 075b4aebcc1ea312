"""What the bank says over the back channel (design.md section 4): signed confirmations and journals.

One confirmation per login, made when it is first fetched and the same ever after, for five minutes; only the partner
that asked gets it.
"""

import hashlib
import hmac
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.jwk import ECKey

from mock_bank.faults import ActiveFaults
from mock_bank.identities import Identity
from mock_bank.journal import Record

LIFETIME: Final = 300
"""Seconds after the answer in which a confirmation can be fetched, and for which it is valid."""
CONFIRMATION_TYP: Final = "vpm-confirmation+jwt"
JOURNAL_TYP: Final = "vpm-journal+jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """A login that ended well, as the confirmation will tell it."""

    reference: str
    partner: str
    interface: str
    """Through which protocol the person came."""
    identity: Identity
    transaction_id: str
    at: int
    """Epoch seconds: when the second factor was accepted."""
    answered_at: int
    """Epoch seconds: when the person agreed and the answer was made."""
    faults: ActiveFaults


class Signer:
    """Signs compact JWS with one P-256 key."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, kid: str) -> None:
        """Import the key once."""
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._key = ECKey.import_key(pem)
        self.kid = kid
        """Stands in the header of what it signs."""

    def sign(self, payload: bytes, typ: str) -> str:
        """A compact JWS (ES256) over the bytes."""
        header = {"alg": "ES256", "kid": self.kid, "typ": typ}
        return jws.serialize_compact(header, payload, self._key, algorithms=["ES256"])


class Confirmations:
    """Logins waiting to be confirmed, by reference."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """``clock`` gives UTC."""
        self._clock = clock
        self._waiting: dict[str, Authentication] = {}
        self._signed: dict[str, str] = {}
        self._guard = threading.Lock()

    def add(self, authentication: Authentication) -> bool:
        """Offer a login for confirmation; false when its reference was answered before."""
        with self._guard:
            self._forget_old()
            if authentication.reference in self._waiting:
                return False
            self._waiting[authentication.reference] = authentication
            return True

    def find(self, reference: str, partner: str) -> Authentication | None:
        """The login of this reference, if this partner asked for it and it is fresh."""
        found = self._waiting.get(reference)
        fresh = found is not None and int(self._clock().timestamp()) - found.answered_at <= LIFETIME
        return found if found and fresh and hmac.compare_digest(found.partner, partner) else None

    def signed_once(self, reference: str, make: Callable[[], str]) -> str:
        """The one confirmation of a login; made by the first call."""
        with self._guard:
            if reference not in self._signed:
                self._signed[reference] = make()
            return self._signed[reference]

    def _forget_old(self) -> None:
        limit = int(self._clock().timestamp()) - 2 * LIFETIME
        while self._waiting:
            oldest = next(iter(self._waiting.values()))
            if oldest.answered_at >= limit:
                return
            self._signed.pop(oldest.reference, None)
            del self._waiting[oldest.reference]


def confirmation_claims(login: Authentication, issuer: str, now: int) -> dict[str, Any]:
    """The claims of an honest confirmation."""
    return {
        "iss": issuer,
        "aud": login.partner,
        "iat": now,
        "exp": now + LIFETIME,
        "jti": login.transaction_id,
        "authentication_id": login.reference,
        "given_name": login.identity.given_name,
        "family_name": login.identity.family_name,
        "personal_code": login.identity.personal_code,
        "factors": ["knowledge", "possession"],
        "authenticated_at": login.at,
        "interface": login.interface,
    }


def blinded(reference: str, secret: str, at: int) -> str:
    """A reference as the journal shows it: HMAC-SHA256 under the salt of the record's UTC day, hexadecimal.

    The salt is HMAC-SHA256 of ``vpm-journal YYYY-MM-DD`` under the shared secret.
    """
    day = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
    salt = hmac.new(bytes.fromhex(secret), f"vpm-journal {day}".encode(), hashlib.sha256).digest()
    return hmac.new(salt, reference.encode(), hashlib.sha256).hexdigest()


def journal_claims(
    records: list[Record], *, issuer: str, audience: str, secret: str, now: int, start: int, end: int, jti: str
) -> dict[str, Any]:
    """The claims of an honest journal extract: ``from`` included, ``to`` not, both epoch seconds."""
    return {
        "iss": issuer,
        "aud": audience,
        "iat": now,
        "jti": jti,
        "from": start,
        "to": end,
        "count": len(records),
        "entries": [_entry(record, secret) for record in records],
    }


def _entry(record: Record, secret: str) -> dict[str, Any]:
    succeeded = record.outcome == "identified"
    entry = {
        "id": blinded(record.reference, secret, record.at),
        "at": record.at,
        "outcome": "succeeded" if succeeded else "refused",
        "transaction_id": record.transaction_id,
        "method": record.method,
        "partner": record.partner,
    }
    return entry if succeeded else entry | {"reason": record.outcome}


def as_bytes(claims: Mapping[str, Any]) -> bytes:
    """Claims as JSON, UTF-8."""
    return orjson.dumps(claims)
