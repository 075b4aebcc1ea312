"""A sign-out reaches the SAML portals of a group by way of the browser (SAML 2.0 Core 3.7.3.2)."""

import base64
import re
from dataclasses import dataclass, replace
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from lxml import etree
from werkzeug.test import TestResponse

from gateway.broker.relying_party import RelyingPartyId
from gateway.broker.session import ROUND_LASTS, Participant, SessionId, Standing
from providers.contract import Arrival, Language
from providers.saml.bindings import read_redirect
from providers.saml.gate import parse_message
from providers.saml.names import PERSISTENT, saml, samlp
from providers.saml.signature import verify_enveloped
from tests.support.gateway_parts import ISSUER
from tests.support.group import AUCTIONS, BANK, GROUP, Browser, Town
from tests.support.saml_portal import SLO, SamlPortal, idp_verifying, post_body, redirect_query, rsa_key
from tests.support.saml_reading import Told
from tests.support.xml_signing import sign

FORM = "application/x-www-form-urlencoded"
LAND = RelyingPartyId("land")


class SamlTown(Town):
    """A group of one OpenID Connect portal that is told by the back channel, and two that speak SAML."""

    def __init__(self) -> None:
        super().__init__()
        self.courts = SamlPortal(core=self.core, changed={"group": GROUP})
        self.land = SamlPortal(
            core=self.core, key=rsa_key("land"), id=LAND, host="land.test", changed={"group": GROUP, "names": _names()}
        )
        self.open(self.land.desk)

    @property
    def answers(self) -> list[tuple[str, bool, str]]:
        """Who answered a LogoutRequest, whether that counted, and the rule that decided."""
        found = [event for event in self.core.storage.events if event.name == "session.sign-out-answered"]
        return [(event.peer.id, event.verdict.ok, event.verdict.rule) for event in found]  # type: ignore[attr-defined]


def _names() -> dict[Any, str]:
    return {Language.LATVIAN: "Zemesgrāmata", Language.ENGLISH: "Land register"}


@dataclass
class Person:
    """Somebody who is signed in at all three, and what the portals know."""

    town: SamlTown
    browser: Browser
    auctions: str
    courts: Told
    land: Told

    def signs_out_at_the_courts(self) -> SessionId:
        query = self.town.courts.redirect(self.town.courts.logout_request(self.courts.name_id)).decode()
        return session_in(self.browser.open(f"/saml/logout?{query}"))

    def signs_out_here(self) -> SessionId:
        return session_in(self.browser.open("/session/end", "POST", data={"group": GROUP}))

    def goes_on(self, session: SessionId) -> TestResponse:
        return self.browser.open(f"/saml/logout/{session}")

    def brings(self, query: bytes) -> TestResponse:
        return self.browser.open(f"/saml/logout?{query.decode()}")

    def standing_of(self, session: SessionId, party: RelyingPartyId) -> Standing:
        everybody: list[Participant] = list(
            self.town.core.storage.look(lambda sessions: sessions.participants(session))
        )
        return next(one.standing for one in everybody if one.relying_party == party)


def signed_in_everywhere(town: SamlTown | None = None) -> Person:
    town = town or SamlTown()
    browser = town.browser()
    token = browser.sign_in(AUCTIONS)
    courts, land = (saml_login(browser, portal) for portal in (town.courts, town.land))
    return Person(town, browser, token, courts, land)


def saml_login(browser: Browser, portal: SamlPortal) -> Told:
    """Be signed in at a SAML portal by the session, without the bank."""
    root = portal.request()
    asked = browser.open(f"/saml/sso?{portal.redirect(root).decode()}")
    assert asked.location.endswith("/continue"), "a session answered"
    asked_at = portal.core.clock()
    return portal.read(
        tuple(fields_of(browser.open(asked.location).text).items()), root.get("ID"), authenticated_since=asked_at
    )


