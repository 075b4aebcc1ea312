"""What the hierarchy puts on disk, and when it puts it there anew (security.md section 7)."""

import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certs.build import eid_subject
from certs.dev_pki import DevPki
from certs.errors import (
    AlreadyRevoked,
    CertificateError,
    FileUnusable,
    OrderRefused,
    PkiMissing,
    ProfileBroken,
    UnknownName,
)
from certs.judge import judge
from certs.load import load_certificate, load_chain, load_identity, load_private_key
from certs.order import Issued
from certs.profiles import ISSUING_CA, ISSUING_CAS, LEAF_PROFILES, ROOT, Profile
from certs.settings import Settings
from tests.certs.held_clock import HeldClock

EACH_PROFILE = pytest.mark.parametrize("profile", LEAF_PROFILES, ids=lambda profile: profile.name)


def issue_any(pki: DevPki, profile: Profile, name: str = "somebody") -> Issued:
    return pki.issue(profile.name, name, dns=["localhost"], ip=["127.0.0.1"])


def modes(directory: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir() if path.is_file()}


def test_the_hierarchy_lies_on_disk_as_agreed(pki: DevPki) -> None:
    assert (pki.directory / "root" / "ca.pem").is_file()
    for ca in ISSUING_CAS:
        assert modes(pki.directory / ca) == {
            "ca.pem": 0o644,
            "ca.key": 0o600,
            "crl.pem": 0o644,
            "revoked.json": 0o644,
            "journal.jsonl": 0o644,
        }
    issued = pki.issue("gateway-server", "gateway", dns=["localhost"])
    assert issued.certificate_path == pki.directory / "issued" / "gateway" / "certificate.pem"
    assert issued.key_path == pki.directory / "issued" / "gateway" / "key.pem"
    assert stat.S_IMODE(issued.key_path.stat().st_mode) == 0o600


def test_a_key_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        pki = DevPki.create(tmp_path / "pki")
        issued = pki.issue("staff-client", "clerk")
    finally:
        os.umask(before)
    keys = [*pki.directory.glob("*/ca.key"), issued.key_path]
    assert len(keys) == len(ISSUING_CAS) + 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}


def test_nobody_shares_a_key(pki: DevPki) -> None:
    for profile in LEAF_PROFILES:
        issue_any(pki, profile, f"a-{profile.name}")
    paths = [*pki.directory.glob("*/ca.key"), *pki.directory.glob("issued/*/key.pem")]
    assert len({load_private_key(path).private_numbers().private_value for path in paths}) == len(paths) == 16


@EACH_PROFILE
def test_a_certificate_of_every_profile_meets_it(shared_pki: DevPki, profile: Profile) -> None:
    issued = issue_any(shared_pki, profile, f"meets-{profile.name}")
    issuer = load_certificate(shared_pki.ca_path(profile.issuing_ca))
    assert judge(issued.certificate, profile, issuer=issuer) == ()
    assert load_chain(issued.certificate_path) == (issued.certificate, issuer)
    load_identity(issued.certificate_path, issued.key_path)


@EACH_PROFILE
def test_a_certificate_says_what_section_7_asks_for(shared_pki: DevPki, profile: Profile) -> None:
    """Read with the test's own eyes, not the judge's."""
    certificate = issue_any(shared_pki, profile, f"says-{profile.name}").certificate
    extensions = certificate.extensions
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert (key.curve.name, certificate.signature_hash_algorithm.name) == ("secp256r1", "sha256")
    assert 128 <= certificate.serial_number.bit_length() < 160
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert not constraints.value.ca
    assert extensions.get_extension_for_class(x509.KeyUsage).critical
    assert len(list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)) == 1
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    for present in (
        x509.SubjectKeyIdentifier,
        x509.AuthorityKeyIdentifier,
        x509.CRLDistributionPoints,
        x509.AuthorityInformationAccess,
    ):
        extensions.get_extension_for_class(present)
    has_no_check = any(isinstance(extension.value, x509.OCSPNoCheck) for extension in extensions)
    assert has_no_check == (profile.name == "ocsp-signer")


