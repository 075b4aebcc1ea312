"""A message as a developer hands it in: a form body, ``name=value`` lines, or the HTML of a form."""

from dataclasses import dataclass
from html.parser import HTMLParser

from mock_bank import wire_banklink as wire


@dataclass(frozen=True, slots=True)
class Pasted:
    """Names and values in their order, and the charset they declare."""

    pairs: tuple[tuple[str, str], ...]
    charset: str
    """Python's name of it."""

    def raw(self, name: str) -> str:
        """The first value of this name as sent, or empty."""
        return next((value for each, value in self.pairs if each == name), "")

    def value(self, name: str) -> str:
        """The first value without blanks around it."""
        return self.raw(name).strip(" ")

    @property
    def repeated(self) -> tuple[str, ...]:
        """Names that stand more than once."""
        names = [name for name, _ in self.pairs]
        return tuple(dict.fromkeys(name for name in names if names.count(name) > 1))


class NoMessage(ValueError):
    """The text holds no banklink message in any of the three forms."""


def read_pasted(text: str | bytes) -> Pasted:
    """Read a message in whichever of the three forms it is.

    Raises:
        NoMessage: no ``VK_`` field was found, or the bytes are not of the charset they declare.
    """
    written = text.decode("utf-8", errors="replace") if isinstance(text, bytes) else text
    pairs, charset = _pairs(written.strip("\ufeff\r\n "))
    if not any(name.startswith("VK_") for name, _ in pairs):
        raise NoMessage("no VK_ field was found; paste a form body, name=value lines, or the HTML of the form")
    return Pasted(pairs, charset)


def _pairs(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    if "<input" in text.lower():
        return _of_html(text)
    if "\n" not in text and "&" in text:
        return _of_body(text)
    return _of_lines(text)


def _of_body(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    try:
        message = wire.parse_form(text.encode("ascii"))
    except (wire.Malformed, UnicodeEncodeError) as error:
        raise NoMessage(str(error)) from error
    return message.pairs, message.charset


def _of_lines(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    pairs = tuple(
        (name.strip(), value) for name, sign, value in (line.partition("=") for line in text.splitlines()) if sign
    )
    return pairs, _charset(pairs)


def _of_html(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    inputs = _Inputs()
    inputs.feed(text)
    return tuple(inputs.pairs), _charset(tuple(inputs.pairs))


def _charset(pairs: tuple[tuple[str, str], ...]) -> str:
    named = {name: value.strip().lower() for name, value in pairs}
    return wire.CHARSETS.get(named.get("VK_ENCODING") or named.get("VK_CHARSET") or "utf-8", "utf-8")


class _Inputs(HTMLParser):
    """Collects the inputs of a form, entities decoded once, as a browser would."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pairs: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and given.get("name"):
            self.pairs.append((given["name"] or "", given.get("value") or ""))
