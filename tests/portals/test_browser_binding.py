"""Sessions, tabs and forms: what another site, another browser or another tab can do (security.md T14, T16, T17)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask, request
from sqlalchemy import select, text

from portals.auctions.access import ACCESS
from portals.auctions.portal import EXTENSION
from portals.auctions.tables import sessions, sign_ins
from tests.portals.browser import BASE, DETAILS, Visitor, callback_path, csrf_token
from tests.portals.conftest import TestClock
from tests.portals.gateway_double import GatewayDouble


def test_an_attackers_answer_in_anothers_browser_signs_nobody_in(app: Flask, gateway: GatewayDouble) -> None:
    attacker, victim = Visitor(app, gateway), Visitor(app, gateway)
    back = callback_path(gateway.authorize(attacker.leave_for_gateway()))
    victim.leave_for_gateway()
    assert victim.get(back).status_code == 400
    assert victim.get("/my-entry.json").status_code == 303
    assert attacker.get(back).status_code == 303


def test_two_tabs_sign_in_side_by_side(visitor: Visitor, gateway: GatewayDouble) -> None:
    first, second = visitor.leave_for_gateway(), visitor.leave_for_gateway()
    assert len({first[name] for name in ("state", "nonce", "code_challenge")} & set(second.values())) == 0
    assert visitor.return_from_gateway(second).status_code == 303
    assert visitor.return_from_gateway(first).status_code == 303
    assert visitor.my_entry()["given_name"] == "Anna"


def test_answers_of_two_tabs_cannot_be_swapped(visitor: Visitor, gateway: GatewayDouble) -> None:
    first, second = visitor.leave_for_gateway(), visitor.leave_for_gateway()
    gateway.wrong.answer = {"state": second["state"]}
    assert visitor.return_from_gateway(first).status_code == 400
    assert visitor.get("/my-entry.json").status_code == 303


def test_one_answer_brought_fifty_times_at_once_is_taken_once(app: Flask, gateway: GatewayDouble) -> None:
    visitor = Visitor(app, gateway)
    back = callback_path(gateway.authorize(visitor.leave_for_gateway()))
    tabs = [Visitor(app, gateway, cookie=visitor.cookie() or "") for _ in range(50)]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda tab: tab.get(back).status_code, tabs))
    assert sorted(statuses) == [303] + [400] * 49
    assert len(gateway.assertions) == 1


def test_another_person_at_the_same_browser_gets_their_own_entry(visitor: Visitor, gateway: GatewayDouble) -> None:
    visitor.sign_in()
    left_open = csrf_token(visitor.get("/my-entry/details"))
    gateway.person = {"given_name": "Jānis", "family_name": "Āboliņš", "personal_code": "320000-00001"}
    visitor.sign_in()
    assert visitor.my_entry()["given_name"] == "Jānis"
    assert visitor.post("/my-entry/details", DETAILS | {"csrf_token": left_open}).status_code == 400
    assert visitor.my_entry()["state"] == "incomplete"


def test_sessions_and_questions_past_their_time_leave_the_database(
    app: Flask, gateway: GatewayDouble, clock: TestClock
) -> None:
    for _ in range(5):
        Visitor(app, gateway).leave_for_gateway()
    clock.ahead += timedelta(minutes=30)
    Visitor(app, gateway).leave_for_gateway()
    with app.extensions[EXTENSION].engine.connect() as connection:
        assert len(connection.execute(select(sessions)).all()) == 1
        assert len(connection.execute(select(sign_ins)).all()) == 1


def test_the_session_key_is_drawn_anew_at_sign_in_and_the_old_one_opens_nothing(
    app: Flask, visitor: Visitor, gateway: GatewayDouble
) -> None:
    question = visitor.leave_for_gateway()
    before = visitor.cookie()
    visitor.return_from_gateway(question)
    assert before is not None
    assert visitor.cookie() not in {before, None}
    assert Visitor(app, gateway, cookie=before).get("/my-entry.json").status_code == 303


def test_a_planted_session_key_never_becomes_anyones(app: Flask, gateway: GatewayDouble) -> None:
    victim = Visitor(app, gateway, cookie="chosen-by-an-attacker")
    victim.sign_in()
    assert victim.my_entry()["given_name"] == "Anna"
    assert Visitor(app, gateway, cookie="chosen-by-an-attacker").get("/my-entry.json").status_code == 303


def test_the_session_cookie_is_for_this_host_alone_and_out_of_reach_of_scripts(visitor: Visitor) -> None:
    (written,) = visitor.get("/sign-in").headers.getlist("Set-Cookie")
    name, *attributes = (part.strip() for part in written.split(";"))
    assert name.startswith("__Host-auctions=")
    assert set(attributes) == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}


def test_a_session_ends_after_fifteen_idle_minutes(visitor: Visitor, clock: TestClock) -> None:
    visitor.sign_in()
    clock.ahead += timedelta(minutes=14)
    assert visitor.get("/my-entry.json").status_code == 200
    clock.ahead += timedelta(minutes=14)
    assert visitor.get("/my-entry.json").status_code == 200
    clock.ahead += timedelta(minutes=16)
    assert visitor.get("/my-entry.json").status_code == 303


def test_a_session_ends_after_eight_hours_however_busy(visitor: Visitor, clock: TestClock) -> None:
    visitor.sign_in()
    for _ in range(48):
        clock.ahead += timedelta(minutes=10)
        visitor.get("/my-entry.json")
    clock.ahead += timedelta(minutes=1)
    assert visitor.get("/my-entry.json").status_code == 303


def test_a_request_that_began_before_signing_out_brings_no_session_back(app: Flask, visitor: Visitor) -> None:
    visitor.sign_in()
    portal, key = app.extensions[EXTENSION], visitor.cookie()
    with app.test_request_context(base_url=BASE, headers={"Cookie": f"__Host-auctions={key}"}):
        late = app.session_interface.open_session(app, request)
        visitor.send("/my-entry", {}, action="/sign-out")
        assert late is not None
        late["touched"] = True
        app.session_interface.save_session(app, late, app.response_class())
    with portal.engine.connect() as connection:
        assert connection.execute(select(sessions)).all() == []


def test_a_stolen_database_does_not_open_sessions(app: Flask, visitor: Visitor) -> None:
    visitor.sign_in()
    with app.extensions[EXTENSION].engine.connect() as connection:
        kept = b"".join(row.id_digest + row.sealed for row in connection.execute(select(sessions)))
    assert b"Anna" not in kept
    assert b"id_token" not in kept
    assert str(visitor.cookie()).encode() not in kept


@pytest.mark.parametrize("path", ["/my-entry/details", "/my-entry/delete", "/sign-out"])
def test_a_form_from_another_site_does_nothing(visitor: Visitor, path: str) -> None:
    visitor.sign_in()
    assert visitor.post(path, DETAILS).status_code == 400
    token = csrf_token(visitor.get("/my-entry/details"))
    assert visitor.post(path, {"csrf_token": token}, referrer="https://other.example/").status_code == 400
    assert visitor.my_entry()["state"] == "incomplete"


@pytest.mark.parametrize("field", ["given_name", "family_name", "personal_code", "country", "state"])
def test_a_forged_form_cannot_say_who_the_person_is(visitor: Visitor, field: str) -> None:
    visitor.sign_in()
    before = visitor.my_entry()
    answer = visitor.register(**{field: "Viltus"})
    assert answer.status_code == 400
    assert visitor.my_entry() == before


def test_no_page_offers_identity_as_a_field(visitor: Visitor) -> None:
    visitor.sign_in()
    page = visitor.get("/my-entry/details").text
    assert 'value="Anna"' not in page
    assert all(f'name="{name}"' not in page for name in ("given_name", "family_name", "personal_code"))


PATHS = ["/", "/my-entry", "/my-entry.json", "/my-entry/details", "/my-entry/delete", "/signed-out", "/health/ready"]
PATHS += [
    "/health/live",
    "/callback",
    "/sign-in",
    "/nowhere",
    "/sign-out",
    "/static/nothing.css",
    "/backchannel-logout",
]


@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize("path", PATHS)
def test_every_dynamic_answer_has_the_headers(visitor: Visitor, path: str, signed_in: bool) -> None:
    if signed_in:
        visitor.sign_in()
    headers = visitor.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert "Cookie" in headers["Vary"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_list_of_paths_above_is_whole(app: Flask) -> None:
    served = {rule.rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"}
    assert served <= set(PATHS)


def test_every_route_says_who_may_enter(app: Flask) -> None:
    silent = [name for name, view in app.view_functions.items() if name != "static" and not hasattr(view, ACCESS)]
    assert silent == []


@pytest.mark.parametrize("path", ["/", "/my-entry", "/my-entry/details", "/my-entry/delete", "/signed-out", "/nowhere"])
def test_no_page_needs_a_script_or_a_style_of_its_own(visitor: Visitor, path: str) -> None:
    visitor.sign_in()
    page = visitor.get(path).text
    assert not {word for word in ("<script", "<style", " style=", " onclick=", "http://", "//cdn") if word in page}


def test_a_database_that_fails_shows_a_calm_page_and_no_details(app: Flask, visitor: Visitor) -> None:
    visitor.sign_in()
    with app.extensions[EXTENSION].engine.execution_options(writes=True).begin() as connection:
        connection.execute(text("ALTER TABLE entries RENAME TO lost"))
    answer = visitor.get("/my-entry")
    assert answer.status_code == 500
    assert "Mūsu pusē radās kļūda" in answer.text
    assert "SELECT" not in answer.text
