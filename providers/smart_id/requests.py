"""What the service is asked: paths and bodies (eid-providers.md 10.2, 10.3, 10.11)."""

import json
from dataclasses import dataclass
from typing import Any

from providers.personal_code import PersonalCode
from providers.smart_id.device_link import PROTOCOL, Flow
from providers.smart_id.memory import Memory
from providers.smart_id.profile import SmartIdProfile
from providers.smart_id.signature import HASH_OF_V2, PSS, REQUESTED_PARAMETERS

LONGEST_CALLBACK = 1800
"""Characters of ``initialCallbackUrl``."""
PERSON = "{id}"
"""Stands for the person's identifier wherever a path is written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """The POST that begins a session."""

    path: str
    """Below the API's base; holds the person's identifier where one is named."""
    path_without_person: str
    body: bytes


def start_request(profile: SmartIdProfile, memory: Memory, person: PersonalCode | None) -> StartRequest:
    """The request for the flow that a login has chosen.

    Args:
        profile: the agreement.
        memory: with challenge, interactions, flow and, on the same device, callback.
        person: who is asked; None where the app finds the session by itself.
    """
    if person is None:
        path = "/authentication/device-link/anonymous"
    else:
        path = "/authentication/etsi/{id}" if profile.api == "v2" else "/authentication/notification/etsi/{id}"
    body = _body_v2(profile, memory) if profile.api == "v2" else _body_v3(profile, memory)
    return StartRequest(
        path=path.replace(PERSON, person.semantics) if person else path,
        path_without_person=path,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
    )


def _shared(profile: SmartIdProfile) -> dict[str, Any]:
    return {
        "relyingPartyUUID": str(profile.relying_party_uuid),
        "relyingPartyName": profile.relying_party_name,
        "certificateLevel": profile.certificate_level.value,
    }


def _body_v3(profile: SmartIdProfile, memory: Memory) -> dict[str, Any]:
    body = _shared(profile) | {
        "signatureProtocol": PROTOCOL,
        "signatureProtocolParameters": {
            "rpChallenge": memory.challenge,
            "signatureAlgorithm": PSS,
            "signatureAlgorithmParameters": dict(REQUESTED_PARAMETERS),
        },
        "interactions": memory.interactions,
    }
    if memory.flow is Flow.NOTIFICATION:
        body["vcType"] = "numeric4"
    if memory.callback:
        body["initialCallbackUrl"] = checked_callback(memory.callback)
    return body


def _body_v2(profile: SmartIdProfile, memory: Memory) -> dict[str, Any]:
    return _shared(profile) | {
        "hash": memory.challenge,
        "hashType": HASH_OF_V2,
        "allowedInteractionsOrder": json.loads(memory.interactions),
    }


def checked_callback(url: str) -> str:
    """An address that the app may open.

    Raises:
        ValueError: it breaks a rule of 10.3.
    """
    if not url.startswith("https://") or "|" in url or "#" in url or len(url) > LONGEST_CALLBACK:
        raise ValueError("the callback must be https, without | and #, and at most 1800 characters long")
    return url
