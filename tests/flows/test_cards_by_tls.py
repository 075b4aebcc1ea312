"""Cards by TLS client certificate over real sockets and real handshakes (eid-providers.md 12.1; security.md T36)."""

import socket
import ssl
from urllib.parse import urlsplit

import pytest
import requests

from gateway.demo.places import Places
from gateway.web.messages import MESSAGES
from mock_bank.personas import Persona
from providers.contract import Language
from tests.flows.auditor import records_of, rules_of
from tests.flows.card_walk import CardWalk, card_file
from tests.flows.test_cards import WRONG_CARDS, gateway_log, is_refused
from tests.flows.walking import ANNA, BY_NAME, DEPARTURE, INCIDENT

pytestmark = pytest.mark.xdist_group("flows")

ELINA = BY_NAME["Elīna Līga Šņēviča-Ūsiņa"]
CARD_TLS = "eid-card-tls"


class TlsWalk(CardWalk):
    """One person at one browser, which shows a card in the handshake with the card port."""

    def __init__(self, places: Places, persona: Persona = ANNA, card: str | None = "") -> None:
        super().__init__(places, persona, card or "")
        self.provider = CARD_TLS
        self.shows_a_card = card is not None

    def to_link(self) -> str:
        """Choose the card; give the address that the browser is sent to."""
        self.to_choices()
        self.browser.submit("/choose", provider=self.provider)
        found = DEPARTURE.search(self.page.text)
        assert found is not None, self.page.text
        return found[1]

    def handshake(self, link: str) -> requests.Response:
        """Open an address of the card port; follow where it leads without showing the card there."""
        file = str(card_file(self.places, self.card))
        session = self.browser.session
        answer = session.get(link, cert=file if self.shows_a_card else None, timeout=30, allow_redirects=False)
        self.browser.visited.append(link)
        if "Location" in answer.headers:
            return self.browser.open(answer.headers["Location"])
        self.browser.page = answer
        return answer

    def to_end(self) -> requests.Response:
        return self.handshake(self.to_link())


@pytest.mark.parametrize("persona", [ANNA, ELINA], ids=lambda one: one.purpose)
def test_a_card_in_the_handshake_signs_in_and_the_three_fields_reach_the_portal(
    places: Places, persona: Persona
) -> None:
    walk = TlsWalk(places, persona)
    walk.to_end()
    assert walk.signed_in, walk.page.text
    entry = walk.entry
    assert [entry[name] for name in ("given_name", "family_name", "personal_code")] == [
        persona.given_name,
        persona.family_name,
        persona.personal_code,
    ]


def test_a_card_with_an_rsa_key_signs_in(places: Places) -> None:
    walk = TlsWalk(places, card="-rsa")
    walk.to_end()
    assert walk.signed_in, walk.page.text


def test_the_log_names_the_interface_and_what_the_issuer_was_asked(places: Places) -> None:
    walk = TlsWalk(places)
    walk.to_end()
    events = [record["event"] for record in records_of(places, walk.login)]
    (asked,) = [event for event in events if event["type"] == "login.back-channel-answered"]
    assert asked["endpoint"] == f"{places.card_status}/ocsp"
    verified = next(event for event in events if event["type"] == "login.identity-verified")
    assert verified["authentication"]["interface"] == "card-tls"


@pytest.mark.parametrize(
    ("card", "reason"), [(card, reason) for card, reason in WRONG_CARDS.items() if card != "-stranger"]
)
def test_a_wrong_card_completes_the_handshake_and_is_refused_for_what_is_wrong(
    places: Places, card: str, reason: str
) -> None:
    """EID-02 to EID-05, EID-12: judged again in full by the application, which says why."""
    walk = TlsWalk(places, card=card)
    walk.to_end()
    is_refused(walk, reason)


def test_eid_10_a_card_of_another_authority_does_not_even_complete_the_handshake(places: Places) -> None:
    walk = TlsWalk(places, card="-stranger")
    link = walk.to_link()
    with pytest.raises(requests.ConnectionError):
        walk.handshake(link)


