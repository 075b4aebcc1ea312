"""A little authority for people's cards: root, issuing CA, OCSP signer, lists, each with the mistakes a test asks for.

It shares no code with the adapters it tests, nor with the mock bank.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

POLICY = "1.3.6.1.4.1.32061.2.1.2.1"
NCP_PLUS = "0.4.0.2042.1.2"
LIFE = timedelta(days=365)
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def oid(dotted: str) -> x509.ObjectIdentifier:
    return x509.ObjectIdentifier(dotted)


def name_of(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])


def subject_of(given: str = "LĪGA ANNA", family: str = "PARAUDZIŅA", code: str = "PNOLV-321234-56789") -> x509.Name:
    return name_of(
        (NameOID.COUNTRY_NAME, "LV"),
        (NameOID.COMMON_NAME, f"{given} {family}"),
        (NameOID.SURNAME, family),
        (NameOID.GIVEN_NAME, given),
        (NameOID.SERIAL_NUMBER, code),
    )


def usage(*bits: str) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign"
    )
    chosen = {name: name in bits for name in (*names.split(), "encipher_only", "decipher_only")}
    return x509.KeyUsage(**chosen)


@dataclass(frozen=True)
class Held:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def issue(
    subject: x509.Name,
    public_key: Any,
    issuer: x509.Name,
    key: PrivateKey,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    *,
    begins: datetime = NOW - timedelta(days=1),
    ends: datetime = NOW + LIFE,
    digest: hashes.HashAlgorithm | None = None,
) -> x509.Certificate:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key, digest or hashes.SHA256())


def ca_extensions(key: Any, *, path: int | None, is_ca: bool = True) -> list[tuple[x509.ExtensionType, bool]]:
    return [
        (x509.BasicConstraints(ca=is_ca, path_length=path if is_ca else None), True),
        (usage("key_cert_sign", "crl_sign"), True),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
    ]


def points_to(*urls: str) -> x509.CRLDistributionPoints:
    return x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None) for url in urls]
    )


class EidAuthority:
    """Root, issuing CA and what they sign. ``http`` is where the OCSP responder and the lists are said to be."""

    def __init__(self, http: str = "http://ocsp.test", *, name: str = "DEMO LV eID ICA") -> None:
        self.http = http
        root_key = ec.generate_private_key(ec.SECP384R1())
        root_name = name_of((NameOID.COUNTRY_NAME, "LV"), (NameOID.COMMON_NAME, "DEMO LV root"))
        root = issue(
            root_name,
            root_key.public_key(),
            root_name,
            root_key,
            ca_extensions(root_key.public_key(), path=1),
            ends=NOW + 3 * LIFE,
        )
        self.root = Held(root, root_key)
        key = ec.generate_private_key(ec.SECP521R1())
        self.ca = Held(self.certify_ca(key, name), key)
        self._responder_key = ec.generate_private_key(ec.SECP256R1())

    def certify_ca(self, key: PrivateKey, name: str = "DEMO LV eID ICA", **changes: Any) -> x509.Certificate:
        subject = name_of((NameOID.COUNTRY_NAME, "LV"), (NameOID.COMMON_NAME, name))
        extensions = ca_extensions(key.public_key(), path=0, is_ca=changes.pop("is_ca", True))
        extensions.append((points_to(f"{self.http}/crl/root.crl"), False))
        changes.setdefault("ends", NOW + 2 * LIFE)
        return issue(subject, key.public_key(), self.root.certificate.subject, self.root.key, extensions, **changes)

    def card(
        self,
        *,
        key: PrivateKey | None = None,
        subject: x509.Name | None = None,
        policies: Sequence[str] = (NCP_PLUS, POLICY),
        bits: Sequence[str] | None = ("digital_signature", "key_encipherment"),
        purposes: Sequence[x509.ObjectIdentifier] | None = (ExtendedKeyUsageOID.CLIENT_AUTH,),
        responder: str | None = "",
        part: str = "1",
        more: Sequence[tuple[x509.ExtensionType, bool]] = (),
        issuer: Held | None = None,
        **changes: Any,
    ) -> Held:
        """An authentication certificate as on a Latvian card; every argument is one mistake."""
        signer = issuer or self.ca
        holder = key or ec.generate_private_key(ec.SECP384R1())
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            *([(usage(*bits), True)] if bits is not None else []),
            *([(x509.ExtendedKeyUsage(list(purposes)), False)] if purposes is not None else []),
            *([(x509.CertificatePolicies([x509.PolicyInformation(oid(one), None) for one in policies]), False)]
              if policies else []),
            *([(self._access(responder or f"{self.http}/ocsp"), False)] if responder is not None else []),
            (points_to(f"{self.http}/crl/{part}.crl"), False),
            *more,
        ]  # fmt: skip
        certificate = issue(
            subject or subject_of(), holder.public_key(), signer.certificate.subject, signer.key, extensions, **changes
        )
        return Held(certificate, holder)

    @staticmethod
    def _access(url: str) -> x509.AuthorityInformationAccess:
        place = x509.UniformResourceIdentifier(url)
        return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)])

    def responder(
        self, *, purpose: bool = True, nocheck: bool = True, issuer: Held | None = None, part: str = "1", **changes: Any
    ) -> Held:
        """A delegated OCSP signer."""
        signer = issuer or self.ca
        extensions: list[tuple[x509.ExtensionType, bool]] = [(usage("digital_signature"), True)]
        if purpose:
            extensions.append((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False))
        if nocheck:
            extensions.append((x509.OCSPNoCheck(), False))
        extensions.append((points_to(f"{self.http}/crl/{part}.crl"), False))
        certificate = issue(
            name_of((NameOID.COMMON_NAME, "DEMO OCSP")),
            self._responder_key.public_key(),
            signer.certificate.subject,
            signer.key,
            extensions,
            **changes,
        )
        return Held(certificate, self._responder_key)

    def answer(
        self,
        request: bytes,
        card: x509.Certificate,
        *,
        status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
        signer: Held | None = None,
        issuer: x509.Certificate | None = None,
        nonce: bytes | None = b"",
        made: datetime = NOW,
        until: datetime | None = None,
        brought: bool = True,
        by_name: bool = False,
        digest: hashes.HashAlgorithm | None = None,
        more: Sequence[tuple[x509.ExtensionType, bool]] = (),
    ) -> bytes:
        """A DER answer about ``card``; ``nonce``: empty echoes that of the request, None leaves it out."""
        asked = ocsp.load_der_ocsp_request(request)
        revoked = status is ocsp.OCSPCertStatus.REVOKED
        made_by = signer or self.responder()
        builder = ocsp.OCSPResponseBuilder().add_response(
            card,
            issuer or self.ca.certificate,
            asked.hash_algorithm,
            status,
            made,
            until,
            made - timedelta(days=1) if revoked else None,
            x509.ReasonFlags.key_compromise if revoked else None,
        )
        encoding = ocsp.OCSPResponderEncoding.NAME if by_name else ocsp.OCSPResponderEncoding.HASH
        builder = builder.responder_id(encoding, made_by.certificate)
        if brought:
            builder = builder.certificates([made_by.certificate])
        if nonce is not None:
            echoed = nonce or asked.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
            builder = builder.add_extension(x509.OCSPNonce(echoed), critical=False)
        for extension, critical in more:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(made_by.key, digest or hashes.SHA256()).public_bytes(Encoding.DER)

    def crl(
        self,
        *,
        number: int = 1,
        revoked: Sequence[x509.Certificate] = (),
        made: datetime = NOW,
        life: timedelta = timedelta(hours=12),
        scope: x509.IssuingDistributionPoint | None = None,
        signer: Held | None = None,
        more: Sequence[tuple[x509.ExtensionType, bool]] = (),
    ) -> bytes:
        """A DER list of the issuing CA, or of ``signer``."""
        by = signer or self.ca
        builder = x509.CertificateRevocationListBuilder().issuer_name(by.certificate.subject)
        builder = builder.last_update(made).next_update(made + life)
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
        if scope is not None:
            builder = builder.add_extension(scope, critical=True)
        for extension, critical in more:
            builder = builder.add_extension(extension, critical=critical)
        for one in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(made)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.DER)


def part(url: str, **changes: Any) -> x509.IssuingDistributionPoint:
    """The scope of a list that is one of several."""
    chosen: dict[str, Any] = {
        "full_name": [x509.UniformResourceIdentifier(url)],
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**{**chosen, **changes})


def fresh_nonce() -> bytes:
    return secrets.token_bytes(32)
