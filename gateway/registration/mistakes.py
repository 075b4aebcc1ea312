"""Everything that is wrong with a registration, at once, in words for the portal's developer.

The settings' types stop at the first kind of mistake. Here a mistaken value is mended with one of a good example, and
the registration is looked at again, until nothing new is found; keys and certificates are opened whatever else is wrong.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from certs.judge import judge
from certs.peer import PeerRefused, verify_peer
from certs.profiles import profile_named
from gateway.registration.document import Reader
from gateway.relying_parties import open_assertion_key, open_certificate
from gateway.settings import AssertionKeyEntry, Names, OidcEntry, RelyingPartyEntry, ServiceProviderEntry

Place: TypeAlias = tuple[int | str, ...]

_GOOD: Final[Mapping[str, Any]] = {
    "id": "portal",
    "name": {"lv": "Portāls", "en": "Portal"},
    "lv": "Portāls",
    "en": "Portal",
    "home": "https://portal.example/",
    "sector": "portal",
    "redirect_uris": ["https://portal.example/callback"],
    "post_logout_redirect_uris": ["https://portal.example/signed-out"],
    "claims": ["given_name"],
    "kid": "a-kid",
    "algorithm": "ES256",
    "file": "portal.pub",
    "assertion_keys": [{"kid": "a-kid", "file": "portal.pub"}],
    "certificates": ["portal.pem"],
    "certificates_sha256": ["0" * 64],
    "until": date.max,
}
"""What stands in for a mistaken value, by the name of the setting; another one is left out, so that its default holds."""

_WORDS: Final = {
    "missing": "is missing",
    "string_pattern_mismatch": "must begin with a lower-case letter and hold lower-case letters, digits and hyphens only",
    "string_too_short": "must not be empty",
    "too_short": "needs at least one entry",
    "list_type": 'must be a list, as in ["…"]',
    "string_type": "must be text in quotes",
    "model_type": "must be a table of settings",
    "date_type": "must be a day, as in 2027-11-24",
    "date_from_datetime_parsing": "must be a day, as in 2027-11-24",
}
_SETTINGS: Final = sorted({
    name for entry in (RelyingPartyEntry, OidcEntry, ServiceProviderEntry, AssertionKeyEntry, Names) for name in entry.model_fields
})  # fmt: skip
_PROFILE: Final = "relying-party-client"
_ROUNDS: Final = 4
_TABLES: Final = frozenset({(), ("oidc",), ("saml",)})
"""Where rules speak that are about several settings together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAuthority:
    """Who issues the client certificates that the mutual-TLS port takes."""

    ca: x509.Certificate
    crl: x509.CertificateRevocationList


def mistakes_in(says: Mapping[str, Any], read: Reader, authority: ClientAuthority, now: datetime) -> list[str]:
    """Name every mistake, each with the setting it is about; empty when the registration is good.

    Args:
        says: the registration as handed in.
        read: gives the files that it names.
        authority: whose client certificates are taken.
        now: UTC, aware.
    """
    oidc = says.get("oidc")
    oidc = oidc if isinstance(oidc, Mapping) else {}
    return [
        *_of_settings(says),
        *_of_dates(oidc, now),
        *_of_keys(oidc, read),
        *_of_certificates(oidc, read, authority, now),
        *_of_metadata(says.get("saml"), read, now),
    ]


def _of_settings(says: Mapping[str, Any]) -> list[str]:
    said: dict[Place, list[str]] = {}
    tried: Any = deepcopy(dict(says))
    for _ in range(_ROUNDS):
        found = _validated(tried)
        fresh = [error for error in found if not _is_known(error["loc"], said)]
        for error in fresh:
            said.setdefault(error["loc"], []).extend(_sentences(error))
        if not fresh:
            break
        for error in found:
            _mend(tried, error)
    return [f"{_written(place)}: {sentence}" for place, sentences in said.items() for sentence in sentences]


def _validated(says: Any) -> list[ErrorDetails]:
    try:
        RelyingPartyEntry.model_validate(says)
    except ValidationError as error:
        return error.errors()
    return []


def _is_known(place: Place, said: Mapping[Place, list[str]]) -> bool:
    """Whether this was said already, or only follows from what was: a profile that is none has no rules."""
    if place in _TABLES:
        return place in said or ("oidc", "profile") in said
    return any(place[: len(known)] == known for known in said if known not in _TABLES)


