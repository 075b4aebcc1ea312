"""Attacks over real sockets: other people's answers, codes and cookies, two tabs at once, and input that is none."""

import http.client
import json
import re
import ssl
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from gateway.demo.places import PROVIDER, Places
from tests.flows.auditor import audit, rules_of
from tests.flows.walking import BY_NAME, INCIDENT, Walk
from tests.support.driver import Lines, SignIn
from tests.support.https_line import Line
from tests.support.relying_party import RelyingParty

pytestmark = pytest.mark.xdist_group("flows")

OLDER = f"{PROVIDER}-4011"
ATTACKER = BY_NAME["Baiba Pāra-Bērza"]
VICTIM = BY_NAME["Aija Pāra-Ābele"]


def refused_with(places: Places, page: requests.Response) -> list[str]:
    assert page.status_code == 400, page.text
    found = INCIDENT.search(page.text)
    assert found is not None
    return rules_of(places, found[0])


def entry_of(walk: Walk) -> str:
    return walk.browser.open(f"{walk.places.auctions}/my-entry.json").text


# --- other people's answers ---


@pytest.mark.parametrize(("asked", "answered_at"), [(PROVIDER, OLDER), (OLDER, PROVIDER)])
def test_t03_an_answer_brought_to_another_providers_address_signs_nobody_in(
    places: Places, asked: str, answered_at: str
) -> None:
    """Both providers have one bank, one key and one id behind them, so that nothing but the address differs."""
    walk = Walk(places, VICTIM, provider=asked)
    fields = walk.to_answer()
    page = walk.browser.session.post(f"{places.issuer}/return/{answered_at}", data=fields, timeout=30)
    assert refused_with(places, page)[-1] in {"unexpected_service", "unknown_nonce", "malformed"}
    walk.browser.submit("/return/")
    assert walk.signed_in, "and at its own address it still counts"


@pytest.mark.parametrize("provider", [PROVIDER, OLDER])
def test_t14_nobody_is_signed_in_as_the_attacker_by_the_attackers_answer(places: Places, provider: str) -> None:
    """Where the answer holds no nonce of ours, the victim's browser lends its own reference: it must not fit."""
    attacker, victim = Walk(places, ATTACKER, provider=provider), Walk(places, VICTIM, provider=provider)
    fields = attacker.to_answer()
    target = attacker.browser.form("/return/").action
    victim.to_bank()
    page = victim.browser.session.post(target, data=fields, timeout=30)
    assert page.status_code == 400
    shown = entry_of(victim)
    assert ATTACKER.personal_code not in shown
    assert "given_name" not in shown


def test_two_tabs_at_the_older_protocol_are_never_mixed_up(places: Places) -> None:
    """One browser, two people, two tabs: each answer counts for its own question or for none."""
    first, second = Walk(places, VICTIM, provider=OLDER), Walk(places, ATTACKER, provider=OLDER)
    second.browser.session = first.browser.session
    first.to_answer()
    first_form = first.browser.form("/return/")
    second.to_bank()
    page = first.browser.session.post(first_form.action, data=first_form.fields, timeout=30)
    shown = entry_of(first)
    assert ATTACKER.personal_code not in shown
    assert page.status_code in {200, 400}


# --- other people's codes and addresses ---


def code_for(party: RelyingParty, walk: Walk) -> SignIn:
    """Sign a person in up to the code, which the attacker reads out of the redirect."""
    login = SignIn(party, Lines.to(party), provider=PROVIDER)
    walk.browser.open(f"{walk.places.issuer}{login.authorization_target()}")
    walk.browser.submit("/banklink")
    number, password = walk.persona.user_number, walk.persona.password
    walk.browser.submit("/login/", user_number=number, password=password, method="code-calculator")
    shown = re.search(r'id="calculator-code">\s*([0-9]{6})', walk.page.text)
    assert shown is not None
    walk.browser.submit("/code", code=shown[1])
    walk.browser.submit("/consent", decision="agree")
    form, session = walk.browser.form("/return/"), walk.browser.session
    back = session.post(form.action, data=form.fields, allow_redirects=False, timeout=30)
    handed_over = session.get(f"{walk.places.issuer}{back.headers['Location']}", allow_redirects=False, timeout=30)
    login.code = parse_qs(urlsplit(handed_over.headers["Location"]).query)["code"][0]
    return login


