"""The tables of eid-providers.md 10.9 and 10.11, row by row."""

import json
from collections.abc import Callable

import pytest

from providers.errors import ProviderError
from providers.refusals import Reason
from providers.smart_id.end_results import reason_of_status
from providers.smart_id.result import parse_v2, parse_v3

ROWS = {
    "USER_REFUSED": "cancelled",
    "USER_REFUSED_CERT_CHOICE": "cancelled",
    "USER_REFUSED_DISPLAYTEXTANDPIN": "cancelled",
    "USER_REFUSED_VC_CHOICE": "cancelled",
    "USER_REFUSED_CONFIRMATIONMESSAGE": "cancelled",
    "USER_REFUSED_CONFIRMATIONMESSAGE_WITH_VC_CHOICE": "cancelled",
    "TIMEOUT": "timeout",
    "WRONG_VC": "wrong_code_chosen",
    "DOCUMENT_UNUSABLE": "account_unusable",
    "ACCOUNT_UNUSABLE": "account_unusable",
    "REQUIRED_INTERACTION_NOT_SUPPORTED_BY_APP": "device_problem",
    "PROTOCOL_FAILURE": "provider_busy",
    "EXPECTED_LINKED_SESSION": "provider_busy",
    "SERVER_ERROR": "provider_busy",
    "USER_REFUSED_INTERACTION": "malformed",
    "user_refused": "malformed",
    "SOMETHING_NEW": "malformed",
}


def ended(result: dict[str, object]) -> bytes:
    return json.dumps({"state": "COMPLETE", "result": result}).encode()


@pytest.mark.parametrize("parse", [parse_v3, parse_v2])
@pytest.mark.parametrize(("end_result", "reason"), ROWS.items())
def test_10_9_an_end_result_has_its_reason(parse: Callable[[bytes], object], end_result: str, reason: str) -> None:
    with pytest.raises(ProviderError) as refused:
        parse(ended({"endResult": end_result}))
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"interaction": "displayTextAndPIN"}, "cancelled"),
        ({}, "malformed"),
        ({"interaction": ""}, "malformed"),
        ([], "malformed"),
    ],
)
def test_10_9_a_refused_interaction_must_be_named(details: object, reason: str) -> None:
    with pytest.raises(ProviderError) as refused:
        parse_v3(ended({"endResult": "USER_REFUSED_INTERACTION", "details": details}))
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "malformed"),
        (401, "provider_refused_us"),
        (403, "provider_refused_us"),
        (404, "no_account"),
        (418, "malformed"),
        (429, "provider_busy"),
        (471, "account_unusable"),
        (472, "account_unusable"),
        (480, "provider_refused_us"),
        (500, "provider_busy"),
        (503, "provider_busy"),
        (580, "provider_busy"),
    ],
)
def test_10_9_an_http_status_has_its_reason(status: int, reason: str) -> None:
    assert reason_of_status(status, unknown=Reason.NO_ACCOUNT) == reason


def test_10_6_a_session_that_the_service_does_not_know_has_timed_out() -> None:
    assert reason_of_status(404, unknown=Reason.TIMEOUT) == "timeout"
