"""A person signs in through a provider that speaks OpenID Connect, end to end over real sockets; and what goes wrong
there reaches person, portal and operator as eid-providers.md 4.3 says (security.md 8.2, conformance catalogue 8.5)."""

import re
from urllib.parse import urlsplit

import pytest

from gateway.demo.places import PROVIDER, Places
from mock_bank.personas import Persona
from tests.flows.auditor import audit, records_of, rules_of
from tests.flows.outcomes import carries_three_fields, ends_no_login, ends_the_login
from tests.flows.walking import BY_NAME, Walk

pytestmark = pytest.mark.xdist_group("flows")

OIDC = f"{PROVIDER}-oidc"
ELINA = BY_NAME["Elīna Līga Šņēviča-Ūsiņa"]

ENDING = {
    "oid.nonce-drop": "not_trusted",
    "oid.wrong-iss": "not_trusted",
    "oid.wrong-aud": "not_trusted",
    "oid.alg-none": "bad_signature",
    "oid.alg-hs256": "bad_signature",
    "oid.bad-signature": "bad_signature",
    "oid.unknown-kid": "bad_signature",
    "oid.embedded-jwk": "malformed",
    "oid.no-exp": "malformed",
    "oid.iat-future": "stale",
    "oid.wrong-at-hash": "bad_signature",
    "oid.userinfo-sub-mismatch": "not_trusted",
    "mfa.no-acr": "loa_insufficient",
    "mfa.low-acr": "loa_insufficient",
    "mfa.unknown-method": "loa_insufficient",
    "mfa.single-amr": "one_factor",
    "att.empty-surname": "identity_incomplete",
    "att.code-format": "identity_incomplete",
}
"""Answers that belong to a login and vouch for nobody: it is over, for this reason."""

TURNED = {"oid.state-drop": "wrong_browser", "oid.no-iss-param": "not_trusted", "oid.no-code": "malformed"}
"""Answers that prove nothing: no login ends by them."""


@pytest.mark.parametrize("persona", [BY_NAME["Anna Bērziņa"], ELINA], ids=lambda persona: persona.purpose)
def test_the_three_fields_reach_the_portal_byte_for_byte(places: Places, persona: Persona) -> None:
    carries_three_fields(Walk(places, persona, provider=OIDC))


def test_one_login_leaves_its_calls_as_evidence_and_no_token(places: Places) -> None:
    walk = Walk(places, provider=OIDC)
    walk.to_end()
    events = [record["event"] for record in records_of(places, walk.login)]
    calls = [event for event in events if event["type"] == "login.back-channel-answered"]
    assert [urlsplit(call["endpoint"]).path for call in calls] == ["/oidc/token", "/oidc/userinfo"]
    verified = next(event for event in events if event["type"] == "login.identity-verified")
    assert verified["authentication"]["interface"] == "oidc"
    assert verified["authentication"]["factors"] == "knowledge possession"
    assert audit(places, "verify").exit_code == 0


@pytest.mark.parametrize(("fault", "reason"), ENDING.items())
def test_an_answer_that_vouches_for_nobody_ends_the_login(places: Places, fault: str, reason: str) -> None:
    ends_the_login(Walk(places, faults=[fault], provider=OIDC), reason)


@pytest.mark.parametrize(("fault", "reason"), TURNED.items())
def test_an_answer_that_proves_nothing_ends_no_login(places: Places, fault: str, reason: str) -> None:
    ends_no_login(Walk(places, faults=[fault], provider=OIDC), reason)


def test_whoever_cancels_at_the_provider_is_told_so_and_the_portal_learns_it(places: Places) -> None:
    walk = Walk(places, provider=OIDC)
    walk.to_bank()
    walk.browser.submit("/cancel")
    assert walk.page.url.startswith(places.issuer)
    assert walk.incident is not None
    assert rules_of(places, walk.incident)[-1] == "cancelled"
    assert walk.tell_the_portal()["error"] == ["access_denied"]


def test_err_02_whoever_cancels_at_the_second_factor_is_not_signed_in(places: Places) -> None:
    walk = Walk(places, provider=OIDC)
    walk.to_bank()
    walk.browser.submit("/login/", user_number=ELINA.user_number, password=ELINA.password, method="code-calculator")
    walk.browser.submit("/cancel")
    assert not walk.signed_in
    assert walk.incident is not None
    assert rules_of(places, walk.incident)[-1] == "cancelled"


def test_t03_an_answer_of_one_provider_counts_at_no_other(places: Places) -> None:
    """The mix-up: the answer to one provider's login, with and without ``iss``, at another provider's return address."""
    walk = Walk(places, provider=OIDC)
    walk.to_consent()
    form = walk.browser.form("/consent")
    agreed = walk.browser.session.post(
        f"{places.bank}{form.action}", data={**form.fields, "decision": "agree"}, timeout=30, allow_redirects=False
    )
    answer = agreed.headers["Location"]
    elsewhere = answer.replace(f"/return/{OIDC}?", f"/return/{PROVIDER}?")
    for tried in (elsewhere, re.sub(r"&iss=[^&]*", "", elsewhere)):
        assert walk.browser.open(tried).status_code != 200 or not walk.signed_in
    assert walk.browser.open(answer).status_code == 200
    assert walk.signed_in, "the right address still takes it"
    assert walk.browser.open(answer).status_code == 400, "and once only"
