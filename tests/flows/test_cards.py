"""eID cards by Web eID over real sockets: who is signed in, who is refused for what, and who is told what about it
(eid-providers.md 4.3, 7 and 8; security.md T36; conformance catalogue 8.7 for the gateway's own card login)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from gateway.demo.places import Places
from gateway.web.messages import MESSAGES
from mock_bank.personas import Persona
from providers.contract import Language
from tests.flows.auditor import audit, records_of, rules_of
from tests.flows.card_walk import CARD, CardWalk
from tests.flows.walking import ANNA, BY_NAME

pytestmark = pytest.mark.xdist_group("flows")

ELINA = BY_NAME["Elīna Līga Šņēviča-Ūsiņa"]
LONG = next(name for name in BY_NAME if name.startswith("Garāvārdeņa"))


@pytest.mark.parametrize("persona", [ANNA, ELINA, BY_NAME["Nora Pirmā"], BY_NAME[LONG]], ids=lambda one: one.purpose)
def test_eid_01_20_21_a_card_signs_in_and_the_three_fields_reach_the_portal(places: Places, persona: Persona) -> None:
    walk = CardWalk(places, persona)
    walk.to_end()
    assert walk.signed_in, walk.page.text
    entry = walk.entry
    assert entry["given_name"] == persona.given_name
    assert entry["family_name"] == persona.family_name
    assert entry["personal_code"] == persona.personal_code


def test_a_card_with_an_rsa_key_signs_in(places: Places) -> None:
    walk = CardWalk(places, card="-rsa")
    walk.to_end()
    assert walk.signed_in, walk.page.text


def test_what_the_issuer_was_asked_is_kept_and_the_log_verifies(places: Places) -> None:
    walk = CardWalk(places)
    walk.to_end()
    events = [record["event"] for record in records_of(places, walk.login)]
    (asked,) = [event for event in events if event["type"] == "login.back-channel-answered"]
    assert asked["endpoint"] == f"{places.card_status}/ocsp"
    verified = next(event for event in events if event["type"] == "login.identity-verified")
    assert verified["authentication"]["interface"] == "web-eid"
    assert verified["authentication"]["factors"] == "knowledge possession"
    assert audit(places, "verify").exit_code == 0


def is_refused(walk: CardWalk, reason: str) -> None:
    """Person, operator and portal hear of it, each in their own words (eid-providers.md 4.3)."""
    assert walk.page.status_code == 400, walk.page.text
    assert MESSAGES[reason].person[Language.LATVIAN].title in walk.page.text
    assert walk.persona.personal_code[:6] not in walk.page.text
    assert walk.incident is not None
    assert rules_of(walk.places, walk.incident)[-1] == reason
    assert f'"reason": "{reason}"' in gateway_log(walk.places, walk.incident)
    told = walk.tell_the_portal()
    assert told["error"] == [MESSAGES[reason].relying_party.error]
    assert walk.persona.personal_code[:6] not in str(told)


def gateway_log(places: Places, incident: str) -> str:
    lines = (places.root / "gateway" / "gateway.log").read_text(encoding="utf-8").splitlines()
    return "\n".join(json.dumps(json.loads(line)) for line in lines if incident in line)


WRONG_CARDS = {
    "-revoked": "cert_revoked",
    "-expired": "cert_expired",
    "-future": "cert_expired",
    "-signing": "cert_purpose",
    "-policy": "cert_policy",
    "-stranger": "not_trusted",
    "-foreign": "identity_incomplete",
}


@pytest.mark.parametrize(("card", "reason"), WRONG_CARDS.items())
def test_eid_02_to_12_a_wrong_card_is_refused_for_what_is_wrong_with_it(places: Places, card: str, reason: str) -> None:
    walk = CardWalk(places, card=card)
    walk.to_end()
    is_refused(walk, reason)


@contextmanager
def bank_with(places: Places, fault: str) -> Iterator[None]:
    """The mock bank misbehaves for everybody, for a while."""
    trusted = str(places.root_certificate)

    def switch(*faults: str) -> None:
        answer = requests.post(f"{places.bank}/faults", data={"fault": faults}, verify=trusted, timeout=30)
        assert answer.ok, answer.text

    switch(fault)
    try:
        yield
    finally:
        switch()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("ocs.unknown", "cert_revoked")],
)
def test_eid_06_a_card_that_its_issuer_does_not_know_is_refused(places: Places, fault: str, reason: str) -> None:
    with bank_with(places, fault):
        walk = CardWalk(places)
        walk.to_end()
    is_refused(walk, reason)


@pytest.mark.parametrize("fault", ["ocs.other-key", "ocs.stale", "ocs.other-nonce"])
def test_eid_08_09_an_answer_that_proves_nothing_leaves_the_word_to_the_list(places: Places, fault: str) -> None:
    with bank_with(places, fault):
        good, revoked = CardWalk(places), CardWalk(places, card="-revoked")
        good.to_end()
        revoked.to_end()
    assert good.signed_in, good.page.text
    is_refused(revoked, "cert_revoked")


def test_eid_07_without_any_answer_about_revocation_nobody_is_let_in(places: Places) -> None:
    """The responder is out of order, and the card's part of the lists is nowhere."""
    with bank_with(places, "ocs.down"):
        walk = CardWalk(places, card="-unlisted")
        walk.to_end()
    is_refused(walk, "revocation_unavailable")
    again = CardWalk(places, card="-unlisted")
    again.to_end()
    assert again.signed_in, "the responder answers again"


