"""The adapter over real certificates and a real responder: eid-providers.md 7.4, 7.5; T36; EID-01 to EID-18."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from providers.contract import (
    ATTENDED,
    Arrival,
    AssuranceLevel,
    AuthenticationRequest,
    CardPage,
    CardTrouble,
    Concluded,
    Expectation,
    Factor,
    Language,
    Reference,
    Shown,
    VerifiedIdentity,
)
from providers.errors import AuthenticationDeclined, ProviderError
from providers.settings import InvalidProviderSettings
from providers.web_eid.adapter import WebEidProvider
from providers.web_eid.challenge import Challenge
from providers.web_eid.opening import open_web_eid
from tests.providers.eid_certificates.world import World
from tests.support.eid_authority import NOW, POLICY, EidAuthority, Held, subject_of
from tests.support.plain_server import http
from tests.support.soft_card import token_of

RETURN = "https://login.example.lv/return/eid-card"
ORIGIN = "https://login.example.lv"
MINUTE = timedelta(minutes=1)


def entry(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "id": "eid-card",
        "names": {"lv": "eID karte", "en": "eID card"},
        "kind": "card",
        "assurance": "high",
        "assurance_ground": "notified scheme, 2026-01-01",
        "environment": "test",
        "protocol": "web-eid",
        "certificates": {
            "anchors": [{"file": "ca.pem"}],
            "policies": [POLICY],
            "ocsp": {"responders": [world.server.url]},
        },
        **changes,
    }


@pytest.fixture
def folder(world: World, tmp_path: Path) -> Path:
    (tmp_path / "ca.pem").write_bytes(world.authority.ca.pem)
    return tmp_path


@pytest.fixture
def provider(world: World, folder: Path) -> WebEidProvider:
    return open_web_eid(entry(world), folder, world.clock)


def asked(reference: str = "ab" * 16) -> AuthenticationRequest:
    return AuthenticationRequest(
        reference=Reference(reference), return_url=RETURN, language=Language.LATVIAN, asked_at=NOW
    )


class Visit:
    """One login at the page."""

    def __init__(self, provider: WebEidProvider, request: AuthenticationRequest | None = None) -> None:
        self.provider = provider
        self.request = request or asked()
        self.memory = provider.depart(self.request).memory

    @property
    def nonce(self) -> str:
        return Challenge.remembered(self.memory).nonce

    def shows(self, said: dict[str, str] | None = None, *, after: timedelta = timedelta()) -> CardPage:
        shown = self.provider.attend(self.request, self.memory, said or {}, NOW + after)
        assert isinstance(shown, Shown)
        assert isinstance(shown.page, CardPage)
        self.memory = shown.memory
        return shown.page

    def answer(self, token: str, *, after: timedelta = timedelta()) -> Arrival:
        concluded = self.provider.attend(self.request, self.memory, {"token": token}, NOW + after)
        assert isinstance(concluded, Concluded)
        return Arrival(method=ATTENDED, content_type="", body=concluded.answer, received_at=NOW + after)

    @property
    def expectation(self) -> Expectation:
        return Expectation(reference=self.request.reference, asked_at=NOW, memory=self.memory)

    def identified(self, token: str, *, after: timedelta = timedelta()) -> VerifiedIdentity:
        return self.provider.receive(self.answer(token, after=after)).identify(self.expectation)

    def refused(self, token: str, **changes: Any) -> str:
        with pytest.raises(ProviderError) as caught:
            self.identified(token, **changes)
        assert caught.value.reference == self.request.reference
        return caught.value.reason


def test_a_card_signs_the_challenge_and_its_holder_is_vouched_for(world: World, provider: WebEidProvider) -> None:
    card = world.authority.card(subject=subject_of("ANNA", "BĒRZIŅA", "PNOLV-321234-56789"))
    world.answers(card)
    visit = Visit(provider)
    assert visit.shows().challenge == visit.nonce
    identity = visit.identified(token_of(card, ORIGIN, visit.nonce))
    assert (identity.given_name, identity.family_name) == ("ANNA", "BĒRZIŅA")
    assert identity.personal_code.display == "321234-56789"
    assert identity.assurance is AssuranceLevel.HIGH
    assert identity.factors == {Factor.POSSESSION, Factor.KNOWLEDGE}
    assert (identity.means, identity.interface) == ("lv-eid-card", "web-eid")
    assert len(identity.exchanges) == 1


def test_every_login_has_a_nonce_of_44_characters_from_256_bits(provider: WebEidProvider) -> None:
    nonces = {Visit(provider).nonce for _ in range(50)}
    assert len(nonces) == 50
    assert {len(nonce) for nonce in nonces} == {44}


def of(world: World, **changes: Any) -> Held:
    card = world.authority.card(**changes)
    world.answers(card)
    return card


REFUSALS: dict[str, tuple[str, Callable[[World], Held]]] = {
    "EID-02, the signing certificate of the same card": (
        "cert_purpose",
        lambda world: of(world, bits=("content_commitment",), purposes=(ExtendedKeyUsageOID.EMAIL_PROTECTION,)),
    ),
    "EID-03": ("cert_expired", lambda world: of(world, ends=NOW - MINUTE)),
    "EID-04": ("cert_expired", lambda world: of(world, begins=NOW + MINUTE)),
    "EID-10": ("not_trusted", lambda _: EidAuthority().card()),
    "EID-12": ("cert_policy", lambda world: of(world, policies=("1.2.3.4",))),
    "EID-22": ("identity_incomplete", lambda world: of(world, subject=subject_of(code="PNOEE-38001085718"))),
    "responder that is not on the list": ("not_trusted", lambda world: of(world, responder="http://other.test/")),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_card_with_one_mistake_ends_the_login_for_it(world: World, provider: WebEidProvider, name: str) -> None:
    code, make = REFUSALS[name]
    card, visit = make(world), Visit(provider)
    assert visit.refused(token_of(card, ORIGIN, visit.nonce)) == code


@pytest.mark.parametrize(
    ("status", "code"),
    [(ocsp.OCSPCertStatus.REVOKED, "cert_revoked"), (ocsp.OCSPCertStatus.UNKNOWN, "cert_revoked")],
)
def test_revoked_and_unknown_cards_end_the_login(
    world: World, provider: WebEidProvider, status: ocsp.OCSPCertStatus, code: str
) -> None:
    card, visit = world.authority.card(), Visit(provider)
    world.answers(card, status=status)
    assert visit.refused(token_of(card, ORIGIN, visit.nonce)) == code


def test_without_an_answer_about_revocation_nobody_is_let_in(world: World, provider: WebEidProvider) -> None:
    card, visit = world.authority.card(), Visit(provider)
    world.paths["/ocsp"] = lambda _: http(status="500 Oops")
    assert visit.refused(token_of(card, ORIGIN, visit.nonce)) == "revocation_unavailable"


def test_nobody_is_asked_about_revocation_before_the_signature_holds(world: World, provider: WebEidProvider) -> None:
    card, visit = of(world), Visit(provider)
    assert visit.refused(token_of(card, "https://other.test", visit.nonce)) == "bad_signature"
    assert world.server.requests == []


def test_a_token_relayed_from_another_site_is_refused(world: World, provider: WebEidProvider) -> None:
    """T36, EID-17: the browser told the card where it was asked."""
    card, visit = of(world), Visit(provider)
    assert visit.refused(token_of(card, "https://login.examp1e.lv", visit.nonce)) == "bad_signature"


def test_a_token_for_another_login_is_refused(world: World, provider: WebEidProvider) -> None:
    """T36, EID-14 and EID-16: replayed into a later login, or into somebody else's."""
    card, first, second = of(world), Visit(provider), Visit(provider, asked("cd" * 16))
    token = token_of(card, ORIGIN, first.nonce)
    first.identified(token)
    assert second.refused(token) == "bad_signature"


