"""A development hierarchy on disk: one root, one issuing CA per purpose, short-lived certificates below.

::

    <pki>/root/ca.pem                        what a browser trusts
    <pki>/<ca>/ca.pem  ca.key  crl.pem       per issuing CA: what a verifying peer trusts, and what it revoked
    <pki>/issued/<name>/certificate.pem      leaf followed by its issuing CA
    <pki>/issued/<name>/key.pem              0600
    <pki>/public/<ca>.crt  <ca>.crl          the same in DER, as the certificates' pointers name them

Opening reads nothing but the settings; keys are parsed when first used, once. Every method that writes waits for the
hierarchy's lock, so that several processes may use one hierarchy.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from certs.authority import Authority, pem, private_pem
from certs.build import Subject, alternative_names, new_key
from certs.ca_tree import CaTree
from certs.clock import Clock, SystemClock
from certs.errors import AlreadyRevoked, OrderRefused, PkiMissing, UnknownName
from certs.files import OWNER_ONLY, only_writer, write_whole
from certs.load import fingerprint_sha256, load_certificate
from certs.order import Issued, Order, checked_name, is_torn, order_for, order_of, renewal_due_at
from certs.profiles import profile_named
from certs.settings import Settings, keep_or_compare, read_settings

_SETTINGS: Final = "pki.json"
_LOCK: Final = ".lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What ``DevPki.refresh`` replaced."""

    certificates: tuple[str, ...]
    cas: tuple[str, ...]
    lists: tuple[str, ...]