T36 = {
    "relayed from another origin": "https://localhost.evil.test",
    "from the bank's own origin": "",
}


@pytest.mark.parametrize("name", T36)
def test_t36_a_challenge_that_was_relayed_to_another_site_signs_nobody_in(places: Places, name: str) -> None:
    """EID-17: the card signs where it was asked."""
    walk = CardWalk(places)
    walk.says_token(walk.signed(walk.to_card(), origin=T36[name] or places.bank))
    is_refused(walk, "bad_signature")


def test_t36_eid_14_a_token_counts_once(places: Places) -> None:
    first, second = CardWalk(places), CardWalk(places)
    token = first.signed(first.to_card())
    first.says_token(token)
    assert first.signed_in
    second.to_card()
    second.says_token(token)
    is_refused(second, "bad_signature")


def test_eid_14_a_token_sent_twice_in_its_own_login_signs_in_once(places: Places) -> None:
    walk = CardWalk(places)
    token = walk.signed(walk.to_card())
    page = walk.page
    walk.says_token(token)
    assert walk.signed_in
    again = walk.browser.session.post(page.url, data={"token": token}, headers={"Referer": page.url}, timeout=30)
    assert not again.url.startswith(f"{places.auctions}/callback")


def test_eid_16_a_token_brought_by_another_browser_signs_nobody_in(places: Places) -> None:
    """T39: the page serves the browser that began the login alone, so that a stolen challenge is worth nothing."""
    victim, attacker = CardWalk(places), CardWalk(places)
    token = victim.signed(victim.to_card())
    attacker.to_choices()
    answer = attacker.browser.session.post(victim.page.url, data={"token": token}, timeout=30)
    assert answer.status_code == 404
    victim.says_token(token)
    assert victim.signed_in, "the login was not touched"


def test_a_token_posted_to_the_return_address_goes_nowhere(places: Places) -> None:
    walk = CardWalk(places)
    token = walk.signed(walk.to_card())
    answer = walk.browser.session.post(f"{places.issuer}/return/{CARD}", data={"token": token}, timeout=30)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("ERR_WEBEID_USER_CANCELLED", "cancelled"),
        ("ERR_WEBEID_USER_TIMEOUT", "timeout"),
        ("ERR_WEBEID_ACTION_TIMEOUT", "timeout"),
    ],
)
def test_giving_up_at_the_card_is_told_to_the_portal(places: Places, code: str, reason: str) -> None:
    walk = CardWalk(places)
    walk.to_card()
    walk.says_error(code)
    is_refused(walk, reason)


def test_a_missing_extension_is_explained_and_the_next_try_has_a_challenge_of_its_own(places: Places) -> None:
    walk = CardWalk(places)
    before = walk.to_card()
    walk.says_error("ERR_WEBEID_EXTENSION_UNAVAILABLE")
    assert "Web eID programmatūru" in walk.page.text
    assert walk.page.status_code == 200
    assert walk.challenge != before
    walk.says_token(walk.signed(walk.challenge))
    assert walk.signed_in


def test_a_token_of_another_form_is_malformed_and_the_login_is_over(places: Places) -> None:
    walk = CardWalk(places)
    walk.to_card()
    walk.says_token("x" * 200)
    is_refused(walk, "malformed")


def test_the_start_up_log_names_the_card_made_of_software(places: Places) -> None:
    log = (places.root / "gateway" / "gateway.log").read_text(encoding="utf-8")
    assert "a card made of software is offered on the page" in log
