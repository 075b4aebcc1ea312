"""Ways in which two banklink codecs misunderstand each other, one at a time: the debugger's list of suspects."""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from html import escape, unescape
from itertools import combinations
from typing import Final, Literal
from urllib.parse import quote_plus

from mock_bank import wire_banklink as wire
from mock_bank.pasted import Pasted

CHARSETS: Final = ("utf-8", "iso-8859-1", "cp1257", "cp1252", "iso-8859-13", "iso-8859-4", "iso-8859-15")
FORMS: Final[tuple[Literal["NFC", "NFD"], ...]] = ("NFC", "NFD")
UNSIGNED: Final = ("VK_ENCODING", "VK_CHARSET", "VK_LANG", "VK_AUTO")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to make the signed bytes from a message."""

    message: Pasted
    service: str
    order: tuple[str, ...]
    charset: str
    hash_name: str
    unit: wire.LengthUnit = "chars"
    prefix: wire.Prefix = "padded"
    change: Callable[[str, str], str] | None = None
    """Changes a value, given its field's name, before it enters the string."""
    trimmed: bool = True
    skip_empty: bool = False
    joiner: str = ""

    @classmethod
    def expected(cls, message: Pasted) -> "Reading":
        """What the specification says about this message."""
        service = message.value("VK_SERVICE")
        known = service if service in wire.MAC_ORDER else "4012"
        return cls(
            message=message,
            service=service,
            order=wire.MAC_ORDER[known],
            charset=message.charset,
            hash_name=wire.HASH_OF_VERSION.get(message.value("VK_VERSION"), "sha512"),
        )

    def values(self) -> list[str]:
        """The values in MAC order, as this reading takes them."""
        raw = [(name, self.message.raw(name)) for name in self.order]
        changed = [self.change(name, value) if self.change else value for name, value in raw]
        return [value.strip(" ") if self.trimmed else value for value in changed]

    def text(self) -> str:
        """The MAC string; a value too long for its prefix is shown as such."""
        values = [value for value in self.values() if value or not self.skip_empty]
        pieces = [wire.mac_string([each], unit=self.unit, charset=self.charset, prefix=self.prefix) for each in values]
        return self.joiner.join(pieces)

    def encoded(self) -> bytes:
        """The signed bytes; letters outside the charset become numeric references, as in a browser's form."""
        return self.text().encode(self.charset, errors="xmlcharrefreplace")


def changed_readings(expected: Reading) -> Iterator[tuple[str, Reading]]:
    """Each suspect as a sentence and the reading that it would mean; likelier ones first."""
    for suspects in (_units, _charsets, _blanks, _values, _orders, _left_out, _let_in, _moved):
        yield from suspects(expected)


def _units(it: Reading) -> Iterator[tuple[str, Reading]]:
    yield "length unit: lengths count bytes; they must count characters", replace(it, unit="bytes")
    yield "length prefix: lengths have no leading zeros; they must have three digits", replace(it, prefix="plain")
    yield "length prefix: values were joined without their lengths", replace(it, prefix="none")
    for sign, name in (("&", "an ampersand"), ("\n", "a line break"), (";", "a semicolon")):
        yield f"length prefix: pieces were joined with {name} between them", replace(it, joiner=sign)
        yield (
            f"length prefix: values were joined with {name} instead of lengths",
            replace(it, joiner=sign, prefix="none"),
        )


def _charsets(it: Reading) -> Iterator[tuple[str, Reading]]:
    for charset in CHARSETS:
        if charset != it.charset:
            why = f"charset: the MAC string was encoded in {charset.upper()}; the message says {it.charset.upper()}"
            yield why, replace(it, charset=charset)
    for form in FORMS:
        change = _changing(partial(unicodedata.normalize, form))
        yield (
            f"charset: letters were in form {form} when signed, and in another form when sent",
            replace(it, change=change),
        )
    yield "charset: UTF-8 was read as ISO-8859-1 before signing", replace(it, change=_changing(_twice_encoded))
    yield "charset: UTF-8 was sent, but read as ISO-8859-1 on the way", replace(it, change=_changing(_once_decoded))


def _twice_encoded(text: str) -> str:
    return text.encode().decode("iso-8859-1")


def _once_decoded(text: str) -> str:
    try:
        return text.encode("iso-8859-1").decode()
    except UnicodeError:
        return text


def _blanks(it: Reading) -> Iterator[tuple[str, Reading]]:
    yield "trimming: blanks around values were signed; they must be removed first", replace(it, trimmed=False)
    yield (
        "trimming: all white space around values was removed, not only blanks",
        replace(it, change=_changing(str.strip)),
    )
    yield (
        "trimming: blanks inside values were removed",
        replace(it, change=_changing(lambda text: text.replace(" ", ""))),
    )
    yield "trimming: runs of blanks were made one", replace(it, change=_changing(lambda text: " ".join(text.split())))
    yield "empty fields: they were left out; each must add 000", replace(it, skip_empty=True)
    for name in it.order:
        padded = _only(name, lambda text: f" {text} ")
        yield f"trimming: {name} was signed with a blank on each side", replace(it, change=padded, trimmed=False)
        for side, change in (("before", lambda text: " " + text), ("after", lambda text: text + " ")):
            why = f"trimming: {name} was signed with a blank {side} it"
            yield why, replace(it, change=_only(name, change), trimmed=False)
            line = _only(name, (lambda text: "\n" + text) if side == "before" else (lambda text: text + "\n"))
            yield f"trimming: {name} was signed with a line break {side} it", replace(it, change=line)


