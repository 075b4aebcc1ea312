"""What every store promises of sessions (``gateway.broker.session_ports``): one suite for all three."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from gateway.broker.login import BrowserMark
from gateway.broker.relying_party import RelyingPartyId
from gateway.broker.session import EndedSession, Participant, Session, Standing, session_key, sid_of
from tests.contracts.parallel import in_parallel
from tests.support.logins import NOW, identity, new_correlation, new_digest

MINUTE = timedelta(minutes=1)
BROWSER = BrowserMark("b" * 64)
NOBODY = BrowserMark("0" * 64)


def a_session(**changed: Any) -> Session:
    values: dict[str, Any] = {
        "id": new_correlation(),
        "key": session_key(new_digest()),
        "group": "registers",
        "browser": BROWSER,
        "identity": identity(),
        "started_at": NOW,
        "expires_at": NOW + 480 * MINUTE,
        "idle_at": NOW + 30 * MINUTE,
    }
    return Session(**{**values, **changed})


def a_participant(session: Session, party: str = "auctions") -> Participant:
    known = RelyingPartyId(party)
    return Participant(session=session.id, relying_party=known, sid=sid_of(session.id, known), subject="a subject")


def ending(session: Session, **changed: Any) -> EndedSession:
    values: dict[str, Any] = {
        "id": session.id,
        "browser": session.browser,
        "ended_at": NOW + MINUTE,
        "asked_by": RelyingPartyId("auctions"),
        "way_back": "https://auctions.test/signed-out?state=s",
        "reply": (("in_response_to", "_question"), ("relay_state", "a state")),
    }
    return EndedSession(**{**values, **changed})


class SessionsContract:
    """Subclasses give the fixture ``storage``."""

    def test_a_session_is_found_by_its_key_as_it_was_opened(self, storage: Any) -> None:
        session = opened(storage)
        assert storage.look(lambda sessions: sessions.find(session.key)) == session
        assert storage.commit(lambda unit: unit.sessions.find(session.key)) == session

    def test_another_key_finds_nothing(self, storage: Any) -> None:
        opened(storage)
        assert storage.look(lambda sessions: sessions.find(session_key("another"))) is None

    def test_a_rotated_session_is_found_by_its_new_key_alone(self, storage: Any) -> None:
        """T14: the session id is drawn anew at every login."""
        session = opened(storage)
        new = session.rotated(a_session(idle_at=NOW + 40 * MINUTE))
        assert storage.commit(lambda unit: unit.sessions.rotate(session, new))
        assert storage.look(lambda sessions: sessions.find(session.key)) is None
        assert storage.look(lambda sessions: sessions.find(new.key)) == new
        assert not storage.commit(lambda unit: unit.sessions.rotate(session, new))

    def test_use_lengthens_a_session_but_never_beyond_its_end(self, storage: Any) -> None:
        session = opened(storage)
        assert use(storage, session, after=30, until=60)
        assert use(storage, session, after=60, until=481)
        found = storage.look(lambda sessions: sessions.find(session.key))
        assert found.idle_at == session.expires_at
        assert not use(storage, session, after=480.001, until=481)

    def test_an_idle_session_cannot_be_used_any_more(self, storage: Any) -> None:
        session = opened(storage)
        assert not use(storage, session, after=30.001, until=60)

    def test_an_ended_session_is_found_by_no_key_and_says_whom_it_was_for_to_its_own_browser(
        self, storage: Any
    ) -> None:
        session = opened(storage)
        over = ending(session)
        assert storage.commit(lambda unit: unit.sessions.end(over, NOW + 61 * MINUTE))
        assert storage.look(lambda sessions: sessions.find(session.key)) is None
        assert storage.look(lambda sessions: sessions.find_ended(session.id, BROWSER)) == over
        assert storage.look(lambda sessions: sessions.find_ended(session.id, NOBODY)) is None
        assert not use(storage, session, after=2, until=3)
        assert not storage.commit(lambda unit: unit.sessions.rotate(session, session))

    def test_an_open_session_is_not_found_as_an_ended_one(self, storage: Any) -> None:
        session = opened(storage)
        assert storage.look(lambda sessions: sessions.find_ended(session.id, BROWSER)) is None

    def test_a_session_that_the_person_ends_names_nobody_and_no_way_back(self, storage: Any) -> None:
        session = opened(storage)
        over = ending(session, asked_by=None, way_back=None, reply=())
        assert storage.commit(lambda unit: unit.sessions.end(over, NOW + 61 * MINUTE))
        assert storage.look(lambda sessions: sessions.find_ended(session.id, BROWSER)) == over

    def test_fifty_parallel_ends_have_one_winner(self, storage: Any) -> None:
        session = opened(storage)
        ends = [lambda: storage.commit(lambda unit: unit.sessions.end(ending(session), NOW)) for _ in range(50)]
        assert sum(in_parallel(ends)) == 1

    def test_fifty_parallel_rotations_have_one_winner(self, storage: Any) -> None:
        session = opened(storage)
        news = [session.rotated(a_session()) for _ in range(50)]
        won = in_parallel([_rotating(storage, session, new) for new in news])
        assert sum(won) == 1
        assert storage.look(lambda sessions: sessions.find(news[won.index(True)].key)) is not None

    def test_a_relying_party_takes_part_once(self, storage: Any) -> None:
        session = opened(storage)
        auctions, register = a_participant(session), a_participant(session, "register")
        for participant in (register, auctions, auctions):
            storage.commit(lambda unit, one=participant: unit.sessions.join(one))
        assert storage.look(lambda sessions: sessions.participants(session.id)) == [auctions, register]

    def test_sessions_do_not_see_each_others_participants(self, storage: Any) -> None:
        session, other = opened(storage), opened(storage)
        storage.commit(lambda unit: unit.sessions.join(a_participant(session)))
        assert storage.look(lambda sessions: sessions.participants(other.id)) == []

    def test_how_it_stands_with_a_participant_changes_once(self, storage: Any) -> None:
        session = opened(storage)
        joined = a_participant(session)
        told = replace(joined, standing=Standing.TO_BE_TOLD, due_at=NOW)
        storage.commit(lambda unit: unit.sessions.join(joined))
        assert storage.commit(lambda unit: unit.sessions.move(joined, told))
        assert not storage.commit(lambda unit: unit.sessions.move(joined, told))
        assert storage.look(lambda sessions: sessions.participants(session.id)) == [told]

    def test_what_the_browser_carried_to_a_participant_is_remembered(self, storage: Any) -> None:
        session = opened(storage)
        left = replace(a_participant(session), standing=Standing.TO_VISIT)
        visited = replace(left, standing=Standing.VISITED, request=new_digest())
        storage.commit(lambda unit: unit.sessions.join(left))
        assert storage.commit(lambda unit: unit.sessions.move(left, visited))
        assert storage.look(lambda sessions: sessions.participants(session.id)) == [visited]

    def test_fifty_parallel_attempts_to_tell_somebody_have_one_winner(self, storage: Any) -> None:
        """A logout token is sent by one process at a time, however many look."""
        session = opened(storage)
        waiting = replace(a_participant(session), standing=Standing.TO_BE_TOLD, due_at=NOW)
        taken = replace(waiting, attempts=1, due_at=NOW + MINUTE)
        storage.commit(lambda unit: unit.sessions.join(waiting))
        assert sum(in_parallel([_moving(storage, waiting, taken) for _ in range(50)])) == 1

    def test_who_must_be_told_is_listed_in_order_and_not_before_its_time(self, storage: Any) -> None:
        session = opened(storage)
        parties = [
            replace(
                a_participant(session, f"party-{minutes}"), standing=Standing.TO_BE_TOLD, due_at=NOW + minutes * MINUTE
            )
            for minutes in (3, 1, 2)
        ]
        for participant in (*parties, a_participant(session, "joined")):
            storage.commit(lambda unit, one=participant: unit.sessions.join(one))
        mine = {party.sid for party in parties}

        def due(minutes: int) -> list[str]:
            listed = storage.look(lambda sessions: sessions.due(NOW + minutes * MINUTE, 1000))
            return [party.relying_party for party in listed if party.sid in mine]

        assert due(0) == []
        assert due(2) == ["party-1", "party-2"]
        assert due(3) == ["party-1", "party-2", "party-3"]
        assert len(storage.look(lambda sessions: sessions.due(NOW + 3 * MINUTE, 1))) == 1

    def test_the_sweep_forgets_sessions_whose_time_is_over_with_all_who_took_part(self, storage: Any) -> None:
        idle, ended = opened(storage), opened(storage)
        for session in (idle, ended):
            storage.commit(lambda unit, one=session: unit.sessions.join(a_participant(one)))
        storage.commit(lambda unit: unit.sessions.end(ending(ended), NOW + 61 * MINUTE))
        storage.sweep(NOW + 30 * MINUTE)
        assert storage.look(lambda sessions: sessions.find(idle.key)) == idle
        storage.sweep(NOW + 30.001 * MINUTE)
        assert storage.look(lambda sessions: sessions.find(idle.key)) is None
        assert storage.look(lambda sessions: sessions.participants(idle.id)) == []
        assert len(storage.look(lambda sessions: sessions.participants(ended.id))) == 1
        storage.sweep(NOW + 61.001 * MINUTE)
        assert storage.look(lambda sessions: sessions.find_ended(ended.id, BROWSER)) is None
        assert storage.look(lambda sessions: sessions.participants(ended.id)) == []

    def test_an_operation_that_fails_leaves_no_session(self, storage: Any) -> None:
        session = a_session()

        def fails(unit: Any) -> None:
            unit.sessions.open(session)
            raise LookupError

        try:
            storage.commit(fails)
        except LookupError:
            failed = True
        assert failed
        assert storage.look(lambda sessions: sessions.find(session.key)) is None


def opened(storage: Any) -> Session:
    session = a_session()
    storage.commit(lambda unit: unit.sessions.open(session))
    return session


def use(storage: Any, session: Session, *, after: float, until: float) -> bool:
    now, idle_at = NOW + after * MINUTE, NOW + until * MINUTE
    used: bool = storage.commit(lambda unit: unit.sessions.use(session.id, now, idle_at))
    return used


def _rotating(storage: Any, old: Session, new: Session) -> Callable[[], bool]:
    return lambda: storage.commit(lambda unit: unit.sessions.rotate(old, new))


def _moving(storage: Any, old: Participant, new: Participant) -> Callable[[], bool]:
    return lambda: storage.commit(lambda unit: unit.sessions.move(old, new))
