"""One person's login at the bank, and the words for where it stands and what went wrong."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from flask import Response

from mock_bank.faults import ActiveFaults
from mock_bank.keys import KnownPartner
from mock_bank.personas import Persona


class Method(StrEnum):
    """What a person proves possession with."""

    CALCULATOR = "code-calculator"
    APP = "app"

    @property
    def token(self) -> str:
        """``VK_TOKEN`` for this means (banklink.md section 5)."""
        return "6" if self is Method.CALCULATOR else "9"


class Stage(StrEnum):
    """Where a login stands; also the name of the page that shows it."""

    PASSWORD = "password"  # noqa: S105 -- the name of a page
    CODE = "code"
    APP = "app"
    CONSENT = "consent"
    ANSWERED = "answered"
    CANCELLED = "cancelled"
    REFUSED = "refused"


class Problem(StrEnum):
    """Why a step was not accepted; the key of the sentence that the person reads."""

    WRONG_PASSWORD = "wrong-password"  # noqa: S105 -- a reason, not a secret
    WRONG_CODE = "wrong-code"
    WRONG_PIN = "wrong-pin"
    LOCKED = "locked"
    BLOCKED = "blocked"
    ONE_FACTOR = "one-factor"
    NO_PERSONAL_CODE = "no-personal-code"
    COMPANY = "company"
    NEW_CODE_REFUSED = "new-code-refused"
    REJECTED_IN_APP = "rejected-in-app"


class Ending(Protocol):
    """How a login ends in the protocol that its request came by."""

    def agreed(self, login: "Login") -> Response:
        """The page that carries the answer; made once."""

    def given_up(self, login: "Login") -> Response | None:
        """What tells the partner that nobody was identified; None where the protocol has no word for it."""

    def way_back(self, login: "Login") -> str:
        """Where the person's way back begins once the login is over: an address of the partner, or a page of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enquiry:
    """What a request asks, whatever protocol it came by."""

    partner: KnownPartner
    reference: str
    """What ties the answer to its question; empty where the request holds nothing."""
    return_url: str
    """Where the answer will go."""
    language: str
    """``lv`` or ``en``."""
    interface: str
    """The protocol, as a confirmation names it."""
    ending: Ending
    by_redirect: bool = False
    """Whether the answer leaves by a redirect from a form of ours, and not by a form that is the partner's."""


@dataclass(slots=True, kw_only=True)
class Login:
    """One person on the way from a request to an answer."""

    id: str
    enquiry: Enquiry
    faults: ActiveFaults
    """Chosen for this login alone."""
    language: str
    started_at: datetime
    challenge: str
    """What the calculator computes from, so that a code fits one login only."""
    cookie: str
    """The secret that binds the login to one browser; renewed when the password was right."""
    stage: Stage = Stage.PASSWORD
    person: Persona | None = None
    method: Method = Method.CALCULATOR
    control_code: str = ""
    wrong_codes: int = 0
    authenticated_at: datetime | None = None
    problem: Problem | None = None
    typed_password: str = field(default="", repr=False)
    """Kept only for the fault ``aud.leaks-secret``."""

    @property
    def reference(self) -> str:
        """What ties the answer to its question; the login's own id where the request holds nothing."""
        return self.enquiry.reference or self.id

    @property
    def partner(self) -> KnownPartner:
        """Who asks."""
        return self.enquiry.partner

    @property
    def return_url(self) -> str:
        """Where the answer will go."""
        return self.enquiry.return_url
