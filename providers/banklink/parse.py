"""From the bytes of a form to the fields of an answer (banklink.md sections 2 and 3; step 2 of section 8).

The body is parsed once, as bytes; a charset is applied afterwards, strictly, so that no letter is ever replaced.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl

from providers.banklink.mac import MacUnreadable, decode_mac
from providers.banklink.messages import LONGEST_MAC, Says
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


@dataclass(frozen=True, slots=True)
class RawForm:
    """A form body taken apart; each character of a name or value stands for one byte."""

    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFields:
    """The signed fields of an answer, decoded, stripped and within their lengths; nothing of it is authentic yet."""

    values: Mapping[str, str]
    """Those that the service's signature covers and no others; an absent one is not in here."""
    names: Mapping[Says, str]
    """What the message calls each thing that it says."""
    signature: bytes
    charset: str
    """Python's name of the charset that was used."""

    def __getitem__(self, name: str) -> str:
        """A field's value; absent counts as empty (rule 2)."""
        return self.values.get(name, "")

    def said(self, what: Says) -> str:
        """The value of the field for this; empty as well where the message has no such field."""
        return self.values.get(self.names.get(what, ""), "")


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
    names, values = profile.answer.names, dict[str, str]()
    for name, raw in form.parameters.items():
        if name.startswith(_OURS) and name != names[Says.SIGNATURE]:
            value = _stripped(name, _decoded(name, raw, charset), profile)
            check_value(name, value, profile)
            if name in profile.signed:  # what is not signed is checked for its form and then forgotten
                values[name] = value
    signature = _signature(form, names[Says.SIGNATURE])
    return AnswerFields(values=values, names=names, signature=signature, charset=charset)


def _decoded(name: str, raw: str, charset: str) -> str:
    if raw.isascii():
        return raw
    try:
        return raw.encode("latin-1").decode(charset)
    except UnicodeDecodeError:
        _malformed(f"{name} holds bytes that are not {charset}")


def _stripped(name: str, value: str, profile: OpenProfile) -> str:
    """Rule 4; where a dialect knows no blanks at the ends (11.3), a value with one is no value of it."""
    stripped = value.strip(" ")
    if stripped != value and not profile.dialect.blanks_at_the_ends:
        _malformed(f"{_known(name, profile)} begins or ends with a blank")
    return stripped


def check_value(name: str, value: str, profile: OpenProfile) -> None:
    """Refuse control characters, over-long values, and unknown fields where the profile says so (rules 5 and 16).

    Raises:
        AssertionRejected: ``malformed``.
    """
    if _CONTROL.search(value):
        _malformed(f"{_known(name, profile)} holds a control character")
    longest = profile.lengths.get(name)
    if longest is None:
        if profile.settings.unknown_fields == "refuse":
            _malformed("there is a field of the bank's kind that the service does not know")
        return
    if len(value) > longest:
        _malformed(f"{name} is longer than {longest} characters")


def _known(name: str, profile: OpenProfile) -> str:
    """A field's name where we know it; what a stranger calls a field is not repeated."""
    return name if name in profile.lengths else "an unknown field"


def _signature(form: RawForm, name: str) -> bytes:
    text = _WHITE_SPACE_IN_MAC.sub("", form.parameters.get(name, ""))
    if len(text) > LONGEST_MAC:
        _malformed(f"{name} is longer than {LONGEST_MAC} characters")
    try:
        return decode_mac(text)
    except MacUnreadable:
        _malformed(f"{name} is not Base64")


def form_body(fields: tuple[tuple[str, str], ...], charset: str) -> bytes:
    """The bytes that a browser sends for these fields: urlencoded as the HTML standard says, in ``charset``."""
    return b"&".join(b"%b=%b" % (_encoded(name, charset), _encoded(value, charset)) for name, value in fields)


def _encoded(text: str, charset: str) -> bytes:
    """As ``urllib.parse.quote_plus``, which looks at each letter of a signature anew: a fiftieth of a login."""
    return _NOT_LITERAL.sub(lambda found: _ESCAPES[found[0]], text.encode(charset))


def _malformed(sentence: str) -> NoReturn:
    raise AssertionRejected(Reason.MALFORMED, sentence)
