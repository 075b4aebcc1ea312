"""When a message was made, as banks write it (rules 8 and 14, sections 11.2 to 11.4)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

READ_ISO: Final = 25
"""Characters of a ``VK_DATETIME`` that is read: 24, and one for the colon that rule 14 lets an offset have."""
_ISO: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:?[0-9]{2})")


class MomentForm(Protocol):
    """How a dialect writes a moment."""

    def write(self, moment: datetime, zone: ZoneInfo) -> str:
        """A moment (aware) as it is sent."""

    def read(self, text: str, zone: ZoneInfo) -> tuple[datetime, ...]:
        """Every moment that a text may mean, aware; two in the hour that the autumn change of clocks repeats.

        Raises:
            ValueError: another form, or no moment of that zone.
        """


@dataclass(frozen=True, slots=True)
class Iso:
    """ISO 8601 with seconds and zone: ``2026-03-02T14:05:09+0200``."""

    def write(self, moment: datetime, zone: ZoneInfo) -> str:
        """The offset without a colon (rule 8)."""
        return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S%z")

    def read(self, text: str, zone: ZoneInfo) -> tuple[datetime, ...]:
        """The offset with or without colon, or ``Z`` (rule 14); the text names its zone, so ``zone`` decides nothing."""
        del zone
        if not _ISO.fullmatch(text):
            raise ValueError("not ISO 8601 with seconds and zone")
        return (datetime.fromisoformat(text),)


ISO: Final = Iso()


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTime:
    """Digits that name no zone: the bank's own is meant."""

    pattern: str
    """As ``strftime`` has it."""
    milliseconds: bool = False
    """Three further digits."""

    def write(self, moment: datetime, zone: ZoneInfo) -> str:
        """The clock on the bank's wall."""
        local = moment.astimezone(zone)
        return local.strftime(self.pattern) + (f"{local.microsecond // 1000:03d}" if self.milliseconds else "")

    def read(self, text: str, zone: ZoneInfo) -> tuple[datetime, ...]:
        """Exactly as ``write`` writes it, digit for digit."""
        whole = text[:-3] if self.milliseconds else text
        local = datetime.strptime(whole, self.pattern)  # noqa: DTZ007 - the zone is put to it below
        if self.milliseconds:
            local += timedelta(milliseconds=int(text[-3:]))
        readings = tuple(dict.fromkeys(_readings(local, zone)))
        if not readings or self.write(readings[0], zone) != text:
            raise ValueError("no moment, or written in another form")
        return readings


def _readings(local: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Both readings of a repeated hour, and none of the hour that the spring change leaves out."""
    for fold in (0, 1):
        moment = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None, fold=0) == local:
            yield moment
