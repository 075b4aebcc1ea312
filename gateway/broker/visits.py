"""Sign-out through the person's browser: it visits, one after another, the relying parties that only it can tell.

Who is left to visit stands in the database beside the outbox. A relying party that never answers holds nobody up: the
page of the ended session shows how it stands, and leads on to the next one or to the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.audit.event import Peer
from gateway.broker.identifiers import digest
from gateway.broker.ports import Unit
from gateway.broker.session import Participant, Standing
from gateway.broker.session_events import SignOutSent

_REACHED: Final = frozenset({Standing.ITSELF, Standing.TOLD, Standing.TO_BE_TOLD})
"""Whoever waits in the outbox counts: it is told whatever the browser does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A request that the browser is about to carry."""

    id: str
    """Its ID; the answer must name it."""
    address: str
    content: bytes
    """What is signed and sent, for the evidence."""
    signer_kid: str


def next_visit(participants: Sequence[Participant]) -> tuple[Participant, ...]:
    """Give all that the next relying party takes part by, since one visit tells it of all; empty when none is left."""
    left = [one for one in participants if one.standing is Standing.TO_VISIT]
    return tuple(one for one in left if one.relying_party == left[0].relying_party)


def depart(unit: Unit, rows: Sequence[Participant], carried: Carried) -> bool:
    """Claim one visit, with the event that says what is about to leave.

    Returns:
        False when another tab has claimed it; the first row decides, for all take them in the same order.
    """
    for row in rows:
        gone = replace(row, standing=Standing.VISITED, request=digest(carried.id))
        if not unit.sessions.move(row, gone):
            return False
    unit.record(
        SignOutSent(
            corr=rows[0].session,
            peer=Peer(id=rows[0].relying_party),
            endpoint=carried.address,
            sent=carried.content,
            artefact={"kind": "logout_request", "commit": digest(carried.id), "signer_kid": carried.signer_kid},
        )
    )
    return True


def asked_by(participants: Sequence[Participant], request: str, party: str) -> tuple[Participant, ...]:
    """Give what a relying party was asked about by the request of an ID; empty when it was not, or another was."""
    return tuple(one for one in participants if one.relying_party == party and one.request == digest(request))


def settle(unit: Unit, rows: Sequence[Participant], *, confirmed: bool) -> None:
    """Save what a relying party answered."""
    for row in rows:
        unit.sessions.move(row, replace(row, standing=Standing.TOLD if confirmed else Standing.DECLINED))


def all_reached(participants: Sequence[Participant]) -> bool:
    """Whether nobody is left who was not told, or did not confirm when the browser was there."""
    return all(one.standing in _REACHED for one in participants)
