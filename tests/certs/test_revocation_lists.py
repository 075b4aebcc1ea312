"""Lists rise, are whole, and are believed only if they rise (T33, T34)."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from certs.build import new_key
from certs.dev_pki import DevPki
from certs.errors import ClockWentBack, FileUnusable, RevocationListRefused, UnknownName
from certs.load import load_certificate, load_crl
from certs.revocation import ListMark, SeenLists, is_ageing, mark_of, verify_crl
from tests.certs.held_clock import HeldClock

CA = "relying-parties"
SECOND = timedelta(seconds=1)


def history(pki: DevPki, ca: str = CA) -> list[x509.CertificateRevocationList]:
    """Every list ever published, in the order of the files' names."""
    return [load_crl(path) for path in sorted((pki.directory / ca / "history").glob("crl-*.pem"))]


def assert_rising(lists: list[x509.CertificateRevocationList]) -> None:
    marks = [mark_of(each) for each in lists]
    assert [mark.number for mark in marks] == sorted({mark.number for mark in marks})
    assert [mark.this_update for mark in marks] == sorted({mark.this_update for mark in marks})


class ListsOfOneCa(RuleBasedStateMachine):
    """Whatever happens in whatever order, each list is newer than the one before and knows every revocation."""

    def __init__(self) -> None:
        super().__init__()
        self.place = TemporaryDirectory()
        self.clock = HeldClock()
        self.pki = DevPki.create(Path(self.place.name), clock=self.clock)
        self.issued = 0
        self.revoked: set[int] = set()

    @rule()
    def publish(self) -> None:
        self.pki.publish_crl(CA)

    @rule(times=st.integers(min_value=2, max_value=5))
    def publish_at_once(self, times: int) -> None:
        for _ in range(times):
            self.pki.publish_crl(CA)

    @rule()
    def issue_and_revoke(self) -> None:
        self.issued += 1
        certificate = self.pki.issue("relying-party-client", f"portal-{self.issued}").certificate
        self.pki.revoke(f"portal-{self.issued}")
        self.revoked.add(certificate.serial_number)

    @rule()
    def start_again(self) -> None:
        self.pki = DevPki.open(self.pki.directory, clock=self.clock)

    @rule(seconds=st.integers(min_value=0, max_value=100_000))
    def let_time_pass(self, seconds: int) -> None:
        self.clock.move(timedelta(seconds=seconds))

    @rule()
    def refresh(self) -> None:
        self.pki.refresh()
        assert self.clock.now() - load_crl(self.pki.crl_path(CA)).last_update_utc < timedelta(hours=1, minutes=5)

    @invariant()
    def lists_rise(self) -> None:
        assert_rising(history(self.pki))

    @invariant()
    def the_last_list_is_current_and_complete(self) -> None:
        crl = load_crl(self.pki.crl_path(CA))
        assert mark_of(crl) == mark_of(history(self.pki)[-1])
        assert {entry.serial_number for entry in crl} == self.revoked
        assert crl.last_update_utc <= self.clock.now()
        assert crl.next_update_utc is not None
        assert crl.next_update_utc - crl.last_update_utc <= timedelta(hours=24)

    def teardown(self) -> None:
        self.place.cleanup()


ListsOfOneCa.TestCase.settings = settings(max_examples=15, stateful_step_count=10, deadline=None)
TestListsOfOneCa = ListsOfOneCa.TestCase


def test_more_lists_than_seconds_wait_for_the_clock_and_never_date_ahead(held_pki: DevPki, clock: HeldClock) -> None:
    """Five minutes' worth of lists may be published at once; the next waits for its second."""
    for _ in range(310):
        assert held_pki.publish_crl(CA).last_update_utc <= clock.now()
    assert 0 < clock.waited < 15
    assert_rising(history(held_pki))


