"""A bank's profile: every way in which banks differ is a setting here (banklink.md section 12).

``BanklinkSettings`` is the settings entry; ``open_profile`` reads its keys and refuses contradictions, all at once.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from certs.errors import FileUnusable
from certs.load import PrivateKey, load_certificate, load_private_key
from providers.banklink.dialect import Dialect, Exchange
from providers.banklink.dialects import DIALECTS
from providers.banklink.mac import HashName, LengthUnit
from providers.banklink.messages import MessageForm, Says
from providers.contract import Factor
from providers.keys import KeyUnusable, load_public_key
from providers.settings import BackChannelSettings, Frozen, ProviderSettings, SettingsFile, Text, https_url

Charset = Literal["UTF-8", "ISO-8859-1", "ISO-8859-13", "WINDOWS-1257"]
NameOrder = Literal["last,first", "first last", "last first", "separate"]
PartyId = Annotated[str, StringConstraints(pattern=r"^[!-~]([ -~]*[!-~])?$")]
"""Printable ASCII characters, no blank at either end; how many, the dialect says."""
OUR_KEY_BITS: Final = 2048
"""Our own key is never shorter, whatever is borne of the bank's (section 4.3)."""


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

    dialect: str = "vk"
    """``vk``, ``swedbank``, ``seb``, ``luminor`` or ``citadele``; decides the defaults of what follows."""
    request_url: Annotated[str, AfterValidator(https_url)]
    bank_id: PartyId
    partner_id: PartyId
    request_service: str = "4012"
    answer_service: str = "3013"
    version: str = "009"
    hash: HashName = "sha512"
    sha1_exception: Sha1Exception | None = None
    charset: Charset = "UTF-8"
    allowed_charsets: Annotated[tuple[Charset, ...], Field(min_length=1)] = ("UTF-8",)
    fallback_charset: Charset | None = None
    charset_field: Literal["VK_ENCODING", "VK_CHARSET"] | None = "VK_ENCODING"
    length_unit: LengthUnit = "chars"
    bank_keys: Annotated[tuple[BankKey, ...], Field(min_length=1)]
    partner_key: SettingsFile | None = None
    """PEM, RSA, readable by its owner alone; none where the request is not signed."""
    partner_certificate: SettingsFile | None = None
    """PEM: the certificate of that key, where the request must show it."""
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
    """A parameter that is named like the bank's own and unknown: rule 1 ignores it, T29 would have it refused."""
    allow_without_nonce: bool = False
    echoes_rid: bool = False
    allow_legacy: bool = False
    hash_encoded_values: bool = False

    @model_validator(mode="before")
    @classmethod
    def _with_defaults_of_the_dialect(cls, entry: Any) -> Any:
        dialect = DIALECTS.get(str(entry.get("dialect", "vk"))) if isinstance(entry, dict) else None
        return {**dialect.defaults, **entry} if dialect is not None else entry

    @field_validator("dialect")
    @classmethod
    def _known_dialect(cls, name: str) -> str:
        if name not in DIALECTS:
            raise ValueError(f"must be one of {', '.join(DIALECTS)}")
        return name

    @field_validator("request_service")
    @classmethod
    def _known_service(cls, service: str, info: ValidationInfo) -> str:
        dialect = DIALECTS.get(info.data.get("dialect", ""))
        if dialect is not None and dialect.exchange(service) is None:
            known = ", ".join(one.request.service for one in dialect.exchanges)
            raise ValueError(f"{dialect.name} knows {known}")
        return service

    @field_validator("version")
    @classmethod
    def _known_version(cls, version: str, info: ValidationInfo) -> str:
        dialect = DIALECTS.get(info.data.get("dialect", ""))
        if dialect is not None and version not in dialect.hashes:
            raise ValueError(f"{dialect.name} knows {', '.join(dialect.hashes)}")
        return version

    @property
    def spoken(self) -> Dialect:
        """The dialect."""
        return DIALECTS[self.dialect]

    @property
    def exchange(self) -> Exchange:
        """The agreed question and its answer."""
        found = self.spoken.exchange(self.request_service)
        assert found is not None  # noqa: S101 - the validator refused others
        return found

    @property
    def required(self) -> frozenset[str]:
        """Fields whose absence is malformed (rule 13)."""
        return self.exchange.carrying if self.must_be_present is None else frozenset(self.must_be_present)


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
    dialect: Dialect
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
    partner_key: rsa.RSAPrivateKey | None
    """None where the request is not signed."""
    partner_certificate: x509.Certificate | None

    @property
    def correlated(self) -> bool:
        """Whether the answer itself says which login it belongs to."""
        return self.answer.says(Says.CORRELATION)

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
    before = len(problems)
    bank_keys = [key for one in profile.bank_keys if (key := _bank_key(one, profile, problems)) is not None]
    partner_key = _partner_key(profile.partner_key, problems) if profile.partner_key is not None else None
    certificate = _certificate(profile.partner_certificate, partner_key, problems)
    if len(problems) > before:
        return None
    exchange = profile.exchange
    return OpenProfile(
        settings=profile,
        dialect=profile.spoken,
        answer=exchange.answer,
        request=exchange.request,
        required=profile.required,
        signed=frozenset(exchange.answer.mac_order),
        lengths=_lengths(profile),
        allowed_charsets={name.lower(): python_charset(name) for name in profile.allowed_charsets},
        tolerance=timedelta(seconds=profile.clock_tolerance),
        lifetime=timedelta(seconds=profile.transaction_ttl),
        zone=ZoneInfo(profile.timezone),
        bank_keys=tuple(bank_keys),
        partner_key=partner_key,
        partner_certificate=certificate,
    )


def _lengths(profile: BanklinkProfile) -> dict[str, int]:
    lengths = {
        field.name: field.longest for field in profile.exchange.answer.fields if field.says is not Says.SIGNATURE
    }
    return lengths if profile.charset_field is None else {**lengths, profile.charset_field: 20}


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


def _partner_key(path: Path, problems: list[str]) -> rsa.RSAPrivateKey | None:
    try:
        found = path.stat()
        key = _load_once(path, (found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode))
    except (FileUnusable, OSError) as error:
        problems.append(f"banklink.partner_key: {error}")
        return None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < OUR_KEY_BITS:
        problems.append(f"banklink.partner_key: {path.name} is no RSA key of {OUR_KEY_BITS} bits or more")
        return None
    return key


def _certificate(path: Path | None, key: rsa.RSAPrivateKey | None, problems: list[str]) -> x509.Certificate | None:
    if path is None:
        return None
    try:
        certificate = load_certificate(path)
    except FileUnusable as error:
        problems.append(f"banklink.partner_certificate: {error}")
        return None
    if key is not None and certificate.public_key() != key.public_key():
        problems.append(f"banklink.partner_certificate: {path.name} is the certificate of another key")
        return None
    return certificate