def test_the_cas_meet_their_profiles_and_cannot_make_cas(pki: DevPki) -> None:
    root = load_certificate(pki.root_path)
    assert judge(root, ROOT, issuer=root) == ()
    for ca in ISSUING_CAS:
        certificate = load_certificate(pki.ca_path(ca))
        assert judge(certificate, ISSUING_CA, issuer=root) == ()
        assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


@pytest.mark.parametrize(
    ("profile", "days", "longest"),
    [
        ("gateway-server", 7, 90),
        ("gateway-client", 7, 90),
        ("provider-server", 7, 90),
        ("relying-party-client", 7, 90),
        ("portal-server", 7, 90),
        ("staff-client", 30, 30),
        ("test-eid", 365, 365),
        ("ocsp-signer", 7, 7),
    ],
)
def test_how_long_a_certificate_lasts(
    held_pki: DevPki, clock: HeldClock, profile: str, days: int, longest: int
) -> None:
    usual = held_pki.issue(profile, "usual", dns=["localhost"]).certificate
    assert usual.not_valid_before_utc == clock.now() - timedelta(minutes=5)
    assert usual.not_valid_after_utc - usual.not_valid_before_utc == timedelta(days=days)
    long = held_pki.issue(profile, "long", dns=["localhost"], lifetime=timedelta(days=longest)).certificate
    assert long.not_valid_after_utc - long.not_valid_before_utc == timedelta(days=longest)
    with pytest.raises(ProfileBroken, match="validity: it is valid for"):
        held_pki.issue(profile, "too-long", dns=["localhost"], lifetime=timedelta(days=longest, seconds=1))
    assert "too-long" not in held_pki.names


def test_the_urls_in_a_certificate_are_files_that_are_published(tmp_path: Path) -> None:
    pki = DevPki.create(tmp_path / "pki", settings=Settings(base_url="http://pki.test/lists"))
    certificate = pki.issue("staff-client", "clerk").certificate
    (point,) = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    (access,) = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert point.full_name
    assert point.full_name[0].value == "http://pki.test/lists/staff.crl"
    assert access.access_location.value == "http://pki.test/lists/staff.crt"
    published = pki.directory / "public"
    assert x509.load_der_x509_crl((published / "staff.crl").read_bytes()).is_signature_valid(
        load_certificate(pki.ca_path("staff")).public_key()
    )
    assert x509.load_der_x509_certificate((published / "staff.crt").read_bytes()) == load_certificate(
        pki.ca_path("staff")
    )
    assert not list(published.glob("*key*"))


def test_making_a_hierarchy_twice_opens_it(tmp_path: Path) -> None:
    first = DevPki.create(tmp_path / "pki")
    root, issued = first.root_path.read_bytes(), first.issue("staff-client", "clerk")
    second = DevPki.create(tmp_path / "pki")
    assert second.root_path.read_bytes() == root
    assert second.find("clerk") == issued == DevPki.open(tmp_path / "pki").find("clerk")


@pytest.mark.parametrize("lost", ["ca.pem", "crl.pem"])
def test_making_completes_what_a_crash_left_half_made(tmp_path: Path, lost: str) -> None:
    pki = DevPki.create(tmp_path / "pki")
    others = {ca: pki.ca_path(ca).read_bytes() for ca in ISSUING_CAS if ca != "staff"}
    (tmp_path / "pki" / "staff" / lost).unlink()
    again = DevPki.create(tmp_path / "pki")
    again.issue("staff-client", "clerk")
    assert again.crl_path("staff").is_file()
    assert {ca: again.ca_path(ca).read_bytes() for ca in others} == others


def test_opening_what_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(PkiMissing, match="run: vpm pki init"):
        DevPki.open(tmp_path / "nothing")
    assert list(tmp_path.iterdir()) == []


def test_opening_what_is_half_made_names_the_missing_ca(pki: DevPki) -> None:
    pki.ca_path("staff").unlink()
    with pytest.raises(PkiMissing, match="lacks the CA staff; run: vpm pki init"):
        DevPki.open(pki.directory)


def test_other_settings_do_not_change_a_hierarchy_silently(pki: DevPki) -> None:
    with pytest.raises(PkiMissing, match="other settings"):
        DevPki.create(pki.directory, settings=Settings(permitted_dns=("example",)))


