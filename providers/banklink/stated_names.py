"""Names as the message through the browser states them: compared with the confirmed ones, split only where allowed."""

from dataclasses import dataclass

from providers.names import same_name, same_words


@dataclass(frozen=True, slots=True, kw_only=True)
class OneName:
    """One field that holds both names, normalised."""

    text: str
    cut: bool
    """Whether the name fills its field, so that its end may have been cut off."""
    family_first: bool
    """Whether the bank writes the family name, a comma, and the given names."""
    splittable: bool
    """Whether the agreement calls the comma a delimiter (section 10)."""

    def agrees(self, given: str, family: str) -> bool:
        """Whether it holds these names: each in its place where a comma tells them apart, else word by word."""
        delimited = self.family_first and "," in self.text
        if self.cut:
            joined = f"{family},{given}"
            whole = (joined,) if delimited else (f"{given} {family}", f"{family} {given}", joined)
            return any(name.casefold().startswith(self.text.casefold()) for name in whole)
        if delimited:
            stated_family, stated_given = _at_comma(self.text)
            return same_name(stated_family, family) and same_name(stated_given, given)
        return same_words(self.text, f"{given} {family}")

    def apart(self) -> tuple[str, str] | None:
        """Family name and given names; None where that would be a guess, or one of them is empty."""
        if not self.splittable or "," not in self.text:
            return None
        family, given = _at_comma(self.text)
        return (family, given) if family and given else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoNames:
    """A field for each name, normalised."""

    given: str
    family: str
    cut: bool
    """Whether one of them fills its field."""

    def agrees(self, given: str, family: str) -> bool:
        """Whether these are the names, apart from letter case and from what was cut off."""
        pairs = ((self.given, given), (self.family, family))
        return all(same_name(stated, name) or (self.cut and _begins(name, stated)) for stated, name in pairs)

    def apart(self) -> tuple[str, str] | None:
        """Family name and given names."""
        return self.family, self.given


StatedNames = OneName | TwoNames


def _begins(name: str, stated: str) -> bool:
    return name.casefold().startswith(stated.casefold())


def _at_comma(name: str) -> tuple[str, str]:
    """Before the first comma, and all after it."""
    family, _, given = name.partition(",")
    return family.strip(), given.strip()
