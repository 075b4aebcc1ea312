"""What a person meets on the bank's pages: two factors, consent, and a clear word when something does not work."""

import re

import pytest

from mock_bank.personas import PERSONAS, Kind
from tests.mock_bank.partner import answer_in
from tests.mock_bank.world import NONCES, World

ABLE = [person for person in PERSONAS if person.kind is Kind.ORDINARY]


@pytest.mark.parametrize("person", ABLE, ids=lambda person: person.name[:20])
def test_each_test_person_arrives_byte_for_byte_att_01(person: object, world: World) -> None:
    who = next(each for each in ABLE if each is person)
    nonce = world.answered(who.user_number).fields["VK_NONCE"]
    claims = world.claims(world.confirmation(nonce))
    assert (claims["given_name"], claims["family_name"], claims["personal_code"]) == (
        who.given_name,
        who.family_name,
        who.personal_code,
    )
    assert claims["interface"] == "banklink"
    assert claims["exp"] - claims["iat"] == 300


def test_the_means_used_stands_in_vk_token(world: World) -> None:
    assert world.answered(NONCE=NONCES[0]).fields["VK_TOKEN"] == "6"
    login = world.begun(NONCE=NONCES[1])
    world.password(login, method="app")
    approve(world, login, "100001")
    assert answer_in(world.post(f"{login}/consent", decision="agree").text).fields["VK_TOKEN"] == "9"


def approve(world: World, login: str, number: str, *, pin: str | None = None, decision: str = "approve") -> int:
    return world.post(
        f"/app/{number}", login=login.rsplit("/", 1)[1], pin=number[-4:] if pin is None else pin, decision=decision
    ).status_code


def test_the_phone_shows_the_control_code_of_the_page_and_the_pin_approves(world: World) -> None:
    login = world.begun()
    assert world.password(login, method="app").headers["Location"] == f"{login}/app"
    page = world.browser.get(f"{login}/app").text
    control = re.search(r'id="control-code">(\d{4})<', page)
    assert control
    assert 'http-equiv="refresh"' in page
    phone = world.browser.get("/app/100001").text
    assert control[1] in phone
    assert "Izsoles vārteja" in phone
    assert approve(world, login, "100001", pin="9999") == 403
    assert world.browser.get(f"{login}/app").status_code == 200
    assert approve(world, login, "100001") == 200
    assert world.browser.get(f"{login}/app").headers["Location"] == f"{login}/consent"


def test_rejecting_in_the_app_ends_the_login(world: World) -> None:
    login = world.begun()
    world.password(login, method="app")
    approve(world, login, "100001", decision="reject")
    assert world.browser.get(f"{login}/app").headers["Location"] == f"{login}/over"
    assert world.post(f"{login}/consent", decision="agree").status_code == 303


def test_another_customers_phone_does_not_see_the_login(world: World) -> None:
    login = world.begun()
    world.password(login, "100017", method="app")
    assert approve(world, login, "100018") == 404


def test_a_wrong_password_and_a_wrong_code_may_be_tried_again(world: World) -> None:
    login = world.begun()
    assert world.post(login, user_number="100001", password="wrong").status_code == 403
    assert world.password(login).status_code == 303
    assert world.post(f"{login}/code", code="12").status_code == 403
    assert world.post(f"{login}/code", code=world.code(login)).headers["Location"] == f"{login}/consent"


def test_after_five_wrong_codes_the_customer_waits_a_minute_mfa_09(world: World) -> None:
    login = world.begun(NONCE=NONCES[0])
    world.password(login)
    for _ in range(5):
        assert world.post(f"{login}/code", code="x").status_code == 403
    assert world.post(f"{login}/code", code=world.code(login)).status_code == 403
    fresh = world.begun(NONCE=NONCES[1])
    assert world.password(fresh).status_code == 403
    world.clock.forward(seconds=61)
    assert world.password(fresh).status_code == 303


def test_a_locked_customer_can_be_reset_on_the_page_of_persons(world: World) -> None:
    login = world.begun()
    for _ in range(5):
        world.post(login, user_number="100001", password="x")
    assert world.password(login).status_code == 403
    assert "Unlock" in world.browser.get("/personas").text
    world.post("/personas/100001/unlock")
    assert world.password(login).status_code == 303


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ("100015", "bloķēta"),
        ("100016", "otrā apliecinājuma"),
        ("100013", "nav zināms Jūsu personas kods"),
        ("100014", "uzņēmuma lietotājs"),
    ],
)
def test_who_cannot_be_identified_is_told_why_and_shown_the_way_back(person: str, words: str, world: World) -> None:
    login = world.begun()
    world.password(login, person)
    if world.browser.get(login).headers["Location"].endswith("/code"):
        world.post(f"{login}/code", code=world.code(login))
    page = world.browser.get(f"{login}/over")
    assert page.status_code == 403
    assert words in page.text
    assert 'href="https://gw.example/b/demobank/return"' in page.text
    assert world.confirmation(world.partner.request()["VK_NONCE"]).status_code == 404


