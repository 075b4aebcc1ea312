"""What each certificate must look like (security.md section 7), as frozen values.

The same value makes a certificate and judges it: see ``certs.build`` and ``certs.judge``.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.errors import OrderRefused

BACKDATED: Final = timedelta(minutes=5)
"""How far before its making a certificate or list begins, so that a peer whose clock is late accepts it."""

SERIAL_BITS: Final = 120
"""A serial of 128 random bits or more is shorter than this once in 256 times at most, ours (159 bits) never."""

ISSUING_CAS: Final = (
    "relying-parties",
    "provider-endpoints",
    "gateway-servers",
    "staff",
    "test-eid",
    "test-smart-id",
    "ocsp",
)
"""One issuing CA per purpose, each a folder of the hierarchy and a trust anchor of its own (T32)."""


class Names(Enum):
    """What the subject alternative name must hold."""

    NONE = "no names"
    HOSTS = "at least one DNS name or IP address"
    ANY = "at least one DNS name, IP address or URI"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What certificates of one purpose must look like."""

    name: str
    issuing_ca: str
    """The folder of the CA that signs: one of ``ISSUING_CAS``, or ``root``."""
    purpose: x509.ObjectIdentifier | None
    """The one extended key usage; None for a CA."""
    key_usage: frozenset[str]
    """Bits as ``cryptography`` names them: ``digital_signature``, …"""
    names: Names
    lifetime: timedelta
    """From notBefore to notAfter, when the order names no other."""
    longest_lifetime: timedelta
    path_length: int | None = None
    """How many CAs may stand below; None for a certificate that is no CA."""
    ocsp_no_check: bool = False
    """Whether nobody need ask if this certificate is revoked (RFC 6960 4.2.2.2.1)."""

    @property
    def is_ca(self) -> bool:
        """Whether certificates of this profile sign others."""
        return self.path_length is not None


def _leaf(
    name: str,
    issuing_ca: str,
    purpose: x509.ObjectIdentifier,
    *,
    names: Names = Names.ANY,
    days: int = 7,
    longest_days: int = 90,
    ocsp_no_check: bool = False,
) -> Profile:
    return Profile(
        name=name,
        issuing_ca=issuing_ca,
        purpose=purpose,
        key_usage=frozenset({"digital_signature"}),
        names=names,
        lifetime=timedelta(days=days),
        longest_lifetime=timedelta(days=longest_days),
        ocsp_no_check=ocsp_no_check,
    )


def _ca(name: str, *, days: int, path_length: int) -> Profile:
    return Profile(
        name=name,
        issuing_ca="root",
        purpose=None,
        key_usage=frozenset({"key_cert_sign", "crl_sign"}),
        names=Names.NONE,
        lifetime=timedelta(days=days),
        longest_lifetime=timedelta(days=days),
        path_length=path_length,
    )


_SERVER: Final = ExtendedKeyUsageOID.SERVER_AUTH
_CLIENT: Final = ExtendedKeyUsageOID.CLIENT_AUTH

ROOT: Final = _ca("root", days=3650, path_length=1)
ISSUING_CA: Final = _ca("issuing-ca", days=1825, path_length=0)

LEAF_PROFILES: Final = (
    _leaf("gateway-server", "gateway-servers", _SERVER, names=Names.HOSTS),
    _leaf("gateway-client", "gateway-servers", _CLIENT),
    _leaf("provider-server", "provider-endpoints", _SERVER, names=Names.HOSTS),
    _leaf("relying-party-client", "relying-parties", _CLIENT),
    _leaf("portal-server", "relying-parties", _SERVER, names=Names.HOSTS),
    _leaf("staff-client", "staff", _CLIENT, days=30, longest_days=30),
    _leaf("test-eid", "test-eid", _CLIENT, days=365, longest_days=365),
    _leaf("ocsp-signer", "ocsp", ExtendedKeyUsageOID.OCSP_SIGNING, longest_days=7, ocsp_no_check=True),
)

_BY_NAME: Final = {profile.name: profile for profile in LEAF_PROFILES}


def profile_named(name: str) -> Profile:
    """The leaf profile of that name.

    Raises:
        OrderRefused: there is none; the text lists those there are.
    """
    if name not in _BY_NAME:
        raise OrderRefused(f"there is no profile {name!r}; choose one of {', '.join(sorted(_BY_NAME))}")
    return _BY_NAME[name]
