"""The service, assembled: sessions, people, and what the person on the telephone may do; no Flask."""

import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Condition
from typing import Any, Final

from mock_bank.faults import ActiveFaults
from mock_bank.personas import Kind, Persona
from mock_bank.settings import SmartIdEntry
from mock_bank.smart_id import wire
from mock_bank.smart_id.people import People
from mock_bank.smart_id.results import Moment, ended, signed
from mock_bank.smart_id.sessions import LIFETIME, Session, Sessions
from mock_bank.smart_id.wire import Asked

LINK_LIVES: Final = timedelta(seconds=15)
"""How old the seconds in a QR code may be."""
END_RESULTS: Final[Mapping[str, str]] = {
    "sid.end-timeout": "TIMEOUT",
    "sid.end-wrong-code": "WRONG_VC",
    "sid.end-document-unusable": "DOCUMENT_UNUSABLE",
    "eid.reject-valid": "ACCOUNT_UNUSABLE",
    "sid.end-app-too-old": "REQUIRED_INTERACTION_NOT_SUPPORTED_BY_APP",
    "sid.end-protocol-failure": "PROTOCOL_FAILURE",
    "sid.end-linked-session": "EXPECTED_LINKED_SESSION",
    "sid.end-server-error": "SERVER_ERROR",
    "sid.end-unknown": "SOMETHING_NEW",
}
"""How a session ends although the person approves, by fault."""
REFUSED_OF_V2: Final[Mapping[str, str]] = {
    "displayTextAndPIN": "USER_REFUSED_DISPLAYTEXTANDPIN",
    "verificationCodeChoice": "USER_REFUSED_VC_CHOICE",
    "confirmationMessage": "USER_REFUSED_CONFIRMATIONMESSAGE",
    "confirmationMessageAndVerificationCodeChoice": "USER_REFUSED_CONFIRMATIONMESSAGE_WITH_VC_CHOICE",
}


class NoAccount(Exception):
    """Nobody here has that code, or the account cannot be used; ``status`` is the HTTP status."""

    def __init__(self, status: int) -> None:
        """Say which it is."""
        super().__init__(f"no usable account ({status})")
        self.status = status


class NotAllowed(Exception):
    """What the telephone wanted is not right: a wrong PIN, a link that is too old."""


