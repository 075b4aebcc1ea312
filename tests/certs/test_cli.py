"""``vpm pki``: what a person at a terminal gets, also when they mistype."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from certs.bad_certificates import KINDS
from certs.cli import pki as command
from certs.dev_pki import DevPki
from certs.inventory import State, standings
from certs.load import fingerprint_sha256, load_crl
from certs.profiles import ISSUING_CAS, LEAF_PROFILES
from certs.revocation import mark_of
from tests.certs.held_clock import HeldClock

Run = Callable[..., Result]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "pki"


@pytest.fixture
def run(place: Path) -> Run:
    return lambda *words: CliRunner().invoke(command, ["--directory", str(place), *words])


@pytest.fixture
def made(pki: DevPki, place: Path) -> DevPki:
    assert pki.directory == place
    return pki


def test_init_makes_a_hierarchy_and_says_what_to_trust(run: Run, place: Path) -> None:
    result = run("init")
    assert result.exit_code == 0
    assert f"trust {place}/root/ca.pem" in result.output
    before = (place / "root" / "ca.pem").read_bytes()
    assert run("init").exit_code == 0
    assert (place / "root" / "ca.pem").read_bytes() == before


def test_init_takes_other_names_to_permit(run: Run) -> None:
    assert run("init", "--permit-dns", "gateway.lan", "--base-url", "http://gateway.lan/pki").exit_code == 0
    assert run("issue", "gateway-server", "gateway", "--dns", "gateway.lan").exit_code == 0
    refused = run("issue", "gateway-server", "other", "--dns", "localhost")
    assert refused.exit_code == 1
    assert "localhost is outside what its issuer may issue for: gateway.lan" in refused.output


def test_issue_prints_where_the_files_are(run: Run, made: DevPki) -> None:
    result = run("issue", "gateway-server", "gateway", "--dns", "localhost", "--ip", "127.0.0.1", "--days", "30")
    issued = made.find("gateway")
    assert result.exit_code == 0
    for said in (issued.certificate_path, issued.key_path, fingerprint_sha256(issued.certificate)):
        assert str(said) in result.output
    assert issued.certificate.not_valid_after_utc - issued.certificate.not_valid_before_utc == timedelta(days=30)


def test_renew_and_revoke_and_crl(run: Run, made: DevPki) -> None:
    before = made.issue("staff-client", "clerk").certificate
    assert run("renew", "clerk").exit_code == 0
    after = made.find("clerk").certificate
    assert after.public_key() != before.public_key()
    revoked = run("revoke", "clerk", "--reason", "keyCompromise")
    assert f"clerk is revoked; {made.crl_path('staff')} says so." in revoked.output
    assert load_crl(made.crl_path("staff")).get_revoked_certificate_by_serial_number(after.serial_number)
    assert run("crl", "staff").output.startswith("staff: list 3, 1 revoked, next by ")
    assert len(run("crl").output.splitlines()) == len(ISSUING_CAS) + 1
    assert mark_of(load_crl(made.crl_path("staff"))).number == 4


def test_renew_due_says_what_it_did(run: Run, place: Path) -> None:
    long_ago = HeldClock(datetime.now(UTC) - timedelta(days=6))
    DevPki.create(place, clock=long_ago).issue("gateway-client", "gateway")
    result = run("renew", "--due")
    assert "Renewed: gateway." in result.output
    assert "Lists published: root, relying-parties" in result.output
    again = run("renew", "--due")
    assert "nothing was due" in again.output
    assert "none was due" in again.output


def test_issue_bad_says_that_it_must_be_refused(run: Run, made: DevPki) -> None:
    result = run("issue", "relying-party-client", "portal", "--bad", "expired")
    assert result.exit_code == 0
    assert "expired-portal must be refused" in result.output
    assert (made.directory / "bad" / "expired-portal" / "certificate.pem").is_file()
    assert run("issue", "relying-party-client", "portal", "--bad", "expired", "--days", "3").exit_code == 2


def test_show_lists_every_certificate_with_days_left_fingerprint_and_revocation(run: Run, made: DevPki) -> None:
    good, gone = made.issue("staff-client", "clerk"), made.issue("test-eid", "card")
    made.revoke("card")
    lines = run("show").output.splitlines()
    (clerk,) = [line for line in lines if "clerk" in line]
    (card,) = [line for line in lines if " card " in line]
    for said in ("staff-client", "30.0", "good", fingerprint_sha256(good.certificate)):
        assert said in clerk
    for said in ("365.0", f"revoked {datetime.now(UTC):%Y-%m-%d}", "unspecified", fingerprint_sha256(gone.certificate)):
        assert said in card
    for ca in ("root", *ISSUING_CAS):
        assert any(fingerprint_sha256(made.authority(ca).certificate) in line for line in lines)


def test_show_check_fails_on_an_expired_certificate_and_not_on_a_revoked_one(run: Run, made: DevPki) -> None:
    made.issue("staff-client", "clerk")
    made.issue("test-eid", "card")
    made.revoke("card")
    assert run("show", "--check").exit_code == 0
    DevPki.open(made.directory, clock=HeldClock(datetime.now(UTC) - timedelta(days=8))).issue("gateway-client", "old")
    assert run("show").exit_code == 0
    failed = run("show", "--check")
    assert failed.exit_code == 1
    assert "expired" in failed.output


def test_show_check_fails_on_an_ageing_list(run: Run, place: Path) -> None:
    DevPki.create(place, clock=HeldClock(datetime.now(UTC) - timedelta(hours=13)))
    assert run("show", "--check").exit_code == 1
    assert run("renew", "--due").exit_code == 0
    assert run("show", "--check").exit_code == 0


def test_show_names_the_rule_that_an_issued_certificate_breaks(run: Run, made: DevPki) -> None:
    """The daily second look finds what was put in place by hand."""
    clerk, card = made.issue("staff-client", "clerk"), made.issue("test-eid", "card")
    clerk.certificate_path.write_bytes(card.certificate_path.read_bytes())
    failed = run("show", "--check")
    assert failed.exit_code == 1
    assert "clerk: issuer-name: the issuer is named CN=VPM development test-eid" in failed.output
    assert "clerk: validity: it is valid for 365 days" in failed.output


def test_a_certificate_stands_by_the_worst_that_is_true_of_it(held_pki: DevPki, clock: HeldClock) -> None:
    held_pki.issue("gateway-client", "gateway")

    def state() -> State:
        (standing,) = standings(held_pki)
        return standing.state(clock.now())

    assert state() is State.GOOD
    clock.move(timedelta(days=5))
    assert state() is State.DUE
    clock.move(timedelta(days=2))
    assert state() is State.EXPIRED
    held_pki.revoke("gateway")
    assert state() is State.REVOKED


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show",), 1, "there is no hierarchy in"),
        (("issue", "staff-client", "clerk"), 1, "run: vpm pki init"),
        (("issue", "nonsense", "clerk"), 2, "'nonsense' is not one of"),
        (("issue", "staff-client"), 2, "Missing argument 'NAME'"),
        (("issue", "staff-client", "clerk", "--days", "0"), 2, "0 is not in the range"),
        (("renew",), 2, "say which NAMES to renew, or --due"),
        (("renew", "clerk", "--due"), 2, "say which NAMES to renew, or --due"),
        (("revoke", "clerk", "--reason", "removeFromCRL"), 2, "is not one of"),
        (("frobnicate",), 2, "No such command"),
    ],
)
def test_wrong_use_without_a_hierarchy_is_answered_in_a_sentence(
    run: Run, words: tuple[str, ...], code: int, said: str
) -> None:
    assert_answered(run(*words), code, said)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("issue", "staff-client", "../clerk"), 1, "cannot name a folder"),
        (("issue", "gateway-server", "gateway"), 1, "there is no subject alternative name"),
        (("issue", "gateway-server", "gateway", "--ip", "localhost"), 1, "'localhost' does not appear to be an IPv4"),
        (("issue", "staff-client", "clerk", "--days", "31"), 1, "validity: it is valid for 31 days"),
        (("renew", "nobody"), 1, "nothing was issued under the name 'nobody'"),
        (("revoke", "nobody"), 1, "nothing was issued under the name 'nobody'"),
        (("crl", "nobody"), 1, "there is no CA 'nobody'; choose one of root"),
        (("init", "--permit-ip", "10.0.0.0/33"), 1, "is no network"),
        (("init", "--permit-dns", "example"), 1, "other settings"),
    ],
)
@pytest.mark.usefixtures("made")
def test_wrong_use_of_a_hierarchy_is_answered_in_a_sentence(
    run: Run, words: tuple[str, ...], code: int, said: str
) -> None:
    assert_answered(run(*words), code, said)


def test_an_open_key_is_answered_with_the_remedy(run: Run, made: DevPki) -> None:
    (made.directory / "staff" / "ca.key").chmod(0o644)
    assert_answered(run("issue", "staff-client", "clerk"), 1, "run: chmod 600")


def test_a_place_that_cannot_be_written_is_answered_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    result = CliRunner().invoke(command, ["--directory", str(tmp_path / "file" / "pki"), "init"])
    assert_answered(result, 1, "Not a directory")


def assert_answered(result: Result, code: int, said: str) -> None:
    assert result.exit_code == code
    assert said in " ".join(result.output.split())
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)


def documentation() -> str:
    return (Path(__file__).parents[2] / "docs" / "certificates.md").read_text()


def test_the_commands_of_the_documentation_run_in_their_order(run: Run) -> None:
    lines = [line.partition("#")[0].split() for line in documentation().splitlines() if line.startswith("vpm pki ")]
    assert len(lines) >= 7
    for _vpm, _pki, *words in lines:
        result = run(*words)
        assert result.exit_code == 0, (words, result.output)


def test_the_documentation_names_every_profile_and_every_bad_kind() -> None:
    text = documentation()
    for name in (*(profile.name for profile in LEAF_PROFILES), *KINDS, *ISSUING_CAS):
        assert name in text
