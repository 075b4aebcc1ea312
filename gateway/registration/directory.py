"""Keeps the relying parties in use what settings and database say, while commands of other processes change them."""

from collections.abc import Callable, Iterable
from datetime import date, datetime

import structlog

from gateway.broker.relying_party import RelyingParties, RelyingParty
from gateway.registration.registrar import open_document
from gateway.registration.revision import Revision
from gateway.relying_parties import refuse_shared_names
from gateway.storage.sql_storage import SqlStorage

log = structlog.get_logger("gateway")


class PartyDirectory:
    """Swaps the relying parties whole: when a registration has changed, and when one has ended with the day."""

    def __init__(self, parties: RelyingParties, storage: SqlStorage, clock: Callable[[], datetime]) -> None:
        """Follow the database; who is in ``parties`` now is registered in the settings file.

        Args:
            parties: in use by everybody.
            storage: holds what is registered by command.
            clock: gives aware UTC; a registration ends with its last day there.
        """
        self._parties = parties
        self.embedded = tuple(parties.values())
        self._storage = storage
        self._clock = clock
        self._seen: tuple[int, date] | None = None

    def follow(self) -> None:
        """Take up what has changed since the last look; raises ``StorageUnavailable`` and then changes nothing."""
        today = self._clock().date()
        if self._seen == (self._storage.look_up(lambda kept: kept.count()), today):
            return
        # The number is read before the registrations: a change between the two is taken up at the next look once more.
        number, revisions = self._storage.look_up(lambda kept: (kept.count(), list(kept.in_force())))
        parties = [*self.embedded, *self._opened(revisions, today)]
        in_time = [party for party in parties if not party.ended_by(today)]
        for party in parties:
            if party not in in_time:
                log.warning("relying-party.ended", party=party.id)
        self._parties.swap(in_time)
        self._seen = number, today
        log.info("relying-parties.taken-up", revision=number, parties=len(in_time))

    def _opened(self, revisions: Iterable[Revision], today: date) -> list[RelyingParty]:
        """Open each; one that cannot be opened, or is somebody else's double, is left out and named."""
        taken = list(self.embedded)
        for revision in revisions:
            try:
                party = open_document(revision.document, today)
                _refuse_double(party, taken)
            except (OSError, ValueError) as error:
                log.error("relying-party.not-taken-up", party=revision.party, reason=str(error))  # noqa: TRY400 - a sentence
            else:
                taken.append(party)
        return taken[len(self.embedded) :]


def _refuse_double(party: RelyingParty, others: Iterable[RelyingParty]) -> None:
    """Raise ``ValueError`` where the settings file, changed since, registers the same id or certificate."""
    refuse_shared_names(party, others)
    if any(party.id == known.id for known in others):
        raise ValueError("is registered in the settings file too")
