"""The steps of a login as a person takes them, one at a time, so that a test may do something else at any of them."""

import re
from collections.abc import Sequence
from html import unescape
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import requests

from gateway.demo.browser import Browser
from gateway.demo.places import PROVIDER, Places
from mock_bank.personas import PERSONAS, Persona

BY_NAME = {f"{persona.given_name} {persona.family_name}".strip(): persona for persona in PERSONAS}
ANNA = BY_NAME["Anna Bērziņa"]
DEPARTURE = re.compile(r'<a id="departure"[^>]* href="([^"]+)"')
INCIDENT = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b")


class Walk:
    """One person at one browser."""

    def __init__(
        self,
        places: Places,
        persona: Persona = ANNA,
        faults: Sequence[str] = (),
        provider: str = PROVIDER,
        start: str | None = None,
    ) -> None:
        """Begin at the auction portal, or at another portal's address of signing in."""
        self.places = places
        self.start = start or f"{places.auctions}/sign-in"
        self.persona = persona
        self.faults = faults
        self.provider = provider
        self.browser = Browser(places.root_certificate)

    @property
    def page(self) -> requests.Response:
        return self.browser.current

    def to_choices(self) -> None:
        self.browser.open(self.start)

    def to_bank(self) -> None:
        self.to_choices()
        self.browser.submit("/choose", provider=self.provider)
        faults = urlencode([("fault", fault) for fault in self.faults])
        if link := DEPARTURE.search(self.page.text):
            self.browser.open(unescape(link[1]) + ("&" if faults else "") + faults)
            return
        form = self.browser.form("/banklink")
        target = f"{urljoin(self.page.url, form.action)}{'?' if faults else ''}{faults}"
        self.browser.page = self.browser.session.post(target, data=form.fields, timeout=30)

    def to_consent(self) -> None:
        self.to_bank()
        self.browser.submit(
            "/login/", user_number=self.persona.user_number, password=self.persona.password, method="code-calculator"
        )
        shown = re.search(r'id="calculator-code">\s*([0-9]{6})', self.page.text)
        if shown is not None:
            self.browser.submit("/code", code=shown[1])

    def to_answer(self) -> dict[str, str]:
        """Stop where the bank's form with its answer is shown; give the form's fields."""
        self.to_consent()
        self.browser.submit("/consent", decision="agree")
        return self.browser.form("/return/").fields

    def to_end(self) -> requests.Response:
        """The whole way, whether the answer comes back by a form or by a redirect."""
        self.to_consent()
        self.browser.submit("/consent", decision="agree")
        return self.browser.submit("/return/") if 'id="answer"' in self.page.text else self.page

    @property
    def signed_in(self) -> bool:
        return self.page.url.startswith(self.places.auctions) and self.page.status_code == 200

    @property
    def entry(self) -> dict[str, str]:
        return dict(self.browser.open(f"{self.places.auctions}/my-entry.json").json())

    @property
    def login(self) -> str:
        """Which login it is, by the address of its first page."""
        return next(url for url in self.browser.visited if "/login/" in url and self.places.issuer in url).split("/")[4]

    def tell_the_portal(self) -> dict[str, list[str]]:
        """Let the page of the refusal take the person back; gives what the portal was told."""
        self.browser.submit("/cancel")
        visited, portal = self.browser.visited[::-1], self.places.auctions
        told = next(url for url in visited if url.startswith(portal) and "error=" in url)
        return parse_qs(urlsplit(told).query)

    @property
    def incident(self) -> str | None:
        found = INCIDENT.search(self.page.text)
        return found[0] if found else None