def test_an_answer_of_one_login_does_not_count_for_another(world: World, provider: WebEidProvider) -> None:
    card, first, second = of(world), Visit(provider), Visit(provider, asked("cd" * 16))
    answer = provider.receive(first.answer(token_of(card, ORIGIN, first.nonce)))
    with pytest.raises(ProviderError, match="unknown_nonce"):
        answer.identify(second.expectation)


def test_a_challenge_lives_five_minutes(world: World, provider: WebEidProvider) -> None:
    """T36, EID-15."""
    card, visit = of(world), Visit(provider)
    token = token_of(card, ORIGIN, visit.nonce)
    assert visit.refused(token, after=5 * MINUTE + timedelta(seconds=1)) == "expired"
    assert visit.identified(token, after=5 * MINUTE)


def test_a_page_shown_late_has_a_new_challenge_and_the_old_one_no_longer_counts(
    world: World, provider: WebEidProvider
) -> None:
    card, visit = of(world), Visit(provider)
    before = visit.nonce
    assert visit.shows(after=4 * MINUTE).challenge == before
    assert visit.shows(after=4 * MINUTE + timedelta(seconds=1)).challenge != before
    assert visit.refused(token_of(card, ORIGIN, before), after=4 * MINUTE) == "bad_signature"


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        ("ERR_WEBEID_EXTENSION_UNAVAILABLE", CardTrouble.SOFTWARE_MISSING),
        ("ERR_WEBEID_NATIVE_UNAVAILABLE", CardTrouble.SOFTWARE_MISSING),
        ("ERR_WEBEID_VERSION_MISMATCH", CardTrouble.SOFTWARE_MISSING),
        ("ERR_WEBEID_VERSION_INVALID", CardTrouble.SOFTWARE_MISSING),
        ("ERR_WEBEID_NATIVE_FATAL", CardTrouble.CARD_UNREADABLE),
        ("ERR_WEBEID_ACTION_PENDING", CardTrouble.PAGE_FAILED),
        ("ERR_WEBEID_CONTEXT_INSECURE", CardTrouble.PAGE_FAILED),
        ("ERR_WEBEID_MISSING_PARAMETER", CardTrouble.PAGE_FAILED),
        ("ERR_WEBEID_NATIVE_INVALID_ARGUMENT", CardTrouble.PAGE_FAILED),
        ("ERR_WEBEID_UNKNOWN_ERROR", CardTrouble.PAGE_FAILED),
        ("something else\nentirely", CardTrouble.PAGE_FAILED),
    ],
)
def test_what_the_person_can_help_leaves_the_login_open_with_a_new_challenge(
    world: World, provider: WebEidProvider, code: str, trouble: CardTrouble
) -> None:
    """7.5: the old challenge is gone with the try that failed."""
    card, visit = of(world), Visit(provider)
    before = visit.nonce
    page = visit.shows({"error": code})
    assert page.trouble is trouble
    assert page.challenge != before
    assert visit.refused(token_of(card, ORIGIN, before)) == "bad_signature"
    assert visit.identified(token_of(card, ORIGIN, visit.nonce))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("ERR_WEBEID_USER_CANCELLED", "cancelled"),
        ("ERR_WEBEID_USER_TIMEOUT", "timeout"),
        ("ERR_WEBEID_ACTION_TIMEOUT", "timeout"),
    ],
)
def test_giving_up_and_doing_nothing_end_the_login(provider: WebEidProvider, code: str, reason: str) -> None:
    visit = Visit(provider)
    with pytest.raises(AuthenticationDeclined) as declined:
        provider.attend(visit.request, visit.memory, {"error": code}, NOW)
    assert (declined.value.reason, declined.value.reference) == (reason, visit.request.reference)


