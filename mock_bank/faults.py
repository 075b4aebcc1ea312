"""Every named misbehaviour, in one registry: its name, the catalogue check that it serves, one sentence.

A fault is read where the honest behaviour would happen; asking for a name that is not registered is an error there,
so that no switch can be dead through a slip of the pen. Sources: conformance-catalogue.md tables 8.3, 8.4, 8.8, 8.9,
8.12; banklink.md section 9, last paragraph (``ans.*``); design.md section 4 (``vbc.*``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from mock_bank.fault_table import TABLE


class UnknownFaults(ValueError):
    """Names that no fault bears."""

    def __init__(self, names: Iterable[str]) -> None:
        """Name them all, and say where the list is."""
        self.names = tuple(sorted(names))
        super().__init__(f"unknown fault {', '.join(self.names)}; `vpm bank faults` lists every name")


@dataclass(frozen=True, slots=True)
class Fault:
    """One named defect of the mock bank."""

    name: str
    check: str
    """Id of the catalogue check that must notice it, or the section of a specification."""
    sentence: str

    @property
    def of_connection(self) -> bool:
        """Whether it changes the TLS port and so cannot be chosen for one login."""
        return self.name.startswith("mtl.")


REGISTRY: Final[dict[str, Fault]] = {name: Fault(name, check, sentence) for name, check, sentence in TABLE}


class ActiveFaults:
    """A set of registered faults that are switched on."""

    __slots__ = ("names",)

    def __init__(self, names: Iterable[str] = ()) -> None:
        """Take names as they are; use ``parse_faults`` for names from outside."""
        self.names: frozenset[str] = frozenset(names)

    def __contains__(self, name: str) -> bool:
        """Whether the fault is on; raises ``KeyError`` for a name that is not registered."""
        return REGISTRY[name].name in self.names

    def __or__(self, other: "ActiveFaults") -> "ActiveFaults":
        """Both sets together."""
        return ActiveFaults(self.names | other.names)

    def __bool__(self) -> bool:
        """Whether anything is switched on."""
        return bool(self.names)

    def any_of(self, *names: str) -> bool:
        """Whether at least one of these is on."""
        return any(name in self for name in names)

    def header(self) -> str:
        """The value of ``X-Mock-Faults``: names in order, or ``none``."""
        return ", ".join(sorted(self.names)) or "none"


def parse_faults(names: Iterable[str]) -> ActiveFaults:
    """Read fault names from settings, a page or a query.

    Raises:
        UnknownFaults: naming each one that does not exist.
    """
    wanted = frozenset(names)
    if unknown := wanted - REGISTRY.keys():
        raise UnknownFaults(unknown)
    return ActiveFaults(wanted)


class Switchboard:
    """The faults that hold for every login: from settings at first, changed on the page ``/faults``."""

    def __init__(self, at_start: ActiveFaults) -> None:
        """Begin with what the settings say."""
        self._active = at_start

    @property
    def active(self) -> ActiveFaults:
        """What is switched on now."""
        return self._active

    def switch(self, faults: ActiveFaults) -> Self:
        """Replace the whole set; one assignment, so that no request sees half of it."""
        self._active = faults
        return self
