"""Identities and providers' memory in login rows, and pushed requests, sealed: AES-256-GCM under the storage key, bound to the row (security.md 6.6)."""

import secrets
from dataclasses import replace
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.storage.times import from_micros, to_micros
from providers.contract import AssuranceLevel, Factor, ProviderId, VerifiedIdentity
from providers.personal_code import PersonalCode

NONCE_BYTES: Final = 12


class IdentitySeal:
    """Seals and opens what may be personal."""

    def __init__(self, key: bytes) -> None:
        """Use a 32-byte key."""
        self._cipher = AESGCM(key)

    def seal(self, identity: VerifiedIdentity, login: str) -> bytes:
        """Encrypt an identity for its login; the exchanges are left to the audit log."""
        return self._encrypt(_to_json(identity), login)

    def open(self, sealed: bytes, login: str) -> VerifiedIdentity:
        """Decrypt; raises ``cryptography.exceptions.InvalidTag`` for another login's or a changed one."""
        return _from_json(self._decrypt(sealed, login))

    def seal_memory(self, memory: bytes, login: str) -> bytes:
        """Encrypt what a provider asked to be kept for a login."""
        return self._encrypt(memory, f"memory {login}")

    def open_memory(self, sealed: bytes, login: str) -> bytes:
        """Decrypt; raises ``cryptography.exceptions.InvalidTag`` for another login's or a changed one."""
        return self._decrypt(sealed, f"memory {login}")

    def seal_parameters(self, parameters: bytes, reference: str) -> bytes:
        """Encrypt a pushed request for its reference."""
        return self._encrypt(parameters, f"pushed {reference}")

    def open_parameters(self, sealed: bytes, reference: str) -> bytes:
        """Decrypt; raises ``cryptography.exceptions.InvalidTag`` for another's or a changed one."""
        return self._decrypt(sealed, f"pushed {reference}")

    def _encrypt(self, content: bytes, owner: str) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, owner.encode())

    def _decrypt(self, sealed: bytes, owner: str) -> bytes:
        return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.encode())


def without_exchanges(identity: VerifiedIdentity) -> VerifiedIdentity:
    """Give the identity as a store returns it."""
    return replace(identity, exchanges=())


def _to_json(identity: VerifiedIdentity) -> bytes:
    code = identity.personal_code
    return orjson.dumps(
        {
            "provider": identity.provider,
            "country": identity.country,
            "personal_code": [code.key, code.country],
            "given_name": identity.given_name,
            "family_name": identity.family_name,
            "assurance": identity.assurance.value,
            "factors": sorted(identity.factors),
            "means": identity.means,
            "interface": identity.interface,
            "authenticated_at": to_micros(identity.authenticated_at),
            "flags": sorted(identity.flags),
        }
    )


def _from_json(text: bytes) -> VerifiedIdentity:
    stored: dict[str, Any] = orjson.loads(text)
    key, country = stored["personal_code"]
    return VerifiedIdentity(
        provider=ProviderId(stored["provider"]),
        country=stored["country"],
        personal_code=PersonalCode(key, country),
        given_name=stored["given_name"],
        family_name=stored["family_name"],
        assurance=AssuranceLevel(stored["assurance"]),
        factors=frozenset(map(Factor, stored["factors"])),
        means=stored["means"],
        interface=stored["interface"],
        authenticated_at=from_micros(stored["authenticated_at"]),
        flags=frozenset(stored["flags"]),
    )
