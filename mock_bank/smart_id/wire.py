"""What goes over the wire: the start requests, the texts that codes and signatures are made over (10.3, 10.4, 10.10)."""

import hashlib
import hmac
import json
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

LEVELS: Final = ("ADVANCED", "QUALIFIED")
HASHES: Final = ("SHA-256", "SHA-384", "SHA-512", "SHA3-256", "SHA3-384", "SHA3-512")
HASHES_OF_V2: Final[Mapping[str, int]] = {"SHA256": 32, "SHA384": 48, "SHA512": 64}
TEXT_MEMBERS: Final[Mapping[str, tuple[str, int]]] = {
    "displayTextAndPIN": ("displayText60", 60),
    "confirmationMessage": ("displayText200", 200),
    "confirmationMessageAndVerificationCodeChoice": ("displayText200", 200),
    "verificationCodeChoice": ("displayText60", 60),
}
CODE_CHOICES: Final = ("confirmationMessageAndVerificationCodeChoice", "verificationCodeChoice")
LINK_PARAMETERS: Final = (
    "deviceLinkType",
    "elapsedSeconds",
    "sessionToken",
    "sessionType",
    "version",
    "lang",
    "authCode",
)
_IDENTIFIER: Final = re.compile(r"PNO[A-Z]{2}-\S+")


class BadRequest(ValueError):
    """A request breaks a rule; the text says which (HTTP 400, RFC 9457)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A start request that keeps the rules, of either version."""

    version: int
    relying_party: str
    """``relyingPartyName``, byte for byte."""
    uuid: str
    level: str
    challenge: str
    """``rpChallenge``; of version 2, ``hash``: base64."""
    hash: str
    interactions: tuple[tuple[str, str], ...]
    """Type and text, in the order of preference."""
    interactions_text: str
    """As sent."""
    callback: str = ""


def read_v3(body: bytes, *, notification: bool) -> Asked:
    """The body of a start request of version 3; raises ``BadRequest``."""
    sent = _object(body)
    if _text(sent, "signatureProtocol") != "ACSP_V2":
        raise BadRequest("signatureProtocol must be ACSP_V2")
    parameters = _member(sent, "signatureProtocolParameters")
    if _text(parameters, "signatureAlgorithm") != "rsassa-pss":
        raise BadRequest("signatureAlgorithm must be rsassa-pss")
    hashed = _text(_member(parameters, "signatureAlgorithmParameters"), "hashAlgorithm")
    if hashed not in HASHES:
        raise BadRequest("hashAlgorithm is unknown")
    if "nonce" in sent:
        raise BadRequest("nonce is not allowed for authentication")
    if notification != (sent.get("vcType") == "numeric4"):
        raise BadRequest("vcType must be numeric4 for notification, and nowhere else")
    challenge = _text(parameters, "rpChallenge")
    if not 44 <= len(challenge) <= 88 or not 32 <= len(_octets(challenge, "rpChallenge")) <= 64:
        raise BadRequest("rpChallenge must be base64 of 32 to 64 bytes")
    text = _text(sent, "interactions")
    return Asked(
        version=3,
        **_party(sent),
        challenge=challenge,
        hash=hashed,
        interactions=_interactions(_array(_octets(text, "interactions")), notification=notification),
        interactions_text=text,
        callback=_callback(sent),
    )


def read_v2(body: bytes) -> Asked:
    """The body of a start request of version 2; raises ``BadRequest``."""
    sent = _object(body)
    hashed, digest = _text(sent, "hashType"), _text(sent, "hash")
    if len(_octets(digest, "hash")) != HASHES_OF_V2.get(hashed):
        raise BadRequest("hash must be base64 of a hash of hashType")
    order = sent.get("allowedInteractionsOrder")
    return Asked(
        version=2,
        **_party(sent),
        challenge=digest,
        hash=hashed,
        interactions=_interactions(order, notification=True),
        interactions_text=json.dumps(order),
    )


def check_identifier(text: str) -> str:
    """A semantics identifier of a person; raises ``BadRequest``."""
    if not _IDENTIFIER.fullmatch(text):
        raise BadRequest("the identifier must be a type, a country, a hyphen and a number")
    return text


def auth_code(secret: bytes, scheme: str, asked: Asked, link: str) -> str:
    """The code at the end of a device link."""
    pieces = [scheme, "ACSP_V2", asked.challenge, _b64(asked.relying_party), "", asked.interactions_text]
    text = "|".join([*pieces, asked.callback, link])
    return _unpadded(hmac.new(secret, text.encode(), hashlib.sha256).digest())


