"""Why a certificate could not be made, read or trusted.

CertificateError
├── FileUnusable              a key, certificate or list is missing, garbled or open to other accounts
├── ProfileBroken             a certificate is not what its profile asks for; nothing was signed
├── OrderRefused              what was asked for cannot be issued (unknown profile, bad name, name in use)
├── UnknownName               nothing was issued under that name
├── AlreadyRevoked            the certificate of that name is revoked
├── PkiMissing                no hierarchy in that directory, or one made with other settings
├── ClockWentBack             the next list would have to be dated into the future
└── RevocationListRefused     a list is forged, expired, too long-lived or older than one already seen
"""

from certs.findings import Finding


class CertificateError(Exception):
    """A certificate could not be made, read or trusted; the text is a sentence for the operator."""


class FileUnusable(CertificateError):
    """A key, certificate or revocation list is missing, garbled or open to other accounts."""


class ProfileBroken(CertificateError):
    """A certificate is not what its profile asks for; it was not signed, or not handed out."""

    def __init__(self, name: str, findings: tuple[Finding, ...]) -> None:
        """Say which rules the certificate called ``name`` breaks."""
        sentences = "; ".join(f"{finding.rule}: {finding.sentence}" for finding in findings)
        super().__init__(f"{name} is not issued: {sentences}")
        self.findings = findings


class OrderRefused(CertificateError):
    """What was asked for cannot be issued."""


class UnknownName(CertificateError):
    """Nothing was issued under that name."""


class AlreadyRevoked(CertificateError):
    """The certificate of that name is revoked."""


class PkiMissing(CertificateError):
    """There is no hierarchy in that directory, or one made with other settings."""


class ClockWentBack(CertificateError):
    """The next revocation list would have to be dated into the future."""


class RevocationListRefused(CertificateError):
    """A revocation list is forged, expired, too long-lived or older than one already seen."""
