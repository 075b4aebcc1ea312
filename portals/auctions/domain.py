"""An entry of the participants' register (``auctions.md`` section 3), without Flask and SQL.

Who the person is comes only from a login (AUC-REG-02, AUC-INT-34) and is an ``Identity``; everything the person may
write is ``Details``. An entry whose ``details`` are still missing is incomplete and takes part in nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from portals.auctions.details import Details

EntryId = NewType("EntryId", str)
PERSONAL_CODE: Final = re.compile(r"[0-9]{6}-[0-9]{5}")


class InvalidIdentity(Exception):
    """The gateway's words about a person do not fit an entry; the message holds none of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalCode:
    """A Latvian personal code. Neither the date nor any check digit in it decides anything (design section 8).

    ``digits`` are its eleven digits without the hyphen; a person is ``country`` and ``digits``.
    """

    country: str
    digits: str

    def __str__(self) -> str:
        """The code as it is written, ``NNNNNN-NNNNN``."""
        return f"{self.digits[:6]}-{self.digits[6:]}"


def parse_personal_code(text: str) -> PersonalCode:
    """The Latvian personal code written ``NNNNNN-NNNNN``, old or new (those since 2017 begin with 32 to 39).

    Raises:
        InvalidIdentity: any other form.
    """
    if not PERSONAL_CODE.fullmatch(text):
        raise InvalidIdentity("the personal code is not of the form NNNNNN-NNNNN")
    return PersonalCode(country="LV", digits=text.replace("-", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A person as the gateway named them; the names are kept byte for byte (AUC-REG-05, AUC-REG-06).

    ``subject`` is the pairwise identifier under which ``issuer`` knows the person at this portal.
    """

    given_name: str
    family_name: str
    personal_code: PersonalCode
    issuer: str
    subject: str

    def __post_init__(self) -> None:
        if not self.given_name.strip() or not self.family_name.strip():
            raise InvalidIdentity("a name is blank")


class EntryState(StrEnum):
    """Whether the mandatory fields of AUC-REG-07 to AUC-REG-09 are there."""

    INCOMPLETE = "incomplete"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One person in the participants' register; it serves all auctions (AUC-REG-01). Times are in UTC."""

    id: EntryId
    personal_code: PersonalCode
    given_name: str
    family_name: str
    details: Details | None
    created_at: datetime
    updated_at: datetime

    @property
    def state(self) -> EntryState:
        """Incomplete until the person has given the details."""
        return EntryState.INCOMPLETE if self.details is None else EntryState.COMPLETE

    def named_by(self, identity: Identity, *, at: datetime) -> "Entry":
        """This entry after a login: the same, unless the person's name has changed since."""
        names = (identity.given_name, identity.family_name)
        if names == (self.given_name, self.family_name):
            return self
        return replace(self, given_name=names[0], family_name=names[1], updated_at=at)

    def with_details(self, details: Details, *, at: datetime) -> "Entry":
        """This entry after the person wrote these details: the same, if nothing differs."""
        return self if details == self.details else replace(self, details=details, updated_at=at)


def new_entry(entry_id: EntryId, identity: Identity, *, at: datetime) -> Entry:
    """The incomplete entry a first login makes (AUC-REG-02)."""
    return Entry(
        id=entry_id,
        personal_code=identity.personal_code,
        given_name=identity.given_name,
        family_name=identity.family_name,
        details=None,
        created_at=at,
        updated_at=at,
    )


class Operation(StrEnum):
    """What can happen to an entry (AUC-REG-11)."""

    INCLUDED = "included"
    UPDATED = "updated"
    DELETED = "deleted"


class AuthorKind(StrEnum):
    """On whose word a change was made."""

    LOGIN = "login"
    """The gateway, at a sign-in."""
    PERSON = "person"
    """The person, on the pages of their own entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who made a change; ``subject`` is the pairwise identifier of the session that asked for it."""

    kind: AuthorKind
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field of one entry before and after one operation; an absent value is an empty string."""

    entry_id: EntryId
    at: datetime
    author: Author
    operation: Operation
    field: str
    earlier: str
    later: str


def changes_between(earlier: Entry | None, later: Entry | None, *, author: Author, at: datetime) -> Iterator[Change]:
    """Every field that differs; no earlier entry means it was included, no later one that it was deleted."""
    subject = earlier or later
    if subject is None:
        return
    before, after = _fields(earlier), _fields(later)
    for field in sorted({*before, *after}):
        if before.get(field, "") != after.get(field, ""):
            yield Change(
                entry_id=subject.id,
                at=at,
                author=author,
                operation=_operation(earlier, later),
                field=field,
                earlier=before.get(field, ""),
                later=after.get(field, ""),
            )


def _operation(earlier: Entry | None, later: Entry | None) -> Operation:
    if earlier is None:
        return Operation.INCLUDED
    return Operation.DELETED if later is None else Operation.UPDATED


def _fields(entry: Entry | None) -> Mapping[str, str]:
    """The values of an entry's fields by name, as they are stored and compared."""
    if entry is None:
        return {}
    identity = {
        "given_name": entry.given_name,
        "family_name": entry.family_name,
        "personal_code": str(entry.personal_code),
    }
    return identity | (entry.details.as_fields() if entry.details else {})
