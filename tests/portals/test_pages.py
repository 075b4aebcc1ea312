"""What a person sees: two languages, forms that explain, an entry that can be changed and deleted, an honest sign-out."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from flask import Flask

import portals.auctions
from portals.auctions.portal import EXTENSION
from tests.portals.browser import Visitor, callback_path, csrf_token
from tests.portals.gateway_double import GatewayDouble

PACKAGE = Path(portals.auctions.__file__).parent
CATALOG = PACKAGE / "translations" / "lv" / "LC_MESSAGES"
PAGES = ["/", "/my-entry", "/my-entry/details", "/my-entry/delete", "/signed-out", "/nowhere", "/callback"]


def latvian() -> Catalog:
    with (CATALOG / "messages.po").open("rb") as file:
        return read_po(file, locale="lv")


def texts_in_code() -> set[str]:
    methods = [("**.py", "python"), ("templates/**.html", "jinja2")]
    found = extract_from_dir(PACKAGE, method_map=methods, keywords={"_": None, "gettext": None, "lazy_gettext": None})
    return {str(message) for _, _, message, _, _ in found}


def test_every_text_has_a_latvian_one_and_none_is_left_over() -> None:
    translated = {str(message.id) for message in latvian() if message.id and message.string}
    assert translated == texts_in_code()


def test_the_compiled_texts_are_those_of_the_catalogue() -> None:
    with (CATALOG / "messages.mo").open("rb") as file:
        compiled = {message.id: message.string for message in read_mo(file) if message.id}
    assert compiled == {message.id: message.string for message in latvian() if message.id}


@pytest.mark.parametrize(("language", "word"), [("lv", "Izsoļu dalībnieku reģistrs"), ("en", "participants’ register")])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_speaks_both_languages_and_has_one_heading(
    visitor: Visitor, path: str, language: str, word: str
) -> None:
    visitor.sign_in()
    page = visitor.get(f"{path}?lang={language}").text
    assert f'<html lang="{language}">' in page
    assert word in page
    assert page.count("<h1>") == 1
    assert page.count("<main") == 1


def test_latvian_comes_first_and_a_choice_is_remembered(visitor: Visitor) -> None:
    assert 'href="/sign-in">Pieteikties<' in visitor.get("/").text
    visitor.get("/?lang=en")
    assert 'href="/sign-in">Sign in<' in visitor.get("/").text
    assert visitor.leave_for_gateway()["ui_locales"] == "en"
    assert "Pieteikties" not in visitor.get("/?lang=de").text


def test_the_answer_is_shown_in_the_language_the_sign_in_began_in(visitor: Visitor, gateway: GatewayDouble) -> None:
    question = visitor.leave_for_gateway("/sign-in?lang=en")
    visitor.get("/?lang=lv")
    gateway.wrong.answer = {"error": "access_denied", "code": None}
    assert "Signing in was not finished" in visitor.return_from_gateway(question).text


def test_every_input_has_a_label_and_every_error_is_tied_to_its_field(visitor: Visitor) -> None:
    visitor.sign_in()
    answer = visitor.register(account="LV81BANK0000435195001", document_type="", declared_address="")
    page = answer.text
    assert answer.status_code == 422
    inputs = re.findall(r'<(?:input|select)[^>]* id="(\w+)"', page)
    assert [name for name in inputs if f'for="{name}"' not in page and name != "csrf_token"] == []
    for name in ("account", "document_type", "declared_address"):
        assert f'href="#{name}"' in page
        assert re.search(rf'<(?:input|select)[^>]*aria-describedby="[^"]*{name}-error[^"]*"', page)
    assert 'value="PA1234567"' in page
    assert visitor.my_entry()["state"] == "incomplete"


def test_what_a_person_writes_is_shown_as_text(visitor: Visitor, gateway: GatewayDouble) -> None:
    gateway.person |= {"family_name": "<script>alert(1)</script>"}
    visitor.sign_in()
    visitor.register(declared_address='"><img src=x onerror=alert(1)>')
    page = visitor.get("/my-entry").text
    assert "<script" not in page
    assert "<img" not in page


def test_a_person_changes_the_written_part(visitor: Visitor) -> None:
    visitor.sign_in()
    visitor.register()
    visitor.register(email="anna@example.lv")
    assert "anna@example.lv" in visitor.get("/my-entry").text
    assert 'value="anna@example.lv"' in visitor.get("/my-entry/details").text


def test_a_person_deletes_the_entry_and_is_signed_out(visitor: Visitor) -> None:
    visitor.sign_in()
    visitor.register()
    answer = visitor.send("/my-entry/delete", {})
    assert answer.headers["Location"] == "/signed-out?deleted=yes"
    assert "Jūsu ieraksts ir dzēsts" in visitor.get("/signed-out?deleted=yes").text
    assert visitor.get("/my-entry.json").status_code == 303
    assert visitor.sign_in().headers["Location"] == "/my-entry/details"


def test_a_session_whose_entry_was_deleted_elsewhere_ends_with_an_explanation(
    app: Flask, visitor: Visitor, gateway: GatewayDouble
) -> None:
    visitor.sign_in()
    other = Visitor(app, gateway)
    other.sign_in()
    other.send("/my-entry/delete", {})
    assert visitor.get("/my-entry?lang=en").status_code == 400
    assert visitor.get("/my-entry").status_code == 303


def test_the_sign_out_page_says_only_what_is_true(visitor: Visitor, gateway: GatewayDouble) -> None:
    visitor.get("/?lang=en")
    visitor.sign_in()
    assert "You are still signed in" in visitor.get("/signed-out").text
    to_gateway = visitor.send("/my-entry", {}, action="/sign-out").headers["Location"]
    assert "has not confirmed" in visitor.get("/signed-out?state=guessed").text
    assert to_gateway.startswith(gateway.issuer)


def test_the_gateways_confirmation_is_believed_only_with_our_state(visitor: Visitor) -> None:
    visitor.get("/?lang=en")
    visitor.sign_in()
    to_gateway = visitor.send("/my-entry", {}, action="/sign-out").headers["Location"]
    state = re.search(r"[?&]state=([\w-]+)", to_gateway)
    assert state
    assert "post_logout_redirect_uri=https%3A%2F%2Flocalhost%3A7443%2Fsigned-out" in to_gateway
    assert "was told too" in visitor.get(f"/signed-out?state={state[1]}").text
    assert "has not confirmed" in visitor.get(f"/signed-out?state={state[1]}").text


def test_signing_out_twice_is_no_error(visitor: Visitor) -> None:
    visitor.sign_in()
    visitor.get("/sign-in")
    assert visitor.send("/my-entry", {}, action="/sign-out").status_code == 303


def test_a_link_in_another_language_never_repeats_the_gateways_answer(visitor: Visitor, gateway: GatewayDouble) -> None:
    gateway.wrong.answer = {"error": "access_denied", "code": None}
    back = callback_path(gateway.authorize(visitor.leave_for_gateway()))
    page = visitor.get(back).text
    assert 'href="/?lang=en"' in page
    assert "/callback?" not in page


@pytest.mark.parametrize(("path", "size", "status"), [("/my-entry", 1, 405), ("/my-entry/details", 70_000, 413)])
def test_a_request_that_is_not_understood_gets_the_exact_status_and_a_page(
    visitor: Visitor, path: str, size: int, status: int
) -> None:
    visitor.sign_in()
    token = csrf_token(visitor.get("/my-entry/details"))
    answer = visitor.post(path, {"csrf_token": token, "email": "x" * size})
    assert answer.status_code == status
    assert "Šis pieprasījums netika saprasts" in answer.text


def test_logs_never_carry_a_person(visitor: Visitor, gateway: GatewayDouble, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="portals")
    visitor.sign_in()
    visitor.register(account="nonsense")
    visitor.register()
    gateway.wrong.claims = {"nonce": "other"}
    visitor.sign_in()
    assert "sign-in.completed" in caplog.text
    assert not {word for word in ("Anna", "Bērziņa", "010117", "Brīvības", "nonsense", "eyJ") if word in caplog.text}


def test_a_failing_page_is_logged_without_the_values_in_the_database(app: Flask) -> None:
    engine = app.extensions[EXTENSION].engine
    with pytest.raises(Exception, match="entries") as failed, engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO entries (id, country) VALUES (?, ?)", ("Anna", "Bērziņa"))
    assert "Bērziņa" not in str(failed.value)
