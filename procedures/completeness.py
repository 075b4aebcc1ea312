"""What is still missing in a case, worked out anew from what it says now (ENG-DOC-01)."""

from collections.abc import Iterator
from dataclasses import dataclass

from procedures.facts import Facts, holds
from procedures.fields import Field
from procedures.parts import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A field or a document that the case needs and does not have."""

    word: str
    """Its id; of a document asked for each row of a table, ``<id>/<row>``."""
    why: str
    """``blank``, ``absent`` or ``not valid``."""


def complete(facts: Facts) -> bool:
    """Every field and document that this case needs is there and in order."""
    return not missing(facts)


def missing(facts: Facts) -> tuple[Missing, ...]:
    """Give everything that is missing, fields first, in the order of the procedure."""
    fields = (_missing_field(field, facts) for field in required_fields(facts))
    documents = (_missing_document(document, row, facts) for document, row in required_documents(facts))
    return tuple(one for one in (*fields, *documents) if one is not None)


def required_fields(facts: Facts) -> Iterator[Field[object]]:
    """Give the fields that this case must fill; a field that is not visible never is one."""
    return (f for f in facts.procedure.fields if holds(f.visible, facts) and holds(f.required, facts))


def required_documents(facts: Facts) -> Iterator[tuple[Document, int | None]]:
    """Give the documents that this case must hand in, each with its row where it is asked once a row."""
    for document in facts.procedure.documents:
        if holds(document.required, facts):
            yield from ((document, row) for row in _rows(document, facts))


def _rows(document: Document, facts: Facts) -> tuple[int | None, ...]:
    if document.per is None:
        return (None,)
    return tuple(range(1, len(facts.get(document.per) or ()) + 1))


def _missing_field(field: Field[object], facts: Facts) -> Missing | None:
    return Missing(word=field.id, why="blank") if facts.get(field) is None else None


def _missing_document(document: Document, row: int | None, facts: Facts) -> Missing | None:
    if not facts.versions(document, row):
        return Missing(word=document.key(row), why="absent")
    if document.valid is not None and not holds(document.valid, facts):
        return Missing(word=document.key(row), why="not valid")
    return None
