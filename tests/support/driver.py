"""Complete logins by script, fast: one relying party, its browser and a bank that answers at once.

A ``SignIn`` takes the steps of one login (authorize, bank, return, continue, token), each when it is told to, so that a
test may kill something between two of them. A ``Driver`` takes all of them. ``run_logins`` takes many at a time.

    python -m tests.support.driver var --at-once 8 --count 500        (vpm demo's places, prepared with fast_login)

Everything is real: TLS 1.3, mutual TLS at the token endpoint, private_key_jwt, PKCE, a verified ID token.
"""

import argparse
import base64
import hashlib
import json
import re
import secrets
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from html import unescape
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey

from gateway.demo.places import PARTY, PROVIDER, Places
from portals.id_token import Expectation, VerifiedIdentity, verify_id_token
from tests.support.https_line import Broken, Line, Reply

ANNA: Final = "100001"
"""User number of Anna Bērziņa at the mock bank."""
STEPS: Final = ("authorize", "bank", "return", "continue", "token")
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

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


class RelyingParty:
    """What every driver of one place shares: keys and TLS contexts, parsed once."""

    def __init__(self, places: Places) -> None:
        """Read the auction portal's own files."""
        self.places = places
        issued = places.pki / "issued" / "auctions-client"
        self.browser_tls = browser_context(places.root_certificate)
        self.portal_tls = browser_context(places.root_certificate)
        self.portal_tls.load_cert_chain(issued / "certificate.pem", issued / "key.pem")
        self._key = ECKey.import_key((places.root / "auctions" / "assertion.key").read_bytes())
        self.redirect_uri = f"{places.auctions}/callback"

    def token_form(self, code: str, verifier: str) -> bytes:
        """Make a token request with an assertion of its own."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "client_id": PARTY,
            "code_verifier": verifier,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self._assertion(),
        }
        return urlencode(fields).encode()

    def verify(self, answer: Mapping[str, Any], nonce: str) -> VerifiedIdentity:
        """Believe a token answer; raises ``IdTokenRejected`` for the first reason not to."""
        expected = Expectation(
            issuer=self.places.issuer,
            client_id=PARTY,
            nonce=nonce,
            access_token=answer["access_token"],
            now=datetime.now(UTC),
        )
        return verify_id_token(answer["id_token"], find_key=self._keys.__getitem__, expected=expected)

    @cached_property
    def _keys(self) -> dict[str, ECKey]:
        line = Line(self.places.issuer, self.browser_tls)
        try:
            published = json.loads(line.get("/oidc/jwks").body)["keys"]
        finally:
            line.close()
        return {key["kid"]: ECKey.import_key(key) for key in published}

    def _assertion(self) -> str:
        now = int(time.time())
        claims = {"iss": PARTY, "sub": PARTY, "aud": self.places.issuer, "iat": now, "exp": now + 60}
        payload = json.dumps(claims | {"jti": secrets.token_urlsafe(16)})
        return jws.serialize_compact({"alg": "ES256", "kid": "auctions-1"}, payload, self._key, algorithms=["ES256"])


def browser_context(trusted: Path) -> ssl.SSLContext:
    """Trust one root and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(trusted)
    return context


