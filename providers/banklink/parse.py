"""From the bytes of a form to the fields of an answer (banklink.md sections 2 and 3; step 2 of section 8).

The body is parsed once, as bytes; a charset is applied afterwards, strictly, so that no letter is ever replaced.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn
from urllib.parse import parse_qsl

from providers.banklink.mac import MacUnreadable, decode_mac
from providers.banklink.messages import LONGEST_MAC, MAC
from providers.banklink.profile import OpenProfile, python_charset
from providers.contract import Arrival
from providers.errors import AssertionRejected
from providers.refusals import Reason

LARGEST_BODY = 64 * 1024
MOST_PARAMETERS = 64

_FORM_TYPE = "application/x-www-form-urlencoded"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_OURS = ("VK_", "IB_", "B02K_")
_WHITE_SPACE_IN_MAC = re.compile(r"[\r\n\t ]")
_NOT_LITERAL = re.compile(rb"[^A-Za-z0-9*._-]")
_ESCAPES = {bytes([byte]): b"%%%02X" % byte for byte in range(256)} | {b" ": b"+"}
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:?[0-9]{2})")


@dataclass(frozen=True, slots=True)
class RawForm:
    """A form body taken apart; each character of a name or value stands for one byte."""

    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFields:
    """The signed fields of an answer, decoded, stripped and within their lengths; nothing of it is authentic yet."""

    values: Mapping[str, str]
    """Those that the service's signature covers and no others; an absent one is not in here."""
    signature: bytes
    charset: str
    """Python's name of the charset that was used."""

    def __getitem__(self, name: str) -> str:
        """A field's value; absent counts as empty (rule 2)."""
        return self.values.get(name, "")


def read_form(arrival: Arrival) -> RawForm:
    """Take a POSTed form apart.

    Raises:
        AssertionRejected: ``malformed``: no POST, another content type, too large, not ASCII, too many parameters,
            or one that occurs twice (rules 11 and 15).
    """
    if arrival.method != "POST":
        _malformed("the answer must be a POST")
    if arrival.content_type.partition(";")[0].strip().lower() != _FORM_TYPE:
        _malformed(f"the answer must be {_FORM_TYPE}")
    if len(arrival.body) > LARGEST_BODY:
        _malformed(f"the answer is longer than {LARGEST_BODY} bytes")
    return RawForm(_without_repeats(_pairs(arrival.body)))


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        text = body.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, encoding="latin-1", max_num_fields=MOST_PARAMETERS)
    except UnicodeDecodeError:
        _malformed("the body holds bytes that a form encodes")
    except ValueError:
        _malformed(f"the answer has more than {MOST_PARAMETERS} parameters")


def _without_repeats(pairs: list[tuple[str, str]]) -> dict[str, str]:
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        _malformed("a parameter occurs twice")
    return parameters


def charset_of(form: RawForm, profile: OpenProfile) -> str:
    """The charset that the answer names, if the profile allows it, else the profile's (section 3).

    Raises:
        AssertionRejected: ``malformed``: it names another one.
    """
    field = profile.settings.charset_field
    named = form.parameters.get(field, "").strip(" ").lower() if field is not None else ""
    if not named:
        return python_charset(profile.settings.charset)
    if named not in profile.allowed_charsets:
        _malformed(f"{field} names a charset that the agreement does not allow")
    return profile.allowed_charsets[named]


def decode_answer(form: RawForm, profile: OpenProfile, charset: str) -> AnswerFields:
    """Read the fields that the expected answer knows, in one charset, strictly.

    Raises:
        AssertionRejected: ``malformed``: bytes that are not of the charset, a control character, a value over its
            length, a required field that is absent, an unknown field where the profile refuses those, or a
            signature that is not Base64.
    """
    absent = profile.required - form.parameters.keys()
    if absent:
        _malformed(f"{min(absent)} is absent")
    values: dict[str, str] = {}
    for name, raw in form.parameters.items():
        if name.startswith(_OURS) and name != MAC:
            value = _decoded(name, raw, charset)
            _check_value(name, value, profile)
            if name in profile.signed:  # what is not signed is checked for its form and then forgotten
                values[name] = value
    return AnswerFields(values=values, signature=_signature(form), charset=charset)


def _decoded(name: str, raw: str, charset: str) -> str:
    if raw.isascii():
        return raw.strip(" ")
    try:
        return raw.encode("latin-1").decode(charset).strip(" ")
    except UnicodeDecodeError:
        _malformed(f"{name} holds bytes that are not {charset}")


def _check_value(name: str, value: str, profile: OpenProfile) -> None:
    if _CONTROL.search(value):
        _malformed(f"{_known(name, profile)} holds a control character")
    longest = profile.lengths.get(name)
    if longest is None:
        if profile.settings.unknown_fields == "refuse":
            _malformed("there is a VK_ field that the service does not know")
        return
    if len(value) > longest:
        _malformed(f"{name} is longer than {longest} characters")


def _known(name: str, profile: OpenProfile) -> str:
    """A field's name where we know it; what a stranger calls a field is not repeated."""
    return name if name in profile.lengths else "an unknown field"


def _signature(form: RawForm) -> bytes:
    text = _WHITE_SPACE_IN_MAC.sub("", form.parameters.get(MAC, ""))
    if len(text) > LONGEST_MAC:
        _malformed(f"{MAC} is longer than {LONGEST_MAC} characters")
    try:
        return decode_mac(text)
    except MacUnreadable:
        _malformed(f"{MAC} is not Base64")


def parse_moment(text: str) -> datetime:
    """A ``VK_DATETIME``: ISO 8601 with seconds and zone; the offset with or without colon, or ``Z`` (rules 8 and 14).

    Raises:
        ValueError: any other text, or no moment of the calendar.
    """
    if not _MOMENT.fullmatch(text):
        raise ValueError("not ISO 8601 with seconds and zone")
    return datetime.fromisoformat(text)


def form_body(fields: tuple[tuple[str, str], ...], charset: str) -> bytes:
    """The bytes that a browser sends for these fields: urlencoded as the HTML standard says, in ``charset``."""
    return b"&".join(b"%b=%b" % (_encoded(name, charset), _encoded(value, charset)) for name, value in fields)


def _encoded(text: str, charset: str) -> bytes:
    """As ``urllib.parse.quote_plus``, which looks at each letter of a signature anew: a fiftieth of a login."""
    return _NOT_LITERAL.sub(lambda found: _ESCAPES[found[0]], text.encode(charset))


def _malformed(sentence: str) -> NoReturn:
    raise AssertionRejected(Reason.MALFORMED, sentence)
