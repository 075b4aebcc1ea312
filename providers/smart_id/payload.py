"""The text that the app signs (ACSP_V2, eid-providers.md 10.10)."""

import hashlib
from base64 import b64encode
from dataclasses import dataclass

from providers.smart_id.device_link import PROTOCOL, Flow, base64_text


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTerms:
    """What both sides know of a session; base64 texts stand as they were sent or received."""

    scheme_name: str
    server_random: str
    rp_challenge: str
    user_challenge: str
    relying_party_name: str
    broker_name: str = ""
    interactions: str
    interaction_used: str
    callback_url: str = ""
    flow: Flow


def acsp_v2_payload(terms: SignedTerms) -> bytes:
    """The signed bytes. For QR and notification the callback is empty, even if one was sent."""
    digest = b64encode(hashlib.sha256(terms.interactions.encode()).digest()).decode("ascii")
    return "|".join(
        (
            terms.scheme_name,
            PROTOCOL,
            terms.server_random,
            terms.rp_challenge,
            terms.user_challenge,
            base64_text(terms.relying_party_name),
            base64_text(terms.broker_name),
            digest,
            terms.interaction_used,
            terms.callback_url if terms.flow.on_this_device else "",
            terms.flow,
        )
    ).encode()
