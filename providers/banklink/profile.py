"""A bank's profile: every way in which banks differ is a setting here (banklink.md section 12).

``BanklinkSettings`` is the settings entry; ``open_profile`` reads its keys and refuses contradictions, all at once.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from certs.errors import FileUnusable
from certs.load import PrivateKey, load_private_key
from providers.banklink.mac import HashName, LengthUnit
from providers.banklink.messages import ANSWERS, REQUESTS, MessageForm
from providers.contract import Factor
from providers.keys import KeyUnusable, load_public_key
from providers.settings import BackChannelSettings, Frozen, ProviderSettings, SettingsFile, Text, https_url

Charset = Literal["UTF-8", "ISO-8859-1", "ISO-8859-13", "WINDOWS-1257"]
NameOrder = Literal["last,first", "first last", "last first", "separate"]
PartyId = Annotated[str, StringConstraints(pattern=r"^[!-~]([ -~]{0,13}[!-~])?$")]
"""One to fifteen printable ASCII characters, no blank at either end."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"there is no time zone {name}") from error
    return name


class BankKey(Frozen):
    """A key with which the bank signs its answers, and when."""

    file: SettingsFile
    """PEM: public key, or certificate taken as a container."""
    not_before: AwareDatetime | None = None
    not_after: AwareDatetime | None = None


class Sha1Exception(Frozen):
    """A bank that still signs with SHA-1: until when that is borne, and on what ground (T29)."""

    until: date
    """The last day, in the profile's time zone."""
    ground: Text


class BanklinkProfile(Frozen):
    """What the agreement with the bank says about its messages."""

    protocol: Literal["vk"] = "vk"
    request_url: Annotated[str, AfterValidator(https_url)]
    bank_id: PartyId
    partner_id: PartyId
    request_service: Literal["4012", "4011", "4002"] = "4012"
    answer_service: Literal["3013", "3012", "3003"] = "3013"
    version: Literal["008", "009"] = "009"
    hash: HashName = "sha512"
    sha1_exception: Sha1Exception | None = None
    charset: Charset = "UTF-8"
    allowed_charsets: Annotated[tuple[Charset, ...], Field(min_length=1)] = ("UTF-8",)
    fallback_charset: Charset | None = None
    charset_field: Literal["VK_ENCODING", "VK_CHARSET"] | None = "VK_ENCODING"
    length_unit: LengthUnit = "chars"
    bank_keys: Annotated[tuple[BankKey, ...], Field(min_length=1)]
    partner_key: SettingsFile
    """PEM, RSA, readable by its owner alone."""
    min_key_bits: Annotated[int, Field(ge=1024, le=4096)] = 2048
    clock_tolerance: Annotated[int, Field(ge=1, le=900)] = 300
    """Seconds, either way."""
    transaction_ttl: Annotated[int, Field(ge=60, le=3600)] = 900
    """Seconds from the question to the answer."""
    must_be_present: tuple[str, ...] | None = None
    """Fields whose absence is malformed (rule 13); None: ids, nonce, time and identity of the answer."""
    name_fields: Literal["separate", "delimited"] = "separate"
    name_order: NameOrder = "last,first"
    name_order_without_comma: Literal["first last", "last first"] = "first last"
    default_country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = "LV"
    timezone: Annotated[str, AfterValidator(_known_zone)] = "Europe/Riga"
    refused_tokens: tuple[Annotated[str, StringConstraints(max_length=2)], ...] = ()
    factors_by_contract: tuple[Factor, ...] = ()
    """Two kinds that the contract promises for every login; asked for where no confirmation states them."""
    unknown_fields: Literal["ignore", "refuse"] = "ignore"
    """A ``VK_`` parameter that the service does not know: rule 1 ignores it, T29 would have it refused."""
    allow_without_nonce: bool = False
    echoes_rid: bool = False
    allow_legacy: bool = False
    hash_encoded_values: bool = False

    @property
    def answer(self) -> MessageForm:
        """The form of the answer."""
        return ANSWERS[self.answer_service]

    @property
    def request(self) -> MessageForm:
        """The form of the request."""
        return REQUESTS[self.request_service]

    @property
    def required(self) -> frozenset[str]:
        """Fields whose absence is malformed (rule 13)."""
        if self.must_be_present is not None:
            return frozenset(self.must_be_present)
        return _CARRYING.intersection(self.answer.mac_order)


_CARRYING = frozenset(
    ("VK_SND_ID", "VK_REC_ID", "VK_NONCE", "VK_DATETIME", "VK_USER_NAME", "VK_USER_ID", "VK_COUNTRY", "VK_INFO")
)