def test_a_token_that_is_posted_to_a_return_address_is_no_answer(world: World, provider: WebEidProvider) -> None:
    """7.2: the token comes with the cookie of the browser that was shown the challenge, and in no other way."""
    visit = Visit(provider)
    honest = visit.answer(token_of(of(world), ORIGIN, visit.nonce))
    assert provider.answer_methods == frozenset()
    with pytest.raises(ProviderError, match="malformed"):
        provider.receive(replace(honest, method="POST"))


def test_production_refuses_a_card_made_of_software_and_the_start_up_log_names_one(world: World, folder: Path) -> None:
    software = {"web_eid": {"software_card": "https://127.0.0.1:9443/card/reader.js"}}
    warned = "\n".join(open_web_eid(entry(world, **software), folder, world.clock).warnings())
    assert "a card made of software is offered" in warned
    with pytest.raises(InvalidProviderSettings) as refused:
        open_web_eid(entry(world, environment="production", **software), folder, world.clock)
    assert "web_eid.software_card: is for tests" in str(refused.value)
    assert "ca.pem says that it is for tests" in str(refused.value)


def test_a_card_with_another_curve_is_taken_for_es384_only_by_its_setting(world: World, folder: Path) -> None:
    card = of(world, key=ec.generate_private_key(ec.SECP256R1()))
    changed = open_web_eid(entry(world, web_eid={"es384_curves": ["secp256r1"]}), folder, world.clock)
    visit = Visit(changed)
    assert visit.identified(token_of(card, ORIGIN, visit.nonce, "ES384"))
