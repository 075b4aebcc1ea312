"""Certificates that must be REFUSED, each wrong in one way, for tests and for trying a service by hand.

They are made with the hierarchy's own keys, one of them by a stranger with the same names. Their files lie in
``<pki>/bad/<kind>-<name>/``, never among the issued ones, so that nothing renews or repairs them.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.authority import Authority, pem, private_pem
from certs.build import Subject, alternative_names, builder_for, new_key, sign
from certs.dev_pki import DevPki
from certs.errors import OrderRefused
from certs.files import OWNER_ONLY, write_whole
from certs.order import Issued, order_for
from certs.profiles import ISSUING_CA, Profile, profile_named

KINDS: Final = (
    "expired",
    "not-yet-valid",
    "other-ca",
    "other-issuing-ca",
    "wrong-key-usage",
    "revoked",
    "self-signed",
    "ca-as-leaf",
)
"""Every kind of bad certificate, as ``BadCertificates.make`` takes it."""


class BadCertificates:
    """Makes bad certificates in place of one good one."""

    def __init__(
        self, pki: DevPki, profile: str, name: str = "impostor", *, dns: Sequence[str] = (), ip: Sequence[str] = ()
    ) -> None:
        """Say what they would be if they were good; the arguments are those of ``DevPki.issue``."""
        self._pki = pki
        self._profile = profile_named(profile)
        self._order = order_for(self._profile, name, alternative_names(dns=dns, ip=ip), None, None)
        self._ca = pki.authority(self._profile.issuing_ca)

    def make(self, kind: str) -> Issued:
        """A certificate of one of ``KINDS``.

        Raises:
            OrderRefused: there is no such kind.
        """
        if kind not in KINDS:
            raise OrderRefused(f"there is no bad certificate {kind!r}; choose one of {', '.join(KINDS)}")
        made: Issued = getattr(self, kind.replace("-", "_"))()
        return made

    def expired(self) -> Issued:
        """Good in everything, and over since yesterday."""
        return self._signed("expired", now=_now() - self._order.lifetime - timedelta(days=1))

    def not_yet_valid(self) -> Issued:
        """Good in everything, from the day after tomorrow on."""
        return self._signed("not-yet-valid", now=_now() + timedelta(days=2))

    def wrong_key_usage(self) -> Issued:
        """For servers in place of clients, or the other way round."""
        is_server = self._profile.purpose == ExtendedKeyUsageOID.SERVER_AUTH
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH if is_server else ExtendedKeyUsageOID.SERVER_AUTH
        return self._signed("wrong-key-usage", profile=replace(self._profile, purpose=purpose))

    def other_issuing_ca(self) -> Issued:
        """By a sibling: another issuing CA below the same root."""
        sibling = "staff" if self._ca.name != "staff" else "relying-parties"
        return self._signed("other-issuing-ca", ca=self._pki.authority(sibling))

    def ca_as_leaf(self) -> Issued:
        """A CA's certificate, which could sign others, where a leaf is asked for."""
        bits = self._profile.key_usage | ISSUING_CA.key_usage
        return self._signed("ca-as-leaf", profile=replace(self._profile, path_length=0, key_usage=bits))

    def revoked(self) -> Issued:
        """Good until the CA revoked it a moment ago; the list that says so is published."""
        issued = self._signed("revoked")
        self._pki.revoke_certificate(issued.certificate, reason=x509.ReasonFlags.key_compromise)
        return issued

    def self_signed(self) -> Issued:
        """By nobody but itself."""
        key = new_key()
        certificate = sign(builder_for(self._profile, self._subject(key), None, now=_now()), key)
        return self._kept("self-signed", certificate, key)

    def other_ca(self) -> Issued:
        """By a stranger who copied the CA's names and identifiers and lacks its key only."""
        key, strangers = new_key(), new_key()
        certificate = sign(builder_for(self._profile, self._subject(key), self._ca.issuer, now=_now()), strangers)
        subject = Subject(name=self._ca.certificate.subject, alternative=(), public_key=strangers.public_key())
        root = self._pki.authority("root")
        ca = sign(builder_for(ISSUING_CA, subject, root.issuer, now=_now()), strangers)
        return self._kept("other-ca", certificate, key, ca)

    def outside_permitted_names(self) -> Issued:
        """By the CA's own key, for a name that its constraints forbid; the one kind signed past the judge.

        No entry of ``KINDS``: it takes a forbidden host to be bad.
        """
        key = new_key()
        certificate = self._ca.sign_past_the_judge(
            builder_for(self._profile, self._subject(key), self._ca.issuer, now=_now())
        )
        return self._kept("outside-permitted-names", certificate, key, self._ca.certificate)

    def _signed(
        self, kind: str, *, now: datetime | None = None, profile: Profile | None = None, ca: Authority | None = None
    ) -> Issued:
        key, signer = new_key(), ca or self._ca
        lifetime = self._order.lifetime
        certificate = signer.sign(profile or self._profile, self._subject(key), now=now or _now(), lifetime=lifetime)
        return self._kept(kind, certificate, key, signer.certificate)

    def _subject(self, key: ec.EllipticCurvePrivateKey) -> Subject:
        return Subject(name=self._order.subject, alternative=self._order.alternative, public_key=key.public_key())

    def _kept(
        self, kind: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, *above: x509.Certificate
    ) -> Issued:
        place = self._pki.directory / "bad" / f"{kind}-{self._order.name}"
        write_whole(place / "key.pem", private_pem(key), mode=OWNER_ONLY)
        write_whole(place / "certificate.pem", b"".join(pem(each) for each in (certificate, *above)))
        return Issued(
            name=f"{kind}-{self._order.name}",
            profile=self._profile,
            certificate_path=place / "certificate.pem",
            key_path=place / "key.pem",
            certificate=certificate,
        )


def _now() -> datetime:
    return datetime.now(UTC)
