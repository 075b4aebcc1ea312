"""One CA on disk: its key, its certificate, what it revoked and the lists it published.

``ca.pem``, ``ca.key`` (0600), ``crl.pem``, ``revoked.json``, ``journal.jsonl``, and ``history/`` with every list and certificate it signed.
Whoever calls a method that writes holds the hierarchy's lock.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from certs.build import Issuer, Subject, builder_for, new_key, sign
from certs.clock import Clock
from certs.errors import ClockWentBack, FileUnusable, ProfileBroken
from certs.files import OWNER_ONLY, write_whole
from certs.findings import Finding
from certs.journal import Happening, write_line
from certs.judge import DRAFT_RULES, judge
from certs.ledger import Revocation, read_ledger, write_ledger
from certs.load import fingerprint_sha256, load_certificate, load_crl, load_private_key
from certs.profiles import BACKDATED, Profile
from certs.revocation_list import signed_list

CRL_INTERVAL: Final = timedelta(hours=1)
"""How old a list may grow before a new one is due (security.md section 7)."""

_SECOND: Final = timedelta(seconds=1)
_PATIENCE: Final = 3.0
"""Seconds to wait for the clock when lists are published faster than one a second."""


class Authority:
    """A CA whose files are in ``directory``."""

    def __init__(self, directory: Path, *, base_url: str) -> None:
        """Open lazily; ``base_url`` is where the world finds ``<name>.crl`` and ``<name>.crt``."""
        self.directory = directory
        self.name = directory.name
        self.certificate_path = directory / "ca.pem"
        self.key_path = directory / "ca.key"
        self.crl_path = directory / "crl.pem"
        self._base_url = base_url
        self._published = directory.parent / "public"
        self._ledger_path = directory / "revoked.json"
        self._journal_path = directory / "journal.jsonl"

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The CA's own certificate."""
        return load_certificate(self.certificate_path)

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        key = load_private_key(self.key_path)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != self.certificate.public_key():
            raise FileUnusable(f"{self.key_path} is not the key of {self.certificate_path}")
        return key

    @property
    def issuer(self) -> Issuer:
        """This CA, as certificates that it signs name it."""
        return Issuer(
            certificate=self.certificate,
            list_url=f"{self._base_url}/{self.name}.crl",
            certificate_url=f"{self._base_url}/{self.name}.crt",
        )

    @property
    def exists(self) -> bool:
        """Whether the CA was made completely."""
        return self.certificate_path.exists()

    def adopt(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        """Keep a certificate of one's own: the key first, so that a certificate on disk always has its key."""
        write_whole(self.key_path, private_pem(key), mode=OWNER_ONLY)
        self.readopt(certificate)

    def readopt(self, certificate: x509.Certificate) -> None:
        """Keep a new certificate for the key there is."""
        self._publish(f"{self.name}.crt", certificate.public_bytes(serialization.Encoding.DER))
        write_whole(self.certificate_path, pem(certificate))
        self.__dict__.pop("certificate", None)

    @property
    def subject(self) -> Subject:
        """This CA, as somebody to be certified."""
        key = self.certificate.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise FileUnusable(f"{self.certificate_path} is not of an EC key")
        return Subject(name=self.certificate.subject, alternative=(), public_key=key)

    def sign(
        self,
        profile: Profile,
        subject: Subject,
        *,
        now: datetime,
        lifetime: timedelta | None = None,
        permitted: Sequence[x509.GeneralName] = (),
    ) -> x509.Certificate:
        """A certificate that meets ``profile``, judged before and after signing.

        Raises:
            ProfileBroken: it would not meet the profile; nothing was signed by this CA's key.
        """
        builder = builder_for(profile, subject, self.issuer, now=now, lifetime=lifetime, permitted=permitted)
        draft = sign(builder, new_key())
        self._note(Happening.CERTIFICATE_ASKED_FOR, now, profile=profile.name, serial=f"{draft.serial_number:x}")
        self._refuse(judge(draft, profile, issuer=self.certificate, by=DRAFT_RULES), draft, profile, now)
        certificate = sign(builder, self._key)
        self._refuse(judge(certificate, profile, issuer=self.certificate), certificate, profile, now)
        serial = f"{certificate.serial_number:x}"
        write_whole(self.directory / "history" / f"{serial}.pem", pem(certificate))
        self._note(Happening.CERTIFICATE_ISSUED, now, serial=serial, sha256=fingerprint_sha256(certificate))
        return certificate

    def _refuse(self, findings: tuple[Finding, ...], of: x509.Certificate, profile: Profile, now: datetime) -> None:
        if findings:
            rules = ", ".join(dict.fromkeys(finding.rule for finding in findings))
            self._note(Happening.CERTIFICATE_REFUSED, now, serial=f"{of.serial_number:x}", rules=rules)
            raise _broken(profile, findings)

    def _note(self, happening: Happening, now: datetime, **facts: str | int) -> None:
        write_line(self._journal_path, happening, at=now, **facts)

    def sign_past_the_judge(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        """Sign anything at all: DANGEROUS, for certificates that must be refused (``certs.bad_certificates``)."""
        return sign(builder, self._key)

    def renew_itself(self, profile: Profile, *, now: datetime, permitted: Sequence[x509.GeneralName]) -> None:
        """Keep a new certificate of a root for the key there is."""
        self.readopt(self_signed(profile, self.subject, self._key, now=now, permitted=permitted))

    def signed(self, certificate: x509.Certificate) -> bool:
        """Whether this CA's key signed ``certificate``."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (InvalidSignature, ValueError, TypeError):
            return False
        return True

    def is_revoked(self, certificate: x509.Certificate) -> bool:
        """Whether this CA has revoked ``certificate``."""
        return self.revocation_of(certificate) is not None

    def revocation_of(self, certificate: x509.Certificate) -> Revocation | None:
        """When and why ``certificate`` was revoked; None if it was not."""
        serial = certificate.serial_number
        return next(
            (entry for entry in read_ledger(self._ledger_path).revocations if entry.serial_number == serial), None
        )

    def revoke(self, certificate: x509.Certificate, *, reason: x509.ReasonFlags, now: datetime) -> None:
        """Remember that ``certificate`` must no longer be accepted; the next list says so."""
        entry = Revocation(
            serial_number=certificate.serial_number, revoked_at=now.replace(microsecond=0), reason=reason
        )
        ledger = read_ledger(self._ledger_path)
        write_ledger(self._ledger_path, replace(ledger, revocations=(*ledger.revocations, entry)))
        serial = f"{certificate.serial_number:x}"
        self._note(Happening.CERTIFICATE_REVOKED, now, serial=serial, reason=reason.value)

    def publish_crl(self, clock: Clock) -> x509.CertificateRevocationList:
        """Sign and publish a list with a higher number and a later thisUpdate than any before (T34).

        Raises:
            ClockWentBack: the last list is dated later than this machine's clock, by more than a moment.
        """
        ledger = read_ledger(self._ledger_path)
        this_update = self._next_update_time(ledger.this_update, clock)
        ledger = replace(ledger, crl_number=ledger.crl_number + 1, this_update=this_update)
        crl = signed_list(ledger, self.certificate, self._key)
        # The ledger first: a crash between the two skips a number, the other order could give one out twice.
        write_ledger(self._ledger_path, ledger)
        content = crl.public_bytes(serialization.Encoding.PEM)
        write_whole(self.directory / "history" / f"crl-{ledger.crl_number:08}.pem", content)
        self._publish(f"{self.name}.crl", crl.public_bytes(serialization.Encoding.DER))
        write_whole(self.crl_path, content)
        self._note(Happening.LIST_PUBLISHED, clock.now(), number=ledger.crl_number, revoked=len(ledger.revocations))
        return crl

    def _next_update_time(self, last: datetime, clock: Clock) -> datetime:
        """Five minutes ago, like notBefore, or a second after the last list where that is later."""
        now = clock.now()
        chosen = max(now.replace(microsecond=0) - BACKDATED, last + _SECOND)
        ahead = (chosen - now).total_seconds()
        if ahead > _PATIENCE:
            raise ClockWentBack(
                f"the last revocation list of {self.name} is dated {last:%Y-%m-%d %H:%M:%S} UTC and the clock of this "
                f"machine says {now:%Y-%m-%d %H:%M:%S}; set the clock right, or wait until it has passed that time"
            )
        if ahead > 0:
            clock.wait(ahead)
        return chosen

    def crl_is_due(self, now: datetime) -> bool:
        """Whether the published list is missing, old, or not the last one signed."""
        if not self.crl_path.exists():
            return True
        crl, ledger = load_crl(self.crl_path), read_ledger(self._ledger_path)
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        if number != ledger.crl_number or len(list(crl)) != len(ledger.revocations):
            return True
        return now - BACKDATED - crl.last_update_utc >= CRL_INTERVAL

    def _publish(self, name: str, content: bytes) -> None:
        write_whole(self._published / name, content)


def self_signed(
    profile: Profile,
    subject: Subject,
    key: ec.EllipticCurvePrivateKey,
    *,
    now: datetime,
    permitted: Sequence[x509.GeneralName],
) -> x509.Certificate:
    """A root's certificate.

    Raises:
        ProfileBroken: it does not meet the profile.
    """
    certificate = sign(builder_for(profile, subject, None, now=now, permitted=permitted), key)
    findings = judge(certificate, profile, issuer=certificate)
    if findings:
        raise _broken(profile, findings)
    return certificate


def _broken(profile: Profile, findings: tuple[Finding, ...]) -> ProfileBroken:
    return ProfileBroken(f"a certificate of profile {profile.name}", findings)


def pem(certificate: x509.Certificate) -> bytes:
    """The certificate in PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The key in PKCS#8 PEM, not encrypted: the file's permissions guard it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
