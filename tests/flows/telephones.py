"""A person who signs in by Smart-ID: one browser without scripts, and a telephone."""

import re
import time
from collections.abc import Callable
from html import unescape

import requests

from gateway.demo.browser import Browser
from gateway.demo.places import SMART_ID, Places
from tests.flows.walking import INCIDENT
from tests.support.qr_reader import read_qr
from tests.support.telephone import Telephone

PATIENCE = 60.0
"""Seconds, on a busy machine."""
BY_CODE = f"{SMART_ID}-code"


class Caller:
    """One person at one browser, on the way through the gateway's own page."""

    def __init__(self, places: Places, provider: str = SMART_ID, browser: Browser | None = None) -> None:
        self.places = places
        self.provider = provider
        self.browser = browser or Browser(places.root_certificate)
        self.telephone = Telephone(places.root_certificate)

    @property
    def page(self) -> requests.Response:
        return self.browser.current

    @property
    def here(self) -> str:
        """The address of the gateway's page."""
        return self.page.url.removesuffix("/state")

    @property
    def login(self) -> str:
        return self.here.split("/login/")[1].split("/")[0]

    def chooses(self) -> None:
        self.browser.open(f"{self.places.auctions}/sign-in")
        self.browser.submit("/choose", provider=self.provider)

    def link(self, device: str) -> str:
        """The device link that the page holds after the person has said where the app is."""
        self.browser.submit("/here", device=device)
        return self.link_now()

    def link_now(self) -> str:
        """The link of this second; a QR code is read as the script's page holds it, by the API's own words."""
        found = re.search(r'href="(https://[^"]*deviceLinkType=Web2App[^"]*)"', self.page.text)
        if found:
            return unescape(found[1])
        return read_qr(self.page.text)

    def types(self, code: str) -> str:
        """Type a personal code; give the verification code."""
        self.browser.submit("/here", personal_code=code)
        shown = re.search(r'class="verification-code"[^>]*>([0-9]{4})<', self.page.text)
        assert shown, self.page.text
        return shown[1]

    def waits(self) -> requests.Response:
        """Load the page until it leads on."""
        here, deadline = self.here, time.monotonic() + PATIENCE
        while self.page.url == here:
            assert time.monotonic() < deadline, self.page.text
            time.sleep(0.1)
            self.browser.open(here)
        return self.page

    def until_rung(self, person: str) -> None:
        """Look at the page as its script does, until the telephone has something."""
        self.eventually(lambda: self.telephone.waits_for(self.places.bank, person))

    def eventually(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < deadline, self.page.text
            self.browser.session.get(f"{self.here}/state", timeout=30)
            time.sleep(0.1)

    @property
    def signed_in(self) -> bool:
        return self.page.url.startswith(self.places.auctions) and self.page.status_code == 200

    @property
    def is_known(self) -> bool:
        """Whether the portal knows this browser's person."""
        address = f"{self.places.auctions}/my-entry.json"
        return self.browser.session.get(address, allow_redirects=False, timeout=30).status_code == 200

    @property
    def entry(self) -> dict[str, str]:
        return dict(self.browser.open(f"{self.places.auctions}/my-entry.json").json())

    @property
    def incident(self) -> str | None:
        found = INCIDENT.search(self.page.text)
        return found[0] if found else None
