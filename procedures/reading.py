"""Reading a procedure part by part: what each names must be listed in the procedure, what each calls must have a name.

A function is looked into as well: the parts that it mentions as globals of its module must be the procedure's own, so
that a guard over a field that nobody can fill is found when the procedure is loaded and not by the first applicant.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Final, get_args

from procedures.effects import Effect
from procedures.fields import Amount, Choice, Day, Field, Instant, OnePerson, Table, Text, Whole, YesNo
from procedures.mistakes import Mistake
from procedures.model import Procedure
from procedures.parts import Document, Lookup, Parameter, Role, Stage
from procedures.terms import Clock, Fee, Limit, Obligation

LISTS: Final = {
    "roles": Role,
    "stages": Stage,
    "fields": Field,
    "documents": Document,
    "lookups": Lookup,
    "parameters": Parameter,
    "clocks": Clock,
    "limits": Limit,
    "fees": Fee,
    "obligations": Obligation,
}
"""Parts that other parts name by value, and where a procedure lists them."""

_READ: Final = (*LISTS, "grounds", "actions", "requests", "notices", "retention", "robots", "opened_by")
_FIELDS: Final = (Amount, Choice, Day, Instant, OnePerson, Table, Text, Whole, YesNo)
_EFFECTS: Final = get_args(Effect)
_GUARDS: Final = {"guards", "required", "visible", "valid", "when", "lasts", "released"}
"""Attributes whose functions are rules, and say in a sentence what they demand."""


def mistakes_of_parts(procedure: Procedure) -> Iterator[Mistake]:
    """Give what is wrong with what the parts of ``procedure`` name and call."""
    for where, value in _read(procedure):
        for word, what in _mistakes(procedure, where, value):
            place = where
            if isinstance(value, FunctionType):
                place = f"{where} ({value.__code__.co_filename}, line {value.__code__.co_firstlineno})"
            yield Mistake(procedure=procedure.id, where=place, word=word, what=what)


def _read(procedure: Procedure) -> Iterator[tuple[str, object]]:
    for kind in _READ:
        for part in getattr(procedure, kind):
            if kind == "fields" and type(part) not in _FIELDS:
                yield kind, _Unknown(type(part).__name__, "is no type of field")
            elif kind == "opened_by":
                yield kind, part
            else:
                yield from _attributes(f"{kind.removesuffix('s')} {name_of(part)}".rstrip(), part)


def name_of(part: object) -> str:
    """Give what a part is called: its id, or a ground's code; empty for a notice, which has none."""
    return str(getattr(part, "id", getattr(part, "code", "")))


class _Unknown:
    def __init__(self, word: str, what: str) -> None:
        self.word, self.what = word, what


def _attributes(where: str, part: object) -> Iterator[tuple[str, object]]:
    if is_dataclass(part):
        for field in fields(part):
            if field.name != "columns":  # columns are the table's own, not the procedure's
                yield from _values(f"{where}: {field.name}", getattr(part, field.name))


def _values(where: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, tuple):
        for one in value:
            if where.endswith((": effects", ": on_paid")) and not isinstance(one, _EFFECTS):
                yield where, _Unknown(type(one).__name__, "is no effect")
            elif one is None and where.endswith(": guards"):
                yield where, _Unknown("None", "is a missing guard")
            else:
                yield from _values(where, one)
    elif isinstance(value, tuple(LISTS.values())) or callable(value):
        yield where, value
    elif isinstance(value, _EFFECTS) or type(value).__name__ in {"Together", "Cap", "ByDecision", "ByEvent"}:
        yield from _attributes(where, value)
    elif isinstance(value, dict):
        yield from _values(where, tuple(value.values()))


def _mistakes(procedure: Procedure, where: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, _Unknown):
        yield value.word, value.what
    elif isinstance(value, FunctionType):
        yield from _mistakes_of_function(procedure, where, value)
    elif callable(value):
        yield repr(value), "is no function of its own"
    elif not _listed(procedure, value):
        yield str(getattr(value, "id", value)), "is not listed in the procedure"


def _mistakes_of_function(procedure: Procedure, where: str, function: FunctionType) -> Iterator[tuple[str, str]]:
    attribute = where.rsplit(": ", 1)[-1]
    if not function.__name__.isidentifier():
        yield function.__name__, "is a function without a name"
    elif attribute in _GUARDS and not function.__doc__:
        yield function.__name__, "is a rule that does not say what it demands"
    for part in _mentioned(function, set()):
        if not _listed(procedure, part):
            yield str(getattr(part, "id", part)), f"is read by {function.__name__} and not listed in the procedure"


def _listed(procedure: Procedure, part: object) -> bool:
    kind = next(name for name, type_ in LISTS.items() if isinstance(part, type_))
    return any(part is own for own in getattr(procedure, kind))


def _mentioned(function: FunctionType, seen: set[FunctionType]) -> Iterator[object]:
    """Give the parts that ``function`` and the functions beside it that it calls name as globals."""
    seen.add(function)
    names = _names(function.__code__)
    known = [function.__globals__[name] for name in names if name in function.__globals__]
    known += [getattr(module, name, None) for module in known if isinstance(module, ModuleType) for name in names]
    for value in known:
        if isinstance(value, tuple(LISTS.values())):
            yield value
        elif isinstance(value, FunctionType) and value.__globals__ is function.__globals__ and value not in seen:
            yield from _mentioned(value, seen)


def _names(code: CodeType) -> set[str]:
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*(_names(one) for one in inner))
