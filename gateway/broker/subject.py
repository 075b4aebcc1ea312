"""Pairwise subjects: the name by which one relying party knows a person, and no other does."""

import base64
import hashlib
import hmac

from providers.contract import VerifiedIdentity


def pairwise_subject(key: bytes, sector: str, identity: VerifiedIdentity) -> str:
    """Derive a person's subject for one sector.

    The same person through any provider has the same subject; nobody without the key can go from it to the personal
    code or to the subject in another sector. Country and code alone decide, never the name (eid-providers.md 1.6).

    Args:
        key: at least 32 random bytes, kept outside the database and never changed.
        sector: the relying party's registered sector.
        identity: a verified identity.

    Returns:
        43 URL-safe base64 characters.
    """
    person = f"{sector}\0{identity.country}\0{identity.personal_code.key}"
    return base64.urlsafe_b64encode(hmac.digest(key, person.encode(), hashlib.sha256)).rstrip(b"=").decode()
