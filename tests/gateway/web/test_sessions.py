"""Single sign-on inside a group, and sign-out everywhere, as a browser meets them (T14, T15)."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest

from gateway.broker.session import Standing
from providers.contract import AssuranceLevel
from providers.personal_code import PersonalCode
from tests.support.gateway_parts import ISSUER, HeldClock
from tests.support.group import ALONE, AUCTIONS, ELSEWHERE, REGISTER, Town, claims_of

SOMEBODY_ELSE = PersonalCode("32987654321")


def moved(clock: HeldClock, **by: float) -> None:
    clock.move(**by)


# --- without a group ---


def test_without_a_group_each_login_is_a_fresh_one_and_nothing_is_kept() -> None:
    """Off by default: no cookie, no session, no ``sid``, no other statement than before."""
    town = Town()
    browser = town.browser()
    for _ in range(2):
        assert "sid" not in claims_of(browser.sign_in(ALONE))
    assert browser.secrets() == {}
    assert not [name for name in town.events if name.startswith("session.")]
    assert town.core.storage.look(lambda sessions: vars(sessions)["_state"].open) == {}


def test_prompt_none_without_a_group_is_answered_with_login_required() -> None:
    answer = Town().browser().ask(ALONE, prompt="none")
    assert "error=login_required" in answer.location


# --- single sign-on ---


def test_a_second_portal_of_the_group_learns_who_it_is_without_the_bank() -> None:
    town = Town()
    browser = town.browser()
    first = claims_of(browser.sign_in(AUCTIONS))
    moved(town.core.clock, minutes=10)
    second = claims_of(browser.is_known_to(REGISTER))
    assert second["personal_code"] == first["personal_code"]
    assert second["auth_time"] == first["auth_time"], "of the original login"
    assert second["acr"] == first["acr"]
    assert second["sub"] != first["sub"], "subjects stay pairwise"
    assert second["sid"] != first["sid"], "portals cannot compare their sessions"
    assert town.events.count("login.sent-to-provider") == 1
    assert town.events.count("session.identity-released") == 1


def test_the_release_from_a_session_is_recorded_for_the_person_before_anything_leaves() -> None:
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    browser.is_known_to(REGISTER)
    released = next(e for e in town.core.storage.events if e.name == "session.identity-released")
    assert released.personal_values() == ("LV32123456789",)
    assert "32123456789" not in repr(released.members())
    order = town.events
    assert order.index("session.identity-released") < len(order) - 1 - order[::-1].index("login.code-issued")


def test_the_same_portal_keeps_one_name_for_the_session() -> None:
    town = Town()
    browser = town.browser()
    names = {claims_of(browser.sign_in(AUCTIONS))["sid"]} | {
        claims_of(browser.is_known_to(AUCTIONS))["sid"] for _ in range(2)
    }
    assert len(names) == 1


def test_another_group_is_asked_anew() -> None:
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    for other in (ELSEWHERE, ALONE):
        assert not browser.ask(other).location.endswith("/continue")


def test_the_cookie_of_one_group_opens_no_other() -> None:
    """A secret copied under another group's name proves nothing."""
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    (secret,) = browser.secrets().values()
    thief = town.browser()
    thief.client.set_cookie("__Host-vpm-session-others", secret, domain="gateway.test")
    assert not thief.ask(ELSEWHERE).location.endswith("/continue")


def test_another_browser_is_not_known() -> None:
    town = Town()
    town.browser().sign_in(AUCTIONS)
    assert not town.browser().ask(REGISTER).location.endswith("/continue")


@pytest.mark.parametrize("prompt", ["login", "consent", "select_account"])
def test_a_portal_that_wants_a_page_gets_one(prompt: str) -> None:
    browser = Town().browser()
    browser.sign_in(AUCTIONS)
    assert not browser.ask(REGISTER, prompt=prompt).location.endswith("/continue")


def test_prompt_none_is_answered_from_a_session_and_otherwise_refused_without_a_page() -> None:
    browser = Town().browser()
    silent = browser.ask(REGISTER, prompt="none")
    assert "error=login_required" in silent.location
    assert f"iss={ISSUER.replace('://', '%3A%2F%2F')}" in silent.location
    browser.sign_in(AUCTIONS)
    assert claims_of(browser.is_known_to(REGISTER, prompt="none"))["sid"]


def test_prompt_none_with_a_provider_selected_shows_no_page_either() -> None:
    assert "error=login_required" in Town().browser().ask(REGISTER, prompt="none", provider="bank").location