@pytest.mark.parametrize("step", ["", "/code", "/consent"])
def test_cancelling_sends_nothing_and_offers_a_link_back(step: str, world: World) -> None:
    login = world.begun()
    if step:
        world.password(login)
    if step == "/consent":
        world.post(f"{login}/code", code=world.code(login))
        world.post(f"{login}/consent", decision="cancel")
    else:
        world.post(f"{login}/cancel")
    page = world.browser.get(f"{login}/over")
    assert page.status_code == 200
    assert 'id="answer"' not in page.text
    assert 'href="https://gw.example/b/demobank/return"' in page.text
    assert world.post(f"{login}/consent", decision="agree").status_code == 303


def test_agreeing_twice_makes_one_answer(world: World) -> None:
    login = world.at_consent()
    assert 'id="answer"' in world.post(f"{login}/consent", decision="agree").text
    again = world.post(f"{login}/consent", decision="agree")
    assert (again.status_code, again.headers["Location"]) == (303, f"{login}/over")


def test_the_consent_page_shows_what_is_handed_to_whom(world: World) -> None:
    page = world.browser.get(f"{world.at_consent('100009')}/consent").text
    for shown in ("Seán", "O&#39;Neill-D’Arcy", "291134-20351", "Izsoles vārteja"):
        assert shown in page


def test_steps_cannot_be_skipped_mfa_07(world: World) -> None:
    login = world.begun()
    assert world.browser.get(f"{login}/consent").headers["Location"] == login
    assert world.post(f"{login}/consent", decision="agree").headers["Location"] == login
    world.password(login)
    assert world.post(f"{login}/consent", decision="agree").headers["Location"] == f"{login}/code"


def test_a_login_belongs_to_the_browser_that_began_it_mfa_17(world: World) -> None:
    login = world.begun()
    stranger = world.new_browser()
    assert stranger.get(login).status_code == 403
    assert world.password(login, browser=stranger).status_code == 403


def test_a_form_on_another_site_cannot_take_a_step(world: World) -> None:
    login = world.begun()
    foreign = world.browser.post(login, data={}, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403


def test_the_session_id_changes_when_the_password_was_right_mfa_12(world: World) -> None:
    login = world.begun()
    before = world.browser.get_cookie("mock_bank_login", path=login)
    world.password(login)
    after = world.browser.get_cookie("mock_bank_login", path=login)
    assert before
    assert after
    assert before.value != after.value


def test_a_login_ends_after_fifteen_minutes(world: World) -> None:
    login = world.begun()
    world.clock.forward(minutes=15, seconds=1)
    assert world.browser.get(login).status_code == 404


def test_two_logins_in_one_browser_do_not_disturb_each_other(world: World) -> None:
    first, second = world.begun(NONCE=NONCES[0]), world.begun(NONCE=NONCES[1])
    world.password(first, "100017")
    world.password(second, "100018")
    for login in (first, second):
        world.post(f"{login}/code", code=world.code(login))
    answers = [answer_in(world.post(f"{login}/consent", decision="agree").text).fields for login in (second, first)]
    assert [(answer["VK_NONCE"], answer["VK_USER_NAME"]) for answer in answers] == [
        (NONCES[1], "Pāra-Bērza,Baiba"),
        (NONCES[0], "Pāra-Ābele,Aija"),
    ]


def test_pages_speak_latvian_first_and_english_when_asked(world: World) -> None:
    login = world.begun()
    assert '<html lang="lv">' in world.browser.get(login).text
    assert '<html lang="en">' in world.browser.get(f"{login}?lang=en").text
    assert "User number" in world.browser.get(login).text


def test_pages_cannot_be_framed_or_kept_and_load_nothing_from_elsewhere(world: World) -> None:
    page = world.browser.get(world.begun())
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page.text)


def test_the_answer_page_lets_the_browser_follow_the_partners_redirects(world: World) -> None:
    login = world.at_consent()
    page = world.post(f"{login}/consent", decision="agree")
    assert "form-action https:;" in page.headers["Content-Security-Policy"] + ";"
    assert '<button type="submit" autofocus>' in page.text
