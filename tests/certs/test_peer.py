"""The path of a handshake, verified once more in the application: no bad certificate gets through (T31, T32)."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.authority import Authority
from certs.bad_certificates import KINDS, BadCertificates
from certs.build import (
    Issuer,
    Subject,
    alternative_names,
    builder_for,
    common_name,
    eid_subject,
    key_usage,
    new_key,
    sign,
)
from certs.dev_pki import DevPki
from certs.errors import OrderRefused
from certs.load import fingerprint_sha256, load_certificate, load_crl, load_private_key
from certs.peer import PeerRefused, VerifiedPeer, verify_peer
from certs.profiles import ISSUING_CAS, LEAF_PROFILES, Profile, profile_named

PURPOSES = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.OCSP_SIGNING)
MACHINES = [profile for profile in LEAF_PROFILES if profile.name != "ocsp-signer"]


def verify(
    pki: DevPki,
    certificate: x509.Certificate,
    *,
    ca: str,
    purpose: x509.ObjectIdentifier,
    now: datetime | None = None,
) -> VerifiedPeer:
    return verify_peer(
        certificate,
        anchor=load_certificate(pki.ca_path(ca)),
        crl=load_crl(pki.crl_path(ca)),
        purpose=purpose,
        now=now or datetime.now(UTC),
    )


def own(pki: DevPki, certificate: x509.Certificate, profile: Profile) -> VerifiedPeer:
    """Verified as the port verifies that is meant for this profile."""
    assert profile.purpose is not None
    return verify(pki, certificate, ca=profile.issuing_ca, purpose=profile.purpose)


@pytest.mark.parametrize("profile", LEAF_PROFILES, ids=lambda profile: profile.name)
def test_a_good_certificate_is_known_by_its_fingerprint(shared_pki: DevPki, profile: Profile) -> None:
    certificate = shared_pki.issue(profile.name, f"peer-{profile.name}", dns=["localhost"]).certificate
    peer = own(shared_pki, certificate, profile)
    assert peer == VerifiedPeer(certificate=certificate, fingerprint=fingerprint_sha256(certificate))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("profile", LEAF_PROFILES, ids=lambda profile: profile.name)
def test_no_bad_certificate_of_any_profile_gets_through(shared_pki: DevPki, profile: Profile, kind: str) -> None:
    """64 of T32's bad chains."""
    bad = BadCertificates(shared_pki, profile.name, f"bad-{profile.name}", dns=["localhost"]).make(kind)
    with pytest.raises(PeerRefused):
        own(shared_pki, bad.certificate, profile)


@pytest.mark.parametrize("ca", ISSUING_CAS)
@pytest.mark.parametrize("profile", LEAF_PROFILES, ids=lambda profile: profile.name)
def test_a_certificate_is_good_for_one_ca_and_one_purpose(shared_pki: DevPki, profile: Profile, ca: str) -> None:
    """144 pairs of trust anchor and purpose, 8 of them right."""
    certificate = shared_pki.issue(profile.name, f"only-{profile.name}", dns=["localhost"]).certificate
    for purpose in PURPOSES:
        if (ca, purpose) == (profile.issuing_ca, profile.purpose):
            verify(shared_pki, certificate, ca=ca, purpose=purpose)
        else:
            with pytest.raises(PeerRefused):
                verify(shared_pki, certificate, ca=ca, purpose=purpose)


@pytest.mark.parametrize("profile", MACHINES, ids=lambda profile: profile.name)
def test_a_forbidden_name_is_refused_although_the_ca_signed_it(shared_pki: DevPki, profile: Profile) -> None:
    bad = BadCertificates(
        shared_pki, profile.name, f"far-{profile.name}", dns=["www.bank.lv"]
    ).outside_permitted_names()
    with pytest.raises(PeerRefused, match="name constraint"):
        own(shared_pki, bad.certificate, profile)