def _values(it: Reading) -> Iterator[tuple[str, Reading]]:
    changes: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("HTML entities: values were signed with entities; they must be plain", escape),
        ("HTML entities: numeric references were sent, the letters were signed", unescape),
        ("HTML entities: letters were signed as numeric references", _references),
        ("form encoding: values were signed percent-encoded", _percent),
        ("form encoding: + stood for a blank when sent", lambda text: text.replace(" ", "+")),
        ("letter case: values were signed in capitals", str.upper),
        ("letter case: values were signed in small letters", str.lower),
    )
    for why, change in changes:
        yield why, replace(it, change=_changing(change))
        for name in it.order:
            yield f"{why} ({name})", replace(it, change=_only(name, change))
    yield from _known_fields(it)


def _known_fields(it: Reading) -> Iterator[tuple[str, Reading]]:
    slash = _only("VK_RETURN", lambda text: text[:-1] if text.endswith("/") else text + "/")
    yield "value: VK_RETURN was signed with or without its last slash", replace(it, change=slash)
    for shape, why in ((_with_colon, "with"), (_without_colon, "without")):
        changed = replace(it, change=_only("VK_DATETIME", shape))
        yield f"value: VK_DATETIME was signed {why} the colon in its offset", changed
    yield (
        "value: VK_DATETIME was signed without its zone",
        replace(it, change=_only("VK_DATETIME", lambda text: text[:19])),
    )
    hyphen = _only("VK_USER_ID", lambda text: text.replace("-", "") if "-" in text else f"{text[:6]}-{text[6:]}")
    yield "value: VK_USER_ID was signed with or without its hyphen", replace(it, change=hyphen)
    for version in wire.HASH_OF_VERSION:
        signed = _only("VK_VERSION", partial(_always, version))
        yield f"value: VK_VERSION was {version} when signed", replace(it, change=signed)


def _orders(it: Reading) -> Iterator[tuple[str, Reading]]:
    for service, order in wire.MAC_ORDER.items():
        if order != it.order:
            yield f"field order: the order of {service} was used", replace(it, order=order)
    yield "field order: fields were signed in alphabetical order", replace(it, order=tuple(sorted(it.order)))
    sent = tuple(dict.fromkeys(name for name, _ in it.message.pairs if name in it.order))
    yield "field order: fields were signed in the order of the form", replace(it, order=sent)
    for first, second in combinations(it.order, 2):
        swap = {first: second, second: first}
        yield (
            f"field order: {first} and {second} changed places",
            replace(it, order=tuple(swap.get(n, n) for n in it.order)),
        )


def _left_out(it: Reading) -> Iterator[tuple[str, Reading]]:
    for name in it.order:
        if it.message.raw(name):
            yield f"missing field: {name} was signed as empty", replace(it, change=_only(name, lambda _: ""))
        rest = tuple(each for each in it.order if each != name)
        yield f"missing field: {name} was not signed at all", replace(it, order=rest)


def _let_in(it: Reading) -> Iterator[tuple[str, Reading]]:
    extra = [name for name in dict.fromkeys((*UNSIGNED, *(n for n, _ in it.message.pairs))) if name not in it.order]
    for name in extra:
        if name == "VK_MAC":
            continue
        for place in range(len(it.order), -1, -1):
            order = (*it.order[:place], name, *it.order[place:])
            yield f"surplus field: {name} was signed too, at place {place + 1}", replace(it, order=order)


def _moved(it: Reading) -> Iterator[tuple[str, Reading]]:
    for name in it.order:
        rest = [each for each in it.order if each != name]
        for place in range(len(it.order)):
            order = (*rest[:place], name, *rest[place:])
            yield f"field order: {name} was signed at place {place + 1}", replace(it, order=order)


def _changing(change: Callable[[str], str]) -> Callable[[str, str], str]:
    return lambda _, value: change(value)


def _only(field: str, change: Callable[[str], str]) -> Callable[[str, str], str]:
    return lambda name, value: change(value) if name == field else value


def _always(instead: str, _value: str) -> str:
    return instead


def _references(text: str) -> str:
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _percent(text: str) -> str:
    return quote_plus(text)


def _with_colon(text: str) -> str:
    return f"{text[:-2]}:{text[-2:]}" if text[-5:-4] in {"+", "-"} else text


def _without_colon(text: str) -> str:
    return text[:-3] + text[-2:] if text[-3:-2] == ":" and text[-6:-5] in {"+", "-"} else text
