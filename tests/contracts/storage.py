"""What every store promises (``gateway.broker.ports``): one suite for memory, SQLite and PostgreSQL."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from gateway.broker.login import Login, Redeemed, Refusal, Refused
from gateway.broker.ports import Storage, Unit
from providers.contract import BackChannelExchange, Reference
from tests.contracts.parallel import in_parallel
from tests.contracts.sessions import SessionsContract
from tests.support.logins import (
    BANK,
    NOW,
    Journey,
    SomethingHappened,
    asked,
    journey,
    new_correlation,
    new_digest,
    new_pushed,
)

MINUTE = timedelta(minutes=1)


class Boom(Exception):
    pass


def travel(storage: Storage, states: Sequence[Login]) -> None:
    """Take a login through its states, one commit each."""
    storage.commit(lambda unit: unit.add(states[0]))  # type: ignore[arg-type]  # the first state is Asked
    for old, new in pairwise(states):
        assert storage.commit(lambda unit, old=old, new=new: unit.replace(old, new))


class StorageContract(SessionsContract):
    """Subclasses give the fixture ``storage`` and say how to see what was recorded."""

    def recorded(self, storage: Any) -> Sequence[str]:
        """The login ids of all recorded events, in order."""
        raise NotImplementedError

    def test_a_login_is_found_as_it_was_saved_in_every_state(self, storage: Any) -> None:
        path = journey()
        storage.commit(lambda unit: unit.add(path.asked))
        assert storage.load(path.asked.id) == path.asked
        for old, new in pairwise(path.steps):
            assert storage.commit(lambda unit, old=old, new=new: unit.replace(old, new))
            assert storage.load(path.asked.id) == new
            assert storage.commit(lambda unit: unit.load(path.asked.id)) == new

    def test_a_login_is_found_by_reference_code_and_token(self, storage: Any) -> None:
        path = journey()
        travel(storage, path.steps)
        by_reference = storage.commit(lambda unit: unit.load_by_reference(BANK, path.at_provider.reference))
        assert by_reference == path.redeemed
        assert storage.commit(lambda unit: unit.load_by_code(path.delivered.code)) == path.redeemed
        assert storage.commit(lambda unit: unit.load_by_token(path.redeemed.token)) == path.redeemed
        assert storage.load_by_token(path.redeemed.token) == path.redeemed

    def test_what_was_never_saved_is_not_found(self, storage: Any) -> None:
        travel(storage, journey().steps)
        assert storage.load(new_correlation()) is None
        assert storage.load_by_token(new_digest()) is None
        assert storage.commit(lambda unit: unit.load_by_code(new_digest())) is None
        assert storage.commit(lambda unit: unit.load_by_reference(BANK, Reference("0" * 32))) is None

    def test_the_same_reference_at_another_provider_is_another_login(self, storage: Any) -> None:
        path = journey()
        travel(storage, path.steps[:2])
        assert storage.commit(lambda unit: unit.load_by_reference("other-bank", path.at_provider.reference)) is None

    @pytest.mark.parametrize("step", range(5))
    def test_a_step_is_taken_once(self, storage: Any, step: int) -> None:
        path = journey()
        travel(storage, path.steps[: step + 2])
        old, new = path.steps[step], path.steps[step + 1]
        assert not storage.commit(lambda unit: unit.replace(old, new))
        assert storage.load(path.asked.id) == new

    def test_what_a_provider_wants_kept_is_kept_until_it_has_answered(self, storage: Any) -> None:
        path = journey()
        first = replace(path.at_provider, memory=b"\x00verifier")
        travel(storage, (path.asked, first))
        assert storage.load(path.asked.id) == first
        second = first.remembers(b"other")
        assert storage.commit(lambda unit: unit.replace(first, second))
        assert storage.load(path.asked.id) == second
        travel_on = pairwise((second, second.arrived(), path.answered))
        assert all(storage.commit(lambda unit, a=a, b=b: unit.replace(a, b)) for a, b in travel_on)
        assert storage.load(path.asked.id) == path.answered

    def test_of_two_visits_one_changes_what_is_kept_and_the_answer_is_not_in_their_way(self, storage: Any) -> None:
        path = journey()
        travel(storage, (path.asked, path.at_provider))
        assert storage.commit(lambda unit: unit.replace(path.at_provider, path.at_provider.remembers(b"one")))
        assert not storage.commit(lambda unit: unit.replace(path.at_provider, path.at_provider.remembers(b"two")))
        assert storage.load(path.asked.id) == path.at_provider.remembers(b"one")
        assert storage.commit(lambda unit: unit.replace(path.at_provider, path.at_provider.arrived()))

    def test_choosing_another_provider_voids_the_first_reference(self, storage: Any) -> None:
        path = journey()
        travel(storage, path.steps[:2])
        again = replace(path.at_provider, reference=Reference("f" * 32))
        assert storage.commit(lambda unit: unit.replace(path.at_provider, again))
        assert not storage.commit(lambda unit: unit.replace(path.at_provider, path.arrived))
        assert storage.commit(lambda unit: unit.load_by_reference(BANK, path.at_provider.reference)) is None
        assert storage.commit(lambda unit: unit.load_by_reference(BANK, again.reference)) == again

    @pytest.mark.parametrize("step", range(4))
    def test_a_refused_login_keeps_its_reason_and_its_reference_but_no_identity(self, storage: Any, step: int) -> None:
        path = journey()
        travel(storage, path.steps[: step + 1])
        refused = path.steps[step].refused(Refusal.CANCELLED)  # type: ignore[union-attr]  # the first four can
        assert storage.commit(lambda unit: unit.replace(path.steps[step], refused))
        assert storage.load(path.asked.id) == refused
        if step:
            found = storage.commit(lambda unit: unit.load_by_reference(BANK, path.at_provider.reference))
            assert found == refused

    def test_a_login_given_out_whole_keeps_no_identity_and_is_given_out_once(self, storage: Any) -> None:
        """SAML: nothing is redeemed later, so nobody's identity waits (security.md 6.6)."""
        path = journey()
        travel(storage, path.steps[:4])
        asserted = path.answered.asserted()
        assert storage.commit(lambda unit: unit.replace(path.answered, asserted))
        assert not storage.commit(lambda unit: unit.replace(path.answered, asserted))
        assert storage.load(path.asked.id) == asserted
        assert storage.commit(lambda unit: unit.load_by_reference(BANK, path.at_provider.reference)) == asserted

    def test_revoked_tokens_find_nothing_but_the_code_still_says_redeemed(self, storage: Any) -> None:
        path = journey()
        travel(storage, path.steps)
        assert storage.commit(lambda unit: unit.replace(path.redeemed, path.redeemed.revoked()))
        assert storage.load_by_token(path.redeemed.token) is None
        found = storage.commit(lambda unit: unit.load_by_code(path.redeemed.code))
        assert isinstance(found, Redeemed)
        assert found.token is None

    def test_exchanges_are_left_to_the_audit_log(self, storage: Any) -> None:
        path = journey()
        exchange = BackChannelExchange(
            method="GET",
            endpoint="https://bank.test/",
            sent=b"",
            received=b"",
            status=200,
            peer_certificate_sha256=None,
            tls_version=None,
        )
        answered = replace(path.answered, identity=replace(path.answered.identity, exchanges=(exchange,)))
        travel(storage, (*path.steps[:3], answered))
        assert storage.load(path.asked.id) == path.answered

    def test_a_single_use_fact_is_spent_once_per_kind(self, storage: Any) -> None:
        until = NOW + 5 * MINUTE
        assert storage.commit(lambda unit: unit.spend("jti", "a", until))
        assert not storage.commit(lambda unit: unit.spend("jti", "a", until))
        assert storage.commit(lambda unit: unit.spend("signature", "a", until))
        assert storage.commit(lambda unit: (unit.spend("jti", "b", until), unit.spend("jti", "b", until))) == (
            True,
            False,
        )

    def test_t40_a_place_is_held_until_its_login_leaves_it_or_its_time_is_over(self, storage: Any) -> None:
        first, second = new_correlation(), new_correlation()

        def take(login: Any, now: Any, name: str = "anna:open") -> Any:
            return storage.commit(lambda unit: unit.take_place(name, now, now + 3 * MINUTE, login))

        assert take(first, NOW)
        assert not take(second, NOW)
        assert take(second, NOW, "janis:open")
        storage.commit(lambda unit: unit.leave_place(first))
        assert take(second, NOW)
        assert not take(first, NOW + 3 * MINUTE)
        assert take(first, NOW + 4 * MINUTE)

    def test_t40_a_place_without_a_login_stays_until_its_time_is_over(self, storage: Any) -> None:
        def take(now: Any) -> Any:
            return storage.commit(lambda unit: unit.take_place("anna:1", now, now + 5 * MINUTE))

        assert take(NOW)
        storage.commit(lambda unit: unit.leave_place(new_correlation()))
        assert not take(NOW + MINUTE)
        storage.sweep(NOW + 6 * MINUTE)
        assert take(NOW)

    def test_t40_of_fifty_who_take_one_place_at_once_one_holds_it(self, storage: Any) -> None:
        name = f"{new_correlation()}:open"  # nobody else's: on PostgreSQL the tests share their tables

        def take() -> Any:
            login = new_correlation()
            return storage.commit(lambda unit: unit.take_place(name, NOW, NOW + MINUTE, login))

        assert sum(in_parallel([take] * 50)) == 1

    def test_a_pushed_request_is_found_until_somebody_authenticated_and_spent_once(self, storage: Any) -> None:
        pushed = new_pushed()
        storage.commit(lambda unit: unit.push(pushed))
        assert storage.load_pushed(pushed.reference) == pushed
        assert storage.commit(lambda unit: unit.load_pushed(pushed.reference)) == pushed
        assert storage.load_pushed(new_digest()) is None
        assert not storage.commit(lambda unit: unit.spend_pushed(new_digest()))
        assert storage.commit(lambda unit: unit.spend_pushed(pushed.reference))
        assert not storage.commit(lambda unit: unit.spend_pushed(pushed.reference))
        assert storage.load_pushed(pushed.reference) is None

    def test_t04_of_fifty_who_consume_a_pushed_request_at_once_one_does(self, storage: Any) -> None:
        pushed = new_pushed()
        storage.commit(lambda unit: unit.push(pushed))
        attempts = [lambda: storage.commit(lambda unit: unit.spend_pushed(pushed.reference))] * 50
        assert sum(in_parallel(attempts)) == 1

    def test_a_pushed_request_is_forgotten_when_no_login_can_stand_on_it(self, storage: Any) -> None:
        pushed = new_pushed()
        storage.commit(lambda unit: unit.push(pushed))
        storage.sweep(pushed.kept_until)
        assert storage.load_pushed(pushed.reference) == pushed
        storage.sweep(pushed.kept_until + timedelta(microseconds=1))
        assert storage.load_pushed(pushed.reference) is None

    def test_a_token_keeps_its_holder_and_a_question_its_pushed_request(self, storage: Any) -> None:
        path = journey()
        asked = replace(path.asked, question=replace(path.asked.question, pushed=new_digest()))
        steps = [replace(step, asked=asked) for step in path.steps[1:-1]]
        redeemed = replace(path.redeemed, asked=asked, holder="jkt:x")
        travel(storage, (asked, *steps, redeemed))
        assert storage.load(asked.id) == redeemed
        assert storage.commit(lambda unit: unit.replace(redeemed, redeemed.revoked()))
        assert storage.load(asked.id) == redeemed.revoked()

    def test_an_operation_that_fails_leaves_nothing(self, storage: Any) -> None:
        path = journey()

        def fails(unit: Unit) -> None:
            unit.add(path.asked)
            unit.spend("jti", "c", NOW)
            unit.record(SomethingHappened(corr=path.asked.id))
            raise Boom

        with pytest.raises(Boom):
            storage.commit(fails)
        assert storage.load(path.asked.id) is None
        assert storage.commit(lambda unit: unit.spend("jti", "c", NOW))
        assert path.asked.id not in self.recorded(storage)

    def test_events_are_recorded_in_the_order_of_the_operations(self, storage: Any) -> None:
        ids = [new_correlation() for _ in range(5)]
        for corr in ids:
            storage.commit(lambda unit, corr=corr: [unit.record(SomethingHappened(corr=corr)) for _ in range(2)])
        assert [corr for corr in self.recorded(storage) if corr in ids] == [corr for corr in ids for _ in range(2)]

    def test_fifty_parallel_steps_have_one_winner(self, storage: Any) -> None:
        """T01, R9: 50 parallel redemptions, exactly one success a round."""
        for _ in range(5):
            path = journey()
            travel(storage, path.steps[:5])
            others = [path.delivered.redeemed(new_digest(), NOW + 5 * MINUTE) for _ in range(50)]
            won = in_parallel([_replacing(storage, path.delivered, other) for other in others])
            assert sum(won) == 1
            assert storage.load(path.asked.id) == others[won.index(True)]

    def test_fifty_parallel_uses_of_one_fact_have_one_winner(self, storage: Any) -> None:
        until = NOW + MINUTE
        uses = [lambda: storage.commit(lambda unit: unit.spend("jti", "d", until)) for _ in range(50)]
        assert sum(in_parallel(uses)) == 1

    def test_a_failing_operation_does_not_hurt_its_neighbours(self, storage: Any) -> None:
        beginnings = [asked() for _ in range(40)]

        def attempt(number: int) -> bool:
            def operation(unit: Unit) -> None:
                unit.add(beginnings[number])
                unit.record(SomethingHappened(corr=beginnings[number].id))
                if number % 4 == 0:
                    raise Boom

            try:
                storage.commit(operation)
            except Boom:
                return False
            return True

        saved = in_parallel([lambda n=number: attempt(n) for number in range(40)])
        assert saved == [number % 4 != 0 for number in range(40)]
        assert [storage.load(login.id) is not None for login in beginnings] == saved
        events = self.recorded(storage)
        assert [events.count(login.id) for login in beginnings] == [int(ok) for ok in saved]

    def test_the_sweep_erases_identities_when_their_time_is_over(self, storage: Any) -> None:
        """VPM security.md 6.6: claims are deleted at expiry."""
        paths = [journey() for _ in range(3)]
        for path, length in zip(paths, (4, 5, 6), strict=True):
            travel(storage, path.steps[:length])
        ends = (NOW + 15 * MINUTE, NOW + 2 * MINUTE, NOW + 5 * MINUTE)
        for path, length, end in sorted(zip(paths, (4, 5, 6), ends, strict=True), key=lambda item: item[2]):
            storage.sweep(end)
            assert storage.load(path.asked.id) == path.steps[length - 1]
            storage.sweep(end + timedelta(microseconds=1))
            assert storage.load(path.asked.id) == Refused(asked=path.asked, why=Refusal.EXPIRED, provider=BANK)

    def test_an_erased_login_is_found_by_neither_code_nor_token(self, storage: Any) -> None:
        path = journey()
        travel(storage, path.steps)
        storage.sweep(NOW + 6 * MINUTE)
        assert storage.load_by_token(path.redeemed.token) is None
        assert storage.commit(lambda unit: unit.load_by_code(path.redeemed.code)) is None

    def test_a_reference_is_remembered_for_fifteen_minutes_after_its_login(self, storage: Any) -> None:
        """So that a replayed answer is told from an unknown one."""
        path = journey()
        travel(storage, path.steps)
        storage.sweep(NOW + 6 * MINUTE)
        storage.sweep(NOW + 30 * MINUTE)
        assert self._by_reference(storage, path) is not None
        storage.sweep(NOW + 30 * MINUTE + timedelta(microseconds=1))
        assert self._by_reference(storage, path) is None
        assert storage.load(path.asked.id) is None

    def test_the_sweep_forgets_abandoned_logins_and_spent_facts(self, storage: Any) -> None:
        path = journey()
        travel(storage, path.steps[:2])
        storage.commit(lambda unit: unit.spend("jti", "e", NOW + MINUTE))
        storage.sweep(NOW + MINUTE)
        assert not storage.commit(lambda unit: unit.spend("jti", "e", NOW + MINUTE))
        storage.sweep(NOW + 31 * MINUTE)
        assert storage.load(path.asked.id) is None
        assert storage.commit(lambda unit: unit.spend("jti", "e", NOW + MINUTE))

    def test_a_store_is_ready(self, storage: Any) -> None:
        assert storage.ready()

    def _by_reference(self, storage: Any, path: Journey) -> Login | None:
        found: Login | None = storage.commit(lambda unit: unit.load_by_reference(BANK, path.at_provider.reference))
        return found


def _replacing(storage: Any, old: Login, new: Login) -> Callable[[], bool]:
    return lambda: storage.commit(lambda unit: unit.replace(old, new))
