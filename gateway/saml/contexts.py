"""RequestedAuthnContext: how strong the relying party wants the login to be (SAML 2.0 Core 3.3.2.2.1).

The authentication contexts are the eIDAS level URIs. A login of a higher level is also one of every lower level, so a
person is never refused for being vouched for too strongly: the answer then names the strongest context that was asked.
"""

from dataclasses import dataclass

from providers.contract import AssuranceLevel

COMPARISONS = ("exact", "minimum", "better", "maximum")


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedContexts:
    """The levels that an answer may name; all of them when nothing was asked."""

    levels: tuple[AssuranceLevel, ...] = tuple(AssuranceLevel)

    @classmethod
    def of(cls, comparison: str, contexts: list[str]) -> "WantedContexts":
        """Read a request.

        Raises:
            ValueError: the comparison is none, no context is a level we know, or nothing is left to answer with.
        """
        if comparison not in COMPARISONS:
            raise ValueError("Comparison must be exact, minimum, better or maximum")
        named = [level for level in AssuranceLevel if level.uri in contexts]
        if not named:
            raise ValueError("no authentication context that was asked for is an eIDAS level URI")
        allowed = {
            "exact": [level for level in AssuranceLevel if level in named],
            "minimum": [level for level in AssuranceLevel if level >= min(named)],
            "better": [level for level in AssuranceLevel if level > max(named)],
            "maximum": [level for level in AssuranceLevel if level <= max(named)],
        }[comparison]
        if not allowed:
            raise ValueError("there is no level better than that")
        return cls(levels=tuple(allowed))

    @classmethod
    def parse(cls, text: str) -> "WantedContexts":
        """Read back what ``text`` wrote."""
        return cls(levels=tuple(AssuranceLevel(int(value)) for value in text.split()))

    @property
    def text(self) -> str:
        """As the broker carries it."""
        return " ".join(str(level.value) for level in self.levels)

    @property
    def weakest(self) -> AssuranceLevel:
        """What a login must have at least."""
        return min(self.levels)

    def stated(self, reached: AssuranceLevel) -> AssuranceLevel:
        """Give the strongest level of those asked for that the login has."""
        return max(level for level in self.levels if level <= reached)
