"""Complete logins by script, fast: one relying party, its browser and a bank that answers at once.

A ``SignIn`` takes the steps of one login (authorize, bank, return, continue, token), each when it is told to, so that a
test may kill something between two of them. A ``Driver`` takes all of them; ``tests.support.load`` many at a time.

Everything is real: TLS 1.3, mutual TLS at the token endpoint, private_key_jwt, PKCE, a verified ID token.
"""

import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from gateway.demo.places import PARTY, PROVIDER
from portals.id_token import VerifiedIdentity
from tests.support.https_line import Line, Reply
from tests.support.relying_party import RelyingParty

ANNA: Final = "100001"
"""User number of Anna Bērziņa at the mock bank."""
STEPS: Final = ("authorize", "bank", "return", "continue", "token")

_ACTION: Final = re.compile(r'<form[^>]*action="([^"]+)"')
_INPUT: Final = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_LOGIN: Final = re.compile(r"/login/([0-9A-HJKMNP-TV-Z]{26})")


class Turned(Exception):
    """A step was answered, but not as a login that goes on is."""

    def __init__(self, step: str, reply: Reply) -> None:
        super().__init__(f"{step}: {reply.status} {reply.header('location')} {reply.text[:2000]}")
        self.step = step
        self.reply = reply


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """An acknowledged login: the relying party holds a verified ID token."""

    login: str
    identity: VerifiedIdentity
    access_token: str
    seconds: Mapping[str, float]
    """How long each of ``STEPS`` took."""
    at: float
    """When it was acknowledged, by the monotonic clock."""

    @property
    def total(self) -> float:
        """From the first byte of the first request to the last of the last answer, in seconds."""
        return sum(self.seconds.values())

    @property
    def at_gateway(self) -> float:
        """The same without what the bank's page took."""
        return self.total - self.seconds["bank"]


@dataclass(slots=True)
class Lines:
    """The kept-alive connections of one driver."""

    gateway: Line
    bank: Line
    mutual: Line

    @classmethod
    def to(cls, party: RelyingParty, line: type[Line] = Line) -> "Lines":
        """Prepare the three connections, of this kind each."""
        places = party.places
        return cls(
            gateway=line(places.issuer, party.browser_tls),
            bank=line(places.bank, party.browser_tls),
            mutual=line(places.mutual_tls, party.portal_tls),
        )

    def close(self) -> None:
        """Hang up everywhere."""
        for line in (self.gateway, self.bank, self.mutual):
            line.close()