def test_a_clock_set_back_stops_publication_and_keeps_the_list(held_pki: DevPki, clock: HeldClock) -> None:
    held_pki.publish_crl(CA)
    before = held_pki.crl_path(CA).read_bytes()
    clock.move(timedelta(hours=-2))
    with pytest.raises(ClockWentBack, match="set the clock right, or wait"):
        held_pki.publish_crl(CA)
    assert held_pki.crl_path(CA).read_bytes() == before
    clock.move(timedelta(hours=2))
    assert mark_of(held_pki.publish_crl(CA)).number == len(history(held_pki))


def test_a_revocation_during_a_clock_set_back_is_remembered(held_pki: DevPki, clock: HeldClock) -> None:
    revoked = held_pki.issue("relying-party-client", "portal").certificate
    clock.move(timedelta(hours=-2))
    with pytest.raises(ClockWentBack):
        held_pki.revoke("portal")
    clock.move(timedelta(hours=2))
    assert held_pki.refresh().lists == (CA,)
    assert load_crl(held_pki.crl_path(CA)).get_revoked_certificate_by_serial_number(revoked.serial_number)


def test_a_list_says_when_and_why(held_pki: DevPki, clock: HeldClock) -> None:
    with_reason = held_pki.issue("relying-party-client", "stolen").certificate
    without = held_pki.issue("relying-party-client", "closed").certificate
    held_pki.revoke("stolen", reason=x509.ReasonFlags.key_compromise)
    held_pki.revoke("closed")
    crl = load_crl(held_pki.crl_path(CA))
    stolen = crl.get_revoked_certificate_by_serial_number(with_reason.serial_number)
    closed = crl.get_revoked_certificate_by_serial_number(without.serial_number)
    assert stolen is not None
    assert closed is not None
    assert stolen.revocation_date_utc == clock.now()
    assert stolen.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise
    assert len(closed.extensions) == 0  # RFC 5280 5.3.1: no reason rather than "unspecified"


def test_a_list_is_due_after_an_hour_and_not_before(held_pki: DevPki, clock: HeldClock) -> None:
    clock.move(timedelta(minutes=59, seconds=59))
    assert held_pki.refresh().lists == ()
    clock.move(SECOND)
    assert CA in held_pki.refresh().lists


def test_a_list_that_a_crash_kept_from_being_published_is_published_by_a_refresh(held_pki: DevPki) -> None:
    """The ledger is written first: a number may be skipped and is never given out twice."""
    held_pki.publish_crl(CA)
    old = history(held_pki)[0]
    held_pki.crl_path(CA).write_bytes((held_pki.directory / CA / "history" / "crl-00000001.pem").read_bytes())
    assert held_pki.refresh().lists == (CA,)
    assert mark_of(load_crl(held_pki.crl_path(CA))).number == 3 > mark_of(old).number


def test_a_garbled_ledger_is_reported_and_never_started_afresh(pki: DevPki) -> None:
    (pki.directory / CA / "revoked.json").write_text('{"crl_number": 4}')
    with pytest.raises(FileUnusable, match=r"revoked\.json is garbled"):
        pki.publish_crl(CA)
    assert mark_of(load_crl(pki.crl_path(CA))).number == 1


PUBLISH = """
import sys
from pathlib import Path
from certs.dev_pki import DevPki
pki = DevPki.open(Path(sys.argv[1]))
print("ready", flush=True)
for _ in range(int(sys.argv[2])):
    pki.publish_crl("relying-parties")
"""


