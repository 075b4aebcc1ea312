"""A session's result as the service gives it (eid-providers.md 10.8, 10.11): its shape, nothing of it believed."""

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from providers.errors import AssertionRejected, AuthenticationDeclined
from providers.refusals import SENTENCES
from providers.smart_id.device_link import PROTOCOL
from providers.smart_id.end_results import OK, named, reason_of
from providers.smart_id.strict_json import malformed, member, parse_object, text

RUNNING: Final = "RUNNING"
COMPLETE: Final = "COMPLETE"
SHORTEST_SERVER_RANDOM: Final = 24
LONGEST_FIELD: Final = 512
"""Characters of a field that enters the signed text."""

_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_USER_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class CertificateLevel(StrEnum):
    """How good the person's certificate is; ``ADVANCED`` is below ``QUALIFIED``."""

    ADVANCED = "ADVANCED"
    QUALIFIED = "QUALIFIED"

    def reaches(self, asked: "CertificateLevel") -> bool:
        """Whether it is at least the level asked for."""
        return self is CertificateLevel.QUALIFIED or asked is CertificateLevel.ADVANCED


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedCertificate:
    """The person's certificate as the result brings it."""

    der: bytes
    level: CertificateLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class PssParameters:
    """The parameters that the result states for its signature, as received."""

    hash: str
    mask: str
    mask_hash: str
    salt_length: int
    trailer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultV3:
    """A result of API version 3, well-formed."""

    value: bytes
    """The signature."""
    server_random: str
    user_challenge: str
    flow: str
    algorithm: str
    parameters: PssParameters
    certificate: StatedCertificate
    interaction_used: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultV2:
    """A result of API version 2, well-formed."""

    value: bytes
    algorithm: str
    certificate: StatedCertificate
    interaction_used: str
    """Empty where the service does not say."""


def is_running(session: Mapping[str, Any]) -> bool:
    """Whether the person has not decided yet.

    Raises:
        AssertionRejected: ``malformed``: ``state`` is neither of the two there are.
    """
    state = text(session, "state")
    if state not in {RUNNING, COMPLETE}:
        malformed("state is neither RUNNING nor COMPLETE")
    return state == RUNNING


def ended_well(session: Mapping[str, Any]) -> bool:
    """Whether a complete session brings a signature; raises as ``parse_object`` does."""
    return text(member(session, "result"), "endResult") == OK


def parse_v3(body: bytes) -> ResultV3:
    """Step 2 of 10.8.

    Raises:
        AuthenticationDeclined: the end result says why nobody is identified (10.9).
        AssertionRejected: ``malformed``.
    """
    session = _complete(body)
    if text(session, "signatureProtocol") != PROTOCOL:
        malformed(f"signatureProtocol is not {PROTOCOL}")
    text(member(session, "result"), "documentNumber")
    signature = member(session, "signature")
    return ResultV3(
        value=_octets(signature, "value"),
        server_random=_server_random(signature),
        user_challenge=_user_challenge(signature),
        flow=text(signature, "flowType"),
        algorithm=text(signature, "signatureAlgorithm"),
        parameters=_parameters(member(signature, "signatureAlgorithmParameters")),
        certificate=_certificate(session),
        interaction_used=_short(session, "interactionTypeUsed"),
    )


def parse_v2(body: bytes) -> ResultV2:
    """A result of version 2; raises as ``parse_v3`` does."""
    session = _complete(body)
    text(member(session, "result"), "documentNumber")
    signature = member(session, "signature")
    used = session.get("interactionFlowUsed", "")
    if not isinstance(used, str):
        malformed("interactionFlowUsed is no text")
    return ResultV2(
        value=_octets(signature, "value"),
        algorithm=text(signature, "algorithm"),
        certificate=_certificate(session),
        interaction_used=used,
    )


def _complete(body: bytes) -> Mapping[str, Any]:
    session = parse_object(body)
    if is_running(session):
        malformed("the session is not complete")
    result = member(session, "result")
    end_result = text(result, "endResult")
    if end_result != OK:
        raise _declined(end_result, result.get("details"))
    return session


def _declined(end_result: str, details: object) -> AuthenticationDeclined | AssertionRejected:
    interaction = details.get("interaction") if isinstance(details, dict) else None
    reason = reason_of(end_result, interaction_named=isinstance(interaction, str) and bool(interaction))
    if reason == "malformed":
        return AssertionRejected(reason, f"unknown or incomplete end result {named(end_result)!r}")
    return AuthenticationDeclined(reason, SENTENCES[reason])


def _octets(of: Mapping[str, Any], name: str) -> bytes:
    """A member that is base64, in the only spelling that these bytes have."""
    found = text(of, name)
    if not _BASE64.fullmatch(found) or len(found) % 4:
        malformed(f"{name} is no base64")
    return b64decode(found, validate=True)


def _short(of: Mapping[str, Any], name: str) -> str:
    found = text(of, name)
    if len(found) > LONGEST_FIELD or "|" in found:
        malformed(f"{name} cannot stand in the signed text")
    return found


def _server_random(signature: Mapping[str, Any]) -> str:
    found = _short(signature, "serverRandom")
    if len(found) < SHORTEST_SERVER_RANDOM or not _BASE64.fullmatch(found):
        malformed("serverRandom is not 24 characters of base64 or more")
    return found


def _user_challenge(signature: Mapping[str, Any]) -> str:
    found = text(signature, "userChallenge")
    if not _USER_CHALLENGE.fullmatch(found):
        malformed("userChallenge is not 43 characters of base64url")
    return found


def _parameters(stated: Mapping[str, Any]) -> PssParameters:
    mask = member(stated, "maskGenAlgorithm")
    length = stated.get("saltLength")
    if not isinstance(length, int) or isinstance(length, bool):
        malformed("saltLength is no whole number")
    return PssParameters(
        hash=text(stated, "hashAlgorithm"),
        mask=text(mask, "algorithm"),
        mask_hash=text(member(mask, "parameters"), "hashAlgorithm"),
        salt_length=length,
        trailer=text(stated, "trailerField"),
    )


def _certificate(session: Mapping[str, Any]) -> StatedCertificate:
    stated = member(session, "cert")
    level = text(stated, "certificateLevel")
    if level not in set(CertificateLevel):
        malformed("certificateLevel is neither ADVANCED nor QUALIFIED")
    return StatedCertificate(der=_octets(stated, "value"), level=CertificateLevel(level))
