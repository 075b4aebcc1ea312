"""Two portals of one group, one of another and one of none, over the gateway's real pages, in memory."""

import json
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from flask.testing import FlaskClient
from joserfc import jws
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from gateway.broker.ports import Storage
from gateway.broker.relying_party import RelyingParties, RelyingPartyId
from gateway.oidc.back_channel import NotGranted
from gateway.provider_directory import ProviderDirectory
from gateway.saml.desk import SamlDesk
from gateway.web.app import Gateway, create_public_app
from providers.contract import (
    Arrival,
    AssuranceLevel,
    AuthenticationRequest,
    Availability,
    Expectation,
    FormDeparture,
    Language,
    ProviderId,
    ProviderKind,
    ProviderStatus,
    Reference,
    VerifiedIdentity,
)
from tests.support.gateway_parts import ISSUER, SIGNING_KEY, VERIFIER, Core, person, query, relying_party

BANK: Final = ProviderId("bank")
GROUP: Final = "registers"
AUCTIONS, REGISTER, ELSEWHERE, ALONE = (RelyingPartyId(name) for name in ("auctions", "register", "elsewhere", "alone"))
GROUPS: Final = {AUCTIONS: GROUP, REGISTER: GROUP, ELSEWHERE: "others", ALONE: None}


@dataclass
class Vouched:
    """An authentic answer of the double."""

    reference: Reference
    identity: VerifiedIdentity
    single_use: frozenset[str] = frozenset()
    asks_back_channel: bool = False

    def identify(self, expected: Expectation) -> VerifiedIdentity:
        assert expected.reference == self.reference
        return self.identity


@dataclass
class Bank:
    """A provider that vouches for whoever the test says; a double because that is the test's choice."""

    core: Core
    id: ProviderId = BANK
    names: dict[Language, str] = field(default_factory=lambda: dict.fromkeys(Language, "Banka"))
    kind: ProviderKind = ProviderKind.BANK
    assurance: AssuranceLevel = AssuranceLevel.HIGH
    answer_methods: frozenset[str] = frozenset({"POST"})
    vouches_for: dict[str, Any] = field(default_factory=dict)

    def depart(self, request: AuthenticationRequest) -> FormDeparture:
        return FormDeparture(
            action="https://bank.test/", fields=(("VK_NONCE", request.reference),), charset="UTF-8", message=b"question"
        )

    def receive(self, arrival: Arrival) -> Vouched:
        identity = person(**{"authenticated_at": self.core.clock(), **self.vouches_for})
        return Vouched(Reference(arrival.body.decode()), identity)

    def status(self) -> ProviderStatus:
        return ProviderStatus(state=Availability.UP)

    def warnings(self) -> tuple[str, ...]:
        return ()


class Town:
    """The gateway with its portals and one bank."""

    def __init__(self, *, storage: Storage | None = None, **changed: Any) -> None:
        self.keys = {name: ECKey.generate_key("P-256", {"kid": f"{name}-1"}) for name in GROUPS}
        parties = RelyingParties(self._party(name, **changed) for name in GROUPS)
        self.core = Core(parties=parties, **({} if storage is None else {"storage": storage}))  # type: ignore[arg-type]
        self.bank = Bank(self.core)
        self.open()

    def open(self, saml: SamlDesk | None = None) -> None:
        """Open the pages, of SAML too where there is a desk for it."""
        use_cases, directory = self.core.use_cases, ProviderDirectory([self.bank])
        use_cases.providers = {BANK: self.bank}
        self._app = create_public_app(
            Gateway(use_cases=use_cases, directory=directory, saml=saml, problems=list, close=directory.close)
        )

    def _party(self, name: RelyingPartyId, **changed: Any) -> Any:
        return relying_party(
            name,
            certificate_of(name),
            self.keys[name],
            home=f"https://{name}.test/",
            group=GROUPS[name],
            names={Language.LATVIAN: f"Portāls {name}", Language.ENGLISH: f"Portal {name}"},
            redirect_uris=frozenset({callback(name)}),
            post_logout_redirect_uris=frozenset({f"https://{name}.test/signed-out"}),
            **{"backchannel_logout_uri": f"https://{name}.test/backchannel-logout", **changed},
        )

    def push(self, name: RelyingPartyId, **parameters: str | None) -> str:
        """Push a question, as the portal's server does; gives its ``request_uri``."""
        proven = {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self.assertion(name),
        }
        form = query(client_id=name, redirect_uri=callback(name), **{**proven, **parameters})
        pushed = self.core.push(form, certificate_of(name))
        assert isinstance(pushed, str), pushed
        return pushed

    def assertion(self, name: RelyingPartyId) -> str:
        key = self.keys[name]
        return self.core.assertion(key, {"kid": key.kid}, iss=name, sub=name)

    def browser(self) -> "Browser":
        return Browser(self, self._app.test_client())

    @property
    def events(self) -> list[str]:
        return [event.name for event in self.core.storage.events]


