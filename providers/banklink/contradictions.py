"""Settings of a profile that contradict each other stop the start; settings that weaken it are said aloud.

A rule takes the settings entry and yields sentences, each beginning with the setting that it is about.
"""

from collections.abc import Callable, Iterator
from datetime import date

from providers.banklink.messages import Field, Says
from providers.banklink.profile import BanklinkProfile, BanklinkSettings

_USUAL_TOLERANCE = 300
_USUAL_KEY_BITS = 2048
_ALLOWING = ("allow_without_nonce", "allow_legacy")


def _services(profile: BanklinkProfile) -> Iterator[str]:
    expected = profile.exchange.answer.service
    if profile.answer_service != expected:
        yield f"answer_service: {profile.request_service} is answered with {expected}, not {profile.answer_service}"


def _version_and_hash(profile: BanklinkProfile) -> Iterator[str]:
    hashes = profile.spoken.hashes[profile.version]
    if profile.hash not in hashes:
        yield f"hash: version {profile.version} goes with {' or '.join(sorted(hashes))}, not {profile.hash}"


def _sha1(profile: BanklinkProfile) -> Iterator[str]:
    if profile.hash == "sha1" and profile.sha1_exception is None:
        yield "sha1_exception: SHA-1 needs a dated exception with its ground (T29)"
    if profile.hash != "sha1" and profile.sha1_exception is not None:
        yield f"sha1_exception: there is nothing to except, the hash is {profile.hash}"


def _allowed(profile: BanklinkProfile) -> Iterator[str]:
    exchange = profile.exchange
    pair = f"{exchange.request.service}/{exchange.answer.service}"
    for setting in _ALLOWING:
        allowed = getattr(profile, setting)
        if exchange.allowed_by == setting and not allowed:
            yield f"{setting}: the pair {pair} has no {exchange.lacks} and must be allowed explicitly"
        if exchange.allowed_by != setting and allowed:
            yield f"{setting}: the pair {pair} needs no such leave"


def _echo(profile: BanklinkProfile) -> Iterator[str]:
    if profile.echoes_rid and (profile.exchange.correlated or not profile.exchange.request.says(Says.SESSION)):
        yield f"echoes_rid: nothing that {profile.request_service} sends in VK_RID ties an answer to its login"


def _fixed_by_the_dialect(profile: BanklinkProfile) -> Iterator[str]:
    dialect = profile.spoken
    for setting in sorted(dialect.fixed):
        usual = dialect.defaults.get(setting, BanklinkProfile.model_fields[setting].default)
        if getattr(profile, setting) != usual:
            yield f"{setting}: {dialect.name} fixes it to {usual}"


def _lengths_of_ids(profile: BanklinkProfile) -> Iterator[str]:
    exchange = profile.exchange
    yield from _too_long("partner_id", profile.partner_id, exchange.request.fields, Says.SENDER)
    yield from _too_long("bank_id", profile.bank_id, exchange.answer.fields, Says.SENDER)


def _too_long(setting: str, value: str, fields: tuple[Field, ...], what: Says) -> Iterator[str]:
    for field in fields:
        if field.says is what and len(value) > field.longest:
            yield f"{setting}: {field.name} holds {field.longest} characters at most"


def _our_key(profile: BanklinkProfile) -> Iterator[str]:
    dialect, request = profile.spoken, profile.exchange.request
    signs = dialect.xml is not None or request.says(Says.SIGNATURE)
    if signs and profile.partner_key is None:
        yield f"partner_key: {request.service} is signed; name our key"
    if not signs and profile.partner_key is not None:
        yield f"partner_key: {request.service} is not signed, so that no key of ours is needed"
    if dialect.xml is not None and profile.partner_certificate is None:
        yield f"partner_certificate: {request.service} shows the certificate of our key"
    if dialect.xml is None and profile.partner_certificate is not None:
        yield f"partner_certificate: {request.service} shows no certificate"


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
    answer = profile.exchange.answer
    for name in sorted(set(profile.must_be_present or ()) - set(answer.mac_order)):
        yield f"must_be_present: {name} is no signed field of {answer.service}"


def _names(profile: BanklinkProfile) -> Iterator[str]:
    if profile.name_order == "separate" and not profile.exchange.answer.says(Says.FAMILY_NAME):
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
    _allowed,
    _echo,
    _fixed_by_the_dialect,
    _lengths_of_ids,
    _our_key,
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
        found.append(f"banklink.sha1_exception: it ended on {profile.sha1_exception.until}; agree on another hash")
    kinds = set(profile.factors_by_contract)
    if settings.back_channel.confirmation == "not_needed" and len(kinds) < 2:
        found.append("banklink.factors_by_contract: without a confirmation the contract must name two kinds of factor")
    if settings.back_channel.confirmation == "required" and kinds:
        found.append("banklink.factors_by_contract: the confirmation states the factors")
    return found


def weaknesses(settings: BanklinkSettings) -> Iterator[str]:
    """Sentences for the operator, one for each setting that is weaker than the usual."""
    profile, who = settings.banklink, settings.id
    yield from _weak_dialect(settings)
    if profile.sha1_exception is not None:
        yield f"{who}: SHA-1 until {profile.sha1_exception.until} ({profile.sha1_exception.ground})"
    asked = max(_USUAL_KEY_BITS, int(str(profile.spoken.defaults.get("min_key_bits", 0))))
    if profile.min_key_bits < asked:
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


def _weak_dialect(settings: BanklinkSettings) -> Iterator[str]:
    """What the protocol itself leaves open, whatever is agreed (banklink.md section 11)."""
    profile, exchange, who = settings.banklink, settings.banklink.exchange, settings.id
    request, answer = exchange.request.service, exchange.answer.service
    if profile.spoken.xml is None and not exchange.request.says(Says.SIGNATURE):
        yield f"{who}: {request} is not signed: anybody can send a person to the bank in our name"
    if not exchange.correlated and not profile.echoes_rid:
        yield f"{who}: {answer} names no login: only the browser's cookie ties it to one"
    if exchange.answer.says(Says.NAME) or exchange.answer.says(Says.INFO):
        yield f"{who}: {answer} has both names in one field: the confirmation alone tells them apart"
    ended = profile.spoken.ended.get(profile.version)
    if ended is not None:
        yield f"{who}: the bank gave version {profile.version} up on {ended}"


def _weak_identity(settings: BanklinkSettings) -> Iterator[str]:
    if settings.back_channel.confirmation == "required":
        return
    yield f"{settings.id}: nothing confirms a login over mutual TLS (back_channel.confirmation = not_needed)"
    if settings.banklink.exchange.answer.says(Says.FAMILY_NAME):
        return
    if settings.banklink.name_fields == "separate":
        yield f"{settings.id}: one name field and no confirmation: every login will be refused (name_fields)"
    else:
        yield f"{settings.id}: names are split at the comma of one field, a deviation (name_fields = delimited)"
