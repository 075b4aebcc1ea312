"""What was ordered, and what was issued for it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from certs.build import common_name
from certs.errors import OrderRefused
from certs.load import load_private_key
from certs.profiles import Names, Profile

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate with its key, on disk."""

    name: str
    profile: Profile
    certificate_path: Path
    """PEM: the leaf followed by its issuing CA."""
    key_path: Path
    """PEM, readable by its owner only."""
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a certificate shall be."""

    profile: Profile
    name: str
    subject: x509.Name
    alternative: tuple[x509.GeneralName, ...]
    lifetime: timedelta


def order_for(
    profile: Profile,
    name: str,
    alternative: tuple[x509.GeneralName, ...],
    subject: x509.Name | None,
    lifetime: timedelta | None,
) -> Order:
    """A complete order.

    Raises:
        OrderRefused: ``name`` cannot name a folder.
    """
    if not alternative and profile.names is Names.ANY:
        alternative = (x509.UniformResourceIdentifier(f"urn:vpm:development:{checked_name(name)}"),)
    return Order(
        profile=profile,
        name=checked_name(name),
        subject=subject or common_name(name),
        alternative=alternative,
        lifetime=lifetime or profile.lifetime,
    )


def order_of(issued: Issued) -> Order:
    """The order that would make the same certificate again."""
    certificate = issued.certificate
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return Order(
        profile=issued.profile,
        name=issued.name,
        subject=certificate.subject,
        alternative=tuple(names),
        lifetime=certificate.not_valid_after_utc - certificate.not_valid_before_utc,
    )


def is_torn(issued: Issued) -> bool:
    """Whether a crash left no key, or one that is not the certificate's; both are then replaced.

    Raises:
        FileUnusable: others may read the key, or it is garbled: no crash does that, and the operator must know.
    """
    if not issued.key_path.exists():
        return True
    return load_private_key(issued.key_path).public_key() != issued.certificate.public_key()


def checked_name(name: str) -> str:
    """``name``, which is safe to be a folder's.

    Raises:
        OrderRefused: it is not.
    """
    if not _NAME.fullmatch(name):
        raise OrderRefused(
            f"{name!r} cannot name a folder; use lower-case letters, digits, hyphens and dots, 64 at most"
        )
    return name


def renewal_due_at(certificate: x509.Certificate) -> datetime:
    """Two thirds of the certificate's life: UTC, aware."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return begins + (ends - begins) * 2 / 3