def test_max_age_counts_from_the_original_login() -> None:
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    moved(town.core.clock, minutes=10)
    browser.is_known_to(REGISTER, max_age="600")
    assert not browser.ask(REGISTER, max_age="599").location.endswith("/continue")
    assert "error=login_required" in browser.ask(REGISTER, max_age="599", prompt="none").location


def test_a_weaker_session_does_not_answer_a_stronger_question() -> None:
    browser = Town().browser()
    browser.sign_in(AUCTIONS)
    assert not browser.ask(REGISTER, acr_values=AssuranceLevel.HIGH.uri).location.endswith("/continue")
    browser.is_known_to(REGISTER, acr_values=AssuranceLevel.SUBSTANTIAL.uri)


def test_a_session_ends_when_it_is_idle_and_lives_on_when_it_is_used() -> None:
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    for _ in range(3):
        moved(town.core.clock, minutes=29)
        browser.is_known_to(REGISTER)
    moved(town.core.clock, minutes=31)
    assert not browser.ask(REGISTER).location.endswith("/continue")


def test_a_session_ends_after_eight_hours_however_much_it_is_used() -> None:
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    for _ in range(23):
        moved(town.core.clock, minutes=20)
        browser.is_known_to(REGISTER)
    moved(town.core.clock, minutes=20)
    browser.is_known_to(REGISTER)
    moved(town.core.clock, seconds=1)
    assert not browser.ask(REGISTER).location.endswith("/continue")


def test_t14_the_secret_is_drawn_anew_at_every_login_and_the_old_one_is_worth_nothing() -> None:
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    before = browser.secrets()
    browser.sign_in(REGISTER, prompt="login")
    after = browser.secrets()
    assert before.keys() == after.keys()
    assert before != after
    thief = town.browser()
    for name, secret in before.items():
        thief.client.set_cookie(name, secret, domain="gateway.test")
    assert not thief.ask(AUCTIONS).location.endswith("/continue")


def test_t14_a_secret_that_an_attacker_fixed_is_never_taken_over() -> None:
    town = Town()
    victim = town.browser()
    victim.client.set_cookie("__Host-vpm-session-registers", "chosen by an attacker", domain="gateway.test")
    victim.sign_in(AUCTIONS)
    assert victim.secrets()["__Host-vpm-session-registers"] != "chosen by an attacker"


def test_a_login_answered_from_a_session_that_ends_before_it_leaves_is_refused() -> None:
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    asked = browser.ask(REGISTER)
    browser.open("/session/end", "POST", data={"group": "registers"})
    page = browser.open(asked.location)
    assert page.status_code == 400
    assert "Jāpiesakās no jauna" in page.text


def test_the_result_of_a_session_leaves_by_its_own_browser_alone() -> None:
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    asked = browser.ask(REGISTER)
    assert town.browser().open(asked.location).status_code == 400


def test_a_provider_asked_for_beforehand_is_not_replaced_by_another_ones_session() -> None:
    browser = Town().browser()
    browser.sign_in(AUCTIONS)
    browser.is_known_to(REGISTER, provider="bank")
    assert not browser.ask(REGISTER, provider="other-bank").location.endswith("/continue")


def test_t04_a_pushed_request_that_a_session_answered_is_spent() -> None:
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    asked = {"client_id": REGISTER, "request_uri": town.push(REGISTER)}
    first = browser.open(f"/oidc/authorize?{urlencode(asked)}")
    assert first.location.endswith("/continue")
    assert browser.open(first.location).location.startswith("https://register.test/callback?code=")
    again = browser.open(f"/oidc/authorize?{urlencode(asked)}")
    assert again.status_code == 400, "nothing is sent anywhere: the reference is unknown now"


def test_a_person_who_goes_back_after_a_session_answered_finds_the_login_complete() -> None:
    browser = Town().browser()
    browser.sign_in(AUCTIONS)
    asked = browser.ask(REGISTER)
    browser.open(asked.location)
    page = browser.open(asked.location)
    assert page.status_code == 200
    assert "Pieteikšanās jau ir pabeigta" in page.text


def test_a_session_that_a_bank_vouched_for_counts_only_while_the_bank_is_here() -> None:
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    browser.is_known_to(REGISTER)
    town.core.use_cases.providers = {}
    assert not browser.ask(REGISTER).location.endswith("/continue")


def test_starting_again_after_a_session_asks_the_bank() -> None:
    browser = Town().browser()
    browser.sign_in(AUCTIONS)
    asked = browser.ask(REGISTER)
    again = browser.open(asked.location.replace("/continue", "/again"), "POST")
    assert browser.open(again.location).status_code == 200, "the ways to sign in are shown"


