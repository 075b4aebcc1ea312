"""One person signs in to the auction portal through every real hop."""

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any, Final

from gateway.demo.browser import Browser, Lost
from gateway.demo.places import PROVIDER, Places

PERSONAS: Final = {
    "anna": ("100001", "parole-100001"),
    "girts": ("100002", "parole-100002"),
    "elina": ("100003", "parole-100003"),
    "nora": ("100005", "parole-100005"),
}
"""User number and password at the mock bank; the bank's page of personas lists all of them."""

_CODE: Final = re.compile(r'id="calculator-code">\s*([0-9]{6})')
_LOGIN: Final = re.compile(r"/login/([0-9A-Z]{26})/continue")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What came of a login, as the portal and the auditor see it."""

    identity: dict[str, str]
    """``given_name``, ``family_name``, ``personal_code`` as the portal received them."""
    login: str
    records: tuple[dict[str, Any], ...]
    verified: bool
    seconds: float
    """From the portal's front page to its "my entry"."""


def sign_in(places: Places, persona: str = "anna") -> SignedIn:
    """Sign a persona in and read what is recorded of it.

    Raises:
        Lost: a page on the way was not the one expected.
    """
    started = time.monotonic()
    browser = Browser(places.root_certificate)
    login = _walk(browser, places, *PERSONAS[persona])
    identity = browser.open(f"{places.auctions}/my-entry.json").json()
    seconds = time.monotonic() - started
    records = _audit(places, "show", login, "--json")
    return SignedIn(
        identity={name: identity[name] for name in ("given_name", "family_name", "personal_code")},
        login=login,
        records=tuple(json.loads(records)["events"]),
        verified=verify(places),
        seconds=round(seconds, 2),
    )


def verify(places: Places) -> bool:
    """Let the auditor's command check the whole log."""
    command = [sys.executable, "-m", "vpm", "audit", "--config", str(places.settings("gateway")), "verify"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603 - our own command


def _walk(browser: Browser, places: Places, number: str, password: str) -> str:
    browser.open(f"{places.auctions}/sign-in")
    browser.submit("/choose", provider=PROVIDER)
    browser.submit("/banklink")
    browser.submit("/login/", user_number=number, password=password, method="code-calculator")
    shown = _CODE.search(browser.current.text)
    if shown is None:
        raise Lost(f"{browser.current.url} ({browser.current.status_code}) shows no calculator")
    browser.submit("/code", code=shown[1])
    browser.submit("/consent", decision="agree")
    browser.submit("/return/")
    found = [match[1] for url in browser.visited if (match := _LOGIN.search(url))]
    if not found or not browser.current.url.startswith(places.auctions):
        raise Lost(f"ended at {browser.current.url} ({browser.current.status_code})")
    return found[-1]


def _audit(places: Places, *arguments: str) -> str:
    command = [sys.executable, "-m", "vpm", "audit", "--config", str(places.settings("gateway")), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own command