def at_token(places: Places, party: RelyingParty, form: bytes) -> tuple[int, dict[str, str]]:
    line = Line(places.mutual_tls, party.portal_tls)
    try:
        reply = line.post("/oidc/token", form)
    finally:
        line.close()
    return reply.status, json.loads(reply.body)


def test_t02_a_code_injected_into_another_login_is_worth_nothing(places: Places) -> None:
    """The attacker's code redeemed with the victim's verifier, and the other way round."""
    party = RelyingParty(places)
    attackers, victims = code_for(party, Walk(places, ATTACKER)), code_for(party, Walk(places, VICTIM))
    for code, verifier in ((attackers.code, victims.verifier), (victims.code, attackers.verifier)):
        status, answer = at_token(places, party, party.token_form(code or "", verifier))
        assert (status, answer["error"]) == (400, "invalid_grant")
    assert at_token(places, party, victims.token_form())[0] == 200, "the code itself is whole"


def test_t14_the_attackers_callback_address_in_the_victims_browser_signs_nobody_in(places: Places) -> None:
    login = code_for(RelyingParty(places), Walk(places, ATTACKER))
    victim = Walk(places, VICTIM)
    victim.to_choices()
    query = urlencode({"code": login.code, "state": login.state, "iss": places.issuer})
    page = victim.browser.session.get(f"{places.auctions}/callback?{query}", timeout=30)
    assert page.status_code >= 400
    assert "given_name" not in entry_of(victim)


def test_t14_a_login_begun_by_the_attacker_cannot_be_finished_by_the_victim(places: Places) -> None:
    attacker, victim = Walk(places, ATTACKER), Walk(places, VICTIM)
    attacker.to_choices()
    login = attacker.page.url
    assert victim.browser.session.get(login, timeout=30).status_code == 404
    chosen = victim.browser.session.post(f"{login}/choose", data={"provider": PROVIDER}, timeout=30)
    assert chosen.status_code == 404
    assert victim.browser.session.post(f"{login}/cancel", timeout=30).status_code == 404
    attacker.browser.open(login)
    attacker.browser.submit("/choose", provider=PROVIDER)
    assert attacker.browser.form("/banklink"), "and it goes on where it began"


def test_t14_a_cookie_of_the_same_name_does_not_open_another_browsers_login(places: Places) -> None:
    attacker = Walk(places, ATTACKER)
    attacker.to_choices()
    for cookie in ("__Host-vpm-browser=", "__Host-vpm-browser=x", "__Host-vpm-browser=x; __Host-vpm-browser=y"):
        page = requests.get(
            attacker.page.url, headers={"Cookie": cookie}, verify=str(places.root_certificate), timeout=30
        )
        assert page.status_code == 404


# --- two tabs ---


def test_complaint_22_two_tabs_choosing_at_once_all_have_a_way_on(places: Places) -> None:
    walk = Walk(places)
    walk.to_choices()
    login = walk.page.url
    cookies = dict(walk.browser.session.cookies)

    def choose(_: int) -> requests.Response:
        return requests.post(
            f"{login}/choose",
            data={"provider": PROVIDER},
            cookies=cookies,
            verify=str(places.root_certificate),
            timeout=60,
        )

    with ThreadPoolExecutor(8) as tabs:
        pages = list(tabs.map(choose, range(8)))
    for page in pages:
        assert page.status_code in {200, 400}
        assert 'name="VK_MAC"' in page.text or "/choose" in page.text or "/again" in page.text
    assert any('name="VK_MAC"' in page.text for page in pages)


@pytest.mark.parametrize("steps", [("cancel", "cancel"), ("cancel", "again"), ("again", "again"), ("cancel", "choose")])
def test_complaint_22_tabs_that_disagree_all_end_somewhere(places: Places, steps: tuple[str, str]) -> None:
    walk = Walk(places)
    walk.to_choices()
    login = walk.page.url
    cookies = dict(walk.browser.session.cookies)

    def press(step: str) -> requests.Response:
        return requests.post(
            f"{login}/{step}",
            data={"provider": PROVIDER},
            cookies=cookies,
            verify=str(places.root_certificate),
            timeout=60,
        )

    with ThreadPoolExecutor(4) as tabs:
        pages = list(tabs.map(press, steps * 4))
    for page in pages:
        at_portal = page.url.startswith(places.auctions)
        assert at_portal or page.status_code in {200, 400}, (page.status_code, page.url)
        assert at_portal or "/choose" in page.text or "/cancel" in page.text or 'name="VK_MAC"' in page.text


