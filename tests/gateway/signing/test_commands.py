"""The steps of a signing key over real files, and how a running process takes them up (T64)."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.jwk import ECKey, KeySet

from gateway.audit.event import AuditEvent
from gateway.broker.ports import StorageUnavailable
from gateway.oidc.keys import SigningKeys
from gateway.signing.changing import KeyCommands
from gateway.signing.life import NotAllowed, State
from gateway.signing.opening import FILE, first_ring
from gateway.signing.places import named_key
from gateway.signing.purpose import ID_TOKENS
from gateway.signing.ring_file import read_ring, write_ring
from tests.gateway.signing.conftest import WAITS, Commands, Worker
from tests.support.gateway_parts import HeldClock


def opened(commands: KeyCommands) -> tuple[Worker, SigningKeys]:
    worker = Worker(commands)
    return worker, worker.keys


def published(keys: SigningKeys) -> set[str]:
    return {key["kid"] for key in keys.jwks()["keys"]}  # type: ignore[attr-defined]  # a list of objects


def verified_kid(keys: SigningKeys) -> str:
    """Sign something, verify it with the published keys as a portal does, and say which key it was."""
    portal = KeySet.import_key_set(json.loads(json.dumps(keys.jwks())))
    read = jws.deserialize_compact(keys.sign({"a": 1}, "login"), portal, algorithms=["ES256"])
    assert json.loads(read.payload) == {"a": 1}
    return str(read.headers()["kid"])


def test_t64_a_running_process_takes_up_every_step(commands: Commands, clock: HeldClock) -> None:
    one = commands()
    worker, keys = opened(one)
    first = keys.kid
    new = one.publish(FILE).kid
    worker.follow()
    assert (published(keys), verified_kid(keys)) == ({first, new}, first)
    clock.move(seconds=WAITS.before_use.total_seconds())
    one.use(new)
    worker.follow()
    assert (published(keys), verified_kid(keys)) == ({first, new}, new)
    hint = keys.sign({"sub": "somebody"}, "login")
    clock.move(seconds=WAITS.before_retirement.total_seconds())
    one.retire(first)
    worker.follow()
    assert (published(keys), verified_kid(keys)) == ({new}, new)
    assert keys.verify(hint) == {"sub": "somebody"}


def test_t64_what_a_retired_key_signed_is_still_known_as_ours_but_not_what_a_stolen_one_did(
    commands: Commands, clock: HeldClock
) -> None:
    """A portal's session outlives its ID token, which it shows when the person signs out."""
    one = commands()
    worker, keys = opened(one)
    first, hint = keys.kid, keys.sign({"sub": "somebody"}, "login")
    new = one.publish(FILE).kid
    one.use(new, why_at_once="exercise")
    one.retire(first, why_at_once="exercise")
    worker.follow()
    with pytest.raises(ValueError, match="no key of ours"):
        keys.verify(hint)
    hint = keys.sign({"sub": "somebody"}, "login")
    newest = one.publish(FILE).kid
    clock.move(seconds=WAITS.before_use.total_seconds())
    one.use(newest)
    clock.move(seconds=WAITS.before_retirement.total_seconds())
    one.retire(new)
    worker.follow()
    assert new not in published(keys)
    assert keys.verify(hint) == {"sub": "somebody"}


def test_t64_a_step_that_comes_too_early_changes_and_records_nothing(
    commands: Commands, recorded: list[AuditEvent]
) -> None:
    one = commands()
    new = one.publish(FILE).kid
    before = (one.folder / ID_TOKENS.ring_file).read_bytes()
    with pytest.raises(NotAllowed, match="may sign from 2026-11-24 12:06:00 UTC"):
        one.use(new)
    assert (one.folder / ID_TOKENS.ring_file).read_bytes() == before
    assert [event.name for event in recorded] == ["key.published"]


def test_every_step_is_recorded_with_who_took_it_and_why(commands: Commands, recorded: list[AuditEvent]) -> None:
    one = commands()
    first = one.ring().signing.kid
    new = one.publish(FILE).kid
    one.use(new, why_at_once="the laptop was lost")
    one.retire(first, why_at_once="the laptop was lost")
    assert [(event.name, event.members()["actor"]) for event in recorded] == [
        ("key.published", {"id": "operator"}),
        ("key.used", {"id": "operator"}),
        ("key.retired", {"id": "operator"}),
    ]
    assert recorded[1].members()["artefact"] == {
        "kid": new,
        "place": "file:signing-2.pem",
        "why": "the laptop was lost",
    }