def signed_with(ca: Authority, *extensions: tuple[x509.ExtensionType, bool]) -> x509.Certificate:
    """A client certificate of ``ca`` with exactly these extensions beside the identifiers and the name."""
    key, now = new_key(), datetime.now(UTC)
    name = common_name("odd")
    usual = (
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.subject.public_key), False),
    )
    builder = x509.CertificateBuilder(
        ca.certificate.subject, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1)
    )
    for extension, critical in (*usual, *extensions):
        builder = builder.add_extension(extension, critical=critical)
    return ca.sign_past_the_judge(builder)


def _usage(*bits: str) -> tuple[x509.ExtensionType, bool]:
    return key_usage(bits), True


CONSTRAINTS = (x509.BasicConstraints(ca=False, path_length=None), True)
CLIENT = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
NAMES = (x509.SubjectAlternativeName(alternative_names(dns=["localhost"])), False)


@pytest.mark.parametrize(
    ("extensions", "why"),
    [
        ((_usage("digital_signature"), CLIENT, NAMES), "missing required extension"),
        ((CONSTRAINTS, CLIENT, NAMES), "missing required extension"),
        ((CONSTRAINTS, _usage("digital_signature"), NAMES), "missing required extension"),
        ((CONSTRAINTS, _usage("digital_signature"), CLIENT), "missing required extension"),
        (((CONSTRAINTS[0], False), _usage("digital_signature"), CLIENT, NAMES), "critical"),
        ((CONSTRAINTS, _usage("key_encipherment"), CLIENT, NAMES), "not for handshakes"),
        ((CONSTRAINTS, _usage("digital_signature", "key_cert_sign"), CLIENT, NAMES), "or for more"),
        ((CONSTRAINTS, _usage("digital_signature", "crl_sign"), CLIENT, NAMES), "or for more"),
        (
            (
                CONSTRAINTS,
                _usage("digital_signature"),
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False),
                NAMES,
            ),
            "other purposes",
        ),
        (
            (
                CONSTRAINTS,
                _usage("digital_signature"),
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), False),
                NAMES,
            ),
            "other purposes",
        ),
        (
            (
                CONSTRAINTS,
                _usage("digital_signature"),
                CLIENT,
                NAMES,
                (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), True),
            ),
            "unaccounted-for critical",
        ),
    ],
)
def test_a_certificate_of_the_right_ca_with_odd_extensions_is_refused(
    shared_pki: DevPki, extensions: tuple[tuple[x509.ExtensionType, bool], ...], why: str
) -> None:
    certificate = signed_with(shared_pki.authority("relying-parties"), *extensions)
    with pytest.raises(PeerRefused, match=why):
        own(shared_pki, certificate, profile_named("relying-party-client"))


def test_the_same_extensions_all_in_order_are_accepted(shared_pki: DevPki) -> None:
    """So that the refusals above are for what they say."""
    certificate = signed_with(
        shared_pki.authority("relying-parties"), CONSTRAINTS, _usage("digital_signature"), CLIENT, NAMES
    )
    own(shared_pki, certificate, profile_named("relying-party-client"))


def test_no_ca_of_the_hierarchy_passes_for_a_peer(shared_pki: DevPki) -> None:
    for profile in LEAF_PROFILES:
        for ca in ("root", *ISSUING_CAS):
            with pytest.raises(PeerRefused):
                own(shared_pki, shared_pki.authority(ca).certificate, profile)


def test_nobody_below_a_leaf_is_trusted(shared_pki: DevPki) -> None:
    """A certificate that a leaf signed, even one that calls itself a CA, is two steps below the anchor."""
    profile = profile_named("relying-party-client")
    climber = BadCertificates(shared_pki, profile.name, "climber").ca_as_leaf()
    key, climbers_key = new_key(), load_private_key(climber.key_path)
    assert isinstance(climbers_key, ec.EllipticCurvePrivateKey)
    subject = Subject(
        name=common_name("below"), alternative=alternative_names(dns=["localhost"]), public_key=key.public_key()
    )
    issuer = Issuer(certificate=climber.certificate, list_url="http://a.test", certificate_url="http://b.test")
    below = sign(builder_for(profile, subject, issuer, now=datetime.now(UTC)), climbers_key)
    below.verify_directly_issued_by(climber.certificate)
    with pytest.raises(PeerRefused):
        own(shared_pki, below, profile)