# --- input that is none ---


def ask(
    places: Places, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> http.client.HTTPResponse:
    context = ssl.create_default_context(cafile=str(places.root_certificate))
    line = http.client.HTTPSConnection("localhost", places.gateway_port, context=context, timeout=30)
    line.request(method, path, body or None, headers or {})
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer


def token_of(header: str) -> str:
    return f"{urlsafe_b64encode(header.encode()).rstrip(b'=').decode()}.e30.AAAA"


@pytest.mark.parametrize(
    "header", ['{"alg":"ES256","crit":1}', '{"alg":[]}', '{"alg":"none"}', "[" * 2000, "null", '{"kid":{}}']
)
def test_t10_a_sign_out_hint_that_is_none_is_refused_and_recorded(places: Places, header: str) -> None:
    trusted = str(places.root_certificate)
    page = requests.post(
        f"{places.issuer}/oidc/logout", data={"id_token_hint": token_of(header)}, verify=trusted, timeout=30
    )
    assert refused_with(places, page) == ["id_token_hint_is_ours"]


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("POST", f"/return//{PROVIDER}", FORM, b"VK_SERVICE=3013"),
        ("POST", f"/return/{PROVIDER}", {"Content-Type": "application/json"}, b"{}"),
        ("POST", f"/return/{PROVIDER}", {"Content-Type": "multipart/form-data"}, b"x"),
        ("POST", f"/return/{PROVIDER}", FORM, b"\xff\x00" * 200),
        ("POST", f"/return/{PROVIDER}", FORM, b"&".join(b"a%d=1" % number for number in range(9000))),
        ("POST", f"/return/{PROVIDER}", FORM, b"a=" + b"x" * 70_000),
        ("POST", f"/return/{OLDER}", {**FORM, "Cookie": "__Host-vpm-reference=" + "z" * 4000}, b"a=b"),
        ("POST", "/oidc/logout", {"Content-Type": "text/plain"}, b"\xff"),
        ("POST", "/oidc/logout", FORM, b"&".join(b"a%d=1" % number for number in range(2000))),
        ("GET", "/oidc/authorize?" + "a=b&" * 100, {}, b""),
        ("GET", "/oidc/authorize?client_id=%ff&redirect_uri=%00", {}, b""),
        ("GET", "/oidc/authorize?client_id=izsoles&ui_locales=" + "x-" * 2000, {}, b""),
        ("GET", "/login/%00/continue", {}, b""),
        ("GET", "/login/" + "A" * 6000, {}, b""),
        ("GET", "/oidc/jwks", {"Cookie": "a=" + "b" * 7000 + '; __Host-vpm-language="\\000"'}, b""),
        ("TRACE", "/oidc/authorize", {}, b""),
        ("OPTIONS", "/oidc/authorize", {"Origin": "https://evil.test"}, b""),
        ("PROPFIND", "/", {}, b""),
    ],
)
def test_input_that_is_none_is_refused_with_every_header_and_no_fault(
    places: Places, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    answer = ask(places, method, path, headers, body)
    assert answer.status < 500
    assert answer.status not in {301, 302, 307, 308}
    assert "default-src 'none'" in (answer.getheader("Content-Security-Policy") or "")
    assert not any(name.lower().startswith("access-control") for name, _ in answer.getheaders())


@pytest.mark.parametrize("value", ["", "xx", "LV", "lv-LV", "<script>alert(1)</script>", "%ff", "en\0", "e" * 3000])
def test_a_language_that_is_none_leaves_latvian(places: Places, value: str) -> None:
    walk = Walk(places)
    walk.to_choices()
    page = walk.browser.session.get(walk.page.url, params={"lang": value}, timeout=30)
    assert page.status_code == 200
    assert '<html lang="lv"' in page.text
    assert "<script>alert" not in page.text


def test_after_all_of_it_the_log_is_whole_and_no_request_ended_in_a_fault(places: Places) -> None:
    assert audit(places, "verify").exit_code == 0
    written = (places.root / "gateway" / "gateway.log").read_text(encoding="utf-8")
    assert "request.answered" in written
    assert "request.failed" not in written
