"""A throw-away PKI for these tests: one issuing CA, its CRL, and client certificates with exactly one defect each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def private_pem(key: Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@dataclass(frozen=True)
class Files:
    """A certificate and its key on disk."""

    certificate: Path
    key: Path
    x509: x509.Certificate

    @property
    def pair(self) -> tuple[str, str]:
        return str(self.certificate), str(self.key)

    @property
    def sha256(self) -> str:
        return self.x509.fingerprint(SHA256()).hex()


@dataclass
class Authority:
    """An issuing CA in a folder."""

    folder: Path
    name: str = "test issuing CA"
    key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    revoked: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificate = self.build(self.name, self.key.public_key(), issuer=self.name, ca=True)
        self.ca_file.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        self.publish_crl()

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def crl_file(self) -> Path:
        return self.folder / "crl.pem"

    def publish_crl(self) -> None:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder().issuer_name(named(self.name)).last_update(now - timedelta(hours=1))
        )
        for serial in self.revoked:
            entry = (
                x509.RevokedCertificateBuilder()
                .serial_number(serial)
                .revocation_date(now - timedelta(minutes=5))
                .build()
            )
            builder = builder.add_revoked_certificate(entry)
        crl = builder.next_update(now + timedelta(days=1)).sign(self.key, SHA256())
        self.crl_file.write_bytes(crl.public_bytes(Encoding.PEM))

    def build(
        self,
        subject: str,
        public_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
        *,
        issuer: str,
        ca: bool = False,
        days: tuple[float, float] = (-1, 30),
        usage: Sequence[x509.ObjectIdentifier] = (),
        signed_by: Key | None = None,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(subject))
            .issuer_name(named(issuer))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
        )
        if ca:
            builder = builder.add_extension(_ca_usage(), critical=True)
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
            names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(signed_by or self.key, SHA256())

    def issue(
        self,
        name: str,
        *,
        usage: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.CLIENT_AUTH,),
        days: tuple[float, float] = (-1, 30),
        key: Key | None = None,
        signed_by: Key | None = None,
        issuer: str | None = None,
        chain: Sequence[x509.Certificate] | None = None,
    ) -> Files:
        own = key or ec.generate_private_key(ec.SECP256R1())
        leaf = self.build(
            name,
            own.public_key(),
            issuer=issuer or self.name,
            usage=usage,
            days=days,
            signed_by=signed_by,
        )
        sent = [leaf, *(chain if chain is not None else [self.certificate])]
        files = Files(self.folder / f"{name}.pem", self.folder / f"{name}.key", leaf)
        files.certificate.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in sent))
        files.key.write_bytes(private_pem(own))
        return files

    def issue_with_sha1(self, name: str) -> Files:
        """A client certificate signed with SHA-1, which no library makes any more: its DER is put together here."""
        files = self.issue(name)
        assert isinstance(self.key, ec.EllipticCurvePrivateKey)
        body = files.x509.tbs_certificate_bytes
        inner = body[4:].replace(ECDSA_SHA256, ECDSA_SHA1)
        signed = _der(0x30, inner)
        signature = _der(0x03, b"\0" + self.key.sign(signed, ec.ECDSA(SHA1())))
        leaf = x509.load_der_x509_certificate(_der(0x30, signed + ECDSA_SHA1 + signature))
        files.certificate.write_bytes(leaf.public_bytes(Encoding.PEM) + self.certificate.public_bytes(Encoding.PEM))
        return Files(files.certificate, files.key, leaf)


ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
ECDSA_SHA1 = bytes.fromhex("300906072a8648ce3d0401")


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = (
        bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big") if size > 255 else bytes([0x81, size])
    )
    return bytes([tag]) + length + content


def _ca_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
