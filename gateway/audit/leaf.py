"""What stands in the log: an event's body, and the leaf that the sealer makes of it (security.md 6.2).

The body is written by the node in the login's own transaction. The leaf is the body and two more members, ``seq`` and
``prev_record``; it is made by cutting the body open at two places, which a test proves equal to writing the whole
leaf canonically, and which is several times faster.
"""

from collections.abc import Mapping
from typing import Final

from gateway.audit.canonical import canonical
from gateway.audit.event import LEAF_MEMBERS

VERSION: Final = 1
LARGEST_LEAF: Final = 16 * 1024
_ROOM_FOR_SEALER: Final = 128
_SEQ_STANDS_BEFORE: Final = b',"software_rev":'
_PREV_RECORD_STANDS_BEFORE: Final = (b',"req_commit":', b',"resp_commit":', b',"revocation":')
_MARKS: Final = frozenset({"req_commit", "resp_commit", "revocation", "software_rev", "seq", "prev_record"})


class UnfitEvent(ValueError):
    """An event class is wrong: it names a member that no leaf has, or holds more than a leaf can."""


def body_of(members: Mapping[str, object]) -> bytes:
    """Write an event body: canonical JSON, no larger than leaves room for the sealer's members.

    Raises:
        UnfitEvent: a programming error in the event class.
        NotCanonical: a value has no canonical form.
    """
    _check_names(members)
    body = canonical(members)
    if len(body) > LARGEST_LEAF - _ROOM_FOR_SEALER:
        raise UnfitEvent(f"{members.get('type')}: {len(body)} bytes are more than a leaf can hold")
    return body


def leaf_of(body: bytes, seq: int, prev_record: str | None) -> bytes:
    """Make the leaf: the body with ``seq`` and with ``prev_record``, the hexadecimal leaf hash of the record before.

    The first record has null there. Raises ``ValueError`` when the bytes are no event body.
    """
    here = body.index(_SEQ_STANDS_BEFORE)
    cut = here
    for mark in _PREV_RECORD_STANDS_BEFORE:  # in the order of the alphabet, which is the order of the members
        if (found := body.find(mark, 0, here)) >= 0:
            cut = found
            break
    before = f',"prev_record":"{prev_record}"'.encode() if prev_record else b',"prev_record":null'
    return b'%b%b%b,"seq":%d%b' % (body[:cut], before, body[cut:here], seq, body[here:])


def is_leaf_of(leaf: bytes, body: bytes, seq: int, prev_record: str | None) -> bool:
    """Whether a stored record is what its stored body says; false also for what is no body, or not even bytes."""
    try:
        return leaf == leaf_of(body, seq, prev_record)
    except (ValueError, TypeError, AttributeError):
        return False


def _check_names(members: Mapping[str, object]) -> None:
    if not members.keys() <= LEAF_MEMBERS or "software_rev" not in members:
        unknown = sorted(members.keys() - LEAF_MEMBERS)
        raise UnfitEvent(f"{members.get('type')}: no leaf has the members {unknown} (security.md 6.2)")
    for name, member in members.items():
        if isinstance(member, dict) and member.keys() & _MARKS:
            raise UnfitEvent(f"{members.get('type')}: {name} uses a name that only the leaf itself may use")
