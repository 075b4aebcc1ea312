"""A bank that misbehaves: each fault is refused for the right reason, the person gets a number and a way on, and the
log says which rule was broken (banklink.md sections 8 and 14, design.md section 4, GAU-01, GAU-04)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from gateway.demo.places import Places
from tests.flows.auditor import audit, rules_of
from tests.flows.walking import ANNA, BY_NAME, INCIDENT, Walk

pytestmark = pytest.mark.xdist_group("flows")

FORGED = {
    "bnk.bad-mac": "bad_signature",
    "bnk.mac-order": "bad_signature",
    "bnk.mac-omits-person": "bad_signature",
    "bnk.mac-sha1": "bad_signature",
    "bnk.rsa1024": "bad_signature",
    "bnk.length-unit": "bad_signature",
    "bnk.length-unpadded": "bad_signature",
    "bnk.charset-lie": "malformed",
    "bnk.nonce-drop": "malformed",
    "bnk.wrong-rec-id": "wrong_recipient",
    "bnk.wrong-response-service": "unexpected_service",
    "ans.other-key": "bad_signature",
    "ans.other-hash": "bad_signature",
    "ans.changed-after-signing": "bad_signature",
    "ans.other-sender": "wrong_sender",
    "ans.other-version": "unexpected_version",
    "ans.nonce-changed": "unknown_nonce",
    "ans.latin1": "malformed",
    "ans.windows-1257": "malformed",
    "ans.unsolicited": "unknown_nonce",
}
"""Messages that prove nothing: the login stays as it was."""

ENDING = {
    "bnk.stale-datetime": "stale",
    "ans.time-minus-301": "stale",
    "ans.time-plus-301": "stale",
    "vbc.missing": "confirmation_missing",
    "vbc.late": "confirmation_unavailable",
    "vbc.wrong-key": "confirmation_bad_signature",
    "vbc.changed-after-signing": "confirmation_bad_signature",
    "vbc.alg-none": "confirmation_bad_signature",
    "vbc.other-person": "identity_mismatch",
    "vbc.other-login": "confirmation_other_login",
    "vbc.one-factor": "one_factor",
    "vbc.same-kind-twice": "one_factor",
    "vbc.joined-name": "identity_incomplete",
    "vbc.garbage": "confirmation_malformed",
    "vbc.huge": "confirmation_unavailable",
    "vbc.redirect": "confirmation_unavailable",
    "vbc.error-500": "confirmation_unavailable",
    "vbc.expired": "confirmation_expired",
    "vbc.other-audience": "confirmation_wrong_recipient",
    "vbc.other-issuer": "confirmation_wrong_sender",
    "att.combined-name": "identity_incomplete",
    "att.empty-surname": "identity_incomplete",
    "att.duplicate-attr": "confirmation_malformed",
    "mfa.no-acr": "confirmation_malformed",
    "mfa.single-amr": "one_factor",
}
"""Authentic messages that do not vouch for anybody: the login is over."""

HARMLESS = ("ans.extra-parameter", "ans.time-minus-299", "ans.mac-line-breaks", "ans.code-without-hyphen")


def refused(places: Places, fault: str) -> tuple[Walk, list[str]]:
    walk = Walk(places, faults=[fault])
    page = walk.to_end()
    assert page.status_code == 400, page.text
    assert page.url.startswith(places.issuer)
    assert walk.incident is not None
    assert "150930" not in page.text
    return walk, rules_of(places, walk.incident)


@pytest.mark.parametrize(("fault", "rule"), FORGED.items())
def test_a_message_that_proves_nothing_changes_nothing(places: Places, fault: str, rule: str) -> None:
    walk, rules = refused(places, fault)
    assert rules == [rule]
    chosen = next(url for url in walk.browser.visited if "/login/" in url and url.startswith(places.issuer))
    assert walk.browser.open(chosen).status_code == 200, "the login is still open"
    assert walk.browser.form("/choose")


@pytest.mark.parametrize(("fault", "rule"), ENDING.items())
def test_an_authentic_answer_that_vouches_for_nobody_ends_the_login(places: Places, fault: str, rule: str) -> None:
    walk, rules = refused(places, fault)
    assert rules[-1] == rule
    walk.browser.submit("/again")
    assert walk.browser.form("/choose"), "another way to sign in is offered"


@pytest.mark.parametrize("fault", HARMLESS)
def test_a_legitimate_peculiarity_is_accepted(places: Places, fault: str) -> None:
    walk = Walk(places, faults=[fault])
    walk.to_end()
    assert walk.signed_in, walk.page.text


def test_vpm_drv_12_the_same_answer_twice_signs_in_once(places: Places) -> None:
    walk = Walk(places)
    fields = walk.to_answer()
    target = walk.browser.form("/return/").action
    walk.browser.submit("/return/")
    assert walk.signed_in
    again = walk.browser.session.post(target, data=fields, timeout=30)
    assert again.status_code == 400
    found = INCIDENT.search(again.text)
    assert found is not None
    assert "replayed" in rules_of(places, found[0])


def test_r9_fifty_answers_at_once_sign_in_once(places: Places) -> None:
    walk = Walk(places)
    fields = walk.to_answer()
    target = walk.browser.form("/return/").action
    trusted = str(places.root_certificate)

    def send(_: int) -> int:
        return requests.post(target, data=fields, verify=trusted, allow_redirects=False, timeout=60).status_code

    with ThreadPoolExecutor(50) as threads:
        statuses = list(threads.map(send, range(50)))
    assert statuses.count(303) == 1
    assert statuses.count(400) == 49
    login = next(url for url in walk.browser.visited if "/login/" in url and places.issuer in url).split("/")[4]
    assert rules_of(places, login).count("replayed") == 49
    assert audit(places, "verify").exit_code == 0


def test_t14_an_answer_carried_by_another_browser_signs_nobody_in(places: Places) -> None:
    attacker, victim = Walk(places), Walk(places)
    fields = attacker.to_answer()
    target = attacker.browser.form("/return/").action
    page = victim.browser.session.post(target, data=fields, timeout=30)
    assert page.status_code == 400
    found = INCIDENT.search(page.text)
    assert found is not None
    assert rules_of(places, found[0])[-1] == "wrong_browser"
    assert "given_name" not in victim.browser.open(f"{places.auctions}/my-entry.json").text
    assert attacker.browser.open(page.url).status_code == 400, "and the login is over"


def test_t28_an_answer_for_an_unknown_bank_leads_nowhere(places: Places) -> None:
    walk = Walk(places)
    fields = walk.to_answer()
    target = walk.browser.form("/return/").action.rsplit("/", 1)[0]
    assert walk.browser.session.post(f"{target}/unheard-of", data=fields, timeout=30).status_code == 404


def test_the_return_address_opened_by_hand_changes_nothing(places: Places) -> None:
    walk = Walk(places)
    walk.to_answer()
    target = walk.browser.form("/return/").action
    page = walk.browser.session.get(target, timeout=30)
    assert page.status_code == 405
    assert page.headers["Allow"] == "POST"
    walk.browser.submit("/return/")
    assert walk.signed_in


def test_persons_a_and_b_are_never_mixed_up(places: Places) -> None:
    a = Walk(places, BY_NAME["Aija Pāra-Ābele"])
    b = Walk(places, BY_NAME["Baiba Pāra-Bērza"])
    a.to_answer()
    b.to_answer()
    a.browser.submit("/return/")
    b.browser.submit("/return/")
    assert a.entry["personal_code"] == a.persona.personal_code
    assert b.entry["personal_code"] == b.persona.personal_code


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "https://localhost.evil.test/callback"},
        {"redirect_uri": "http://localhost:1/callback"},
        {"client_id": ""},
    ],
)
def test_t05_an_unproven_request_ends_on_a_page_with_a_number(places: Places, changed: dict[str, str]) -> None:
    walk = Walk(places)
    parameters = {"client_id": "izsoles", "redirect_uri": f"{places.auctions}/callback", "response_type": "code"}
    page = walk.browser.session.get(
        f"{places.issuer}/oidc/authorize", params={**parameters, **changed}, allow_redirects=False, timeout=30
    )
    assert page.status_code == 400
    assert "Location" not in page.headers
    found = INCIDENT.search(page.text)
    assert found is not None
    assert rules_of(places, found[0])[0] in {"known_relying_party", "registered_redirect_uri"}


def test_after_the_whole_attack_the_log_is_intact(places: Places) -> None:
    """GAU-06."""
    walk = Walk(places, ANNA)
    walk.to_end()
    assert walk.signed_in
    assert audit(places, "verify").exit_code == 0