class BanklinkSettings(ProviderSettings):
    """A settings entry whose ``protocol`` is ``banklink``."""

    protocol: Literal["banklink"]
    banklink: BanklinkProfile
    back_channel: BackChannelSettings


@dataclass(frozen=True, slots=True)
class CurrentKey:
    """A parsed bank key and when it counts."""

    key: rsa.RSAPublicKey
    not_before: datetime | None
    not_after: datetime | None

    def is_current(self, moment: datetime) -> bool:
        """Whether a signature made with it counts at ``moment`` (aware)."""
        if self.not_before is not None and moment < self.not_before:
            return False
        return self.not_after is None or moment <= self.not_after


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenProfile:
    """A profile with its keys parsed and everything that a login needs at hand."""

    settings: BanklinkProfile
    answer: MessageForm
    request: MessageForm
    required: frozenset[str]
    signed: frozenset[str]
    """Names that the answer's signature covers; nothing else may ever matter (section 4.1)."""
    lengths: dict[str, int]
    """Greatest length of every field that the answer knows, except the signature."""
    allowed_charsets: dict[str, str]
    """Charset names in lower case, as an answer may write them, to Python's names."""
    tolerance: timedelta
    lifetime: timedelta
    zone: ZoneInfo
    bank_keys: tuple[CurrentKey, ...]
    partner_key: rsa.RSAPrivateKey

    def current_keys(self, moment: datetime) -> list[rsa.RSAPublicKey]:
        """The bank's keys whose signatures count at ``moment``."""
        return [one.key for one in self.bank_keys if one.is_current(moment)]

    def sha1_ended(self, moment: datetime) -> bool:
        """Whether the profile signs with SHA-1 and its dated exception is over."""
        exception = self.settings.sha1_exception
        if self.settings.hash != "sha1":
            return False
        return exception is None or moment.astimezone(self.zone).date() > exception.until


def python_charset(name: str) -> str:
    """Python's name of a charset of the messages."""
    return {"windows-1257": "cp1257"}.get(name.lower(), name.lower())


def open_profile(profile: BanklinkProfile, problems: list[str]) -> OpenProfile | None:
    """Parse the keys of a profile; adds a sentence to ``problems`` for each that cannot be used, and returns None."""
    bank_keys = [key for one in profile.bank_keys if (key := _bank_key(one, profile, problems)) is not None]
    partner_key = _partner_key(profile.partner_key, profile, problems)
    if partner_key is None or len(bank_keys) != len(profile.bank_keys):
        return None
    return OpenProfile(
        settings=profile,
        answer=profile.answer,
        request=profile.request,
        required=profile.required,
        signed=frozenset(profile.answer.mac_order),
        lengths=_lengths(profile),
        allowed_charsets={name.lower(): python_charset(name) for name in profile.allowed_charsets},
        tolerance=timedelta(seconds=profile.clock_tolerance),
        lifetime=timedelta(seconds=profile.transaction_ttl),
        zone=ZoneInfo(profile.timezone),
        bank_keys=tuple(bank_keys),
        partner_key=partner_key,
    )


def _lengths(profile: BanklinkProfile) -> dict[str, int]:
    unsigned = {"VK_LANG": 3}
    if profile.charset_field is not None:
        unsigned[profile.charset_field] = 20
    return {**dict(profile.answer.signed), **unsigned}


def _bank_key(one: BankKey, profile: BanklinkProfile, problems: list[str]) -> CurrentKey | None:
    try:
        key = load_public_key(one.file)
    except KeyUnusable as error:
        problems.append(f"banklink.bank_keys: {error}")
        return None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < profile.min_key_bits:
        problems.append(f"banklink.bank_keys: {one.file.name} is no RSA key of {profile.min_key_bits} bits or more")
        return None
    return CurrentKey(key, one.not_before, one.not_after)


@lru_cache(maxsize=64)
def _load_once(path: Path, _as_it_is: tuple[int, ...]) -> PrivateKey:
    """Parse a key that many banks name once: it costs 30 ms, half a minute for a thousand banks."""
    return load_private_key(path)


def _partner_key(path: Path, profile: BanklinkProfile, problems: list[str]) -> rsa.RSAPrivateKey | None:
    try:
        found = path.stat()
        key = _load_once(path, (found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode))
    except (FileUnusable, OSError) as error:
        problems.append(f"banklink.partner_key: {error}")
        return None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < profile.min_key_bits:
        problems.append(f"banklink.partner_key: {path.name} is no RSA key of {profile.min_key_bits} bits or more")
        return None
    return key
