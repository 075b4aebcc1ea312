"""A person at a browser, as far as the portal can tell: cookies, forms and redirects."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask
from werkzeug.test import TestResponse

from tests.portals.gateway_double import GatewayDouble

BASE = "https://localhost:7443"
DETAILS = {
    "declared_address": "Brīvības iela 1, Rīga, LV-1010",
    "actual_address": "",
    "document_type": "identity_card",
    "document_number": "PA1234567",
    "account": "LV80 BANK 0000 4351 9500 1",
    "email": "",
    "telephone": "",
}


class Visitor:
    """One browser with a cookie jar of its own, in which a session key may have been planted."""

    def __init__(self, app: Flask, gateway: GatewayDouble, *, cookie: str = "") -> None:
        self._client = app.test_client()
        if cookie:
            self._client.set_cookie("__Host-auctions", cookie, domain="localhost", secure=True)
        self._gateway = gateway

    def get(self, path: str) -> TestResponse:
        return self._client.get(path, base_url=BASE)

    def post(self, path: str, fields: dict[str, str], *, referrer: str = f"{BASE}/") -> TestResponse:
        return self._client.post(path, data=fields, base_url=BASE, headers={"Referer": referrer})

    def send(self, page: str, fields: dict[str, str], *, action: str | None = None) -> TestResponse:
        """Open a page and send its form, with the CSRF token found there."""
        token = csrf_token(self.get(page))
        return self.post(action or page, {"csrf_token": token, **fields})

    def leave_for_gateway(self, path: str = "/sign-in") -> dict[str, str]:
        """What the portal asks the gateway through this browser."""
        location = self.get(path).headers["Location"]
        assert location.startswith(f"{self._gateway.issuer}/oidc/authorize?")
        return dict(parse_qsl(urlsplit(location).query))

    def return_from_gateway(self, question: dict[str, str]) -> TestResponse:
        """Bring the gateway's answer back to the portal."""
        return self.get(callback_path(self._gateway.authorize(question)))

    def sign_in(self) -> TestResponse:
        return self.return_from_gateway(self.leave_for_gateway())

    def register(self, **changed: str) -> TestResponse:
        return self.send("/my-entry/details", DETAILS | changed)

    def my_entry(self) -> dict[str, Any]:
        return self.get("/my-entry.json").get_json()

    def cookie(self, name: str = "__Host-auctions") -> str | None:
        found = self._client.get_cookie(name, domain="localhost")
        return found.value if found else None


def callback_path(location: str) -> str:
    parts = urlsplit(location)
    return f"{parts.path}?{parts.query}"


def csrf_token(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert found, page.text
    return unescape(found[1])
