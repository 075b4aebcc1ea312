"""Looks for people in what was stored."""

import hashlib
from collections.abc import Iterator, Sequence

import orjson

from gateway.storage.sql_storage import SqlStorage
from gateway.storage.tables import metadata


class PersonalDataFound(AssertionError):
    """A persona's name or personal code stands where nobody's may (security.md 6.6)."""


def assert_no_personal_data(storage: SqlStorage, *, names: Sequence[str], codes: Sequence[str]) -> None:
    """Search every value of every table for names and codes, plain, in JSON, and as a bare digest."""
    needles = [needle for text in _spellings(names, codes) for needle in _disguises(text)]
    for table in metadata.tables.values():
        if table.name == "audit_unsealed":
            continue  # numbers, and only on PostgreSQL
        with storage.database.reader() as connection:
            rows = connection.execute(f"SELECT * FROM {table.name}").fetchall()
        for row in rows:
            _search(table.name, row, needles)


def _search(table: str, row: Sequence[object], needles: Sequence[bytes]) -> None:
    for value in row:
        raw = value if isinstance(value, bytes) else str(value).encode()
        if any(needle in raw for needle in needles):
            raise PersonalDataFound(f"{table}: somebody can be named from {len(raw)} bytes of a row")


def _spellings(names: Sequence[str], codes: Sequence[str]) -> Iterator[str]:
    for name in names:
        yield from (name, name.upper())
    for code in codes:
        digits = code.replace("-", "")
        yield from (digits, f"{digits[:6]}-{digits[6:]}", f"PNOLV-{digits[:6]}-{digits[6:]}")


def _disguises(text: str) -> Iterator[bytes]:
    yield text.encode()
    yield orjson.dumps(text)[1:-1]
    for algorithm in (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.sha512):
        digest = algorithm(text.encode()).digest()
        yield from (digest, digest.hex().encode())