def fields_of(page: str) -> dict[str, str]:
    return {unescape(name): unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', page)}


def session_in(answer: TestResponse) -> SessionId:
    assert answer.status_code == 303
    assert re.fullmatch(r"/session/[0-9A-Z]{26}", answer.location), answer.location
    return SessionId(answer.location.rpartition("/")[2])


def carried(answer: TestResponse, to: str, kind: str) -> Any:
    """Read what the browser carries by HTTP-Redirect to a portal, after checking who signed it."""
    assert answer.status_code == 303, answer.text
    assert answer.location.partition("?")[0] == to
    read = read_redirect(urlsplit(answer.location).query.encode())
    read.verify_redirect([idp_verifying()])
    assert read.kind == kind
    root = parse_message(read.xml)
    assert root.get("Destination") == to
    return root


def asked_of_land(person: Person, session: SessionId) -> str:
    """Let the browser leave for the land register; gives the ID of the LogoutRequest."""
    request = carried(person.goes_on(session), "https://land.test/logout", "SAMLRequest")
    return str(request.get("ID"))


def statuses(response: Any) -> list[str]:
    codes = response.find(samlp("Status")).iter(samlp("StatusCode"))
    return [code.get("Value").rpartition(":")[2] for code in codes]


# --- the whole round ---


def test_a_sign_out_at_one_saml_portal_reaches_the_other_and_the_openid_connect_portal() -> None:
    """Two SAML portals and one of OpenID Connect: each is told in its own way, then the first gets its answer."""
    person = signed_in_everywhere()
    town = person.town
    session = person.signs_out_at_the_courts()
    assert person.browser.secrets() == {}, "the session ended before anybody is visited"
    page = person.browser.open(f"/session/{session}?lang=en").text
    assert "Still to be told, by way of your browser" in page
    assert f'href="/saml/logout/{session}"' in page

    request = carried(person.goes_on(session), "https://land.test/logout", "SAMLRequest")
    name = request.find(saml("NameID"))
    assert (name.text, name.get("Format"), name.get("SPNameQualifier")) == (
        person.land.name_id,
        PERSISTENT,
        town.land.entity,
    )
    assert [index.text for index in request.findall(samlp("SessionIndex"))] == [person.land.session_index]
    assert person.land.session_index != person.courts.session_index, "portals cannot compare their sessions"
    assert person.standing_of(session, LAND) is Standing.VISITED

    ended = person.brings(town.land.redirect(town.land.logout_response(request.get("ID")), None, name="SAMLResponse"))
    response = carried(ended, "https://sp.test/logout", "SAMLResponse")
    assert statuses(response) == ["Success"]
    assert dict(parse_qsl(urlsplit(ended.location).query))["RelayState"] == "a state"
    assert person.standing_of(session, LAND) is Standing.TOLD
    assert person.standing_of(session, AUCTIONS) is Standing.TO_BE_TOLD, "waits in the outbox of logout tokens"
    assert town.answers == [(LAND, True, "confirmed")]
    assert town.events.count("session.sign-out-sent") == 1
    assert town.events.index("session.ended") < town.events.index("session.sign-out-sent")


def test_a_person_who_ends_the_session_here_is_led_to_every_saml_portal_and_back() -> None:
    person = signed_in_everywhere()
    town = person.town
    session = person.signs_out_here()
    answer = person.goes_on(session)
    for portal in (town.land, town.courts):
        request = carried(answer, f"https://{portal.host}/logout", "SAMLRequest")
        answer = person.brings(portal.redirect(portal.logout_response(request.get("ID")), None, name="SAMLResponse"))
    assert answer.location == f"/session/{session}"
    page = person.browser.open(f"{answer.location}?lang=en").text
    assert f'href="/saml/logout/{session}"' not in page
    assert page.count("Signed out") == 2


def test_a_sign_out_at_the_openid_connect_portal_ends_at_the_page_with_the_way_back() -> None:
    person = signed_in_everywhere()
    back = f"https://{AUCTIONS}.test/signed-out"
    session = session_in(person.browser.sign_out(AUCTIONS, person.auctions, post_logout_redirect_uri=back))
    identifier = asked_of_land(person, session)
    land = person.town.land
    answer = person.brings(land.redirect(land.logout_response(identifier), None, name="SAMLResponse"))
    carried(answer, "https://sp.test/logout", "SAMLRequest")
    page = person.browser.open(f"/session/{session}?lang=en").text
    assert "Was asked, and has not answered." in page
    assert f'href="{back}"' in page


def test_signing_in_anew_gives_the_portal_a_second_name_and_one_visit_tells_it_of_both() -> None:
    town = SamlTown()
    person = signed_in_everywhere(town)
    root = town.land.request(ForceAuthn="true")
    asked = person.browser.open(f"/saml/sso?{town.land.redirect(root).decode()}")
    chosen = person.browser.open(f"{asked.location}/choose", "POST", data={"provider": BANK})
    reference = chosen.text.partition('name="VK_NONCE" value="')[2].partition('"')[0]
    arrival = Arrival(method="POST", content_type="", body=reference.encode(), received_at=town.core.clock())
    town.core.use_cases.complete(town.bank, arrival)
    fields = fields_of(person.browser.open(f"{asked.location}/continue").text)
    second = town.land.read(tuple(fields.items()), root.get("ID"))
    assert second.session_index != person.land.session_index
    session = person.signs_out_at_the_courts()
    request = carried(person.goes_on(session), "https://land.test/logout", "SAMLRequest")
    named = {index.text for index in request.findall(samlp("SessionIndex"))}
    assert named == {person.land.session_index, second.session_index}


def test_a_portal_that_takes_forms_gets_a_form_that_may_be_redirected_on() -> None:
    person = signed_in_everywhere()
    town = person.town
    party = town.core.parties[LAND]
    assert party.saml is not None
    by_post = tuple(one for one in party.saml.logout if one.location.endswith("/post"))
    town.core.register(replace(party, saml=replace(party.saml, logout=by_post)))
    page = person.goes_on(person.signs_out_at_the_courts())
    assert 'action="https://land.test/logout/post"' in page.text
    xml = base64.b64decode(fields_of(page.text)["SAMLRequest"])
    request = verify_enveloped(parse_message(xml), [idp_verifying()])
    assert "form-action 'self' https://land.test https://sp.test;" in page.headers["Content-Security-Policy"]
    signed = sign(town.land.logout_response(request.get("ID")), town.land.key)
    body = post_body(etree.tostring(signed)).replace(b"SAMLRequest", b"SAMLResponse")
    ended = person.browser.open("/saml/logout", "POST", data=body, content_type=FORM)
    assert statuses(carried(ended, "https://sp.test/logout", "SAMLResponse")) == ["Success"]


def test_an_answer_by_a_form_of_the_portal_finds_its_round_through_our_own_page() -> None:
    """A cross-site POST brings no SameSite=Lax cookie; our page posts it again, and may be redirected to the next."""
    person = signed_in_everywhere()
    session = person.signs_out_at_the_courts()
    land = person.town.land
    signed = sign(land.logout_response(asked_of_land(person, session)), land.key)
    body = post_body(etree.tostring(signed)).replace(b"SAMLRequest", b"SAMLResponse")
    foreign = person.town.browser().open("/saml/logout", "POST", data=body, content_type=FORM)
    assert 'action="/saml/logout?again=1"' in foreign.text
    assert "https://sp.test" in foreign.headers["Content-Security-Policy"]
    ended = person.browser.open("/saml/logout?again=1", "POST", data=fields_of(foreign.text))
    assert statuses(carried(ended, "https://sp.test/logout", "SAMLResponse")) == ["Success"]


# --- who was not reached ---


def test_a_portal_that_declines_makes_the_sign_out_partial_and_is_shown() -> None:
    person = signed_in_everywhere()
    session = person.signs_out_at_the_courts()
    land = person.town.land
    refused = land.logout_response(asked_of_land(person, session), "Responder")
    ended = person.brings(land.redirect(refused, None, name="SAMLResponse"))
    assert statuses(carried(ended, "https://sp.test/logout", "SAMLResponse")) == ["Success", "PartialLogout"]
    assert person.town.answers == [(LAND, False, "not_confirmed")]
    assert "Did not confirm." in person.browser.open(f"/session/{session}?lang=en").text


@pytest.mark.parametrize("visited", [True, False])
def test_a_portal_that_never_answers_holds_nobody_up(visited: bool) -> None:
    person = signed_in_everywhere()
    session = person.signs_out_at_the_courts()
    if visited:
        asked_of_land(person, session)
    page = person.browser.open(f"/session/{session}?lang=en").text
    assert f'href="/saml/logout/{session}/end"' in page
    ended = person.browser.open(f"/saml/logout/{session}/end")
    assert statuses(carried(ended, "https://sp.test/logout", "SAMLResponse")) == ["Success", "PartialLogout"]


def test_a_portal_without_any_address_makes_the_answer_partial_at_once() -> None:
    person = signed_in_everywhere()
    town = person.town
    party = town.core.parties[LAND]
    assert party.saml is not None
    town.core.register(replace(party, saml=replace(party.saml, logout=())))
    query = town.courts.redirect(town.courts.logout_request(person.courts.name_id)).decode()
    ended = person.browser.open(f"/saml/logout?{query}")
    assert statuses(carried(ended, "https://sp.test/logout", "SAMLResponse")) == ["Success", "PartialLogout"]


def test_a_portal_whose_registration_is_gone_is_passed_over() -> None:
    person = signed_in_everywhere()
    town = person.town
    session = person.signs_out_at_the_courts()
    town.core.parties.swap([party for party in town.core.parties.values() if party.id != LAND])
    ended = person.goes_on(session)
    assert statuses(carried(ended, "https://sp.test/logout", "SAMLResponse")) == ["Success", "PartialLogout"]
    assert person.standing_of(session, LAND) is Standing.NO_ADDRESS


# --- what counts for nothing ---


def _unsigned(town: SamlTown, identifier: str) -> bytes:
    return town.land.redirect(town.land.logout_response(identifier), None, name="SAMLResponse").partition(b"&Sig")[0]


def _forged(town: SamlTown, identifier: str) -> bytes:
    root = town.land.logout_response(identifier)
    return redirect_query(etree.tostring(root), rsa_key("somebody"), name="SAMLResponse")


def _of_the_other_portal(town: SamlTown, identifier: str) -> bytes:
    return town.courts.redirect(town.courts.logout_response(identifier), None, name="SAMLResponse")


def _to_another_question(town: SamlTown, _identifier: str) -> bytes:
    return town.land.redirect(town.land.logout_response("_another"), None, name="SAMLResponse")


def _to_no_question(town: SamlTown, identifier: str) -> bytes:
    root = town.land.logout_response(identifier, InResponseTo=None)
    return town.land.redirect(root, None, name="SAMLResponse")


def _elsewhere(town: SamlTown, identifier: str) -> bytes:
    root = town.land.logout_response(identifier, Destination=f"{ISSUER}/saml/sso")
    return town.land.redirect(root, None, name="SAMLResponse")


def _as_a_request(town: SamlTown, identifier: str) -> bytes:
    root = town.land.logout_request(InResponseTo=identifier)
    return town.land.redirect(root, None, name="SAMLResponse")


def _without_a_status(town: SamlTown, identifier: str) -> bytes:
    root = town.land.logout_response(identifier)
    root.remove(root.find(samlp("Status")))
    return town.land.redirect(root, None, name="SAMLResponse")


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (_unsigned, "signed"),
        (_forged, "authentic"),
        (_of_the_other_portal, "answers_our_request"),
        (_to_another_question, "answers_our_request"),
        (_to_no_question, "answers_our_request"),
        (_elsewhere, "destination_is_ours"),
        (_as_a_request, "expected_message"),
        (_without_a_status, "one_status"),
    ],
)
def test_t26_an_answer_that_is_not_the_askeds_own_is_recorded_counts_for_nothing_and_the_round_goes_on(
    answer: Any, rule: str
) -> None:
    person = signed_in_everywhere()
    town, session = person.town, person.signs_out_at_the_courts()
    identifier = asked_of_land(person, session)
    refused = person.brings(answer(town, identifier))
    assert (refused.status_code, refused.location) == (303, f"/session/{session}")
    assert [given[1:] for given in town.answers] == [(False, rule)]
    assert person.standing_of(session, LAND) is Standing.VISITED
    honest = town.land.redirect(town.land.logout_response(identifier), None, name="SAMLResponse")
    assert statuses(carried(person.brings(honest), "https://sp.test/logout", "SAMLResponse")) == ["Success"]