@dataclass(slots=True)
class Lines:
    """The kept-alive connections of one driver."""

    gateway: Line
    bank: Line
    mutual: Line

    @classmethod
    def to(cls, party: RelyingParty) -> "Lines":
        """Prepare the three connections."""
        places = party.places
        return cls(
            gateway=Line(places.issuer, party.browser_tls),
            bank=Line(places.bank, party.browser_tls),
            mutual=Line(places.mutual_tls, party.portal_tls),
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

    def __init__(self, party: RelyingParty, *, provider: str | None = PROVIDER, persona: str = ANNA) -> None:
        """Use the relying party's keys; threads must not share a driver."""
        self.party = party
        self.provider = provider
        self.persona = persona
        self.lines = Lines.to(party)

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


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login that did not end well: how far it came, and why it stopped."""

    login: SignIn
    error: Broken | Turned
    at: float
    """When it began, by the monotonic clock."""


@dataclass(slots=True)
class Run:
    """What came of many logins."""

    signed_in: list[SignedIn] = field(default_factory=list)
    stopped: list[Attempt] = field(default_factory=list)
    begun: int = 0
    seconds: float = 0.0

    def latencies(self) -> list[float]:
        """Whole logins, in seconds, in order."""
        return sorted(one.total for one in self.signed_in)

    def summary(self) -> dict[str, float]:
        """Counts, logins a second, and quantiles in milliseconds."""
        ordered = self.latencies()
        shares = {f"p{round(100 * share)}": 1000 * quantile(ordered, share) for share in (0.5, 0.95, 0.99)}
        rate = len(ordered) / self.seconds if self.seconds else 0.0
        return {"logins": len(ordered), "stopped": len(self.stopped), "per_second": rate, **shares}


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which this share of an ordered sequence lies; not a number for an empty one."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


class Load:
    """Logins in the background until told to stop; each that ends badly is kept, and the next begins."""

    def __init__(
        self,
        places: Places,
        *,
        at_once: int = 8,
        per_second: float | None = None,
        count: int | None = None,
        provider: str | None = PROVIDER,
    ) -> None:
        """Prepare ``at_once`` drivers.

        Args:
            places: where everything listens.
            at_once: logins at the same time, at most.
            per_second: begin at most so many; None begins the next as soon as one has ended.
            count: stop by itself after so many; None goes on until ``stop``.
            provider: chosen in the authorization request.
        """
        self.run = Run()
        self._party = RelyingParty(places)
        self._provider = provider
        self._pause = 1 / per_second if per_second else 0.0
        self._left = count
        self._next_at = 0.0
        self._told = Event()
        self._lock = Lock()
        self._threads = [Thread(target=self._drive, daemon=True) for _ in range(at_once)]

    def __enter__(self) -> Self:
        """Begin."""
        self._started = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Let the logins under way end, begin no other."""
        self.stop()

    def stop(self) -> Run:
        """Begin no further login, and wait for those under way."""
        self._told.set()
        return self.wait()

    def wait(self) -> Run:
        """Wait until every driver is done."""
        for thread in self._threads:
            thread.join()
        self.run.seconds = time.monotonic() - self._started
        return self.run

    def _drive(self) -> None:
        driver = Driver(self._party, provider=self._provider)
        try:
            while self._take_turn():
                self._attempt(driver)
        finally:
            driver.close()

    def _attempt(self, driver: Driver) -> None:
        begun, login = time.monotonic(), driver.begin()
        try:
            signed_in = driver.finish(login)
        except (Broken, Turned) as error:
            with self._lock:
                self.run.stopped.append(Attempt(login, error, begun))
            self._told.wait(0.02)  # a gateway that is down is not hammered
        else:
            with self._lock:
                self.run.signed_in.append(signed_in)

    def _take_turn(self) -> bool:
        """Wait for a turn; False when there is none any more."""
        with self._lock:
            if self._left == 0:
                return False
            self._left = None if self._left is None else self._left - 1
            now = time.monotonic()
            turn = self._next_at = max(self._next_at + self._pause, now)
        if self._told.wait(turn - now):
            return False
        with self._lock:
            self.run.begun += 1
        return True


def run_logins(places: Places, count: int, *, at_once: int = 8, provider: str | None = PROVIDER) -> Run:
    """Sign in ``count`` times, ``at_once`` at the same time, each beginning when one has ended."""
    with Load(places, at_once=at_once, count=count, provider=provider) as load:
        return load.wait()


def main() -> None:
    """Drive the demo's places, and print one line of JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("root", type=Path, help="the demo's folder, prepared with fast_login")
    options.add_argument("--ports", help="gateway,gateway mutual TLS,bank,bank mutual TLS,auctions")
    options.add_argument("--at-once", type=int, default=8)
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--provider", default=PROVIDER)
    chosen = options.parse_args()
    names = ("gateway_port", "gateway_mutual_port", "bank_port", "bank_mutual_port", "auctions_port")
    ports = dict(zip(names, map(int, chosen.ports.split(",")), strict=True)) if chosen.ports else {}
    places = Places(root=chosen.root.resolve(), **ports)
    run = run_logins(places, chosen.count, at_once=chosen.at_once, provider=chosen.provider)
    print(json.dumps(run.summary()))  # noqa: T201 - this is what the command is for


if __name__ == "__main__":
    main()
