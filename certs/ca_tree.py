"""The CAs of a hierarchy: a root, and below it one issuing CA per purpose."""

import secrets
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from certs.authority import Authority, self_signed
from certs.build import Subject, common_name, new_key
from certs.clock import Clock
from certs.errors import UnknownName
from certs.load import fingerprint_sha256
from certs.order import renewal_due_at
from certs.profiles import ISSUING_CA, ISSUING_CAS, ROOT
from certs.settings import Settings


class CaTree:
    """The CAs whose folders lie in ``directory``; whoever calls a method that writes holds the hierarchy's lock."""

    def __init__(self, directory: Path, settings: Settings, clock: Clock) -> None:
        """Open lazily: nothing is read yet."""
        self._directory = directory
        self._settings = settings
        self._clock = clock
        self.root = Authority(directory / "root", base_url=settings.base_url)
        self._issuing = tuple(Authority(directory / name, base_url=settings.base_url) for name in ISSUING_CAS)

    def __iter__(self) -> Iterator[Authority]:
        """The root first."""
        return iter((self.root, *self._issuing))

    def named(self, name: str) -> Authority:
        """The CA of that name.

        Raises:
            UnknownName: there is none; the text lists those there are.
        """
        for ca in self:
            if ca.name == name:
                return ca
        raise UnknownName(f"there is no CA {name!r}; choose one of {', '.join(ca.name for ca in self)}")

    def signer_of(self, certificate: x509.Certificate) -> Authority:
        """The CA that signed ``certificate``.

        Raises:
            UnknownName: none of these did.
        """
        for ca in self:
            if ca.signed(certificate):
                return ca
        raise UnknownName(f"no CA of {self._directory} signed the certificate {fingerprint_sha256(certificate)}")

    def renew_due(self) -> tuple[str, ...]:
        """Renew the CAs that have lived two thirds of their life, each with the key it has; their names."""
        return tuple(ca.name for ca in self if self._renewed_ca(ca))

    def publish_due(self) -> tuple[str, ...]:
        """Publish the lists that are due; the names of their CAs."""
        return tuple(ca.name for ca in self if self._republished(ca))

    def complete(self) -> None:
        """Make what is missing, and publish lists that are due."""
        if not self.root.exists:
            self._make_root()
        for ca in self._issuing:
            if not ca.exists:
                self._make_issuing_ca(ca)
        self.publish_due()

    def _make_root(self) -> None:
        key = new_key()
        # Every hierarchy's root has a name of its own: a browser that trusts two of them must tell them apart.
        subject = _ca_subject(f"VPM development root {secrets.token_hex(4)}", key.public_key())
        self.root.adopt(self_signed(ROOT, subject, key, now=self._clock.now(), permitted=self._settings.permitted), key)

    def _make_issuing_ca(self, ca: Authority) -> None:
        key = new_key()
        subject = _ca_subject(f"VPM development {ca.name} of {_last_word(self.root.certificate)}", key.public_key())
        ca.adopt(self._certified_ca(subject), key)

    def _certified_ca(self, subject: Subject) -> x509.Certificate:
        return self.root.sign(ISSUING_CA, subject, now=self._clock.now(), permitted=self._settings.permitted)

    def _renewed_ca(self, ca: Authority) -> bool:
        if self._clock.now() < renewal_due_at(ca.certificate):
            return False
        if ca is self.root:
            ca.renew_itself(ROOT, now=self._clock.now(), permitted=self._settings.permitted)
        else:
            ca.readopt(self._certified_ca(ca.subject))
        return True

    def _republished(self, ca: Authority) -> bool:
        due = ca.crl_is_due(self._clock.now())
        if due:
            ca.publish_crl(self._clock)
        return due


def _ca_subject(name: str, public_key: ec.EllipticCurvePublicKey) -> Subject:
    return Subject(name=common_name(name), alternative=(), public_key=public_key)


def _last_word(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value).split()[-1]