@dataclass(slots=True)
class SignIn:
    """One login, step by step; holds what browser and relying party know after each."""

    party: RelyingParty
    lines: Lines
    provider: str | None = PROVIDER
    persona: str = ANNA
    query: str = ""
    """Added to the bank's address: ``?fault=...``."""
    cookies: dict[str, str] = field(default_factory=dict)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    login: str | None = None
    """The gateway's id of it, once a page has shown it."""
    form: tuple[str, bytes] = ("", b"")
    """The last page's form: where it goes, and its fields."""
    code: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def next_step(self) -> str:
        """The first of ``STEPS`` that was not answered yet."""
        return next((step for step in STEPS if step not in self.seconds), "")

    def take(self, step: str) -> Any:
        """Take one of ``STEPS``.

        Raises:
            Broken: no whole answer came; whether the step was carried out is not known.
            Turned: another answer came than one that goes on.
        """
        actions: dict[str, Callable[[], Any]] = {
            "authorize": self._authorize,
            "bank": self._visit_bank,
            "return": self._bring_back,
            "continue": self._resume,
            "token": self._redeem,
        }
        started = time.perf_counter()
        result = actions[step]()
        self.seconds[step] = time.perf_counter() - started
        return result

    def up_to(self, step: str) -> "SignIn":
        """Take every step before this one."""
        for before in STEPS[: STEPS.index(step)]:
            if before not in self.seconds:
                self.take(before)
        return self

    def authorization_target(self) -> str:
        """The path and query that a browser is sent to."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=")
        parameters = {
            "response_type": "code",
            "client_id": PARTY,
            "redirect_uri": self.party.redirect_uri,
            "scope": "openid identity",
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
            **({"provider": self.provider} if self.provider else {}),
        }
        return f"/oidc/authorize?{urlencode(parameters)}"

    def at_gateway(self, method: str, target: str, body: bytes = b"") -> Reply:
        """Ask the gateway as this login's browser does, cookies and all."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Referer"] = f"{self.party.places.issuer}/login/{self.login}"
        reply = self.lines.gateway.ask(method, target, headers if self.cookies or method == "POST" else {}, body)
        for cookie in reply.all("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return reply

    def choose(self) -> None:
        """Choose the provider on the page of ways to sign in, where none was chosen beforehand."""
        chosen = urlencode({"provider": self.provider or PROVIDER}).encode()
        reply = self.at_gateway("POST", f"/login/{self.login}/choose", chosen)
        self._depart("choose", reply)

    def _authorize(self) -> None:
        reply = self.at_gateway("GET", self.authorization_target())
        if self.provider:
            self._depart("authorize", reply)
            return
        found = _LOGIN.search(reply.header("location"))
        if reply.status != 303 or found is None:
            raise Turned("authorize", reply)
        self.login = found[1]

    def _depart(self, step: str, reply: Reply) -> None:
        found = _LOGIN.search(reply.text)
        if reply.status != 200 or found is None or "VK_MAC" not in reply.text:
            raise Turned(step, reply)
        self.login, self.form = found[1], _form_of(reply.text)

    def _visit_bank(self) -> None:
        target, body = self.form
        reply = self.lines.bank.post(urlsplit(target).path + self.query, body, {"X-Mock-Persona": self.persona})
        if reply.status != 200 or "VK_MAC" not in reply.text:
            raise Turned("bank", reply)
        self.form = _form_of(reply.text)

    def _bring_back(self) -> None:
        """The answer comes from the bank's page, so none of our cookies comes with it."""
        target, body = self.form
        reply = self.lines.gateway.post(urlsplit(target).path, body)
        if reply.status != 303 or not reply.header("location").endswith("/continue"):
            raise Turned("return", reply)

    def _resume(self) -> None:
        reply = self.at_gateway("GET", f"/login/{self.login}/continue")
        self.read_code(reply)

    def read_code(self, reply: Reply) -> None:
        """Take the code out of the redirect to the relying party; raises ``Turned`` where there is none."""
        location = reply.header("location")
        answer = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        at_home = location.startswith(f"{self.party.redirect_uri}?")
        if reply.status != 303 or not at_home or "code" not in answer:
            raise Turned("continue", reply)
        if answer["state"] != self.state or answer["iss"] != self.party.places.issuer:
            raise Turned("continue", reply)
        self.code = answer["code"]

    def token_form(self) -> bytes:
        """A token request for this login's code; every call makes another assertion."""
        return self.party.token_form(self.code or "", self.verifier)

    def _redeem(self) -> SignedIn:
        started = time.perf_counter()
        reply = self.lines.mutual.post("/oidc/token", self.token_form())
        if reply.status != 200:
            raise Turned("token", reply)
        return self.acknowledge(reply, time.perf_counter() - started)

    def acknowledge(self, reply: Reply, seconds: float = 0.0) -> SignedIn:
        """Verify the tokens; ``seconds`` is what getting them took."""
        answer = json.loads(reply.body)
        identity = self.party.verify(answer, self.nonce)
        return SignedIn(
            login=self.login or "",
            identity=identity,
            access_token=answer["access_token"],
            seconds={**self.seconds, "token": seconds},
            at=time.monotonic(),
        )


def _form_of(page: str) -> tuple[str, bytes]:
    action = _ACTION.search(page)
    fields = [(unescape(name), unescape(value)) for name, value in _INPUT.findall(page)]
    return unescape(action[1]) if action else "", urlencode(fields).encode()


class Driver:
    """Signs one person after another in, each with a fresh browser, over connections that stay open."""

    def __init__(
        self, party: RelyingParty, *, provider: str | None = PROVIDER, persona: str = ANNA, line: type[Line] = Line
    ) -> None:
        """Use the relying party's keys; threads must not share a driver."""
        self.party = party
        self.provider = provider
        self.persona = persona
        self.lines = Lines.to(party, line)

    def begin(self, *, query: str = "") -> SignIn:
        """Prepare a login; nothing is sent yet."""
        return SignIn(self.party, self.lines, provider=self.provider, persona=self.persona, query=query)

    def finish(self, login: SignIn) -> SignedIn:
        """Take every step that is left; raises what ``SignIn.take`` does."""
        login.up_to("token")
        signed_in: SignedIn = login.take("token")
        return signed_in

    def sign_in(self) -> SignedIn:
        """Take every step of a login."""
        return self.finish(self.begin())

    def close(self) -> None:
        """Hang up."""
        self.lines.close()


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which this share of an ordered sequence lies; not a number for an empty one."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")
