"""The issuer of the test cards: certificates, OCSP answers and revocation lists (RFC 5280, RFC 6960)."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from mock_bank.faults import ActiveFaults

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
BACKDATED: Final = timedelta(minutes=5)
LIST_LIFE: Final = timedelta(hours=12)
YEAR: Final = timedelta(days=365)
PART: Final = "cards"
"""The one part of its lists that this authority publishes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardForm:
    """What a card's certificate says beside whom it names."""

    key_usage: tuple[str, ...] = ("digital_signature",)
    purposes: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.CLIENT_AUTH,)
    policies: tuple[str, ...]
    begins_in: timedelta = -BACKDATED
    ends_in: timedelta = YEAR
    part: str = PART
    """In which part of the authority's lists it would stand."""


class Authority:
    """An issuing authority whose key this process holds; threads may share it."""

    def __init__(self, certificate: x509.Certificate, key: Key, url: str, now: datetime) -> None:
        """Take the authority as it is, and make a responder's key for as long as the process runs.

        Args:
            certificate: the authority's own.
            key: belongs to it.
            url: where certificates say that revocation is asked about: ``http://host:port``.
            now: UTC, aware.
        """
        self.certificate = certificate
        self.url = url
        self._key = key
        self._revoked: dict[int, datetime] = {}
        self._issued: dict[int, x509.Certificate] = {}
        self._guard = threading.Lock()
        self._lists_made = 0
        self._last_list = now - timedelta(days=1)
        self._responder_key = ec.generate_private_key(ec.SECP256R1())
        self._responder = self._certify_responder(now)

    def issue(self, subject: x509.Name, key: Key, form: CardForm, now: datetime) -> x509.Certificate:
        """A certificate for the holder of ``key``."""
        begins = (now + form.begins_in).replace(microsecond=0)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after((now + form.ends_in).replace(microsecond=0))
            .add_extension(_usage(form.key_usage), critical=True)
            .add_extension(x509.ExtendedKeyUsage(form.purposes), critical=False)
            .add_extension(_policies(form.policies), critical=False)
            .add_extension(self._responder_place(), critical=False)
            .add_extension(self._list_place(form.part), critical=False)
        )
        issued = builder.sign(self._key, hashes.SHA256())
        self.know(issued)
        return issued

    def made(self, certificate: x509.Certificate, form: CardForm) -> bool:
        """Whether this authority's key made the certificate, and it points to where revocation is asked about now."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (InvalidSignature, ValueError, TypeError):
            return False
        return certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value == self._list_place(
            form.part
        )

    def know(self, certificate: x509.Certificate) -> None:
        """Answer for a certificate that this authority issued in an earlier run, too."""
        with self._guard:
            self._issued[certificate.serial_number] = certificate

    def revoke(self, certificate: x509.Certificate, now: datetime) -> None:
        """From now on the certificate is revoked."""
        with self._guard:
            self._revoked.setdefault(certificate.serial_number, now.replace(microsecond=0))

    def status_of(self, serial: int) -> ocsp.OCSPCertStatus:
        """What this authority says of a serial number."""
        with self._guard:
            if serial in self._revoked:
                return ocsp.OCSPCertStatus.REVOKED
            known = serial in self._issued
        return ocsp.OCSPCertStatus.GOOD if known else ocsp.OCSPCertStatus.UNKNOWN

    def answer(self, request: bytes, now: datetime, faults: ActiveFaults) -> bytes:
        """The OCSP answer to a request, DER.

        Raises:
            ValueError: it is no request that can be read.
        """
        asked = ocsp.load_der_ocsp_request(request)
        status = ocsp.OCSPCertStatus.UNKNOWN if "ocs.unknown" in faults else self.status_of(asked.serial_number)
        made = now - timedelta(hours=1) if "ocs.stale" in faults else now
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            asked.issuer_name_hash,
            asked.issuer_key_hash,
            asked.serial_number,
            asked.hash_algorithm,
            status,
            made,
            None if "ocs.stale" in faults else made + timedelta(minutes=10),
            self._revoked.get(asked.serial_number, now) if status is ocsp.OCSPCertStatus.REVOKED else None,
            None,
        )
        builder = _with_nonce(builder, asked, faults)
        return self._signed(builder, now, faults).public_bytes(Encoding.DER)

    def _signed(self, builder: ocsp.OCSPResponseBuilder, now: datetime, faults: ActiveFaults) -> ocsp.OCSPResponse:
        responder, key = self._responder, self._responder_key
        if "ocs.other-key" in faults:
            key = ec.generate_private_key(ec.SECP256R1())
            responder = _self_made(self._responder.subject, key, now)
        by_hash = ocsp.OCSPResponderEncoding.HASH
        return builder.responder_id(by_hash, responder).certificates([responder]).sign(key, hashes.SHA256())

    def revocation_list(self, now: datetime) -> bytes:
        """The current list, DER; each one has a number and a date after those before it."""
        with self._guard:
            self._lists_made += 1
            self._last_list = max(now.replace(microsecond=0), self._last_list + timedelta(seconds=1))
            made, number, revoked = self._last_list, int(now.timestamp() * 1000), dict(self._revoked)
        scope = x509.IssuingDistributionPoint(
            [x509.UniformResourceIdentifier(self._list_url(PART))], None, False, False, None, False, False
        )
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(made)
            .next_update(made + LIST_LIFE)
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(scope, critical=True)
        )
        for serial, at in revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _certify_responder(self, now: datetime) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test card OCSP responder")]))
            .issuer_name(self.certificate.subject)
            .public_key(self._responder_key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(now + timedelta(days=30))
            .add_extension(_usage(("digital_signature",)), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
            .add_extension(x509.OCSPNoCheck(), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _list_url(self, part: str) -> str:
        return f"{self.url}/crl/{part}.crl"

    def _list_place(self, part: str) -> x509.CRLDistributionPoints:
        place = x509.UniformResourceIdentifier(self._list_url(part))
        return x509.CRLDistributionPoints([x509.DistributionPoint([place], None, None, None)])

    def _responder_place(self) -> x509.AuthorityInformationAccess:
        place = x509.UniformResourceIdentifier(f"{self.url}/ocsp")
        return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)])


def _with_nonce(
    builder: ocsp.OCSPResponseBuilder, asked: ocsp.OCSPRequest, faults: ActiveFaults
) -> ocsp.OCSPResponseBuilder:
    try:
        nonce = asked.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return builder
    echoed = bytes(len(nonce)) if "ocs.other-nonce" in faults else nonce
    return builder.add_extension(x509.OCSPNonce(echoed), critical=False)


def _self_made(subject: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    """A responder's certificate that only its holder vouches for."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        .add_extension(x509.OCSPNoCheck(), critical=False)
        .sign(key, hashes.SHA256())
    )


def _policies(dotted: Sequence[str]) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(one), None) for one in dotted])


_BITS: Final = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def _usage(bits: Sequence[str]) -> x509.KeyUsage:
    return x509.KeyUsage(**{bit: bit in bits for bit in _BITS})
