"""S5: whatever the service or a browser sends ends in a value or in a refusal, never in a fault of ours."""

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from providers.errors import ProviderError
from providers.smart_id.callback import parse_callback
from providers.smart_id.end_results import named
from providers.smart_id.result import is_running, parse_v2, parse_v3
from providers.smart_id.strict_json import parse_object

MEMBERS = st.sampled_from(
    [
        "state",
        "result",
        "endResult",
        "documentNumber",
        "details",
        "interaction",
        "signatureProtocol",
        "signature",
        "value",
        "serverRandom",
        "userChallenge",
        "flowType",
        "signatureAlgorithm",
        "signatureAlgorithmParameters",
        "hashAlgorithm",
        "maskGenAlgorithm",
        "parameters",
        "algorithm",
        "saltLength",
        "trailerField",
        "cert",
        "certificateLevel",
        "interactionTypeUsed",
        "interactionFlowUsed",
    ]
)
VALUES = st.sampled_from(
    ["COMPLETE", "OK", "ACSP_V2", "QUALIFIED", "QR", "AAAA", "TIMEOUT", "USER_REFUSED_INTERACTION"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | VALUES | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=12),
    max_leaves=30,
)
PARSERS = (parse_v3, parse_v2, lambda body: is_running(parse_object(body)))


@pytest.mark.parametrize("parse", PARSERS, ids=("v3", "v2", "state"))
@given(body=st.binary(max_size=200) | JSON.map(lambda found: json.dumps(found).encode()))
@example(body=b"[" * 100_000)
@example(body=b'{"state": "COMPLETE", "result": {"endResult": "\\ud800"}}')
@example(body=b'{"state": NaN}')
def test_no_session_ends_in_a_fault_of_ours(parse: Callable[[bytes], object], body: bytes) -> None:
    with suppress(ProviderError):
        parse(body)


@given(query=st.binary(max_size=3000) | st.text(max_size=200).map(str.encode))
@example(query=b"value=" + b"0" * 64 + b"&sessionSecretDigest=a&userChallengeVerifier=b")
@example(query=b"&" * 2000)
@example(query=b"value=%ff%fe&sessionSecretDigest=%00&userChallengeVerifier=%e2")
def test_no_address_ends_in_a_fault_of_ours(query: bytes) -> None:
    with suppress(ProviderError):
        parse_callback(query)


@given(st.text(max_size=200))
def test_10_9_an_unknown_end_result_is_logged_short_and_printable(text: str) -> None:
    shown = named(text)
    assert len(shown) <= 60
    assert shown.isascii()
    assert shown.isprintable()
