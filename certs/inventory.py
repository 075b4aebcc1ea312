"""How every certificate of a hierarchy stands: the daily second look (security.md section 7, issuance)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509

from certs.dev_pki import DevPki
from certs.findings import Finding
from certs.judge import judge
from certs.ledger import Revocation
from certs.load import fingerprint_sha256
from certs.order import renewal_due_at


class State(StrEnum):
    """How a certificate stands, the worst first."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    BREAKS_PROFILE = "breaks its profile"
    DUE = "renewal due"
    GOOD = "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One issued certificate, judged again."""

    name: str
    profile: str
    certificate: x509.Certificate
    revocation: Revocation | None
    findings: tuple[Finding, ...]

    @property
    def fingerprint(self) -> str:
        """SHA-256, 64 lower-case hexadecimal digits."""
        return fingerprint_sha256(self.certificate)

    def left(self, now: datetime) -> timedelta:
        """How long it is still good; negative once it has expired."""
        return self.certificate.not_valid_after_utc - now

    def state(self, now: datetime) -> State:
        """The worst that is true of it at ``now`` (UTC, aware)."""
        if self.revocation:
            return State.REVOKED
        if self.left(now) <= timedelta(0):
            return State.EXPIRED
        if self.findings:
            return State.BREAKS_PROFILE
        return State.DUE if now >= renewal_due_at(self.certificate) else State.GOOD


def standings(pki: DevPki) -> Iterator[Standing]:
    """Every certificate of the hierarchy that is in use, by name."""
    for name in pki.names:
        issued = pki.find(name)
        ca = pki.authority(issued.profile.issuing_ca)
        yield Standing(
            name=name,
            profile=issued.profile.name,
            certificate=issued.certificate,
            revocation=ca.revocation_of(issued.certificate),
            findings=judge(issued.certificate, issued.profile, issuer=ca.certificate),
        )