@pytest.mark.parametrize(
    "limits",
    [
        {"permitted_dns": ()},
        {"permitted_ip": ()},
        {"permitted_dns": ("",)},
        {"permitted_dns": (".test",)},
        {"permitted_ip": ("10.0.0.1/8",)},
        {"permitted_ip": ("everywhere",)},
    ],
)
def test_settings_that_would_limit_nothing_are_refused(limits: dict[str, tuple[str, ...]]) -> None:
    """Empty means no: name constraints without an entry of a kind permit every name of it (RFC 5280 4.2.1.10)."""
    with pytest.raises(OrderRefused):
        Settings(**limits)


def test_garbled_settings_are_named(pki: DevPki) -> None:
    (pki.directory / "pki.json").write_text("{")
    with pytest.raises(PkiMissing, match=r"pki\.json is garbled"):
        DevPki.open(pki.directory)


def test_the_same_order_again_returns_what_there_is(pki: DevPki) -> None:
    first = pki.issue("gateway-server", "gateway", dns=["localhost"], ip=["127.0.0.1"])
    assert pki.issue("gateway-server", "gateway", dns=["localhost"], ip=["127.0.0.1"]) == first


def test_another_host_replaces_the_certificate_and_the_key(pki: DevPki) -> None:
    first = pki.issue("gateway-server", "gateway", dns=["localhost"])
    second = pki.issue("gateway-server", "gateway", dns=["gateway.test"])
    assert second.certificate.public_key() != first.certificate.public_key()
    names = second.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["gateway.test"]


def test_a_name_keeps_its_profile(pki: DevPki) -> None:
    pki.issue("staff-client", "clerk")
    with pytest.raises(OrderRefused, match="clerk is a staff-client"):
        pki.issue("test-eid", "clerk")


def test_a_revoked_name_comes_back_only_when_renewed_deliberately(pki: DevPki) -> None:
    revoked = pki.issue("staff-client", "clerk")
    pki.revoke("clerk")
    with pytest.raises(AlreadyRevoked, match="vpm pki renew clerk"):
        pki.issue("staff-client", "clerk")
    with pytest.raises(AlreadyRevoked):
        pki.revoke("clerk")
    assert pki.refresh().certificates == ()
    assert pki.find("clerk") == revoked
    assert pki.renew("clerk").certificate.serial_number != revoked.certificate.serial_number


def test_renewing_takes_a_new_key_and_keeps_everything_else(pki: DevPki) -> None:
    subject = eid_subject(given_name="Žanete", family_name="Ķirse", personal_code="320000-00001")
    before = pki.issue("test-eid", "card", uri=["urn:example:card"], subject=subject, lifetime=timedelta(days=100))
    after = pki.renew("card")
    assert after.certificate.public_key() != before.certificate.public_key()
    assert after.certificate.serial_number != before.certificate.serial_number
    assert after.certificate.subject == subject
    kept = [x509.SubjectAlternativeName, x509.KeyUsage, x509.ExtendedKeyUsage]
    for extension in kept:
        old, new = (each.certificate.extensions.get_extension_for_class(extension) for each in (before, after))
        assert old == new
    assert after.certificate.not_valid_after_utc - after.certificate.not_valid_before_utc == timedelta(days=100)


def test_a_revoked_name_is_not_renewed_when_its_time_has_come(held_pki: DevPki, clock: HeldClock) -> None:
    revoked = held_pki.issue("staff-client", "clerk")
    held_pki.revoke("clerk")
    clock.move(timedelta(days=29))
    assert held_pki.refresh().certificates == ()
    assert held_pki.find("clerk") == revoked


def test_a_replaced_certificate_can_still_be_revoked(pki: DevPki) -> None:
    before = pki.issue("staff-client", "clerk")
    after = pki.renew("clerk")
    pki.revoke_certificate(before.certificate)
    assert pki.authority("staff").is_revoked(before.certificate)
    assert not pki.authority("staff").is_revoked(after.certificate)


def test_a_certificate_of_another_hierarchy_cannot_be_revoked_here(pki: DevPki, shared_pki: DevPki) -> None:
    stranger = shared_pki.issue("staff-client", "stranger")
    with pytest.raises(UnknownName, match="no CA of"):
        pki.revoke_certificate(stranger.certificate)


