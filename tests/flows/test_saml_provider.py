"""A person signs in through a provider that speaks SAML 2.0, end to end over real sockets; and what goes wrong there
reaches person, portal and operator as eid-providers.md 4.3 says (T18 to T24, conformance catalogue 8.6, 9.3)."""

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from lxml import etree

from gateway.demo.places import PROVIDER, Places
from mock_bank.personas import Persona
from tests.flows.auditor import audit, records_of, rules_of
from tests.flows.outcomes import carries_three_fields, ends_no_login, ends_the_login
from tests.flows.walking import ANNA, BY_NAME, INCIDENT, Walk

pytestmark = pytest.mark.xdist_group("flows")

SAML = f"{PROVIDER}-saml"
ELINA = BY_NAME["Elīna Līga Šņēviča-Ūsiņa"]

ENDING = {
    "sam.wrong-issuer": "not_trusted",
    "sam.wrong-destination": "not_trusted",
    "sam.wrong-recipient": "not_trusted",
    "sam.wrong-audience": "not_trusted",
    "sam.long-confirmation": "malformed",
    "sam.no-conditions": "malformed",
    "sam.old-authninstant": "stale",
    "sam.busy": "provider_busy",
    "sam.refuses-us": "provider_refused_us",
    "sam.unknown-person": "no_account",
    "sam.unknown-status": "malformed",
    "mfa.no-acr": "malformed",
    "mfa.low-acr": "loa_insufficient",
    "att.empty-surname": "identity_incomplete",
    "att.combined-name": "identity_incomplete",
    "att.code-format": "identity_incomplete",
    "att.duplicate-attr": "identity_incomplete",
    "att.invisible": "identity_incomplete",
    "vbc.other-person": "identity_mismatch",
    "vbc.missing": "confirmation_missing",
}
"""Authentic answers that vouch for nobody: the login is over, for this reason."""

TURNED = {
    "sam.unsigned-assertion": "bad_signature",
    "sam.unsigned": "bad_signature",
    "sam.foreign-key": "bad_signature",
    "sam.sha1": "bad_signature",
    "sam.dup-id": "malformed",
    "sam.two-assertions": "malformed",
    "sam.no-inresponseto": "unknown_nonce",
    "sam.comment-in-value": "malformed",
    "sam.doctype": "malformed",
    "sam.enc-cbc": "malformed",
    "sam.no-encryption": "malformed",
    "sam.relaystate-drop": "malformed",
    "sam.error-with-assertion": "malformed",
}
"""Answers that prove nothing: no login ends by them."""


@pytest.mark.parametrize("persona", [ANNA, ELINA], ids=lambda persona: persona.purpose)
def test_the_three_fields_reach_the_portal_byte_for_byte(places: Places, persona: Persona) -> None:
    carries_three_fields(Walk(places, persona, provider=SAML))


def test_one_login_leaves_its_records_in_order_and_proven(places: Places) -> None:
    walk = Walk(places, provider=SAML)
    walk.to_end()
    events = [record["event"] for record in records_of(places, walk.login)]
    assert [event["type"] for event in events] == [
        "login.requested",
        "login.sent-to-provider",
        "login.answer-received",
        "login.back-channel-intended",
        "login.back-channel-answered",
        "login.identity-verified",
        "login.code-issued",
        "token.issued",
    ]
    assert events[1]["endpoint"] == f"{places.bank}/saml/sso"
    verified = events[5]
    assert verified["authentication"]["interface"] == "saml"
    assert verified["authentication"]["factors"] == "knowledge possession"
    assert audit(places, "verify").exit_code == 0


def test_the_browser_carries_nothing_about_the_person_in_clear(places: Places) -> None:
    walk = Walk(places, provider=SAML)
    walk.to_consent()
    walk.browser.submit("/consent", decision="agree")
    response = base64.b64decode(walk.browser.form("/return/").fields["SAMLResponse"]).decode()
    assert "EncryptedAssertion" in response
    for word in (ANNA.given_name, ANNA.family_name, ANNA.personal_code, ANNA.personal_code.replace("-", "")):
        assert word not in response


@pytest.mark.parametrize(("fault", "reason"), ENDING.items())
def test_an_authentic_answer_that_vouches_for_nobody_ends_the_login(places: Places, fault: str, reason: str) -> None:
    ends_the_login(Walk(places, faults=[fault], provider=SAML), reason)


@pytest.mark.parametrize(("fault", "reason"), TURNED.items())
def test_an_answer_that_proves_nothing_ends_no_login(places: Places, fault: str, reason: str) -> None:
    ends_no_login(Walk(places, faults=[fault], provider=SAML), reason)


