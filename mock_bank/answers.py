"""The bank's answer to a request: 3013 to 4012, 3012 to 4011, the older ones where they are switched on.

An answer is drafted, bent by the faults that act before signing, signed as the faults that act on signing say, and
bent again. With no fault it is what banklink.md sections 6.2 and 6.4 ask for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric import rsa

from mock_bank import wire_banklink as wire
from mock_bank.identities import Identity

RIGA: Final = ZoneInfo("Europe/Riga")
ANSWER_TO: Final[Mapping[str, str]] = {"4012": "3013", "4011": "3012", "4002": "3003", "4001": "3002"}
CHARSET_NAMES: Final[Mapping[str, str]] = {"utf-8": "UTF-8", "iso-8859-1": "ISO-8859-1", "cp1257": "WINDOWS-1257"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """How an answer is signed."""

    key: rsa.RSAPrivateKey
    hash_name: str
    order: tuple[str, ...]
    unit: wire.LengthUnit = "chars"
    prefix: wire.Prefix = "padded"
    trimmed: bool = True


@dataclass(slots=True, kw_only=True)
class Draft:
    """An answer in the making."""

    fields: dict[str, str]
    signing: Signing
    charset: str
    """Python's name; the bytes are encoded and signed in it."""
    repeated: list[tuple[str, str]] = field(default_factory=list)
    method: str = "post"

    def sign(self, **changes: object) -> None:
        """Change how the answer will be signed."""
        self.signing = replace(self.signing, **changes)  # type: ignore[arg-type]  # names are Signing's own

    def seal(self) -> None:
        """Put ``VK_MAC`` behind the signed fields, and the unsigned fields behind that."""
        unsigned: dict[str, str] = {
            name: self.fields.pop(name) for name in ("VK_ENCODING", "VK_LANG") if name in self.fields
        }
        self.fields["VK_MAC"] = wire.sign(self.signing.key, self._signed_bytes(), self.signing.hash_name)
        self.fields |= unsigned

    def _signed_bytes(self) -> bytes:
        how = self.signing
        values = [self.fields.get(name, "") for name in how.order]
        values = [value.strip(" ") for value in values] if how.trimmed else values
        text = wire.mac_string(values, unit=how.unit, charset=self.charset, prefix=how.prefix)
        return text.encode(self.charset, errors="xmlcharrefreplace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A finished answer: the form that the browser posts to the partner."""

    action: str
    fields: tuple[tuple[str, str], ...]
    charset: str
    """The form's ``accept-charset``."""
    method: str = "post"


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What an answer is made of, besides the request."""

    bank_id: str
    key: rsa.RSAPrivateKey
    identity: Identity
    token: str
    """``VK_TOKEN``: the means the person used."""
    at: datetime
    """UTC, aware."""


def draft_answer(request: Mapping[str, str], charset: str, occasion: Occasion) -> Draft:
    """The honest answer, not signed yet."""
    service = ANSWER_TO.get(request.get("VK_SERVICE", ""), "3013")
    values = _values(request, occasion) | {"VK_SERVICE": service, "VK_VERSION": request.get("VK_VERSION", "")}
    names = (*wire.MAC_ORDER[service], "VK_ENCODING", "VK_LANG")
    fields = {name: values[name] for name in names if name in values}
    fields["VK_ENCODING"] = CHARSET_NAMES[charset]
    hash_name = wire.HASH_OF_VERSION.get(values["VK_VERSION"], "sha512")
    signing = Signing(key=occasion.key, hash_name=hash_name, order=wire.MAC_ORDER[service])
    return Draft(fields=fields, signing=signing, charset=charset)


def _values(request: Mapping[str, str], occasion: Occasion) -> dict[str, str]:
    local = occasion.at.astimezone(RIGA)
    who = occasion.identity
    return {
        "VK_DATETIME": written_time(occasion.at),
        "VK_DATE": f"{local:%d.%m.%Y}",
        "VK_TIME": f"{local:%H:%M:%S}",
        "VK_SND_ID": occasion.bank_id,
        "VK_REC_ID": request.get("VK_SND_ID", ""),
        "VK_NONCE": request.get("VK_NONCE", ""),
        "VK_USER": "",
        "VK_USER_NAME": front_name(who),
        "VK_USER_ID": who.personal_code,
        "VK_COUNTRY": "LV",
        "VK_OTHER": "",
        "VK_TOKEN": occasion.token,
        "VK_RID": request.get("VK_RID", ""),
        "VK_INFO": f"ISIK:{who.personal_code};NIMI:{who.given_name} {who.family_name}",
        "VK_LANG": request.get("VK_LANG", "LAT"),
    }


def front_name(who: Identity) -> str:
    """``VK_USER_NAME``: family name, comma, given name; cut to the 140 symbols that the field allows."""
    joined = f"{who.family_name},{who.given_name}" if who.given_name else who.family_name
    return joined[: wire.MAX_LENGTH["VK_USER_NAME"]]


def written_time(moment: datetime, *, shift: int = 0) -> str:
    """``VK_DATETIME`` in Latvian time, offset without a colon (rules 8, 14); ``shift`` in seconds."""
    return (moment + timedelta(seconds=shift)).astimezone(RIGA).strftime("%Y-%m-%dT%H:%M:%S%z")


def finished(draft: Draft, action: str) -> Answer:
    """The form to be posted, once the draft is sealed."""
    return Answer(
        action=action,
        fields=(*draft.fields.items(), *draft.repeated),
        charset=CHARSET_NAMES[draft.charset],
        method=draft.method,
    )
