"""A person with a telephone: opens device links and answers what was pushed, at the mock Smart-ID service's pages."""

import re
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import requests


@dataclass
class Telephone:
    """One telephone; whose it is, is said at each step."""

    trusted: Path
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.verify = str(self.trusted)

    def scan(self, link: str) -> requests.Response:
        """Open a link as the app does that scanned it."""
        return self.session.get(link, timeout=30)

    def answer_link(self, link: str, person: str, *, pin: str | None = None, approve: bool = True) -> requests.Response:
        """Scan, then approve with the person's PIN or refuse."""
        page = self.scan(link)
        token = re.search(r'name="token" value="([0-9a-f]+)"', page.text)
        assert token, page.text
        decision = "approve" if approve else "refuse"
        form = {"token": token[1], "person": person, "pin": pin or person[-4:], "decision": decision}
        return self.session.post(f"{_origin(link)}/smart-id/app", data=form, timeout=30)

    def answer_push(
        self,
        bank: str,
        person: str,
        *,
        code: str | None,
        pin: str | None = None,
        approve: bool = True,
        session: str | None = None,
    ) -> requests.Response:
        """Take the request that waits, or the one named; pick ``code`` where there is a choice (None: the first)."""
        address = f"{bank}/smart-id/phone/{person}"
        page = self.session.get(address, timeout=30).text
        waiting = re.findall(r'name="session" value="([0-9a-f]+)"', page)
        assert waiting, page
        choices = re.findall(r'name="choice" value="([0-9]{4})"', page)
        picked = code if code is not None else next(iter(choices), "")
        form = {
            "session": session or waiting[0],
            "pin": pin or person[-4:],
            "decision": "approve" if approve else "refuse",
        }
        return self.session.post(address, data={**form, "choice": picked}, timeout=30)

    def choices(self, bank: str, person: str) -> list[str]:
        """The codes among which the person picks."""
        page = self.session.get(f"{bank}/smart-id/phone/{person}", timeout=30).text
        return re.findall(r'name="choice" value="([0-9]{4})"', page)

    def waits_for(self, bank: str, person: str) -> bool:
        """Whether something waits on the person's telephone."""
        return 'name="session"' in self.session.get(f"{bank}/smart-id/phone/{person}", timeout=30).text


def way_back(page: requests.Response) -> str:
    """Where the app opens the browser."""
    found = re.search(r'id="back" href="([^"]+)"', page.text)
    assert found, page.text
    return unescape(found[1])


def _origin(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.scheme}://{parts.netloc}"
