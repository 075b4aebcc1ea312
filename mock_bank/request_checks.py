"""What the bank checks in a request, in the order of banklink.md section 9; every check runs, none hides another.

A check takes what was asked and returns nothing, or raises ``CheckFailed`` with a sentence for the partner's
developer. A fault makes its one check lenient, here and nowhere else.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from mock_bank import wire_banklink as wire
from mock_bank.asked import Asked
from mock_bank.faults import ActiveFaults

TOLERANCE_SECONDS: Final = 300
RIGA: Final = ZoneInfo("Europe/Riga")


class CheckFailed(Exception):
    """One rule is broken; the text is for the developer who made the request."""


# ── Step 1: form ─────────────────────────────────────────────────────────────────────────────────────────────────────


def sent_by_post(request: Asked) -> None:
    """The request is a POST."""
    if request.method != "POST" and "bnk.accept-get-request" not in request.faults:
        raise CheckFailed(f"the request came by {request.method}; authentication messages are sent by POST")


def no_parameter_twice(request: Asked) -> None:
    """No parameter occurs twice, even with equal values (rule 11)."""
    if request.message.repeated and "bnk.dup-params" not in request.faults:
        raise CheckFailed(f"{', '.join(request.message.repeated)} stands more than once in the form")


def lengths(request: Asked) -> None:
    """No value is longer than its field allows, counted in symbols (rule 5)."""
    over = [
        f"{name} has {len(value)} symbols, {wire.MAX_LENGTH[name]} are allowed"
        for name, value in request.fields.items()
        if name in wire.MAX_LENGTH and len(value) > wire.MAX_LENGTH[name]
    ]
    if over:
        raise CheckFailed("; ".join(over))


def no_control_characters(request: Asked) -> None:
    """No value but the signature holds a control character (rule 16)."""
    bad = [
        name
        for name, value in request.fields.items()
        if name.startswith("VK_") and name != "VK_MAC" and any(ord(char) < 0x20 or ord(char) == 0x7F for char in value)
    ]
    if bad:
        raise CheckFailed(f"{', '.join(bad)} holds a control character")


def mandatory_fields(request: Asked) -> None:
    """Every signed field of the service is there, be it empty (project rule 13)."""
    missing = [name for name in request.order if name not in request.fields and name != "VK_RID"]
    if any(not request.may_lack(name) for name in missing):
        raise CheckFailed(f"{', '.join(missing)} is missing from the form")


# ── Steps 2 to 5: who talks to whom, about what ──────────────────────────────────────────────────────────────────────


def service(request: Asked) -> None:
    """``VK_SERVICE`` is 4011 or 4012, or an older one that is switched on."""
    older = request.partner.settings.older_services if request.partner else ()
    if request.service not in {"4011", "4012", *older}:
        raise CheckFailed("VK_SERVICE is none that this bank offers you: 4012, 4011" + "".join(f", {s}" for s in older))


def version(request: Asked) -> None:
    """``VK_VERSION`` is one of the agreement."""
    allowed = request.partner.settings.versions if request.partner else tuple(wire.HASH_OF_VERSION)
    excused = "bnk.accept-old-version" in request.faults or request.may_lack("VK_VERSION")
    if request.fields.get("VK_VERSION") not in allowed and not excused:
        raise CheckFailed(f"VK_VERSION is not the one agreed: {', '.join(allowed)}")


def sender(request: Asked) -> None:
    """``VK_SND_ID`` is a registered partner."""
    if request.partner is None:
        raise CheckFailed("VK_SND_ID is no partner of this bank; the comparison is exact, capitals matter")


def receiver(request: Asked) -> None:
    """``VK_REC_ID`` of 4012 is this bank."""
    wrong = "VK_REC_ID" in request.order and request.fields.get("VK_REC_ID", "") != request.bank_id
    if wrong and not request.may_lack("VK_REC_ID"):
        raise CheckFailed(f"VK_REC_ID is not this bank, which is {request.bank_id}")


# ── Step 6: signature ────────────────────────────────────────────────────────────────────────────────────────────────


def signature(request: Asked) -> None:
    """``VK_MAC`` verifies with the partner's key."""
    if _excused_from_signing(request):
        return
    if not request.fields.get("VK_MAC"):
        raise CheckFailed("VK_MAC is empty or missing")
    mac = _decoded_mac(request)
    if "bnk.accept-any-key" in request.faults:
        return
    if not any(_verifies(key, mac, text, name) for key in _keys(request) for text, name in _texts(request)):
        raise CheckFailed("VK_MAC does not verify with the key registered for this partner; the debugger says why")


def _excused_from_signing(request: Asked) -> bool:
    faults, mac = request.faults, request.fields.get("VK_MAC")
    return (
        "bnk.no-request-check" in faults
        or (mac is None and "bnk.accept-missing-mac" in faults)
        or (mac == "" and "bnk.accept-empty-mac" in faults)
    )


def _decoded_mac(request: Asked) -> bytes:
    try:
        return wire.decode_mac(request.fields["VK_MAC"])
    except wire.Malformed as error:
        raise CheckFailed(str(error)) from error


def _keys(request: Asked) -> list[rsa.RSAPublicKey]:
    if "bnk.sender-key-mismatch" in request.faults:
        return [key for partner in request.partners.values() for key in partner.public_keys]
    return list(request.partner.public_keys) if request.partner else []


