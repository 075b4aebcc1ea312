"""How a login's cookie reaches the port that asks for cards, on the same host name and on one below it (12.1)."""

import pytest
from flask import Flask, Request, Response
from werkzeug.test import EnvironBuilder

from gateway.web.browser import carried_reference, carry_reference
from providers.contract import Reference

REFERENCE = Reference("ab" * 16)


def cookie_of(below: str | None) -> str:
    with Flask(__name__).app_context():
        response = Response()
        carry_reference(response, REFERENCE, below=below)
        return response.headers["Set-Cookie"]


def test_on_the_same_host_name_no_other_name_sees_the_cookie() -> None:
    cookie = cookie_of(None)
    assert cookie.startswith("__Host-vpm-reference=")
    assert "Domain=" not in cookie


def test_names_below_ours_see_the_cookie_where_the_card_port_is_one_of_them() -> None:
    cookie = cookie_of("login.example.lv")
    assert cookie.startswith("__Secure-vpm-reference=")
    assert "Domain=login.example.lv" in cookie
    assert {"Secure", "HttpOnly", "SameSite=None"} <= set(cookie.split("; "))


@pytest.mark.parametrize("name", ["__Host-vpm-reference", "__Secure-vpm-reference"])
def test_either_cookie_names_the_login(name: str) -> None:
    environ = EnvironBuilder(headers={"Cookie": f"{name}={REFERENCE}"}).get_environ()
    assert carried_reference(Request(environ)) == REFERENCE


@pytest.mark.parametrize("value", ["", "ab", "AB" * 16, "ab" * 17])
def test_what_is_no_reference_is_none(value: str) -> None:
    environ = EnvironBuilder(headers={"Cookie": f"__Host-vpm-reference={value}"}).get_environ()
    assert carried_reference(Request(environ)) is None
