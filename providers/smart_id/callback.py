"""The way back from the app on the same device (eid-providers.md 10.7)."""

import hmac
import re
from base64 import b64decode
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_hex
from typing import Final
from urllib.parse import parse_qsl

from providers.contract import Reference
from providers.errors import AssertionRejected
from providers.refusals import SENTENCES, Reason
from providers.smart_id.device_link import base64url
from providers.smart_id.strict_json import malformed

VALUE: Final = "value"
DIGEST: Final = "sessionSecretDigest"
VERIFIER: Final = "userChallengeVerifier"
_NAMES: Final = (VALUE, DIGEST, VERIFIER)
_VALUE: Final = re.compile(r"([0-9a-f]{32})[0-9a-f]{32}", re.ASCII)
_LONGEST: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """What the app brought through the browser; nothing of it believed yet."""

    reference: Reference
    value: str = field(repr=False)
    """The query value that we made for this session."""
    digest: str
    verifier: str = field(repr=False)


def callback_url(return_url: str, reference: Reference) -> str:
    """An address for one session: the login's reference and 128 random bits."""
    return f"{return_url}?{VALUE}={reference}{token_hex(16)}"


def parse_callback(query: bytes) -> Callback:
    """Read the address that the app opened.

    Raises:
        AssertionRejected: ``malformed``: a parameter is missing, stands there twice or has a wrong form.
    """
    if len(query) > _LONGEST or not query.isascii():
        malformed("the query is too long or not ASCII")
    pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True)  # short enough that their number needs no limit
    found = dict(pairs)
    if len(found) != len(pairs) or not all(found.get(name) for name in _NAMES):
        malformed(f"the query must hold {', '.join(_NAMES)}, each once")
    value = _VALUE.fullmatch(found[VALUE])
    if value is None:
        malformed("the value is not of the form that is made here")
    return Callback(reference=Reference(value[1]), value=found[VALUE], digest=found[DIGEST], verifier=found[VERIFIER])


def check_callback(brought: Callback, expected_url: str, secret: str) -> None:
    """The first two checks of 10.7; the caller has seen to it that the browser is the login's own.

    Raises:
        AssertionRejected: ``wrong_browser`` for another session's value, ``bad_signature`` for another secret.
    """
    expected = expected_url.rpartition(f"?{VALUE}=")[2]
    if not expected or not hmac.compare_digest(brought.value, expected):
        raise AssertionRejected(Reason.WRONG_BROWSER, SENTENCES[Reason.WRONG_BROWSER])
    digest = base64url(sha256(b64decode(secret, validate=True)).digest())
    if not hmac.compare_digest(brought.digest.encode(), digest.encode()):
        raise AssertionRejected(Reason.BAD_SIGNATURE, "sessionSecretDigest is not of this session's secret")


def check_verifier(brought: Callback, user_challenge: str) -> None:
    """The third check of 10.7: the app that came back is the one that signed.

    Raises:
        AssertionRejected: ``bad_signature``.
    """
    challenge = base64url(sha256(brought.verifier.encode()).digest())
    if not hmac.compare_digest(challenge, user_challenge):
        raise AssertionRejected(Reason.BAD_SIGNATURE, "userChallengeVerifier does not belong to the signature")