def certificate_of(name: str) -> str:
    return (name.encode().hex() * 16)[:64]


def callback(name: str) -> str:
    return f"https://{name}.test/callback"


class Browser:
    """A browser with its cookies, and the portals' servers behind it."""

    def __init__(self, town: Town, client: FlaskClient) -> None:
        self.town = town
        self.client = client

    def open(self, address: str, method: str = "GET", **arguments: Any) -> TestResponse:
        return self.client.open(address, method=method, base_url=ISSUER, **arguments)

    def ask(self, name: RelyingPartyId, **parameters: str | None) -> TestResponse:
        sent = query(client_id=name, redirect_uri=callback(name), **parameters)
        return self.open(f"/oidc/authorize?{sent.decode()}")

    def sign_in(self, name: RelyingPartyId, **parameters: str | None) -> str:
        """Sign in at the bank; gives the ID token that the portal received."""
        asked = self.ask(name, **parameters)
        assert asked.status_code == 303
        page = self.open(f"{asked.location}/choose", "POST", data={"provider": BANK})
        assert page.status_code == 200, "a provider was asked"
        reference = page.text.partition('name="VK_NONCE" value="')[2].partition('"')[0]
        core = self.town.core
        arrival = Arrival(method="POST", content_type="", body=reference.encode(), received_at=core.clock())
        core.use_cases.complete(self.town.bank, arrival)
        return self._redeem(name, self.open(f"{asked.location}/continue"))

    def is_known_to(self, name: RelyingPartyId, **parameters: str | None) -> str:
        """Be signed in by the session, without the bank; gives the ID token."""
        asked = self.ask(name, **parameters)
        assert asked.location.endswith("/continue"), "a session answered"
        return self._redeem(name, self.open(asked.location))

    def _redeem(self, name: RelyingPartyId, answer: TestResponse) -> str:
        assert answer.status_code == 303, answer.text
        assert answer.location.startswith(callback(name))
        code = parse_qs(urlsplit(answer.location).query)["code"][0]
        core, assertion = self.town.core, self.town.assertion(name)
        form = core.token_form(code, redirect_uri=callback(name), code_verifier=VERIFIER, client_assertion=assertion)
        granted = core.redeem(form, certificate_of(name))
        assert not isinstance(granted, NotGranted), granted
        return str(granted["id_token"])

    def sign_out(self, name: RelyingPartyId, hint: str | None, **parameters: str) -> TestResponse:
        """Follow a portal's link that signs out."""
        sent = {"id_token_hint": hint, **parameters}
        return self.open(f"/oidc/logout?{urlencode({key: value for key, value in sent.items() if value is not None})}")

    def secrets(self) -> dict[str, str]:
        """Give the session cookies, by name."""
        cookies = (self.client.get_cookie(f"__Host-vpm-session-{group}", "gateway.test") for group in (GROUP, "others"))
        return {cookie.key: cookie.value for cookie in cookies if cookie is not None}


def claims_of(token: str) -> dict[str, Any]:
    """Read a token of the gateway, after checking its signature."""
    read: dict[str, Any] = json.loads(jws.deserialize_compact(token, SIGNING_KEY, algorithms=["ES256"]).payload)
    return read