class DevPki:
    """A hierarchy in a directory; make it with ``create`` or ``open``."""

    def __init__(self, directory: Path, settings: Settings, clock: Clock) -> None:
        """Take the settings as read; use ``create`` or ``open`` instead."""
        self.directory = directory
        self._clock = clock
        self._cas = CaTree(directory, settings, clock)

    @classmethod
    def create(
        cls,
        directory: Path,
        *,
        settings: Settings | None = None,
        clock: Clock | None = None,
    ) -> "DevPki":
        """Make a hierarchy; where there is one with the same settings, open it and complete what is missing.

        Args:
            directory: created if it is missing.
            settings: where it publishes and which names it may issue for; None takes those of the hierarchy that is
                there, or ``Settings()``.
            clock: the machine's, unless a test brings its own.

        Raises:
            PkiMissing: the directory holds a hierarchy with other settings.
        """
        with only_writer(directory / _LOCK):
            kept = keep_or_compare(directory / _SETTINGS, settings)
            pki = cls(directory, kept, clock or SystemClock())
            pki._cas.complete()
        return pki

    @classmethod
    def open(cls, directory: Path, *, clock: Clock | None = None) -> "DevPki":
        """A hierarchy that was made before.

        Raises:
            PkiMissing: there is none in ``directory``, or it was not made completely.
        """
        pki = cls(directory, read_settings(directory / _SETTINGS), clock or SystemClock())
        incomplete = [ca.name for ca in pki._cas if not ca.exists]
        if incomplete:
            raise PkiMissing(f"{directory} lacks the CA {incomplete[0]}; run: vpm pki init")
        return pki

    @property
    def root_path(self) -> Path:
        """The root's certificate, PEM: for browsers, and for no peer of ours."""
        return self._cas.root.certificate_path

    def ca_path(self, ca: str) -> Path:
        """An issuing CA's certificate, PEM: the one trust anchor of a peer that verifies its leaves (T32)."""
        return self.authority(ca).certificate_path

    def crl_path(self, ca: str) -> Path:
        """A CA's current revocation list, PEM."""
        return self.authority(ca).crl_path

    def authority(self, ca: str) -> Authority:
        """The CA of that name, ``root`` included.

        Raises:
            UnknownName: there is no such CA; the text lists those there are.
        """
        return self._cas.named(ca)

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that was issued, revoked or not, in alphabetical order."""
        return tuple(sorted(path.parent.name for path in self.directory.glob("issued/*/certificate.pem")))

    def find(self, name: str) -> Issued:
        """The certificate issued under ``name``, expired, revoked or neither.

        Raises:
            UnknownName: nothing was issued under that name.
        """
        place = self._place(name)
        if not (place / "certificate.pem").exists():
            raise UnknownName(f"nothing was issued under the name {name!r}; vpm pki show lists what was")
        return Issued(
            name=name,
            profile=profile_named((place / "profile").read_text().strip()),
            certificate_path=place / "certificate.pem",
            key_path=place / "key.pem",
            certificate=load_certificate(place / "certificate.pem"),
        )

    def issue(
        self,
        profile: str,
        name: str,
        *,
        dns: Sequence[str] = (),
        ip: Sequence[str] = (),
        uri: Sequence[str] = (),
        subject: x509.Name | None = None,
        lifetime: timedelta | None = None,
    ) -> Issued:
        """A certificate and its key under ``name``.

        The same order again returns what there is while it is fresh, and renews it from two thirds of its life on; an
        order that differs replaces it.

        Args:
            profile: the name of one of ``certs.profiles.LEAF_PROFILES``.
            name: of its folder: lower-case letters, digits, dots and hyphens.
            dns: DNS names, as subject alternative names.
            ip: IP addresses, likewise.
            uri: URIs, likewise; a certificate that need not name a host and names nothing gets a URN of its name.
            subject: the subject; None makes one of the common name ``name``.
            lifetime: None takes the profile's.

        Raises:
            OrderRefused: the profile, the name or a host is unusable, or ``name`` has another profile.
            AlreadyRevoked: ``name`` is revoked; ``renew`` brings it back deliberately.
            ProfileBroken: the certificate would break its profile.
        """
        order = order_for(profile_named(profile), name, alternative_names(dns=dns, ip=ip, uri=uri), subject, lifetime)
        with self._writing():
            return self._fresh(order) or self._issue(order)

    def renew(self, name: str) -> Issued:
        """The same order again, with a new key; the certificate before stays good until it ends, unless revoked.

        Raises:
            UnknownName: nothing was issued under that name.
        """
        with self._writing():
            return self._renew(self.find(name))

    def revoke(self, name: str, *, reason: x509.ReasonFlags = x509.ReasonFlags.unspecified) -> None:
        """Revoke the current certificate of ``name`` and publish the list that says so, at once.

        Raises:
            UnknownName: nothing was issued under that name.
            AlreadyRevoked: it is revoked already.
        """
        issued = self.find(name)
        if self._is_revoked(issued):
            raise AlreadyRevoked(f"the certificate of {name} is revoked already")
        self.revoke_certificate(issued.certificate, reason=reason)

    def revoke_certificate(
        self, certificate: x509.Certificate, *, reason: x509.ReasonFlags = x509.ReasonFlags.unspecified
    ) -> None:
        """Revoke any certificate of this hierarchy, such as one that ``renew`` has replaced, and publish the list.

        Raises:
            UnknownName: none of the hierarchy's CAs signed it.
            AlreadyRevoked: it is revoked already.
        """
        with self._writing():
            ca = self._cas.signer_of(certificate)
            if ca.is_revoked(certificate):
                raise AlreadyRevoked(f"the certificate {fingerprint_sha256(certificate)} is revoked already")
            ca.revoke(certificate, reason=reason, now=self._clock.now())
            ca.publish_crl(self._clock)

    def publish_crl(self, ca: str) -> x509.CertificateRevocationList:
        """A new list of the CA ``ca`` with a higher number and a later thisUpdate than any before (T34).

        Raises:
            UnknownName: there is no such CA.
            ClockWentBack: the last list is dated later than this machine's clock.
        """
        with self._writing():
            return self.authority(ca).publish_crl(self._clock)

    def refresh(self) -> Refreshed:
        """Renew what has lived two thirds of its life and publish lists older than an hour; cheap when nothing is due.

        Whatever is revoked stays as it is. CAs keep their key, so that certificates below them stay good.
        """
        with self._writing():
            return Refreshed(
                cas=self._cas.renew_due(),
                certificates=tuple(name for name in self.names if self._renewed(name)),
                lists=self._cas.publish_due(),
            )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with only_writer(self.directory / _LOCK):
            yield

    def _renewed(self, name: str) -> bool:
        issued = self.find(name)
        if self._is_revoked(issued) or not (self._is_due(issued.certificate) or is_torn(issued)):
            return False
        self._renew(issued)
        return True

    def _is_due(self, certificate: x509.Certificate) -> bool:
        return self._clock.now() >= renewal_due_at(certificate)

    def _is_revoked(self, issued: Issued) -> bool:
        return self.authority(issued.profile.issuing_ca).is_revoked(issued.certificate)

    def _fresh(self, order: Order) -> Issued | None:
        """What ``order.name`` holds already, if that is what is ordered and still in the first two thirds of its life."""
        if order.name not in self.names:
            return None
        issued = self.find(order.name)
        if issued.profile != order.profile:
            raise OrderRefused(
                f"{order.name} is a {issued.profile.name}; choose another name for a {order.profile.name}"
            )
        if self._is_revoked(issued):
            raise AlreadyRevoked(f"the certificate of {order.name} is revoked; run: vpm pki renew {order.name}")
        stale = self._is_due(issued.certificate) or is_torn(issued)
        return None if stale or order_of(issued) != order else issued

    def _renew(self, issued: Issued) -> Issued:
        return self._issue(order_of(issued))

    def _issue(self, order: Order) -> Issued:
        ca, key = self.authority(order.profile.issuing_ca), new_key()
        subject = Subject(name=order.subject, alternative=order.alternative, public_key=key.public_key())
        certificate = ca.sign(order.profile, subject, now=self._clock.now(), lifetime=order.lifetime)
        place = self._place(order.name)
        write_whole(place / "profile", f"{order.profile.name}\n".encode())
        write_whole(place / "key.pem", private_pem(key), mode=OWNER_ONLY)
        write_whole(place / "certificate.pem", pem(certificate) + pem(ca.certificate))
        return self.find(order.name)

    def _place(self, name: str) -> Path:
        return self.directory / "issued" / checked_name(name)