def test_what_cannot_be_recorded_is_not_done(commands: Commands) -> None:
    one = commands()
    before = one.ring()

    def gone(event: AuditEvent) -> None:
        raise StorageUnavailable(event.name)

    broken = replace(one, record=gone)
    with pytest.raises(StorageUnavailable):
        broken.publish(FILE)
    assert read_ring(one.folder) == before


def test_a_retired_keys_private_half_is_destroyed(commands: Commands) -> None:
    one = commands()
    first = one.ring().signing
    new = one.publish(FILE).kid
    one.use(new, why_at_once="exercise")
    assert (one.folder / "signing-1.pem").exists()
    one.retire(first.kid, why_at_once="exercise")
    assert not (one.folder / "signing-1.pem").exists()
    assert one.publish(FILE).place == "file:signing-3.pem"


def test_a_ring_that_cannot_be_taken_up_leaves_the_keys_in_use(commands: Commands, clock: HeldClock) -> None:
    one = commands()
    worker, keys = opened(one)
    first, new = keys.kid, one.publish(FILE)
    one.use(new.kid, why_at_once="exercise")
    hidden = one.folder / "hidden"
    (one.folder / "signing-2.pem").rename(hidden)
    worker.follow()
    assert verified_kid(keys) == first
    hidden.rename(one.folder / "signing-2.pem")
    worker.follow()
    assert verified_kid(keys) == new.kid


def test_a_missing_or_damaged_ring_is_said_and_changes_nothing(commands: Commands) -> None:
    one = commands()
    worker, keys = opened(one)
    kid = keys.kid
    (one.folder / ID_TOKENS.ring_file).write_text('{"keys": [{"kid": 1}]}')
    worker.follow()
    assert keys.kid == kid
    with pytest.raises(ValueError, match="restore it from its backup"):
        first_ring(one.folder, one.clock())


def test_a_step_to_a_key_that_cannot_be_opened_is_not_taken(commands: Commands) -> None:
    one = commands()
    new = one.publish(FILE)
    (one.folder / "signing-2.pem").unlink()
    with pytest.raises(FileNotFoundError):
        one.use(new.kid, why_at_once="exercise")
    assert one.ring().signing.kid != new.kid


def test_many_processes_that_start_at_once_make_one_key(commands: Commands) -> None:
    one = commands()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: one.ring(), range(8)))
    assert len({ring.signing.kid for ring in found}) == 1
    assert len(list(one.folder.glob("signing-*.pem"))) == 1


def test_of_keys_that_lay_there_before_the_ring_the_highest_number_signs(tmp_path: Path, clock: HeldClock) -> None:
    """By the alphabet 10 would come before 2."""
    for number in (2, 10):
        path = tmp_path / f"signing-{number}.pem"
        private = ec.generate_private_key(ec.SECP256R1())
        path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        path.chmod(0o600)
    ring = first_ring(tmp_path, clock())
    assert ring.signing.place == "file:signing-10.pem"
    assert [key.state for key in ring.keys] == [State.RESTING, State.SIGNING]


def test_a_file_without_a_number_is_named(tmp_path: Path, clock: HeldClock) -> None:
    (tmp_path / "signing-new.pem").write_text("")
    with pytest.raises(ValueError, match="call it signing-<number>"):
        first_ring(tmp_path, clock())


def test_the_ring_is_read_as_it_was_written(tmp_path: Path, commands: Commands, clock: HeldClock) -> None:
    one = commands()
    new = one.publish(FILE).kid
    clock.move(seconds=WAITS.before_use.total_seconds())
    one.use(new)
    ring = one.ring()
    write_ring(tmp_path, ring)
    assert read_ring(tmp_path) == ring
    assert "PRIVATE" not in (tmp_path / ID_TOKENS.ring_file).read_text()
    assert '"d"' not in (tmp_path / ID_TOKENS.ring_file).read_text()


def test_t64_two_published_keys_with_one_kid_are_refused(commands: Commands) -> None:
    _, keys = opened(commands())
    with pytest.raises(ValueError, match="a kid of its own"):
        keys.swap(current=keys.current, published=[keys.current.public, keys.current.public])


def test_no_kid_can_be_taken_for_an_option_of_a_command() -> None:
    made = [named_key(ECKey.generate_key("P-256").as_pem(private=False)) for _ in range(200)]
    assert all(str(key.kid)[0].isalpha() for key in made)
    assert len({key.kid for key in made}) == len(made)
