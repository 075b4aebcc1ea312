"""What makes a procedure unusable."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing that is wrong with a procedure."""

    procedure: str
    where: str
    """The part and the attribute; of a function, its file and line as well."""
    word: str
    what: str

    def __str__(self) -> str:
        return f"{self.procedure}: {self.where}: {self.word!r} {self.what}"


class InvalidProcedures(ValueError):
    """Procedures do not load; ``mistakes`` says why, all of them."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)