def test_err_12_a_response_to_another_request_counts_for_neither(places: Places) -> None:
    Walk(places, provider=SAML).to_end()
    walk = Walk(places, faults=["err.parallel-mixup"], provider=SAML)
    walk.to_end()
    assert walk.page.status_code == 400
    assert not walk.signed_in


@pytest.mark.parametrize("after_the_password", [False, True])
def test_err_01_whoever_cancels_at_the_provider_is_told_so_and_the_portal_learns_it(
    places: Places, after_the_password: bool
) -> None:
    walk = Walk(places, provider=SAML)
    walk.to_bank()
    if after_the_password:
        walk.browser.submit("/login/", user_number=ANNA.user_number, password=ANNA.password, method="code-calculator")
    walk.browser.submit("/cancel")
    walk.browser.submit("/return/")
    assert walk.page.url.startswith(places.issuer)
    assert walk.incident is not None
    assert rules_of(places, walk.incident)[-1] == "cancelled"
    assert walk.tell_the_portal()["error"] == ["access_denied"]


def test_err_04_a_cancellation_that_nobody_signed_ends_no_login(places: Places) -> None:
    walk = Walk(places, faults=["err.cancel-unsigned"], provider=SAML)
    walk.to_bank()
    walk.browser.submit("/cancel")
    walk.browser.submit("/return/")
    assert walk.page.status_code == 400
    assert walk.incident is not None
    assert rules_of(places, walk.incident) == ["bad_signature"]


def test_mfa_10_a_customer_with_one_factor_comes_back_as_too_weak(places: Places) -> None:
    walk = Walk(places, BY_NAME["Viens Faktors"], provider=SAML)
    walk.to_consent()
    walk.browser.open(f"{walk.page.url.removesuffix('/over')}/back")
    walk.browser.submit("/return/")
    assert walk.incident is not None
    assert rules_of(places, walk.incident)[-1] == "loa_insufficient"
    assert walk.tell_the_portal()["error"] == ["unmet_authentication_requirements"]


def test_t23_two_posts_of_one_response_at_once_are_one_login(places: Places) -> None:
    walk = Walk(places, provider=SAML)
    walk.to_consent()
    walk.browser.submit("/consent", decision="agree")
    form = walk.browser.form("/return/")

    def post(_: int) -> int:
        answer = requests.post(
            form.action, data=form.fields, verify=str(places.root_certificate), allow_redirects=False, timeout=30
        )
        return answer.status_code

    with ThreadPoolExecutor(8) as crowd:
        statuses = sorted(crowd.map(post, range(8)))
    assert statuses == [303] + [400] * 7
    assert walk.browser.submit("/return/").status_code == 400, "nor later"
    found = INCIDENT.search(walk.page.text)
    assert found is not None
    assert "replayed" in rules_of(places, found[0])


def test_gsa_20_a_response_counts_only_for_the_browser_that_asked(places: Places) -> None:
    """Somebody lets a victim's browser bring an answer to the attacker's own login (T14)."""
    attacker, victim = Walk(places, provider=SAML), Walk(places, provider=SAML)
    attacker.to_consent()
    attacker.browser.submit("/consent", decision="agree")
    form = attacker.browser.form("/return/")
    victim.to_choices()
    page = victim.browser.session.post(form.action, data=form.fields, timeout=30)
    assert not page.url.startswith(places.auctions)
    assert "150930" not in page.text


def test_our_metadata_tells_a_provider_developer_what_to_register(places: Places) -> None:
    page = requests.get(f"{places.issuer}/saml/sp/{SAML}/metadata", verify=str(places.root_certificate), timeout=30)
    assert page.headers["Content-Type"].startswith("application/samlmetadata+xml")
    names = {"md": "urn:oasis:names:tc:SAML:2.0:metadata"}
    root = etree.fromstring(page.content)
    assert root.get("entityID") == page.url
    role = root.find("md:SPSSODescriptor", names)
    consumer = role.find("md:AssertionConsumerService", names)
    assert consumer.get("Location") == f"{places.issuer}/return/{SAML}"
    assert consumer.get("Binding") == "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
    assert (role.get("AuthnRequestsSigned"), role.get("WantAssertionsSigned")) == ("true", "true")
    assert [key.get("use") for key in role.findall("md:KeyDescriptor", names)] == ["signing", "encryption"]
    for other in (PROVIDER, "unheard-of"):
        address = f"{places.issuer}/saml/sp/{other}/metadata"
        assert requests.get(address, verify=str(places.root_certificate), timeout=30).status_code == 404