@dataclass(slots=True)
class SmartId:
    """One service; threads share it."""

    entry: SmartIdEntry
    people: People
    personas: Mapping[str, Persona]
    faults: Callable[[], ActiveFaults]
    clock: Callable[[], datetime]
    ocsp_port: int = 0
    """Set when the port is bound."""
    _sessions: Sessions = field(default_factory=Sessions)
    _changed: Condition = field(default_factory=Condition)

    @property
    def ocsp_url(self) -> str:
        """Where the authority answers for its certificates."""
        return f"http://{self.entry.ocsp.address}:{self.ocsp_port}/ocsp/smart-id"

    def begin(self, asked: Asked, identifier: str | None, base: str) -> Session:
        """Begin a session, for whoever opens the link or for the person named; ``base`` is where links lead.

        Raises:
            NoAccount: nobody has that identifier, or the account is blocked.
        """
        person = self._named(identifier, asked) if identifier is not None else None
        with self._changed:
            return self._sessions.begin(asked, person, base, self.clock())

    def _named(self, identifier: str, asked: Asked) -> Persona:
        found = [each for each in self.personas.values() if f"PNOLV-{each.personal_code}" == identifier]
        if not found or not found[0].personal_code or found[0].kind is Kind.COMPANY:
            raise NoAccount(404)
        if found[0].kind in {Kind.BLOCKED, Kind.ONE_FACTOR}:
            raise NoAccount(471 if asked.version == 2 else 404)
        return found[0]

    def state(self, session_id: str, patience: float) -> Mapping[str, Any] | None:
        """How a session stands; waits up to ``patience`` seconds for its end. None: there is no such session."""
        deadline = time.monotonic() + patience
        with self._changed:
            session = self._sessions.find(session_id)
            while session is not None and self._result(session) is None:
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            if session is None:
                return None
            return self._shown(session)

    def _shown(self, session: Session) -> Mapping[str, Any]:
        return self._result(self._confused(session)) or {"state": "RUNNING"}

    def _confused(self, session: Session) -> Session:
        """The session that is answered about: this one, unless a fault takes another."""
        faults, other = self.faults(), None
        if "err.parallel-mixup" in faults:
            other = self._sessions.newest_before(session)
        elif "err.cross-session" in faults:
            other = self._sessions.newest_before(session, of_another=True)
        return other or session

    def _result(self, session: Session) -> Mapping[str, Any] | None:
        if session.result is None and self.clock() - session.began > LIFETIME:
            session.result = ended("TIMEOUT")
        return session.result

    def opened(self, query: Mapping[str, str]) -> Session:
        """The session of a device link that a telephone opened.

        Raises:
            NotAllowed: the link is forged, too old, or of a session that is over.
        """
        with self._changed:
            session = self._sessions.of_token(query.get("sessionToken", ""))
            if session is None or self._result(session) is not None:
                raise NotAllowed("this request is over, or there never was one")
            link = wire.link_of(session.base, query)
            flow = query.get("deviceLinkType", "")
            asked = session.asked
            code = wire.auth_code(session.secret, self.entry.scheme_name, asked, link)
            if not hmac.compare_digest(code.encode(), query.get("authCode", "").encode()):
                raise NotAllowed("the link was changed on the way, or made with another secret")
            if flow == "QR" and abs(self._age(session) - _seconds(query)) > LINK_LIVES:
                raise NotAllowed("this code is too old; scan the one that is shown now")
            session.flow = flow
            return session

    def _age(self, session: Session) -> timedelta:
        return self.clock() - session.began

    def of_token(self, token: str) -> Session | None:
        """The session that a telephone has opened."""
        with self._changed:
            return self._sessions.of_token(token)

    def waiting_for(self, person: str) -> list[Session]:
        """Requests that wait for one person's answer."""
        with self._changed:
            return self._sessions.waiting_for(person)

    def approve(self, session: Session, person: Persona, pin: str, choice: str = "") -> None:
        """The person compares what the app shows and types the PIN.

        Raises:
            NotAllowed: the PIN is wrong, or the person has none; they may try again.
        """
        faults = self.faults()
        if not self._pin_is_right(person, pin, faults):
            raise NotAllowed("the PIN is wrong")
        if not person.personal_code or person.kind is not Kind.ORDINARY:
            return self._end(session, ended("ACCOUNT_UNUSABLE"))
        if session.choices and choice != wire.control_code(session.asked.challenge):
            return self._end(session, ended("WRONG_VC"))
        for fault, result in END_RESULTS.items():
            if fault in faults:
                return self._end(session, ended(result))
        return self._sign(session, person, faults)

    def _pin_is_right(self, person: Persona, pin: str, faults: ActiveFaults) -> bool:
        if faults.any_of("mfa.one-step", "mfa.otp-ignored"):
            return True
        if "mfa.cross-user" in faults and pin in {each.pin for each in self.personas.values()}:
            return True
        return hmac.compare_digest(pin.strip().encode(), person.pin.encode())

    def _sign(self, session: Session, person: Persona, faults: ActiveFaults) -> None:
        with self._changed:
            session.answered_by = person.user_number
            before = self._sessions.newest_before(session)
            stated = self._other_than(person) if "sid.other-person" in faults else person
            moment = Moment(session=session, person=stated, before=before, scheme=self.entry.scheme_name, faults=faults)
        self._end(session, signed(moment, self.people))

    def _other_than(self, person: Persona) -> Persona:
        ordinary = (each for each in self.personas.values() if each.kind is Kind.ORDINARY and each.given_name)
        return next(each for each in ordinary if each.user_number != person.user_number)

    def refuse(self, session: Session, person: Persona) -> None:
        """The person does not want to."""
        faults = self.faults()
        if "err.cancel-dead-end" in faults:
            return None
        if "err.cancel-success" in faults:
            return self._sign(session, person, faults)
        if session.asked.version == 2:
            return self._end(session, ended(REFUSED_OF_V2[session.used]))
        if "sid.refused-without-details" in faults:
            return self._end(session, ended("USER_REFUSED_INTERACTION"))
        result = ended("USER_REFUSED_INTERACTION", interaction=session.used)
        if "err.cancel-leaks-person" in faults:
            result["result"]["documentNumber"] = f"PNOLV-{person.personal_code}-MOCK-Q"
        return self._end(session, result)

    def _end(self, session: Session, result: Mapping[str, Any]) -> None:
        with self._changed:
            if session.result is None:
                session.result = result
            self._changed.notify_all()


def _seconds(query: Mapping[str, str]) -> timedelta:
    text = query.get("elapsedSeconds", "")
    if not text.isdigit() or not text.isascii():
        raise NotAllowed("a QR code says how many seconds old it is")
    return timedelta(seconds=min(int(text), 100_000))


def open_smart_id(
    entry: SmartIdEntry,
    personas: Mapping[str, Persona],
    faults: Callable[[], ActiveFaults],
    clock: Callable[[], datetime],
) -> SmartId:
    """Read the authority and begin without sessions.

    Raises:
        OSError, ValueError: the authority's files cannot be used.
    """
    people = People(entry, clock)
    smart_id = SmartId(entry, people, personas, faults, clock)
    people.ocsp_url = lambda: smart_id.ocsp_url
    return smart_id