@contextmanager
def publisher(pki: DevPki, times: int) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that publishes ``times`` lists as fast as it can; it has begun when this yields."""
    command = [sys.executable, "-c", PUBLISH, str(pki.directory), str(times)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield process
        finally:
            process.kill()


def test_processes_and_threads_that_publish_together_give_out_each_number_once(pki: DevPki) -> None:
    with publisher(pki, 15) as first, publisher(pki, 15) as second:
        threads = [threading.Thread(target=lambda: [pki.publish_crl(CA) for _ in range(15)]) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (first.wait(60), second.wait(60)) == (0, 0)
    assert len(history(pki)) == 1 + 4 * 15
    assert_rising(history(pki))


def test_a_reader_never_sees_half_a_list(pki: DevPki) -> None:
    readings = 0
    with publisher(pki, 60) as other:
        while other.poll() is None:
            load_crl(pki.crl_path(CA))
            readings += 1
    assert other.returncode == 0
    assert readings > 10


@pytest.mark.parametrize("after", [0.002, 0.01, 0.03, 0.05, 0.08])
def test_a_killed_publisher_leaves_a_hierarchy_that_goes_on(pki: DevPki, after: float) -> None:
    with publisher(pki, 250) as other:
        time.sleep(after)
        os.kill(other.pid, signal.SIGKILL)
        assert other.wait(10) == -signal.SIGKILL
    seen = mark_of(load_crl(pki.crl_path(CA)))
    made = mark_of(DevPki.create(pki.directory).publish_crl(CA))
    assert made.number > seen.number
    assert made.this_update > seen.this_update
    assert_rising(history(pki))


# What a reader believes


@pytest.fixture
def issuer(held_pki: DevPki) -> x509.Certificate:
    return load_certificate(held_pki.ca_path(CA))


def test_a_newer_list_and_the_same_list_are_believed(
    held_pki: DevPki, clock: HeldClock, issuer: x509.Certificate
) -> None:
    first, second = held_pki.publish_crl(CA), held_pki.publish_crl(CA)
    mark = verify_crl(first, issuer=issuer, now=clock.now())
    assert verify_crl(first, issuer=issuer, now=clock.now(), last=mark) == mark
    assert verify_crl(second, issuer=issuer, now=clock.now(), last=mark).number == mark.number + 1


def test_an_older_list_that_has_not_expired_is_refused(
    held_pki: DevPki, clock: HeldClock, issuer: x509.Certificate
) -> None:
    """T34: OpenSSL takes it."""
    old, new = held_pki.publish_crl(CA), held_pki.publish_crl(CA)
    last = verify_crl(new, issuer=issuer, now=clock.now())
    with pytest.raises(RevocationListRefused, match="is not newer than list"):
        verify_crl(old, issuer=issuer, now=clock.now(), last=last)


@pytest.mark.parametrize(
    ("number", "seconds", "believed"),
    [(1, 1, True), (1, 0, False), (1, -1, False), (0, 0, False), (0, 1, False), (-1, 1, False), (-1, -1, False)],
)
def test_number_and_date_must_both_have_risen(
    held_pki: DevPki, clock: HeldClock, issuer: x509.Certificate, number: int, seconds: int, believed: bool
) -> None:
    crl = held_pki.publish_crl(CA)
    mark = mark_of(crl)
    last = ListMark(number=mark.number - number, this_update=mark.this_update - seconds * SECOND, sha256="00" * 32)
    if believed:
        assert verify_crl(crl, issuer=issuer, now=clock.now(), last=last) == mark
    else:
        with pytest.raises(RevocationListRefused, match="not newer"):
            verify_crl(crl, issuer=issuer, now=clock.now(), last=last)


def test_a_list_is_refused_from_the_second_of_its_end(
    held_pki: DevPki, clock: HeldClock, issuer: x509.Certificate
) -> None:
    crl = held_pki.publish_crl(CA)
    assert crl.next_update_utc is not None
    verify_crl(crl, issuer=issuer, now=crl.next_update_utc - SECOND)
    with pytest.raises(RevocationListRefused, match="expired at"):
        verify_crl(crl, issuer=issuer, now=crl.next_update_utc)


def test_a_list_dated_in_the_future_is_refused(held_pki: DevPki, issuer: x509.Certificate) -> None:
    crl = held_pki.publish_crl(CA)
    with pytest.raises(RevocationListRefused, match="later than now"):
        verify_crl(crl, issuer=issuer, now=crl.last_update_utc - SECOND)


def test_a_list_of_another_ca_is_refused(held_pki: DevPki, clock: HeldClock, issuer: x509.Certificate) -> None:
    with pytest.raises(RevocationListRefused, match=r"is of CN=VPM development staff of .*, not of CN="):
        verify_crl(held_pki.publish_crl("staff"), issuer=issuer, now=clock.now())


def forged(
    issuer: x509.Certificate,
    now: datetime,
    *,
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | None = None,
    number: int | None = 99,
    lasts: timedelta = timedelta(hours=24),
) -> x509.CertificateRevocationList:
    builder = (
        x509.CertificateRevocationListBuilder().issuer_name(issuer.subject).last_update(now).next_update(now + lasts)
    )
    if number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    key = key or new_key()
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def test_a_list_signed_by_a_stranger_in_the_cas_name_is_refused(clock: HeldClock, issuer: x509.Certificate) -> None:
    for key in (new_key(), ed25519.Ed25519PrivateKey.generate()):
        with pytest.raises(RevocationListRefused, match="is not signed by its key"):
            verify_crl(forged(issuer, clock.now(), key=key), issuer=issuer, now=clock.now())


def test_a_list_without_number_or_too_long_lived_is_refused(clock: HeldClock) -> None:
    """Genuine ones, of a CA that is not as careful as ours."""
    key, now = new_key(), clock.now()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Careless CA")])
    issuer = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=9)).sign(
        key, hashes.SHA256()
    )
    with pytest.raises(RevocationListRefused, match="has no number"):
        verify_crl(forged(issuer, now, key=key, number=None), issuer=issuer, now=now)
    with pytest.raises(RevocationListRefused, match="lasts longer than 24 hours"):
        verify_crl(forged(issuer, now, key=key, lasts=timedelta(hours=24, seconds=1)), issuer=issuer, now=now)
    assert verify_crl(forged(issuer, now, key=key), issuer=issuer, now=now).number == 99


def test_a_list_is_ageing_from_half_its_life_on(held_pki: DevPki) -> None:
    crl = held_pki.publish_crl(CA)
    half = crl.last_update_utc + timedelta(hours=12)
    assert not is_ageing(crl, half - SECOND)
    assert is_ageing(crl, half)


def test_what_was_seen_outlives_the_process(
    held_pki: DevPki, clock: HeldClock, issuer: x509.Certificate, tmp_path: Path
) -> None:
    old, new = held_pki.publish_crl(CA), held_pki.publish_crl(CA)
    SeenLists(tmp_path / "seen.json").accept(new, issuer=issuer, now=clock.now())
    with pytest.raises(RevocationListRefused, match="not newer"):
        SeenLists(tmp_path / "seen.json").accept(old, issuer=issuer, now=clock.now())
    assert SeenLists(tmp_path / "seen.json").accept(new, issuer=issuer, now=clock.now()) == mark_of(new)


def test_each_ca_has_its_own_last_list(held_pki: DevPki, clock: HeldClock, tmp_path: Path) -> None:
    seen = SeenLists(tmp_path / "seen.json")
    oldest = load_crl(held_pki.crl_path("staff"))
    for _ in range(3):
        held_pki.publish_crl("staff")
    for ca in ("staff", CA):
        crl, issuer = load_crl(held_pki.crl_path(ca)), load_certificate(held_pki.ca_path(ca))
        assert seen.accept(crl, issuer=issuer, now=clock.now()) == mark_of(crl)
    with pytest.raises(RevocationListRefused, match="not newer"):
        seen.accept(oldest, issuer=load_certificate(held_pki.ca_path("staff")), now=clock.now())


def test_a_garbled_memory_of_lists_is_reported(
    held_pki: DevPki, clock: HeldClock, issuer: x509.Certificate, tmp_path: Path
) -> None:
    (tmp_path / "seen.json").write_text("[]")
    with pytest.raises(FileUnusable, match="garbled"):
        SeenLists(tmp_path / "seen.json").accept(held_pki.publish_crl(CA), issuer=issuer, now=clock.now())


def test_a_real_list_passes_by_this_machines_clock(pki: DevPki) -> None:
    mark = verify_crl(load_crl(pki.crl_path(CA)), issuer=load_certificate(pki.ca_path(CA)), now=datetime.now(UTC))
    assert mark.number == 1


def test_there_is_no_list_of_an_unknown_ca(pki: DevPki) -> None:
    with pytest.raises(UnknownName):
        pki.crl_path("unknown")
