"""Whole logins by Smart-ID, through every hop: portal, gateway, service, telephone."""

import time

import pytest

from gateway.demo.browser import Browser
from gateway.demo.places import Places
from mock_bank.personas import Kind
from tests.flows.auditor import records_of
from tests.flows.telephones import BY_CODE, Caller
from tests.flows.walking import BY_NAME
from tests.support.telephone import way_back

pytestmark = pytest.mark.xdist_group("flows")

ANNA = BY_NAME["Anna Bērziņa"]
GIRTS = BY_NAME["Ģirts Ķēniņš-Žīgurs"]


def test_a_person_scans_the_code_with_a_telephone_and_arrives_at_the_portal(places: Places) -> None:
    caller = Caller(places)
    caller.chooses()
    answer = caller.telephone.answer_link(caller.link("other"), GIRTS.user_number)
    assert "approved" in answer.text
    caller.waits()
    assert caller.signed_in, caller.page.text
    assert caller.entry["personal_code"] == GIRTS.personal_code


def test_the_app_on_the_same_device_brings_the_person_back(places: Places) -> None:
    caller = Caller(places)
    caller.chooses()
    answer = caller.telephone.answer_link(caller.link("this"), ANNA.user_number)
    caller.browser.open(way_back(answer))
    assert caller.signed_in, caller.page.text
    assert caller.entry["family_name"] == ANNA.family_name


def test_t40_whoever_relays_the_link_never_gets_the_login(places: Places) -> None:
    """The attacker's page shows the link; the victim's app opens the victim's own browser."""
    attacker, victim = Caller(places), Browser(places.root_certificate)
    attacker.chooses()
    answer = attacker.telephone.answer_link(attacker.link("this"), ANNA.user_number)
    refused = victim.open(way_back(answer))
    assert refused.status_code == 400
    assert attacker.login not in refused.text
    attacker.waits()
    assert attacker.page.status_code == 400
    attacker.browser.open(way_back(answer))
    assert attacker.page.status_code == 400
    assert not attacker.is_known


def test_a_person_types_the_code_and_compares_the_digits(places: Places) -> None:
    caller = Caller(places, BY_CODE)
    caller.chooses()
    shown = caller.types(BY_NAME["Elīna Līga Šņēviča-Ūsiņa"].personal_code)
    person = BY_NAME["Elīna Līga Šņēviča-Ūsiņa"].user_number
    caller.until_rung(person)
    caller.telephone.answer_push(places.bank, person, code=shown)
    caller.waits()
    assert caller.signed_in, caller.page.text


def test_10_9_a_person_who_picks_another_code_is_told_so(places: Places) -> None:
    person = BY_NAME["Jānis Āboliņš"]
    caller = Caller(places, BY_CODE)
    caller.chooses()
    shown = caller.types(person.personal_code)
    caller.until_rung(person.user_number)
    wrong = next(code for code in caller.telephone.choices(places.bank, person.user_number) if code != shown)
    caller.telephone.answer_push(places.bank, person.user_number, code=wrong)
    assert caller.waits().status_code == 400
    assert "Apstiprināts cits kontroles kods" in caller.page.text
    assert caller.incident


def test_t39_another_browser_sees_nothing_of_it_and_cannot_finish_it(places: Places) -> None:
    caller, stranger = Caller(places), Browser(places.root_certificate)
    caller.chooses()
    link = caller.link("other")
    here = caller.here
    waiting = {path: stranger.session.get(f"{here}{path}", timeout=30) for path in ("", "/state")}
    caller.telephone.answer_link(link, ANNA.user_number)
    finished = {path: stranger.session.get(f"{here}{path}", timeout=30) for path in ("", "/state")}
    for path, before in waiting.items():
        assert before.text == finished[path].text
        assert "<path" not in before.text
    caller.waits()
    assert caller.signed_in, caller.page.text


def test_t40_a_person_is_asked_once_at_a_time_and_a_second_page_says_so(places: Places) -> None:
    person = BY_NAME["Nora Pirmā"]
    first, second = Caller(places, BY_CODE), Caller(places, BY_CODE)
    for caller in (first, second):
        caller.chooses()
    shown = first.types(person.personal_code)
    first.until_rung(person.user_number)
    second.types(person.personal_code)
    assert second.waits().status_code == 400
    assert "Pārāk daudz pieprasījumu" in second.page.text
    first.telephone.answer_push(places.bank, person.user_number, code=shown)
    first.waits()
    assert first.signed_in, first.page.text


def test_t41_an_unknown_person_reads_what_a_refusing_one_reads(places: Places) -> None:
    texts = []
    for code in ("399999-11111", BY_NAME["Niks Otrais"].personal_code):
        caller = Caller(places, BY_CODE)
        caller.chooses()
        caller.types(code)
        if code != "399999-11111":
            number = BY_NAME["Niks Otrais"].user_number
            caller.until_rung(number)
            caller.telephone.answer_push(places.bank, number, code=None, approve=False)
        started = time.monotonic()
        caller.waits()
        assert time.monotonic() - started < 60
        assert caller.page.status_code == 400
        texts.append(caller.page.text.replace(caller.incident or "", "").replace(caller.login, ""))
    assert texts[0] == texts[1]


def test_10_9_an_unusable_account_is_no_different(places: Places) -> None:
    blocked = next(one for one in BY_NAME.values() if one.kind is Kind.BLOCKED)
    caller = Caller(places, BY_CODE)
    caller.chooses()
    caller.types(blocked.personal_code)
    caller.waits()
    assert "Pieteikšanās netika pabeigta" in caller.page.text


def test_every_step_is_in_the_log_and_no_code_is(places: Places) -> None:
    caller = Caller(places, BY_CODE)
    caller.chooses()
    person = BY_NAME["Nellija Trešā"]
    shown = caller.types(person.personal_code)
    caller.until_rung(person.user_number)
    login = caller.login
    caller.telephone.answer_push(places.bank, person.user_number, code=shown)
    caller.waits()
    records = records_of(places, login)
    assert [record["event"]["type"] for record in records] == [
        "login.requested",
        "login.sent-to-provider",
        "login.back-channel-intended",
        "login.back-channel-answered",
        "login.back-channel-answered",
        "login.answer-received",
        "login.back-channel-intended",
        "login.back-channel-answered",
        "login.identity-verified",
        "login.code-issued",
        "token.issued",
    ]
    assert person.personal_code not in str(records)
    assert person.personal_code.replace("-", "") not in str(records)