def link_of(base: str, query: Mapping[str, str]) -> str:
    """A device link as its code was made over it: without that code, in the one order there is."""
    return base + "?" + "&".join(f"{name}={query[name]}" for name in LINK_PARAMETERS[:-1] if name in query)


def signed_text(scheme: str, asked: Asked, *, server_random: str, user_challenge: str, used: str, flow: str) -> str:
    """The text of ACSP_V2."""
    interactions = b64encode(hashlib.sha256(asked.interactions_text.encode("ascii")).digest()).decode()
    callback = asked.callback if flow in {"Web2App", "App2App"} else ""
    first = [scheme, "ACSP_V2", server_random, asked.challenge, user_challenge, _b64(asked.relying_party), ""]
    return "|".join([*first, interactions, used, callback, flow])


def control_code(challenge: str) -> str:
    """The four digits that a telephone shows (10.5)."""
    digest = hashlib.sha256(b64decode(challenge)).digest()
    return str((digest[-2] * 256 + digest[-1]) % 10000).zfill(4)


def user_challenge(verifier: str) -> str:
    """What stands in the result for a verifier that the app keeps."""
    return _unpadded(hashlib.sha256(verifier.encode("ascii")).digest())


def secret_digest(secret: bytes) -> str:
    """``sessionSecretDigest`` of the way back."""
    return _unpadded(hashlib.sha256(secret).digest())


def _party(sent: Mapping[str, Any]) -> dict[str, str]:
    level = sent.get("certificateLevel", "QUALIFIED")
    if level not in LEVELS:
        raise BadRequest("certificateLevel must be ADVANCED or QUALIFIED")
    return {"relying_party": _text(sent, "relyingPartyName"), "uuid": _text(sent, "relyingPartyUUID"), "level": level}


def _interactions(listed: object, *, notification: bool) -> tuple[tuple[str, str], ...]:
    if not isinstance(listed, list) or not listed:
        raise BadRequest("interactions must be a list that is not empty")
    read = tuple(_interaction(each, notification=notification) for each in listed)
    if len({kind for kind, _ in read}) != len(read):
        raise BadRequest("an interaction stands there twice")
    return read


def _interaction(one: object, *, notification: bool) -> tuple[str, str]:
    if not isinstance(one, dict):
        raise BadRequest("an interaction is no object")
    kind = str(one.get("type"))
    member, longest = TEXT_MEMBERS.get(kind, ("", 0))
    if not member or (kind in CODE_CHOICES and not notification):
        raise BadRequest(f"the interaction {kind} is not offered here")
    text = one.get(member)
    if set(one) != {"type", member} or not isinstance(text, str) or not 0 < len(text) <= longest:
        raise BadRequest(f"{kind} wants {member} of at most {longest} characters and nothing else")
    return kind, text


def _callback(sent: Mapping[str, Any]) -> str:
    url = sent.get("initialCallbackUrl", "")
    if url == "" and "initialCallbackUrl" not in sent:
        return ""
    if not isinstance(url, str) or not url.startswith("https://") or set("|#") & set(url) or len(url) > 1800:
        raise BadRequest("initialCallbackUrl must be https, without | and #, at most 1800 characters")
    return url


def _object(body: bytes) -> dict[str, Any]:
    try:
        sent = json.loads(body)
    except ValueError as error:
        raise BadRequest("the body is no JSON") from error
    if not isinstance(sent, dict):
        raise BadRequest("the body is no JSON object")
    return sent


def _array(octets: bytes) -> object:
    try:
        return json.loads(octets)
    except ValueError as error:
        raise BadRequest("interactions is no base64 of JSON") from error


def _member(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = of.get(name)
    if not isinstance(found, dict):
        raise BadRequest(f"{name} is missing")
    return found


def _text(of: Mapping[str, Any], name: str) -> str:
    found = of.get(name)
    if not isinstance(found, str) or not found:
        raise BadRequest(f"{name} is missing")
    return found


def _octets(text: str, name: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError as error:
        raise BadRequest(f"{name} is no base64") from error


def octets(text: str) -> bytes:
    """Base64, decoded."""
    return b64decode(text)


def _b64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _unpadded(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode().rstrip("=")