# --- the level of assurance ---


def test_a_way_that_cannot_reach_the_level_is_neither_offered_nor_taken() -> None:
    town = Town()
    town.bank.assurance = AssuranceLevel.SUBSTANTIAL
    browser = town.browser()
    asked = browser.ask(ALONE, acr_values=AssuranceLevel.HIGH.uri, provider="bank")
    page = browser.open(asked.location)
    assert page.status_code == 400
    told = browser.open(asked.location.replace("/continue", "/cancel"), "POST")
    assert "error=unmet_authentication_requirements" in told.location
    assert "login.sent-to-provider" not in town.events


def test_a_level_within_reach_is_offered_and_a_weaker_login_refused() -> None:
    town = Town()
    browser = town.browser()
    essential = '{"id_token":{"acr":{"essential":true,"values":["http://eidas.europa.eu/LoA/high"]}}}'
    with pytest.raises(AssertionError):
        browser.sign_in(ALONE, claims=essential)
    refused = next(e for e in town.core.storage.events if e.name == "login.refused")
    assert "loa_insufficient" in repr(refused)


# --- sign-out everywhere ---


def standings(town: Town) -> dict[str, Standing]:
    parties = town.core.storage.look(lambda sessions: vars(sessions)["_state"].parties.values())
    return {party.relying_party: party.standing for party in parties}


def test_the_person_sees_the_session_and_ends_it_everywhere() -> None:
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    browser.is_known_to(REGISTER)
    page = browser.open("/session")
    assert "Portāls auctions, Portāls register" in page.text
    assert "32123456789" not in page.text
    assert "Bērziņa" not in page.text
    ended = browser.open("/session/end", "POST", data={"group": "registers"})
    assert ended.status_code == 303
    assert browser.secrets() == {}
    assert standings(town) == {AUCTIONS: Standing.TO_BE_TOLD, REGISTER: Standing.TO_BE_TOLD}
    said = browser.open(f"{ended.location}?lang=en").text
    assert said.count("Being told") == 2
    assert not browser.ask(REGISTER).location.endswith("/continue")