@EACH_PROFILE
def test_a_certificate_is_renewed_at_two_thirds_of_its_life_and_not_before(
    held_pki: DevPki, clock: HeldClock, profile: Profile
) -> None:
    before = issue_any(held_pki, profile)
    clock.move(profile.lifetime * 2 / 3 - timedelta(minutes=5, seconds=1))
    assert held_pki.refresh().certificates == ()
    assert issue_any(held_pki, profile) == before
    clock.move(timedelta(seconds=1))
    assert held_pki.refresh().certificates == ("somebody",)
    assert held_pki.find("somebody").certificate.public_key() != before.certificate.public_key()
    assert held_pki.refresh().certificates == ()


def test_a_forgotten_hierarchy_is_good_again_after_one_refresh(held_pki: DevPki, clock: HeldClock) -> None:
    """Complaint 6: the official test provider's own certificate expired."""
    for profile in LEAF_PROFILES:
        issue_any(held_pki, profile, f"a-{profile.name}")
    clock.move(timedelta(days=1500))
    refreshed = DevPki.open(held_pki.directory, clock=clock).refresh()
    assert len(refreshed.certificates) == len(LEAF_PROFILES)
    assert set(refreshed.cas) == set(ISSUING_CAS)
    assert set(refreshed.lists) == {"root", *ISSUING_CAS}
    for profile in LEAF_PROFILES:
        certificate = held_pki.find(f"a-{profile.name}").certificate
        assert certificate.not_valid_before_utc < clock.now() < certificate.not_valid_after_utc


def test_a_renewed_ca_keeps_its_key_so_that_certificates_below_stay_good(held_pki: DevPki, clock: HeldClock) -> None:
    clock.move(timedelta(days=1200))
    leaf = held_pki.issue("test-eid", "card")
    clock.move(timedelta(days=30))
    before = load_certificate(held_pki.ca_path("test-eid"))
    assert set(held_pki.refresh().cas) == set(ISSUING_CAS)
    after = load_certificate(held_pki.ca_path("test-eid"))
    assert after != before
    assert after.not_valid_after_utc > before.not_valid_after_utc
    assert held_pki.find("card") == leaf
    assert judge(leaf.certificate, leaf.profile, issuer=after) == ()


def test_a_renewed_root_keeps_its_key_and_name(held_pki: DevPki, clock: HeldClock) -> None:
    before = load_certificate(held_pki.root_path)
    clock.move(timedelta(days=2500))
    assert "root" in held_pki.refresh().cas
    after = load_certificate(held_pki.root_path)
    assert (after.subject, after.public_key()) == (before.subject, before.public_key())
    assert judge(after, ROOT, issuer=after) == ()
    for ca in ISSUING_CAS:
        assert judge(load_certificate(held_pki.ca_path(ca)), ISSUING_CA, issuer=after) == ()


def test_a_key_that_a_crash_left_without_its_certificate_is_replaced(pki: DevPki) -> None:
    clerk, other = pki.issue("staff-client", "clerk"), pki.issue("staff-client", "other")
    clerk.key_path.write_bytes(other.key_path.read_bytes())
    assert pki.refresh().certificates == ("clerk",)
    load_identity(clerk.certificate_path, clerk.key_path)


def test_a_lost_key_is_replaced(pki: DevPki) -> None:
    clerk = pki.issue("staff-client", "clerk")
    clerk.key_path.unlink()
    load_identity(clerk.certificate_path, pki.issue("staff-client", "clerk").key_path)


def test_a_key_that_others_may_read_is_reported_and_not_quietly_replaced(pki: DevPki) -> None:
    clerk = pki.issue("staff-client", "clerk")
    clerk.key_path.chmod(0o640)
    with pytest.raises(FileUnusable, match=r"chmod 600 .*clerk/key\.pem"):
        pki.refresh()


def test_a_ca_whose_key_others_may_read_signs_nothing(pki: DevPki) -> None:
    (pki.directory / "staff" / "ca.key").chmod(0o604)
    with pytest.raises(FileUnusable, match="chmod 600"):
        DevPki.open(pki.directory).issue("staff-client", "clerk")