def test_an_answer_counts_once() -> None:
    person = signed_in_everywhere()
    session = person.signs_out_at_the_courts()
    land = person.town.land
    honest = land.redirect(land.logout_response(asked_of_land(person, session)), None, name="SAMLResponse")
    person.brings(honest)
    assert person.brings(honest).location == f"/session/{session}"
    assert person.town.answers == [(LAND, True, "confirmed"), (LAND, False, "replayed")]


def test_an_answer_in_another_browser_or_without_a_round_shows_a_page_and_sends_nobody_anywhere() -> None:
    person = signed_in_everywhere()
    session = person.signs_out_at_the_courts()
    land = person.town.land
    honest = land.redirect(land.logout_response(asked_of_land(person, session)), None, name="SAMLResponse")
    stranger = person.town.browser()
    stranger.client.set_cookie("__Host-vpm-sign-out", session, domain="gateway.test", secure=True)
    for browser in (stranger, person.town.browser()):
        refused = browser.open(f"/saml/logout?{honest.decode()}")
        assert refused.status_code == 400
        assert "Location" not in refused.headers
    assert {given[1:] for given in person.town.answers} == {(False, "round_under_way")}
    assert person.standing_of(session, LAND) is Standing.VISITED


def test_after_a_quarter_of_an_hour_the_round_is_over() -> None:
    person = signed_in_everywhere()
    session = person.signs_out_at_the_courts()
    identifier = asked_of_land(person, session)
    person.town.core.clock.move(seconds=ROUND_LASTS.total_seconds() + 1)
    land = person.town.land
    late = person.brings(land.redirect(land.logout_response(identifier), None, name="SAMLResponse"))
    assert late.status_code == 400
    assert person.town.answers == [(LAND, False, "round_under_way")]
    assert person.goes_on(session).location == f"/session/{session}"
    assert f"/saml/logout/{session}" not in person.browser.open(f"/session/{session}").text


def test_nobody_elses_browser_goes_round_for_a_session() -> None:
    person = signed_in_everywhere()
    session = person.signs_out_at_the_courts()
    stranger = person.town.browser()
    for path in (f"/saml/logout/{session}", f"/saml/logout/{session}/end", "/saml/logout/unheard-of"):
        assert urlsplit(stranger.open(path).location).netloc in {"", urlsplit(SLO).netloc}
    assert person.standing_of(session, LAND) is Standing.TO_VISIT


def test_two_tabs_send_one_request() -> None:
    person = signed_in_everywhere()
    session = person.signs_out_at_the_courts()
    asked_of_land(person, session)
    second = person.goes_on(session)
    assert statuses(carried(second, "https://sp.test/logout", "SAMLResponse")) == ["Success", "PartialLogout"]
    assert person.town.events.count("session.sign-out-sent") == 1