def test_a_browser_that_shows_no_card_is_told_so_and_may_choose_another_way(places: Places) -> None:
    walk = TlsWalk(places, card=None)
    walk.to_end()
    is_refused(walk, "cancelled")


def test_t36_a_link_that_the_holder_of_a_card_opens_elsewhere_signs_nobody_in(places: Places) -> None:
    """The attacker begins a login and sends its address to somebody with a card: the handshake of that other browser
    must not answer the attacker's login."""
    attacker, victim = TlsWalk(places), TlsWalk(places, ELINA)
    link = attacker.to_link()
    victim.handshake(link)
    assert victim.page.status_code == 400
    assert MESSAGES["wrong_browser"].person[Language.LATVIAN].title in victim.page.text
    found = INCIDENT.search(victim.page.text)
    assert found is not None
    assert rules_of(places, found[0]) == ["wrong_browser"]
    assert "security" in gateway_log(places, found[0])
    attacker.browser.open(f"{places.issuer}/login/{attacker.login}/continue")
    assert not attacker.signed_in
    attacker.handshake(link)
    assert attacker.signed_in, "the attacker's own card still answers the attacker's own login"
    assert attacker.entry["personal_code"] == ANNA.personal_code


def test_t36_the_victims_own_login_in_another_tab_does_not_lend_its_cookie(places: Places) -> None:
    attacker, victim = TlsWalk(places), TlsWalk(places, ELINA)
    link = attacker.to_link()
    victim.to_link()
    victim.handshake(link)
    assert victim.page.status_code == 400
    attacker.browser.open(f"{places.issuer}/login/{attacker.login}/continue")
    assert not attacker.signed_in


def test_an_answer_counts_once(places: Places) -> None:
    walk = TlsWalk(places)
    link = walk.to_link()
    walk.handshake(link)
    assert walk.signed_in
    walk.handshake(link)
    assert walk.page.status_code == 400
    assert walk.incident is not None
    assert "replayed" in rules_of(places, walk.incident)


def context_with(places: Places, card: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(places.root_certificate))
    if card is not None:
        context.load_cert_chain(card_file(places, card))
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_t36_nothing_is_resumed_and_a_connection_serves_one_request(places: Places, version: ssl.TLSVersion) -> None:
    """A cached session would sign in without the card, and a kept connection without its PIN."""
    context = context_with(places, ANNA.user_number)
    context.minimum_version = context.maximum_version = version
    port = urlsplit(places.cards).port or 0

    def ask(session: ssl.SSLSession | None) -> tuple[bool, ssl.SSLSession | None, bytes]:
        plain = socket.create_connection(("localhost", port), timeout=30)
        with context.wrap_socket(plain, server_hostname="localhost", session=session) as line:
            line.sendall(f"GET /healthz HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
            received = b""
            while piece := line.recv(65536):
                received += piece
            return bool(line.session_reused), line.session, received

    _, session, answer = ask(None)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer.lower()
    assert not ask(session)[0]


@pytest.mark.parametrize("header", ["Client-Cert", "X-SSL-Client-Cert", "Ssl-Client-Cert", "X-Client-Cert"])
def test_t30_a_certificate_in_a_header_is_no_card(places: Places, header: str) -> None:
    walk = TlsWalk(places, card=None)
    link = walk.to_link()
    pem = card_file(places, ANNA.user_number).read_text(encoding="utf-8").partition("-----END")[0].replace("\n", "")
    walk.browser.session.headers[header] = f":{pem.partition('-----BEGIN CERTIFICATE-----')[2]}:"
    walk.handshake(link)
    assert not walk.signed_in


def test_the_other_ports_take_no_card_and_the_card_port_nothing_else(places: Places) -> None:
    walk = TlsWalk(places)
    link = walk.to_link()
    elsewhere = link.replace(places.cards, places.issuer)
    card = str(card_file(places, walk.card))
    assert walk.browser.session.get(elsewhere, cert=card, timeout=30).status_code != 303
    for path in ("/oidc/authorize", "/login/x", "/return/paraugbanka", "/oidc/token"):
        assert walk.browser.session.get(f"{places.cards}{path}", cert=card, timeout=30).status_code == 404
    walk.handshake(link)
    assert walk.signed_in, "the login is still open"
