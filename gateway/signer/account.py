"""Three counts that must be one: what the signer signed, what the log says was issued, what the database recorded.

Compared up to an instant some minutes back, when nothing of it can be under way any more. The three hold the same
instants, to the letter, so that no count falls on another side of it. Pure: nothing here reads a file or a clock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from gateway.signer.ledger import Summary


class LoggedEvent(NamedTuple):
    """What the comparison needs of an event of the audit log."""

    number: int
    time: str
    kid: str
    signatures: int
    """That it stands for, by this node's signer; 0 for most."""


class Issued(NamedTuple):
    """One result that may be signed, as the database recorded it."""

    corr: str
    kid: str
    signatures: int
    unsigned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How far everything was compared."""

    behind: int = 0
    """The log is read from the event behind this number on."""
    until: str = ""
    """Everything up to this instant is compared, as the log writes instants."""
    events: Mapping[str, int] = field(default_factory=dict)
    """What the log's events up to then stand for, by key."""
    accepted: Mapping[str, list[int]] = field(default_factory=dict)
    """The differences that an operator has looked into and accepted, by key."""
    drift: list[str] = field(default_factory=list)
    """The differences that nobody has accepted, one sentence for each key."""

    def read_on(self, events: Iterable[LoggedEvent], until: str) -> "Account":
        """Count the events of the next window."""
        totals, behind = dict(self.events), self.behind
        later = False
        for event in events:
            later = later or event.time > until
            if not later:
                behind = event.number  # what stands behind a later event is read once more, in the next window
            if self.until < event.time <= until and event.signatures:
                totals[event.kid] = totals.get(event.kid, 0) + event.signatures
        return replace(self, behind=behind, until=until, events=totals)

    def compared(self, recorded: Mapping[str, tuple[int, int]], signed: Summary) -> "Account":
        """Compare the counts up to ``until``.

        Args:
            recorded: for each key what the results in the database stand for, and what of it was never asked for.
            signed: the signer's.
        """
        found = {kid: self._differences(kid, recorded, signed) for kid in self._kids(recorded, signed)}
        sentences = [
            _sentence(kid, self.events.get(kid, 0), recorded.get(kid, (0, 0)), signed)
            for kid, differences in found.items()
            if differences != self.accepted.get(kid, [0, 0, 0])
        ]
        return replace(self, drift=sentences)

    def accepting(self, recorded: Mapping[str, tuple[int, int]], signed: Summary) -> "Account":
        """Take what differs as looked into; only what differs from it later is drift."""
        found = {kid: self._differences(kid, recorded, signed) for kid in self._kids(recorded, signed)}
        accepted = {kid: differences for kid, differences in found.items() if any(differences)}
        return replace(self, accepted=accepted, drift=[])

    def _kids(self, recorded: Mapping[str, tuple[int, int]], signed: Summary) -> list[str]:
        return sorted({*self.events, *recorded, *signed.counters, *signed.rows})

    def _differences(self, kid: str, recorded: Mapping[str, tuple[int, int]], signed: Summary) -> list[int]:
        stands_for, unsigned = recorded.get(kid, (0, 0))
        return [
            self.events.get(kid, 0) - stands_for,
            stands_for - unsigned - signed.until.get(kid, 0),
            signed.counters.get(kid, 0) - signed.rows.get(kid, 0),
        ]


def never_signed(window: Iterable[Issued], made: Mapping[str, int]) -> dict[str, int]:
    """Give how many signatures of each result were never asked for.

    A worker that was killed between its commit and the signature leaves such a one; nobody can have it signed any more,
    as the signer takes no event that is older than some minutes.
    """
    left = {issued.corr: issued.signatures - made.get(issued.corr, 0) for issued in window}
    return {corr: count for corr, count in left.items() if count > 0}


def _sentence(kid: str, logged: int, recorded: tuple[int, int], signed: Summary) -> str:
    stands_for, unsigned = recorded
    return (
        f"{kid}: the log says that {logged} were issued, the database {stands_for}, {unsigned} of them never asked for; "
        f"the signer signed {signed.until.get(kid, 0)}, and its counter is "
        f"{signed.counters.get(kid, 0) - signed.rows.get(kid, 0):+d} beside its rows"
    )
