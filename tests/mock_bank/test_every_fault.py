"""No fault is dead: for each one, a run with it differs from an honest run in what the other side can observe."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mock_bank.answers import written_time
from mock_bank.faults import REGISTRY
from mock_bank.smart_id.api import REFUSALS as REGISTRY_OF_STARTS
from mock_bank.smart_id.wire import control_code
from tests.mock_bank import card_issuer, oidc_partner, saml_partner
from tests.mock_bank.partner import ORDER_4012, SHA1, TestPartner, answer_in, encode, written
from tests.mock_bank.pki import Authority
from tests.mock_bank.smart_id_party import CHALLENGES, start_body
from tests.mock_bank.test_mutual_tls import OVER_TLS
from tests.mock_bank.world import NONCES, MakeWorld, World

Scenario = Callable[[World], object]


def two_logins(person: str = "100002") -> Scenario:
    """Two logins at once, each with its answer and its confirmation."""

    def scenario(world: World) -> object:
        seen = []
        for nonce in NONCES:
            seen.append(world.seen(world.login_at_once(person, nonce=nonce)))
            seen.append(world.read_jws(world.confirmation(nonce)))
        return seen, world.slept

    return scenario


def answer_to(body: Callable[[TestPartner], bytes]) -> Scenario:
    """Whether the bank begins a login for this request."""
    return lambda world: world.ask(body(world.partner)).status_code


def signed(order: list[str] | None = None, **changes: str) -> Callable[[TestPartner], bytes]:
    """A request signed by the partner, over other fields than the honest ones if so wished."""

    def body(partner: TestPartner) -> bytes:
        fields = partner.request(**changes)
        mac = partner.mac(written(order or ORDER_4012, fields))
        return encode(list((fields | {"VK_MAC": mac}).items()))

    return body


def dated(seconds: int) -> Callable[[TestPartner], bytes]:
    return lambda partner: partner.body(DATETIME=written_time(partner.clock(), shift=seconds))


def with_mac(mac: str | None) -> Callable[[TestPartner], bytes]:
    def body(partner: TestPartner) -> bytes:
        fields = partner.request() | ({} if mac is None else {"VK_MAC": mac})
        return encode(list(fields.items()))

    return body


def tampered(partner: TestPartner) -> bytes:
    return encode(list((partner.signed(partner.request()) | {"VK_RID": "changed"}).items()))


def by_a_stranger(partner: TestPartner) -> bytes:
    return TestPartner(clock=partner.clock).body()


def with_sha1(partner: TestPartner) -> bytes:
    fields = partner.request()
    return encode(list((fields | {"VK_MAC": partner.mac(written(ORDER_4012, fields), SHA1())}).items()))


def without_nonce(partner: TestPartner) -> bytes:
    fields = partner.request()
    del fields["VK_NONCE"]
    return encode(list((fields | {"VK_MAC": partner.mac(written(ORDER_4012, fields))}).items()))


def nonce_twice(partner: TestPartner) -> bytes:
    return partner.body() + b"&VK_NONCE=other"


def without_lengths(partner: TestPartner) -> bytes:
    fields = partner.request()
    return encode(list((fields | {"VK_MAC": partner.mac(written(ORDER_4012, fields, prefix=""))}).items()))


def other_partners_key(world: World) -> object:
    stolen = TestPartner(id="EIDGW", key=world.other.key, clock=world.clock)
    return world.ask(stolen.body()).status_code


def by_get(world: World) -> object:
    return world.browser.get("/banklink?" + world.partner.body().decode()).status_code


def query_beside_the_body(world: World) -> object:
    page = world.ask(query="?VK_RETURN=https://evil.example/", X_Mock_Persona="100001")
    return answer_in(page.text).action


def markup(world: World) -> object:
    return "<b>bold</b>" in world.ask(world.partner.body(RID="<b>bold</b>", REC_ID="X")).text


def the_same_request_in_a_fresh_browser(world: World) -> object:
    world.login_at_once()
    again = world.ask(world.partner.body(NONCE=NONCES[0], RID="rid-1"), browser=world.new_browser())
    return again.status_code


# ── Two factors ──────────────────────────────────────────────────────────────────────────────────────────────────────


def after_the_password(world: World) -> object:
    login = world.begun()
    return world.password(login).headers["Location"].removeprefix(login)


def a_wrong_code(world: World) -> object:
    login = world.begun()
    world.password(login)
    return world.post(f"{login}/code", code="not it").status_code


def consent_before_the_code(world: World) -> object:
    login = world.begun()
    world.password(login)
    return world.browser.get(f"{login}/consent").status_code


def one_code_in_two_logins(world: World) -> object:
    first = world.begun(NONCE=NONCES[0])
    world.password(first)
    code = world.code(first)
    world.post(f"{first}/code", code=code)
    second = world.begun(NONCE=NONCES[1])
    world.password(second)
    return world.post(f"{second}/code", code=code).status_code


def guessing(world: World) -> object:
    login = world.begun()
    world.password(login)
    for _ in range(5):
        world.post(f"{login}/code", code="000000x")
    return world.post(f"{login}/code", code=world.code(login)).status_code


def a_second_login_in_this_browser(world: World) -> object:
    world.login_at_once(nonce=NONCES[0])
    return world.ask(world.partner.body(NONCE=NONCES[1])).status_code


def session_ids(world: World) -> object:
    login = world.begun()
    before = world.browser.get_cookie("mock_bank_login", path=login)
    world.password(login)
    after = world.browser.get_cookie("mock_bank_login", path=login)
    return before is not None and after is not None and before.value == after.value


def a_code_of_another_customer(world: World) -> object:
    theirs = world.new_browser()
    login, their_login = world.begun(NONCE=NONCES[0]), world.begun(theirs, NONCE=NONCES[1])
    world.password(login, "100017")
    world.password(their_login, "100018", browser=theirs)
    return world.post(f"{login}/code", code=world.code(their_login, theirs)).status_code


def first_page(world: World) -> object:
    page = world.browser.get(world.begun())
    return "Izsoles vārteja" in page.text, "elsewhere.invalid" in page.text


def cookie_flags(world: World) -> object:
    cookie = world.ask().headers["Set-Cookie"]
    return [flag in cookie for flag in ("Secure", "HttpOnly", "SameSite=Lax")]


def framing(world: World) -> object:
    headers = world.browser.get(world.begun()).headers
    return headers.get("X-Frame-Options"), "frame-ancestors" in headers["Content-Security-Policy"]


def a_step_from_another_browser(world: World) -> object:
    return world.password(world.begun(), browser=world.new_browser()).status_code


# ── Audit trail ──────────────────────────────────────────────────────────────────────────────────────────────────────


def a_day(world: World) -> object:
    """One login by hand, one at once, one that fails, one refused request; then the journal, twice."""
    world.answered(NONCE=NONCES[0])
    world.login_at_once(nonce=NONCES[1])
    login = world.begun(NONCE="3" * 32)
    world.password(login, "100015")
    world.ask(world.partner.body(NONCE="4" * 32, REC_ID="X"))
    return world.read_jws(world.journal()), world.read_jws(world.journal())


def an_old_login(world: World) -> object:
    world.login_at_once()
    world.clock.forward(minutes=2)
    return world.read_jws(world.journal())


def status(world: World) -> object:
    return world.back_channel.get("/vpm/v1/status").json


# ── Smart-ID ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def two_scans(world: World) -> object:
    """Two sessions one after another; the person approves both, and the second could be confused with the first."""
    party = world.smart_id
    return [party.looks(party.scanned(challenge), challenge) for challenge in CHALLENGES]


def scans_of_two(world: World) -> object:
    party = world.smart_id
    party.scanned(CHALLENGES[0], person="100002", pin="0002")
    return party.looks(party.scanned(CHALLENGES[1]), CHALLENGES[1])


def a_start(world: World) -> object:
    answer = world.smart_id.start(start_body())
    return answer.status_code, answer.mimetype


def a_refusal(world: World) -> object:
    party = world.smart_id
    return party.looks(party.scanned(decision="refuse"))


def somebody_named(world: World) -> object:
    party = world.smart_id
    session = party.rung()
    party.answer_push(session, code=control_code(CHALLENGES[0]))
    return party.looks(party.poll(session).get_json())


def a_forgotten_session(world: World) -> object:
    return world.smart_id.poll(world.smart_id.begun()).status_code


SMART_ID: dict[str, Scenario] = {
    **{name: two_scans for name in REGISTRY if name.startswith(("sid.", "eid."))},
    **dict.fromkeys(REGISTRY_OF_STARTS, a_start),
    "sid.garbage": lambda world: world.smart_id.start(start_body()).data[:1],
    "sid.other-person": somebody_named,
    "sid.refused-without-details": a_refusal,
    "sid.session-gone": a_forgotten_session,
    "err.stack-trace": a_start,
    "err.parallel-mixup": two_scans,
    "err.cross-session": scans_of_two,
}

PERSONS = {
    "att.int-code": "100004",
    "att.split-on-space": "100008",
    "att.first-given-only": "100003",
    "att.html-escaped": "100009",
    "att.replace-unknown": "100010",
    "att.truncate": "100011",
    "att.mononym-copied": "100012",
    "att.reject-new-code": "100005",
    "att.fabricated-code": "100013",
    "att.company-code": "100014",
    "mfa.silent-downgrade": "100016",
}
RETURN = "https://gw.example/b/demobank/return"
SCENARIOS: dict[str, Scenario] = {
    **{name: two_logins(PERSONS.get(name, "100002")) for name in REGISTRY if not name.startswith("mtl.")},
    "bnk.ignore-datetime": answer_to(dated(-360)),
    "bnk.tight-datetime": answer_to(dated(-270)),
    "bnk.no-request-check": answer_to(tampered),
    "bnk.accept-missing-mac": answer_to(with_mac(None)),
    "bnk.accept-empty-mac": answer_to(with_mac("")),
    "bnk.accept-any-key": answer_to(by_a_stranger),
    "bnk.accept-sha1-request": answer_to(with_sha1),
    "bnk.accept-missing-field": answer_to(without_nonce),
    "bnk.dup-params": answer_to(nonce_twice),
    "bnk.query-override": query_beside_the_body,
    "bnk.accept-unknown-service": answer_to(signed(SERVICE="4999")),
    "bnk.sender-key-mismatch": other_partners_key,
    "bnk.open-return-url": answer_to(lambda partner: partner.body(RETURN="https://evil.example/return")),
    "bnk.return-prefix-match": answer_to(lambda partner: partner.body(RETURN=RETURN + ".evil.example/")),
    "bnk.http-return-url": answer_to(lambda partner: partner.body(RETURN=RETURN.replace("https", "http"))),
    "bnk.accept-old-version": answer_to(signed(VERSION="007")),
    "bnk.crash-long-field": answer_to(signed(RID="x" * 900)),
    "bnk.reflect-markup": markup,
    "bnk.mac-no-length": answer_to(without_lengths),
    "bnk.accept-get-request": by_get,
    "bnk.replay-request": the_same_request_in_a_fresh_browser,
    "mfa.one-step": after_the_password,
    "mfa.otp-ignored": a_wrong_code,
    "mfa.step-skip": consent_before_the_code,
    "mfa.otp-reuse": one_code_in_two_logins,
    "mfa.no-throttle": guessing,
    "mfa.fresh-authtime": a_second_login_in_this_browser,
    "mfa.session-fixation": session_ids,
    "mfa.cross-user": a_code_of_another_customer,
    "mfa.no-context": first_page,
    "mfa.third-party-post": first_page,
    "mfa.cookie-flags": cookie_flags,
    "mfa.framable": framing,
    "mfa.no-csrf": a_step_from_another_browser,
    "aud.no-correlation": a_day,
    "aud.missing-record": a_day,
    "aud.missing-field": a_day,
    "aud.time-shift": a_day,
    "aud.wrong-outcome": a_day,
    "aud.no-failures": a_day,
    "aud.broken-chain": a_day,
    "aud.leaks-secret": a_day,
    "aud.unstable-extract": a_day,
    "aud.no-refusals": a_day,
    "aud.short-retention": an_old_login,
    "vbc.status-down": status,
    "vbc.status-degraded": status,
    **oidc_partner.SCENARIOS,
    **SMART_ID,
    **saml_partner.SCENARIOS,
    **card_issuer.SCENARIOS,
}


@pytest.mark.parametrize("fault", SCENARIOS)
def test_the_fault_changes_what_can_be_observed(
    fault: str, make_world: MakeWorld, pki: Authority, tmp_path: Path
) -> None:
    changes = card_issuer.settings(pki, tmp_path) if fault in card_issuer.SCENARIOS else {}
    honest, again, faulty = make_world(**changes), make_world(**changes), make_world(faults=[fault], **changes)
    scenario = SCENARIOS[fault]
    expected = scenario(honest)
    assert scenario(again) == expected, "the scenario itself is not steady, so it would prove nothing"
    assert scenario(faulty) != expected


def test_every_registered_fault_is_walked_over() -> None:
    assert set(SCENARIOS) | set(OVER_TLS) == set(REGISTRY)


def test_no_two_faults_of_an_answer_look_alike(make_world: MakeWorld) -> None:
    """Two switches with one effect would be one attack counted twice."""
    seen: dict[str, str] = {}
    for fault in (name for name in REGISTRY if name.startswith(("ans.", "vbc.", "att."))):
        world = make_world(faults=[fault])
        looks = repr((two_logins(PERSONS.get(fault, "100002"))(world), status(world)))
        if fault.startswith("att."):
            looks += repr(two_logins("100005")(make_world(faults=[fault])))
        assert looks not in seen, f"{fault} looks like {seen.get(looks)}"
        seen[looks] = fault