def _texts(request: Asked) -> Iterator[tuple[bytes, str]]:
    values, charset = wire.signed_values(request.fields, request.order), request.message.charset
    yield wire.mac_string(values).encode(charset), request.hash_name
    if "bnk.accept-sha1-request" in request.faults:
        yield wire.mac_string(values).encode(charset), "sha1"
    if "bnk.mac-no-length" in request.faults:
        yield wire.mac_string(values, prefix="none").encode(charset), request.hash_name


def _verifies(key: rsa.RSAPublicKey, mac: bytes, text: bytes, hash_name: str) -> bool:
    try:
        key.verify(mac, text, padding.PKCS1v15(), wire.HASHES[hash_name])
    except InvalidSignature:
        return False
    return True


# ── Steps 7 to 10 ────────────────────────────────────────────────────────────────────────────────────────────────────


def time(request: Asked) -> None:
    """``VK_DATETIME`` lies within five minutes of the bank's clock, either way (rule 9)."""
    ignored = "bnk.ignore-datetime" in request.faults or request.may_lack("VK_DATETIME")
    if request.service == "4002" or ignored:  # 4002 has no time (banklink.md 6.5)
        return
    off = abs((request.now - _sent_at(request)).total_seconds())
    allowed = 30 if "bnk.tight-datetime" in request.faults else TOLERANCE_SECONDS
    if int(off) > allowed:
        raise CheckFailed(f"VK_DATETIME is {int(off)} seconds from the bank's clock; {allowed} are allowed")


def _sent_at(request: Asked) -> datetime:
    if request.service == "4001":
        return _older_time(request)
    text = request.fields.get("VK_DATETIME", "")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CheckFailed("VK_DATETIME is not ISO 8601 as in 2026-03-02T14:05:09+0200") from error
    if moment.tzinfo is None or "T" not in text:
        raise CheckFailed("VK_DATETIME has no zone")
    return moment.astimezone(UTC)


def _older_time(request: Asked) -> datetime:
    """``VK_DATE`` and ``VK_TIME`` of 4001, which name no zone: Latvian time (banklink.md section 5)."""
    text = f"{request.fields.get('VK_DATE', '')} {request.fields.get('VK_TIME', '')}"
    try:
        return datetime.strptime(text, "%d.%m.%Y %H:%M:%S").replace(tzinfo=RIGA).astimezone(UTC)
    except ValueError as error:
        raise CheckFailed("VK_DATE and VK_TIME are not DD.MM.YYYY and HH:MM:SS") from error


def nonce(request: Asked) -> None:
    """``VK_NONCE`` of 4012 is not empty."""
    empty = "VK_NONCE" in request.order and not request.fields.get("VK_NONCE")
    if empty and not request.may_lack("VK_NONCE"):
        raise CheckFailed("VK_NONCE is empty")


def return_url(request: Asked) -> None:
    """``VK_RETURN`` is absolute, without ``VK_`` parameters, and equal to or below a registered address."""
    url = request.fields.get("VK_RETURN", "")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise CheckFailed("VK_RETURN is not an absolute https address")
    if any(name.upper().startswith("VK_") for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        raise CheckFailed("VK_RETURN has a parameter whose name begins with VK_ (rule 7)")
    registered = request.partner.settings.return_urls if request.partner else ()
    if "bnk.open-return-url" not in request.faults and not any(
        _below(url, each, request.faults) for each in registered
    ):
        raise CheckFailed("VK_RETURN is neither a registered address nor below one: " + ", ".join(registered))


def _below(url: str, registered: str, faults: ActiveFaults) -> bool:
    if "bnk.return-prefix-match" in faults:
        return url.startswith(registered)
    if "bnk.http-return-url" in faults and url.startswith("http:"):
        url = "https:" + url.removeprefix("http:")
    return url == registered or (_is_plain(url) and url.startswith(registered.rstrip("/") + "/"))


def _is_plain(url: str) -> bool:
    """No query, fragment, climbing or encoded dots: what stands there is where the browser goes."""
    path = urlsplit(url).path
    return not any(mark in url for mark in "?#\\") and path == unquote(path) and ".." not in path.split("/")


def reply(request: Asked) -> None:
    """``VK_REPLY`` of 4011 is 3012 (of 4001: 3002)."""
    wanted = {"4011": "3012", "4001": "3002"}.get(request.service)
    if wanted and request.fields.get("VK_REPLY") != wanted:
        raise CheckFailed(f"VK_REPLY is not {wanted}")


Check = Callable[[Asked], None]
CHECKS: Final[tuple[tuple[int, str, Check], ...]] = (
    (1, "method", sent_by_post),
    (1, "no parameter twice", no_parameter_twice),
    (1, "lengths", lengths),
    (1, "no control characters", no_control_characters),
    (1, "mandatory fields", mandatory_fields),
    (2, "service", service),
    (3, "version", version),
    (4, "sender", sender),
    (5, "receiver", receiver),
    (6, "signature", signature),
    (7, "time", time),
    (8, "nonce", nonce),
    (9, "return address", return_url),
    (10, "reply", reply),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one check."""

    step: int
    name: str
    failure: str | None
    """What is wrong, or None when the check passed."""


def judge(request: Asked) -> tuple[Verdict, ...]:
    """Run every check, in the order of section 9."""
    return tuple(Verdict(step, name, _failure(check, request)) for step, name, check in CHECKS)


def _failure(check: Check, request: Asked) -> str | None:
    try:
        check(request)
    except (CheckFailed, wire.Malformed) as failed:
        return str(failed)
    return None
