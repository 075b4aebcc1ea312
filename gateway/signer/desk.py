"""Whether something is signed: only with a key of the right ring, for an event that is committed, and counted first."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from gateway.signer.ledger import Ledger
from gateway.signer.statements_signed import Statement, Unsignable, statement_of_jws, statement_of_xml
from gateway.signing.purpose import Purpose
from gateway.signing.signer import Signer

AT_MOST: Final = timedelta(minutes=5)
"""How old the event may be that says who somebody is: what it stands for is signed at once or never."""
OTHER_AT_MOST: Final = timedelta(hours=1)
"""How old any other event may be: a portal is told of a sign-out for 21 minutes."""


class Refused(Exception):
    """It is not signed; the message says why."""


class Keys(Protocol):
    """The keys that may sign."""

    def find(self, kid: str) -> tuple[Purpose, Signer]:
        """Give a key and what it is for; raises ``Refused`` where it does not sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerDesk:
    """Judges each request."""

    keys: Keys
    ledger: Ledger
    events_of: Callable[[str], Iterable[bytes]]
    """Gives the bodies of the committed audit events of a login, session or incident, from the gateway's database."""
    clock: Callable[[], datetime]

    def sign(self, kid: str, about: str, message: bytes, document: bytes) -> bytes:
        """Sign; see ``Signer.sign``.

        Raises:
            Refused: it is not signed, and why.
        """
        purpose, signer = self.keys.find(kid)
        statement = _statement(purpose, message, document)
        events: list[Mapping[str, Any]] = [json.loads(body) for body in self.events_of(about)]
        # The count is durable before the signature exists: what was signed is never missing in it.
        if statement is Statement.PERSON:
            self._spend(events, kid, about)
        else:
            self._any_recent(events, about)
            self.ledger.count_other(kid)
        return signer.sign(message, about, document)

    def _spend(self, events: list[Mapping[str, Any]], kid: str, about: str) -> None:
        for event in events:
            artefact = event.get("artefact", {})
            if artefact.get("signer_kid") == kid and "signatures" in artefact and self._within(event, AT_MOST):
                if self.ledger.count_person(about, kid, event["time"], int(artefact["signatures"])):
                    return
                raise Refused(f"everything that {about} stands for is signed already")
        raise Refused(f"no committed event of {about} says that this key signs who somebody is, just now")

    def _any_recent(self, events: list[Mapping[str, Any]], about: str) -> None:
        if not any(self._within(event, OTHER_AT_MOST) for event in events):
            raise Refused(f"no committed event of {about} within the last hour")

    def _within(self, event: Mapping[str, Any], limit: timedelta) -> bool:
        return abs(self.clock() - datetime.fromisoformat(event["time"])) <= limit


def _statement(purpose: Purpose, message: bytes, document: bytes) -> Statement:
    try:
        return statement_of_xml(message, document) if purpose.certified else statement_of_jws(message)
    except Unsignable as error:
        raise Refused(str(error)) from error
