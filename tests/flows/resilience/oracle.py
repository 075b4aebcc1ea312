"""What must hold after a fault: acknowledged ⊆ stored ⊆ attempted, each login whole, the log proven (security.md 4).

Reads the tables themselves: an oracle that asked the gateway would believe it.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from gateway.demo.places import Places
from tests.flows.auditor import audit
from tests.support.driver import SignedIn
from tests.support.gateway_parts import eventually

BEGUN: Final = ("login.requested",)
GONE: Final = (*BEGUN, "login.sent-to-provider")
TAKEN: Final = (*GONE, "login.answer-received", "login.back-channel-intended")
VERIFIED: Final = (*TAKEN, "login.back-channel-answered", "login.identity-verified")
ISSUED: Final = (*VERIFIED, "login.code-issued")
WHOLE_BY_SAML: Final = (*VERIFIED, "login.assertion-issued")
WHOLE: Final = (*ISSUED, "token.issued")
TRAIL_OF_STATE: Final = {
    "asked": BEGUN,
    "atprovider": GONE,
    "arrived": TAKEN,
    "answered": VERIFIED,
    "delivered": ISSUED,
    "redeemed": WHOLE,
    "asserted": WHOLE_BY_SAML,
}
"""The events that a login in each state must have, no more and no fewer: state and log were saved together."""

ASIDE: Final = frozenset(
    {"login.answer-refused", "token.revoked", "login.refusal-delivered", "token.refused", "token.claims-read"}
)
"""What may happen beside a login's own way, any number of times."""


def trails(database: Path) -> dict[str, list[str]]:
    """The types of every login's events, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for corr, body in _rows(database, "SELECT corr, body FROM audit_event ORDER BY id"):
        found[corr].append(json.loads(body)["type"])
    return found


def states(database: Path) -> dict[str, str]:
    """The state that every login is in."""
    return dict(_rows(database, "SELECT id, state FROM login"))


def signers_of(database: Path, event: str = "token.issued") -> set[str]:
    """Which keys signed ID tokens, or what another event stands for, by their ``kid``."""
    bodies = [json.loads(body) for _, body in _rows(database, "SELECT corr, body FROM audit_event")]
    return {body["artefact"]["signer_kid"] for body in bodies if body["type"] == event}


def state_of(database: Path, login: str | None) -> str | None:
    return states(database).get(login or "")


def _rows(database: Path, sql: str) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        return connection.execute(sql).fetchall()


def check_acknowledged(database: Path, acknowledged: Iterable[SignedIn], whole: Sequence[str] = WHOLE) -> None:
    """Every acknowledged login is in the log with all its events, once each (P3, T59)."""
    recorded = trails(database)
    for one in acknowledged:
        assert own_way(recorded[one.login]) == list(whole), one.login


def check_no_half_logins(database: Path) -> None:
    """Every login is in one state, and its trail is that state's: a restart finds nothing half done (R1)."""
    recorded, stored = trails(database), states(database)
    for login, state in stored.items():
        way = own_way(recorded[login])
        if state == "refused":
            assert way.count("login.refused") == 1, (login, way)
            assert tuple(way[:-1]) in TRAIL_OF_STATE.values() or way[-2] == "login.back-channel-answered", (login, way)
        else:
            assert way == list(TRAIL_OF_STATE[state]), (login, state, way)
    begun = {login for login, way in recorded.items() if "login.requested" in way}
    assert begun == stored.keys()


def check_intact(database: Path) -> None:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def check_proven(places: Places) -> None:
    """``vpm audit verify`` passes, evidence included, once everything is sealed."""
    outcome = audit(places, "verify", "--evidence", "--json")
    assert outcome.exit_code == 0, outcome.output
    assert eventually(lambda: not json.loads(audit(places, "verify", "--json").output)["unsealed"], within=30)


def own_way(events: Sequence[str]) -> list[str]:
    """A login's own events, without what happened beside them."""
    return [event for event in events if event not in ASIDE]


def database_of(places: Places) -> Path:
    return places.root / "gateway" / "gateway.db"
