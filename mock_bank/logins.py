"""A person signing in at the bank, step by step; no Flask, so that the rules can be read and tested alone.

Every step takes the login and returns what the person sees next. A login lives 15 minutes in memory.
"""

import hashlib
import hmac
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from mock_bank.faults import ActiveFaults
from mock_bank.login_states import Enquiry, Login, Method, Problem, Stage
from mock_bank.personas import Kind, Persona

LIFETIME: Final = timedelta(minutes=15)
MAX_WRONG: Final = 5


class LoginDesk:
    """The logins under way, and the rules for each step."""

    def __init__(
        self,
        personas: Mapping[str, Persona],
        clock: Callable[[], datetime],
        tokens: Callable[[int], str],
        lock_seconds: int,
    ) -> None:
        """``clock`` gives UTC; ``tokens`` gives random hexadecimal of so many bytes."""
        self._personas = personas
        self._clock = clock
        self._tokens = tokens
        self._lock_for = timedelta(seconds=lock_seconds)
        self._logins: dict[str, Login] = {}
        self._wrong: dict[str, list[datetime]] = {}
        self._used_codes: dict[str, set[str]] = {}
        self._guard = threading.Lock()
        self._seed = tokens(32).encode()

    def begin(self, enquiry: Enquiry, faults: ActiveFaults) -> Login:
        """Open a login for a request that passed every check."""
        login = Login(
            id=self._tokens(16), enquiry=enquiry, faults=faults, language=enquiry.language,
            started_at=self._clock(), challenge=self._tokens(8), cookie=self._tokens(16),
        )  # fmt: skip
        with self._guard:
            self._forget_old()
            self._logins[login.id] = login
        return login

    def _forget_old(self) -> None:
        """Drop expired logins from the front; they stand in the order in which they began."""
        limit = self._clock() - LIFETIME
        while self._logins:
            oldest = next(iter(self._logins.values()))
            if oldest.started_at >= limit:
                return
            del self._logins[oldest.id]

    def find(self, login_id: str) -> Login | None:
        """The login of this id, while it lives."""
        login = self._logins.get(login_id)
        return login if login and self._clock() - login.started_at <= LIFETIME else None

    def first_factor(
        self, login: Login, number: str, password: str, method: Method, faults: ActiveFaults
    ) -> Problem | None:
        """User number and password (knowledge); on success the next page asks for possession."""
        person = self._personas.get(number.strip())
        if self.is_locked(number) and "mfa.no-throttle" not in faults:
            return Problem.LOCKED
        if person is None or not hmac.compare_digest(person.password.encode(), password.encode()):
            self._count_wrong(number)
            return Problem.WRONG_PASSWORD
        login.person, login.method, login.typed_password = person, method, password
        if "mfa.session-fixation" not in faults:
            login.cookie = self._tokens(16)
        return self._after_password(login, person, faults)

    def _after_password(self, login: Login, person: Persona, faults: ActiveFaults) -> Problem | None:
        if person.kind is Kind.BLOCKED:
            return self._refuse(login, Problem.BLOCKED)
        if person.kind is Kind.ONE_FACTOR and "mfa.silent-downgrade" not in faults:
            return self._refuse(login, Problem.ONE_FACTOR)
        if person.kind is Kind.ONE_FACTOR or "mfa.one-step" in faults:
            return self._authenticated(login, faults)
        login.stage = Stage.CODE if login.method is Method.CALCULATOR else Stage.APP
        login.control_code = f"{int(self._tokens(4), 16) % 10_000:04d}"
        return None

    def calculator_shows(self, login: Login, person: Persona | None = None) -> str:
        """The six digits that a customer's calculator shows for this login."""
        number = (person or login.person or _NOBODY).user_number
        mac = hmac.new(self._seed, f"{number}/{login.challenge}".encode(), hashlib.sha256).digest()
        return f"{int.from_bytes(mac[:8], 'big') % 1_000_000:06d}"

    def second_factor(self, login: Login, code: str, faults: ActiveFaults) -> Problem | None:
        """The calculator's code (possession): right once, for this login and this customer."""
        number = login.person.user_number if login.person else ""
        if (self.is_locked(number) or login.wrong_codes >= MAX_WRONG) and "mfa.no-throttle" not in faults:
            return Problem.LOCKED
        if not self._code_is_right(login, code.strip().replace(" ", ""), faults):
            login.wrong_codes += 1
            self._count_wrong(number)
            return Problem.WRONG_CODE
        self._used_codes.setdefault(number, set()).add(code.strip())
        return self._authenticated(login, faults)

    def _code_is_right(self, login: Login, code: str, faults: ActiveFaults) -> bool:
        if "mfa.otp-ignored" in faults:
            return True
        used = self._used_codes.get(login.person.user_number if login.person else "", set())
        if "mfa.otp-reuse" in faults and code in used:
            return True
        if "mfa.cross-user" in faults and code in self._codes_shown_now():
            return True
        return hmac.compare_digest(code.encode(), self.calculator_shows(login).encode()) and code not in used

    def _codes_shown_now(self) -> set[str]:
        return {self.calculator_shows(each) for each in list(self._logins.values()) if each.stage is Stage.CODE}

    def waiting_for(self, number: str) -> list[Login]:
        """Logins that wait for this customer's approval in the app, oldest first."""
        waiting = [each for each in list(self._logins.values()) if each.stage is Stage.APP and self.find(each.id)]
        return [each for each in waiting if each.person and each.person.user_number == number]

    def approve_in_app(self, login: Login, pin: str, *, approve: bool, faults: ActiveFaults) -> Problem | None:
        """The phone's answer: the person compared the control code and typed the PIN, or rejected."""
        if login.stage is not Stage.APP or login.person is None:
            return Problem.REJECTED_IN_APP
        if not approve:
            return self._refuse(login, Problem.REJECTED_IN_APP)
        if self.is_locked(login.person.user_number):
            return Problem.LOCKED
        if not hmac.compare_digest(pin.strip().encode(), login.person.pin.encode()):
            self._count_wrong(login.person.user_number)
            return Problem.WRONG_PIN
        return self._authenticated(login, faults)

    def _authenticated(self, login: Login, faults: ActiveFaults) -> Problem | None:
        if login.person is None:
            return Problem.WRONG_PASSWORD
        self._wrong.pop(login.person.user_number, None)
        login.authenticated_at = self._clock()
        if problem := _unidentifiable(login.person, faults):
            return self._refuse(login, problem)
        login.stage = Stage.CONSENT
        return None

    def skip_to_consent(self, login: Login, person: Persona, faults: ActiveFaults) -> Problem | None:
        """Everything at once, for the benchmarks' ``fast_login`` and for faults that ask too little."""
        login.person = person
        if person.kind is Kind.BLOCKED:
            return self._refuse(login, Problem.BLOCKED)
        if person.kind is Kind.ONE_FACTOR and "mfa.silent-downgrade" not in faults:
            return self._refuse(login, Problem.ONE_FACTOR)
        return self._authenticated(login, faults)

    def consent(self, login: Login, *, agree: bool) -> bool:
        """Close the login; true when this call, and no other, may make the answer."""
        with self._guard:
            first = login.stage is Stage.CONSENT
            if first:
                login.stage = Stage.ANSWERED if agree else Stage.CANCELLED
            return first and agree

    def cancel(self, login: Login) -> None:
        """The person gives up."""
        with self._guard:
            if login.stage is not Stage.ANSWERED:
                login.stage = Stage.CANCELLED

    def _refuse(self, login: Login, problem: Problem) -> Problem:
        login.stage, login.problem = Stage.REFUSED, problem
        return problem

    def is_locked(self, number: str) -> bool:
        """Whether five wrong tries within the lock time keep this customer out."""
        since = self._clock() - self._lock_for
        return len([moment for moment in self._wrong.get(number.strip(), []) if moment > since]) >= MAX_WRONG

    def unlock(self, number: str) -> None:
        """Forget the wrong tries of one customer."""
        self._wrong.pop(number.strip(), None)

    def _count_wrong(self, number: str) -> None:
        tries = self._wrong.setdefault(number.strip(), [])
        tries.append(self._clock())
        del tries[:-MAX_WRONG]


_NOBODY: Final = Persona(
    user_number="", password="", pin="", given_name="", family_name="", personal_code="", purpose="nobody"
)


def _unidentifiable(person: Persona, faults: ActiveFaults) -> Problem | None:
    if person.kind is Kind.COMPANY and "att.company-code" not in faults:
        return Problem.COMPANY
    if not person.personal_code and "att.fabricated-code" not in faults:
        return Problem.NO_PERSONAL_CODE
    if "att.reject-new-code" in faults and person.personal_code[:2] >= "32" and person.personal_code[:1] == "3":
        return Problem.NEW_CODE_REFUSED
    return None
