"""Settings of a profile that contradict each other stop the start; settings that weaken it are said aloud.

A rule takes the settings entry and yields sentences, each beginning with the setting that it is about.
"""

from collections.abc import Callable, Iterator
from datetime import date

from providers.banklink.messages import ANSWER_TO
from providers.banklink.profile import BanklinkProfile, BanklinkSettings

_USUAL_TOLERANCE = 300
_USUAL_KEY_BITS = 2048
_HASHES_OF_VERSION = {"008": {"sha1", "sha256"}, "009": {"sha512"}}


def _services(profile: BanklinkProfile) -> Iterator[str]:
    expected = ANSWER_TO[profile.request_service]
    if profile.answer_service != expected:
        yield f"answer_service: {profile.request_service} is answered with {expected}, not {profile.answer_service}"


def _version_and_hash(profile: BanklinkProfile) -> Iterator[str]:
    hashes = _HASHES_OF_VERSION[profile.version]
    if profile.hash not in hashes:
        yield f"hash: version {profile.version} goes with {' or '.join(sorted(hashes))}, not {profile.hash}"


def _sha1(profile: BanklinkProfile) -> Iterator[str]:
    if profile.hash == "sha1" and profile.sha1_exception is None:
        yield "sha1_exception: SHA-1 needs a dated exception with its ground (T29)"
    if profile.hash != "sha1" and profile.sha1_exception is not None:
        yield f"sha1_exception: there is nothing to except, the hash is {profile.hash}"


def _without_nonce(profile: BanklinkProfile) -> Iterator[str]:
    without = profile.request_service == "4011"
    if without and not profile.allow_without_nonce:
        yield "allow_without_nonce: the pair 4011/3012 has no nonce and must be allowed explicitly"
    if not without and profile.allow_without_nonce:
        yield f"allow_without_nonce: {profile.request_service} carries a nonce"
    if not without and profile.echoes_rid:
        yield f"echoes_rid: VK_RID correlates nothing in {profile.request_service}"


def _legacy(profile: BanklinkProfile) -> Iterator[str]:
    legacy = profile.request_service == "4002"
    if legacy and not profile.allow_legacy:
        yield "allow_legacy: the pair 4002/3003 has no time and must be allowed explicitly"
    if not legacy and profile.allow_legacy:
        yield f"allow_legacy: {profile.request_service} is not one of the older services"


def _charsets(profile: BanklinkProfile) -> Iterator[str]:
    if profile.charset not in profile.allowed_charsets:
        yield f"charset: {profile.charset} is not among allowed_charsets"
    if profile.charset_field is None and len(profile.allowed_charsets) > 1:
        yield "allowed_charsets: without a charset_field an answer cannot name another charset"
    if profile.fallback_charset == profile.charset:
        yield "fallback_charset: it is the charset already"


def _one_meaning_per_signature(profile: BanklinkProfile) -> Iterator[str]:
    """T27: the charset's name is not signed, so no two allowed charsets may read the same signed bytes differently."""
    charsets = {*profile.allowed_charsets, *filter(None, [profile.fallback_charset])}
    if profile.length_unit == "bytes" and len(charsets) > 1:
        yield "length_unit: bytes allows one charset only, or a changed VK_ENCODING would change a name unnoticed"
    if len(charsets - {"UTF-8"}) > 1:
        yield "allowed_charsets: at most one charset of single bytes, or a changed VK_ENCODING would change a name unnoticed"


def _presence(profile: BanklinkProfile) -> Iterator[str]:
    for name in sorted(set(profile.must_be_present or ()) - set(profile.answer.mac_order)):
        yield f"must_be_present: {name} is no signed field of {profile.answer_service}"


def _names(profile: BanklinkProfile) -> Iterator[str]:
    if profile.name_order == "separate":
        yield f"name_order: {profile.answer_service} has one name field; separate fields come from the confirmation"
    if profile.name_fields == "delimited" and profile.name_order != "last,first":
        yield "name_fields: delimited needs name_order last,first; any other order would be a guess"


def _other_dialects(profile: BanklinkProfile) -> Iterator[str]:
    if profile.hash_encoded_values:
        yield "hash_encoded_values: it belongs to the Solo messages"


CONTRADICTIONS: tuple[Callable[[BanklinkProfile], Iterator[str]], ...] = (
    _services,
    _version_and_hash,
    _sha1,
    _without_nonce,
    _legacy,
    _charsets,
    _one_meaning_per_signature,
    _presence,
    _names,
    _other_dialects,
)


def contradictions(settings: BanklinkSettings, today: date) -> list[str]:
    """Every contradiction of an entry; ``today`` in the profile's time zone decides about ended exceptions."""
    profile = settings.banklink
    found = [f"banklink.{sentence}" for rule in CONTRADICTIONS for sentence in rule(profile)]
    if profile.hash == "sha1" and profile.sha1_exception is not None and profile.sha1_exception.until < today:
        found.append(f"banklink.sha1_exception: it ended on {profile.sha1_exception.until}; agree on version 009")
    kinds = set(profile.factors_by_contract)
    if settings.back_channel.confirmation == "not_needed" and len(kinds) < 2:
        found.append("banklink.factors_by_contract: without a confirmation the contract must name two kinds of factor")
    if settings.back_channel.confirmation == "required" and kinds:
        found.append("banklink.factors_by_contract: the confirmation states the factors")
    return found


def weaknesses(settings: BanklinkSettings) -> Iterator[str]:
    """Sentences for the operator, one for each setting that is weaker than the usual."""
    profile, who = settings.banklink, settings.id
    if profile.sha1_exception is not None:
        yield f"{who}: SHA-1 until {profile.sha1_exception.until} ({profile.sha1_exception.ground})"
    if profile.min_key_bits < _USUAL_KEY_BITS:
        yield f"{who}: keys of {profile.min_key_bits} bits are accepted (min_key_bits)"
    if profile.allow_without_nonce:
        yield f"{who}: answers carry no nonce (allow_without_nonce)"
    if profile.allow_legacy:
        yield f"{who}: answers carry no time (allow_legacy)"
    if profile.clock_tolerance > _USUAL_TOLERANCE:
        yield f"{who}: answers may be {profile.clock_tolerance} s old (clock_tolerance)"
    if profile.fallback_charset is not None:
        yield f"{who}: answers that do not verify are read again as {profile.fallback_charset} (fallback_charset)"
    yield from _weak_identity(settings)


def _weak_identity(settings: BanklinkSettings) -> Iterator[str]:
    if settings.back_channel.confirmation == "required":
        return
    yield f"{settings.id}: nothing confirms a login over mutual TLS (back_channel.confirmation = not_needed)"
    if settings.banklink.name_fields == "separate":
        yield f"{settings.id}: one name field and no confirmation: every login will be refused (name_fields)"
    else:
        yield f"{settings.id}: names are split at the comma of one field, a deviation (name_fields = delimited)"