def _mend(says: Any, error: ErrorDetails) -> None:
    """Put a good value where a mistaken one stands, or leave it out; a whole table is not replaced."""
    if error["loc"] in _TABLES:
        return
    *way, last = error["loc"]
    holder = says
    for step in way:
        if isinstance(holder, dict) and step not in holder:
            return  # a union's inner name, which stands nowhere in the registration
        holder = holder[step]
    if isinstance(holder, list) and isinstance(last, int):
        holder[last] = deepcopy(_GOOD.get(str(way[-1]), [""])[0])
    elif last in _GOOD and error["type"] != "extra_forbidden":
        holder[last] = deepcopy(_GOOD[str(last)])
    else:
        holder.pop(last, None)


def _sentences(error: ErrorDetails) -> list[str]:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return error["msg"].removeprefix("Value error, ").split("; ")
    if kind in {"literal_error", "enum"}:
        return [f"{error['input']!r} is none of {str(context['expected']).replace(' or ', ', ')}"]
    if kind == "extra_forbidden":
        close = get_close_matches(str(error["loc"][-1]), _SETTINGS, n=1)
        return ["there is no such setting" + (f"; is {close[0]} meant?" if close else "")]
    return [_WORDS.get(kind, error["msg"])]


def _written(place: Place) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in place) or "registration"


def _of_dates(oidc: Mapping[str, Any], now: datetime) -> Iterator[str]:
    until = oidc.get("until")
    if isinstance(until, date) and not isinstance(until, datetime) and until < now.date():
        yield f"oidc.until: {until} is past; baseline would never be allowed"


def _of_keys(oidc: Mapping[str, Any], read: Reader) -> Iterator[str]:
    seen: dict[str, int] = {}
    for number, item in enumerate(_list(oidc, "assertion_keys"), 1):
        try:
            entry = AssertionKeyEntry.model_validate(item)
        except ValidationError:
            continue  # said already, by the setting
        try:
            thumbprint = open_assertion_key(entry, read).key.thumbprint()
        except (OSError, ValueError) as error:
            yield f"oidc.assertion_keys.{number}: {_plain(error)}"
            continue
        if thumbprint in seen:
            yield f"oidc.assertion_keys.{number}: is the same key as number {seen[thumbprint]}; a new kid needs a new key"
        seen.setdefault(thumbprint, number)


def _of_certificates(oidc: Mapping[str, Any], read: Reader, authority: ClientAuthority, now: datetime) -> Iterator[str]:
    for number, path in enumerate(_list(oidc, "certificates"), 1):
        if not isinstance(path, str):
            continue  # said already, by the setting
        try:
            certificate = open_certificate(Path(path), read)
        except (OSError, ValueError) as error:
            yield f"oidc.certificates.{number}: {_plain(error)}"
            continue
        for sentence in _of_certificate(certificate, authority, now):
            yield f"oidc.certificates.{number}: {path} {sentence}"


def _of_certificate(certificate: x509.Certificate, authority: ClientAuthority, now: datetime) -> Iterator[str]:
    """Say the plainest thing that is wrong with a certificate: whose it is, then when, then how it looks."""
    ca = authority.ca
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        yield f"was not issued by {ca.subject.rfc4514_string()}, whose client certificates are taken here"
        return
    if certificate.not_valid_after_utc < now:
        yield f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
        return
    findings = judge(certificate, profile_named(_PROFILE), issuer=ca)
    yield from (f"is no certificate of the profile {_PROFILE}: {finding.sentence}" for finding in findings)
    if not findings:
        yield from _of_use(certificate, authority, now)


def _of_use(certificate: x509.Certificate, authority: ClientAuthority, now: datetime) -> Iterator[str]:
    purpose = ExtendedKeyUsageOID.CLIENT_AUTH
    try:
        verify_peer(certificate, anchor=authority.ca, crl=authority.crl, purpose=purpose, now=now)
    except PeerRefused as error:
        yield f"would be refused: {error}"


def _of_metadata(saml: Any, read: Reader, now: datetime) -> Iterator[str]:
    from gateway.saml.registration import open_service_provider  # noqa: PLC0415 - loads XML only where SAML is spoken

    try:
        entry = ServiceProviderEntry.model_validate(saml) if isinstance(saml, Mapping) else None
    except ValidationError:
        return  # said already, by the setting
    if entry is None:
        return
    try:
        open_service_provider(entry, read(entry.metadata), now.date())
    except (OSError, ValueError) as error:
        yield f"saml.metadata: {_plain(error)}"


def _list(oidc: Mapping[str, Any], name: str) -> list[Any]:
    found = oidc.get(name, [])
    return found if isinstance(found, list) else []


def _plain(error: OSError | ValueError) -> str:
    """Write a missing file as one would say it."""
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"there is no file {error.filename}"
    return str(error)