def test_revocation_counts_from_the_list_that_says_so(pki: DevPki) -> None:
    profile, issued = profile_named("relying-party-client"), pki.issue("relying-party-client", "portal")
    own(pki, issued.certificate, profile)
    pki.revoke("portal")
    with pytest.raises(PeerRefused, match=f"the certificate {fingerprint_sha256(issued.certificate)} is revoked"):
        own(pki, issued.certificate, profile)


def test_without_a_current_list_of_the_right_ca_nobody_is_trusted(pki: DevPki) -> None:
    issued, now = pki.issue("relying-party-client", "portal"), datetime.now(UTC)
    anchor, crl = load_certificate(pki.ca_path("relying-parties")), load_crl(pki.crl_path("relying-parties"))
    client, foreign = ExtendedKeyUsageOID.CLIENT_AUTH, load_crl(pki.crl_path("staff"))
    ends = crl.next_update_utc
    assert ends is not None
    verify_peer(issued.certificate, anchor=anchor, crl=crl, purpose=client, now=ends - timedelta(seconds=1))
    for crl_shown, moment in ((crl, ends), (foreign, now)):
        with pytest.raises(PeerRefused, match="no current revocation list"):
            verify_peer(issued.certificate, anchor=anchor, crl=crl_shown, purpose=client, now=moment)


def test_a_certificate_is_trusted_from_its_first_second_to_its_last(shared_pki: DevPki) -> None:
    certificate = shared_pki.issue("relying-party-client", "timed").certificate
    crl_free = {"ca": "relying-parties", "purpose": ExtendedKeyUsageOID.CLIENT_AUTH}
    begins, ends, second = certificate.not_valid_before_utc, certificate.not_valid_after_utc, timedelta(seconds=1)
    verify(shared_pki, certificate, now=begins, **crl_free)
    for moment in (begins - second, ends + second):
        with pytest.raises(PeerRefused, match="not valid at validation time"):
            verify(shared_pki, certificate, now=moment, **crl_free)


def test_a_refusal_does_not_say_who_the_card_belongs_to(shared_pki: DevPki) -> None:
    subject = eid_subject(given_name="Anna", family_name="Bērziņa", personal_code="320000-00009")
    card = shared_pki.issue("test-eid", "secretive", subject=subject)
    for now in (datetime.now(UTC) + timedelta(days=400), datetime.now(UTC)):
        with pytest.raises(PeerRefused) as refused:
            verify(shared_pki, card.certificate, ca="test-eid", purpose=ExtendedKeyUsageOID.SERVER_AUTH, now=now)
        for secret in ("Anna", "Bērziņa", "320000"):
            assert secret not in str(refused.value)
        assert refused.value.__cause__ is None


def test_an_unknown_kind_of_bad_certificate_is_answered_with_those_there_are(shared_pki: DevPki) -> None:
    with pytest.raises(OrderRefused, match="choose one of expired, not-yet-valid"):
        BadCertificates(shared_pki, "test-eid").make("evil")


def test_bad_certificates_are_kept_apart_and_never_renewed(pki: DevPki) -> None:
    made = [BadCertificates(pki, "test-eid", "card").make(kind) for kind in KINDS]
    assert pki.names == ()
    assert pki.refresh().certificates == ()
    assert {issued.certificate_path.parent.parent for issued in made} == {pki.directory / "bad"}
    assert len({issued.certificate_path for issued in made}) == len(KINDS)
