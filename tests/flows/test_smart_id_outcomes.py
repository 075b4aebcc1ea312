"""Each way in which a login by Smart-ID can end, followed to the person, the portal and the operator.

eid-providers.md 10.9 and 4.3: the mock service brings the end about, a page says it, the portal is told the code of
the table, and the log and the audit record hold it under the person's incident number.
"""

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from gateway.demo.places import Places
from gateway.web.messages import MESSAGES
from providers.contract import Language
from tests.flows.auditor import rules_of
from tests.flows.telephones import BY_CODE, Caller
from tests.flows.walking import BY_NAME
from tests.support.telephone import way_back

pytestmark = pytest.mark.xdist_group("flows")

ANNA = BY_NAME["Anna Bērziņa"]

AT_THE_START = {
    "sid.refuse-relying-party": "provider_refused_us",
    "sid.unknown-relying-party": "provider_refused_us",
    "sid.client-too-old": "provider_refused_us",
    "sid.bad-request": "malformed",
    "sid.garbage": "malformed",
    "sid.too-many-requests": "provider_busy",
    "sid.maintenance": "provider_busy",
    "err.stack-trace": "provider_busy",
}
"""The service begins no session."""
ON_THE_TELEPHONE = {
    "sid.end-timeout": "timeout",
    "sid.end-wrong-code": "wrong_code_chosen",
    "sid.end-document-unusable": "account_unusable",
    "eid.reject-valid": "account_unusable",
    "sid.end-app-too-old": "device_problem",
    "sid.end-protocol-failure": "provider_busy",
    "sid.end-linked-session": "provider_busy",
    "sid.end-server-error": "provider_busy",
    "sid.end-unknown": "malformed",
    "sid.session-gone": "timeout",
}
"""The person approves, and the session ends without a signature."""
IN_THE_RESULT = {
    "sid.changed-after-signing": "bad_signature",
    "sid.other-flow": "not_trusted",
    "eid.accept-unknown-ca": "not_trusted",
    "eid.accept-signing-cert": "cert_purpose",
    "eid.ignore-expiry": "cert_expired",
    "eid.ignore-ocsp": "cert_revoked",
    "eid.ignore-policy": "cert_policy",
    "eid.ocsp-soft-fail": "revocation_unavailable",
    "eid.split-cn": "identity_incomplete",
    "mfa.low-acr": "loa_insufficient",
    "mfa.no-acr": "malformed",
}
"""A signature comes, and a check refuses it."""
REFUSALS = {"err.cancel-leaks-person": "cancelled", "sid.refused-without-details": "malformed"}
"""The person refuses."""


@pytest.fixture
def caller(places: Places) -> Iterator[Caller]:
    yield Caller(places)
    switch(places)


def switch(places: Places, *faults: str) -> None:
    """Let the whole bank misbehave, or be honest again."""
    address = f"{places.bank}/faults"
    trusted = str(places.root_certificate)
    answer = requests.post(address, data={"fault": faults}, verify=trusted, timeout=30)
    assert answer.status_code == 200, answer.text


def follow(caller: Caller, reason: str) -> None:
    """See that person, operator and portal read of it what the table says."""
    message, incident = MESSAGES[reason], caller.incident
    assert caller.page.status_code == 400, caller.page.text
    assert message.person[Language.LATVIAN].title in caller.page.text
    assert ANNA.personal_code[:6] not in caller.page.text
    assert incident is not None
    assert rules_of(caller.places, incident)[-1] == reason
    lines = [line for line in log_of(caller.places) if line["incident"] == incident]
    assert {(line["reason"], line["concern"], line["text"]) for line in lines} == {
        (reason, message.concern.value, message.operator)
    }
    caller.browser.submit("/cancel")
    told = next(
        url for url in caller.browser.visited[::-1] if url.startswith(caller.places.auctions) and "error=" in url
    )
    query = parse_qs(urlsplit(told).query)
    assert query["error"] == [message.relying_party.error]
    assert query["error_description"] == [message.relying_party.description]


def log_of(places: Places) -> list[dict[str, str]]:
    """What the gateway told its operator of logins that were not completed."""
    text = (places.root / "gateway" / "gateway.log").read_text()
    return [json.loads(line) for line in text.splitlines() if '"login.not-completed"' in line]


@pytest.mark.parametrize(("fault", "reason"), AT_THE_START.items())
def test_10_9_a_service_that_begins_no_session(caller: Caller, fault: str, reason: str) -> None:
    caller.chooses()
    switch(caller.places, fault)
    caller.browser.submit("/here", device="other")
    follow(caller, reason)


@pytest.mark.parametrize(("fault", "reason"), ON_THE_TELEPHONE.items())
def test_10_9_a_session_that_ends_without_a_signature(caller: Caller, fault: str, reason: str) -> None:
    caller.chooses()
    link = caller.link("other")
    switch(caller.places, fault)
    caller.telephone.answer_link(link, ANNA.user_number)
    caller.waits()
    follow(caller, reason)


@pytest.mark.parametrize(("fault", "reason"), REFUSALS.items())
def test_10_9_a_person_who_refuses(caller: Caller, fault: str, reason: str) -> None:
    caller.chooses()
    link = caller.link("other")
    switch(caller.places, fault)
    caller.telephone.answer_link(link, ANNA.user_number, approve=False)
    caller.waits()
    follow(caller, reason)


@pytest.mark.parametrize(("fault", "reason"), IN_THE_RESULT.items())
def test_10_8_a_signature_that_a_check_refuses(caller: Caller, fault: str, reason: str) -> None:
    caller.chooses()
    link = caller.link("this")
    switch(caller.places, fault)
    caller.browser.open(way_back(caller.telephone.answer_link(link, ANNA.user_number)))
    follow(caller, reason)


def test_10_9_a_wrong_person_is_a_mismatch(places: Places, caller: Caller) -> None:
    girts = BY_NAME["Ģirts Ķēniņš-Žīgurs"]
    named = Caller(places, BY_CODE)
    named.chooses()
    shown = named.types(girts.personal_code)
    named.until_rung(girts.user_number)
    switch(places, "sid.other-person")
    named.telephone.answer_push(places.bank, girts.user_number, code=shown)
    named.waits()
    follow(named, "identity_mismatch")