def test_what_a_sign_out_reached_is_shown_to_its_own_browser_alone() -> None:
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    ended = browser.open("/session/end", "POST", data={"group": "registers"})
    assert "Portāls auctions" in browser.open(ended.location).text
    stranger = town.browser()
    stranger.sign_in(ALONE)
    assert "Portāls auctions" not in stranger.open(ended.location).text
    assert "Portāls auctions" not in town.browser().open(ended.location).text


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_t15_a_form_of_another_site_or_neighbour_ends_nothing(site: str) -> None:
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    browser.open("/session/end", "POST", data={"group": "registers"}, headers={"Sec-Fetch-Site": site})
    assert "session.ended" not in town.events
    browser.open("/session/end", "POST", data={"group": "registers"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert "session.ended" in town.events


def test_a_browser_without_a_session_ends_nothing() -> None:
    town = Town()
    town.browser().sign_in(AUCTIONS)
    stranger = town.browser()
    assert stranger.open("/session/end", "POST", data={"group": "registers"}).location == "/session"
    assert stranger.open("/session").status_code == 200
    assert "session.ended" not in town.events


def test_a_portal_signs_out_everywhere_and_the_person_sees_whom_that_reached() -> None:
    town = Town()
    browser = town.browser()
    hint = browser.sign_in(AUCTIONS)
    browser.is_known_to(REGISTER)
    back = {"post_logout_redirect_uri": "https://auctions.test/signed-out", "state": "a b"}
    answer = browser.sign_out(AUCTIONS, hint, **back)
    assert answer.location.startswith("/session/")
    assert standings(town) == {AUCTIONS: Standing.ITSELF, REGISTER: Standing.TO_BE_TOLD}
    page = browser.open(answer.location)
    assert 'href="https://auctions.test/signed-out?state=a+b"' in page.text
    assert browser.secrets() == {}


def test_a_portal_that_was_alone_in_the_session_gets_the_person_back_at_once() -> None:
    browser = Town().browser()
    hint = browser.sign_in(AUCTIONS)
    answer = browser.sign_out(AUCTIONS, hint, post_logout_redirect_uri="https://auctions.test/signed-out")
    assert answer.location == "https://auctions.test/signed-out"
    assert browser.secrets() == {}
    assert not browser.ask(AUCTIONS).location.endswith("/continue")


def test_a_portal_that_has_no_address_to_be_told_at_is_named_to_the_person() -> None:
    town = Town(backchannel_logout_uri=None)
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    ended = browser.open("/session/end", "POST", data={"group": "registers"})
    assert standings(town) == {AUCTIONS: Standing.NO_ADDRESS}
    page = browser.open(f"{ended.location}?lang=en").text
    assert "Please sign out there yourself" in page
    assert 'href="https://auctions.test/"' in page


def test_a_sign_out_that_a_portals_form_brings_is_confirmed_by_the_person_and_then_counts() -> None:
    """Our cookies do not come with a form of another site; the person's own press brings them."""
    town = Town()
    browser = town.browser()
    fields = {
        "id_token_hint": browser.sign_in(AUCTIONS),
        "post_logout_redirect_uri": "https://auctions.test/signed-out",
        "state": 'a "b"',
    }
    asked = town.browser().open("/oidc/logout", "POST", data=fields)
    assert asked.status_code == 200
    assert "Vai beigt sesiju?" in asked.text
    assert "form-action 'self' https://auctions.test" in asked.headers["Content-Security-Policy"]
    assert "session.ended" not in town.events
    found = re.findall(r'name="([a-z_]+)" value="([^"]*)"', asked.text)
    hidden = {name: unescape(value) for name, value in found}
    assert hidden.items() > fields.items()
    answer = browser.open("/oidc/logout", "POST", data=hidden)
    assert answer.location == "https://auctions.test/signed-out?state=a+%22b%22"
    assert "session.ended" in town.events
    assert town.browser().open("/oidc/logout", "POST", data=hidden).status_code == 303, "asked once, not in a circle"


def test_a_sign_out_by_form_of_a_portal_without_a_group_goes_straight_back() -> None:
    town = Town()
    hint = town.browser().sign_in(ALONE)
    fields = {"id_token_hint": hint, "post_logout_redirect_uri": "https://alone.test/signed-out"}
    assert town.browser().open("/oidc/logout", "POST", data=fields).location == "https://alone.test/signed-out"


def test_t15_without_an_id_token_nothing_ends_and_the_person_is_asked() -> None:
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    answer = browser.sign_out(AUCTIONS, None, client_id=AUCTIONS)
    assert answer.location == "/session"
    assert "session.ended" not in town.events
    browser.is_known_to(REGISTER)


def test_t15_a_foreign_id_token_ends_no_session_of_this_browser() -> None:
    """A page that sends the victim's browser to sign out with the attacker's own token."""
    town = Town()
    attacker, victim = town.browser(), town.browser()
    hint = attacker.sign_in(AUCTIONS)
    victim.sign_in(AUCTIONS)
    answer = victim.sign_out(AUCTIONS, hint, post_logout_redirect_uri="https://auctions.test/signed-out")
    assert answer.location == "/session"
    victim.is_known_to(REGISTER)
    attacker.is_known_to(REGISTER)


def test_t15_an_id_token_of_a_portal_without_a_group_ends_no_groups_session() -> None:
    browser = Town().browser()
    alone = browser.sign_in(ALONE)
    browser.sign_in(AUCTIONS)
    browser.sign_out(ALONE, alone)
    browser.is_known_to(REGISTER)


def test_another_person_in_the_same_browser_ends_the_first_ones_session_everywhere() -> None:
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    town.bank.vouches_for = {"personal_code": SOMEBODY_ELSE}
    browser.sign_in(REGISTER, prompt="login")
    assert standings(town) == {AUCTIONS: Standing.TO_BE_TOLD, REGISTER: Standing.JOINED}
    assert claims_of(browser.is_known_to(AUCTIONS))["personal_code"] == SOMEBODY_ELSE.display


def test_the_same_person_signing_in_anew_keeps_all_who_took_part() -> None:
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    browser.sign_in(REGISTER, prompt="login")
    browser.open("/session/end", "POST", data={"group": "registers"})
    assert standings(town) == {AUCTIONS: Standing.TO_BE_TOLD, REGISTER: Standing.TO_BE_TOLD}


def test_an_hour_later_nobody_knows_whom_a_session_told() -> None:
    town = Town()
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    ended = browser.open("/session/end", "POST", data={"group": "registers"})
    town.core.storage.sweep(town.core.clock() + timedelta(minutes=60, seconds=1))
    assert "Portāls auctions" not in browser.open(ended.location).text
    assert standings(town) == {}


def test_the_choice_of_a_bank_says_beforehand_that_the_session_is_shared() -> None:
    browser = Town().browser()
    assert 'href="/session"' in browser.open(browser.ask(AUCTIONS).location).text
    assert 'href="/session"' not in browser.open(browser.ask(ALONE).location).text
