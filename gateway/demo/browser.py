"""A person at a browser without scripts: follows redirects, reads forms, fills them in, presses buttons."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests


class Lost(Exception):
    """The page is not the one expected; the message says which page it was."""


@dataclass(slots=True)
class Form:
    """One form of a page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    """Collects the forms of a page with the values that pressing nothing else would send."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        read = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(action=read.get("action", ""), method=read.get("method", "get").lower()))
        elif tag == "input" and self.forms and read.get("name"):
            chosen = read.get("type") not in {"radio", "checkbox"} or "checked" in read
            if chosen and read.get("type") != "submit":
                self.forms[-1].fields[read["name"]] = read.get("value", "")


class Browser:
    """One browser with its cookies; remembers every address it was sent to."""

    def __init__(self, trusted: Path) -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(trusted)
        self.visited: list[str] = []
        self.page: requests.Response | None = None

    def open(self, url: str) -> requests.Response:
        """Go to an address."""
        return self._shown(self.session.get(url, timeout=30))

    def submit(self, part_of_action: str = "", **values: str) -> requests.Response:
        """Fill in and send the form whose action contains the text.

        Raises:
            Lost: the page has no such form.
        """
        form = self.form(part_of_action)
        page = self.current
        target = urljoin(page.url, form.action)
        same_site = origin_of(target) == origin_of(page.url)
        headers = {"Referer": page.url} if same_site else {}
        return self._shown(
            self.session.request(form.method, target, data={**form.fields, **values}, headers=headers, timeout=30)
        )

    def form(self, part_of_action: str = "") -> Form:
        """Find a form of the page by a part of its action."""
        reader = _Forms()
        reader.feed(self.current.text)
        for form in reader.forms:
            if part_of_action in form.action:
                return form
        raise Lost(f"{self.current.url} ({self.current.status_code}) has no form for {part_of_action!r}")

    @property
    def current(self) -> requests.Response:
        """The page that is shown."""
        if self.page is None:
            raise Lost("no page is open")
        return self.page

    def _shown(self, page: requests.Response) -> requests.Response:
        self.visited.extend(step.url for step in (*page.history, page))
        self.page = page
        return page


def origin_of(url: str) -> str:
    """Give scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