def test_a_ca_with_another_ones_key_signs_nothing(pki: DevPki) -> None:
    (pki.directory / "staff" / "ca.key").write_bytes((pki.directory / "ocsp" / "ca.key").read_bytes())
    with pytest.raises(FileUnusable, match="is not the key of"):
        DevPki.open(pki.directory).issue("staff-client", "clerk")


def test_a_name_outside_the_hierarchys_own_is_not_issued(pki: DevPki) -> None:
    with pytest.raises(ProfileBroken, match=r"permitted-names: www\.bank\.lv is outside"):
        pki.issue("provider-server", "bank", dns=["localhost", "www.bank.lv"])
    with pytest.raises(ProfileBroken, match=r"permitted-names: 8\.8\.8\.8 is outside"):
        pki.issue("provider-server", "bank", ip=["8.8.8.8"])
    assert pki.names == ()


def test_a_draft_that_breaks_its_profile_is_stopped_before_the_cas_key_is_touched(pki: DevPki) -> None:
    """Judged before signing, not only after: without its key the CA refuses for the same reason."""
    (pki.directory / "gateway-servers" / "ca.key").unlink()
    with pytest.raises(ProfileBroken):
        DevPki.open(pki.directory).issue("gateway-server", "gateway", dns=["www.bank.lv"])
    with pytest.raises(FileUnusable, match=r"ca\.key cannot be read"):
        DevPki.open(pki.directory).issue("gateway-server", "gateway", dns=["localhost"])


def test_a_server_needs_a_host(pki: DevPki) -> None:
    with pytest.raises(ProfileBroken, match="alternative-name: there is no subject alternative name"):
        pki.issue("gateway-server", "gateway")


def test_a_client_without_host_is_named_by_a_urn(pki: DevPki) -> None:
    names = pki.issue("relying-party-client", "auctions").certificate.extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:vpm:development:auctions"]


@pytest.mark.parametrize(
    ("dns", "ip"),
    [
        (["localhost "], []),
        (["bērziņi.test"], []),
        (["a..test"], []),
        ([""], []),
        (["*.test"], []),
        ([], ["127.0.0.300"]),
        ([], ["127.0.0.0/8"]),
    ],
)
def test_an_unusable_host_is_refused(pki: DevPki, dns: list[str], ip: list[str]) -> None:
    with pytest.raises(OrderRefused, match="a name for the certificate is unusable"):
        pki.issue("gateway-server", "gateway", dns=dns, ip=ip)


def test_an_unknown_profile_is_answered_with_those_there_are(pki: DevPki) -> None:
    with pytest.raises(OrderRefused, match="choose one of gateway-client, gateway-server, ocsp-signer"):
        pki.issue("gateway", "gateway")


def test_what_was_never_issued_is_not_found(pki: DevPki) -> None:
    for attempt in (pki.find, pki.renew, pki.revoke):
        with pytest.raises(UnknownName, match="nothing was issued under the name 'nobody'"):
            attempt("nobody")
    with pytest.raises(UnknownName, match="there is no CA 'nobody'; choose one of root, relying-parties"):
        pki.publish_crl("nobody")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.one_of(st.text(max_size=70), st.text(alphabet="abc.-/\\\0~ ", max_size=70)))
def test_no_name_leaves_the_folder_of_issued_certificates(shared_pki: DevPki, name: str) -> None:
    folder = shared_pki.directory / "issued"
    try:
        issued = shared_pki.issue("ocsp-signer", name)
    except CertificateError:
        return
    assert issued.key_path.resolve().parent.parent == folder.resolve()
    assert issued.key_path.parent.name == name


def test_a_person_is_named_as_a_latvian_card_names_them() -> None:
    """ETSI EN 319 412-1: ``PNOLV-`` and the personal code (T37)."""
    subject = eid_subject(given_name="Anna Marija", family_name="Bērziņa-Ūdre", personal_code="320000-00001")
    assert [(each.oid, each.value) for each in subject] == [
        (NameOID.COUNTRY_NAME, "LV"),
        (NameOID.COMMON_NAME, "Anna Marija Bērziņa-Ūdre"),
        (NameOID.SURNAME, "Bērziņa-Ūdre"),
        (NameOID.GIVEN_NAME, "Anna Marija"),
        (NameOID.SERIAL_NUMBER, "PNOLV-320000-00001"),
    ]
