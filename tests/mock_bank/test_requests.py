"""The bank judges requests as banklink.md section 9 says, lists every failed check, and answers in kind."""

import re
from collections.abc import Callable

import pytest

from mock_bank.answers import written_time
from tests.mock_bank.partner import ORDER_4012, RETURN_URL, SHA1, TestPartner, answer_in, encode, verifies, written
from tests.mock_bank.world import FORM, NONCES, MakeWorld, World


def failures(page: str) -> list[str]:
    return re.findall(r'<tr class="failed"><td>\d+</td><th scope="row">([^<]*)</th>', page)


def changed(**changes: str) -> Callable[[TestPartner], bytes]:
    return lambda partner: partner.body(**changes)


def without(name: str) -> Callable[[TestPartner], bytes]:
    def body(partner: TestPartner) -> bytes:
        fields = partner.request()
        del fields[name]
        return encode(list((fields | {"VK_MAC": partner.mac(written(ORDER_4012, fields))}).items()))

    return body


def dated(seconds: int) -> Callable[[TestPartner], bytes]:
    return lambda partner: partner.body(DATETIME=written_time(partner.clock(), shift=seconds))


def resigned(**changes: str) -> Callable[[TestPartner], bytes]:
    """Changed after signing."""
    return lambda partner: encode(
        list((partner.signed(partner.request()) | {f"VK_{n}": v for n, v in changes.items()}).items())
    )


REFUSED: dict[str, tuple[Callable[[TestPartner], bytes], set[str]]] = {
    "a parameter twice": (lambda partner: partner.body() + b"&VK_RID=", {"no parameter twice"}),
    "an over-long value": (changed(RID="x" * 31), {"lengths"}),
    "a control character": (changed(RID="a\tb"), {"no control characters"}),
    "a missing field": (without("VK_REC_ID"), {"mandatory fields", "receiver"}),
    "an unknown service": (changed(SERVICE="4013"), {"service"}),
    "an older service that is off": (changed(SERVICE="4002"), {"service", "signature"}),
    "an unknown version": (changed(VERSION="007"), {"version"}),
    "an unknown sender": (changed(SND_ID="eidgw"), {"sender", "signature", "return address"}),
    "another receiver": (changed(REC_ID="OTHERBANK"), {"receiver"}),
    "a changed field": (resigned(RID="other"), {"signature"}),
    "an empty signature": (resigned(MAC=""), {"signature"}),
    "a signature that is not Base64": (resigned(MAC="!!!"), {"signature"}),
    "another partner's key": (lambda partner: TestPartner(clock=partner.clock).body(), {"signature"}),
    "301 seconds ago": (dated(-301), {"time"}),
    "301 seconds ahead": (dated(301), {"time"}),
    "a time without zone": (changed(DATETIME="2026-11-24T14:00:00"), {"time"}),
    "an empty nonce": (changed(NONCE=""), {"nonce"}),
    "a foreign return address": (changed(RETURN="https://evil.example/"), {"return address"}),
    "a VK_ parameter in it": (changed(RETURN=RETURN_URL + "?vk_x=1"), {"return address"}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_broken_request_is_refused_and_exactly_the_broken_rules_are_named(case: str, world: World) -> None:
    body, named = REFUSED[case]
    page = world.ask(body(world.partner))
    assert page.status_code == 400
    assert set(failures(page.text)) == named
    assert 'id="answer"' not in page.text


@pytest.mark.parametrize(
    "url",
    [
        RETURN_URL + ".evil.example/", RETURN_URL.replace("gw.", "user@gw."), RETURN_URL.replace("/b/", ":8443/b/"),
        RETURN_URL.replace("https", "http"), RETURN_URL + "/../../x", RETURN_URL + "/%2e%2e/x", RETURN_URL + "?a=1",
        RETURN_URL.replace(".example", ".example."), RETURN_URL.upper(), RETURN_URL + "/x#y", "/b/demobank/return",
    ],
)  # fmt: skip
def test_a_look_alike_return_address_is_refused_bnk_30(url: str, world: World) -> None:
    page = world.ask(world.partner.body(RETURN=url))
    assert (page.status_code, failures(page.text)) == (400, ["return address"])


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_a_request_within_five_minutes_is_accepted(seconds: int, world: World) -> None:
    assert world.ask(dated(seconds)(world.partner)).status_code == 303


def test_a_return_address_below_the_registered_one_is_accepted(world: World) -> None:
    assert world.ask(world.partner.body(RETURN=RETURN_URL + "/one")).status_code == 303


def test_unknown_parameters_and_a_missing_rid_are_no_reason_to_refuse(world: World) -> None:
    fields = world.partner.request()
    del fields["VK_RID"]
    fields |= {"VK_MAC": world.partner.mac(written(ORDER_4012, fields)), "VK_FOO": "1"}
    assert world.ask(encode(list(fields.items()))).status_code == 303


def test_the_refusal_page_shows_the_mac_string_its_digest_and_the_fields_escaped(world: World) -> None:
    fields = world.partner.request(RID="<b>", REC_ID="X")
    page = world.ask(encode(list(world.partner.signed(fields).items()))).text
    text = written(ORDER_4012, fields)
    assert text.replace("<b>", "&lt;b&gt;") in page
    assert re.search(r'id="digest">[0-9a-f]{128}<', page)
    assert "<b>" not in page


@pytest.mark.parametrize(
    "body", [b"\xff", b"VK_ENCODING=KOI8-R", b"VK_RID=%FF", b"&".join(b"a%d=1" % n for n in range(70)), b""]
)
def test_bytes_that_are_no_message_get_a_page_and_no_crash(body: bytes, world: World) -> None:
    assert world.ask(body).status_code == 400


def test_every_refused_request_can_be_opened_in_the_debugger(world: World) -> None:
    page = world.ask(TestPartner(clock=world.clock).body()).text
    number = re.search(r'href="/debugger/(\d+)"', page)
    assert number
    explained = world.browser.get(f"/debugger/{number[1]}")
    assert explained.status_code == 200
    assert "The signature is wrong" in explained.text


def test_the_debugger_page_explains_pasted_text_and_says_when_there_is_none(world: World) -> None:
    fields = world.partner.request()
    mac = world.partner.mac(written(ORDER_4012, fields), SHA1())
    pasted = encode([*fields.items(), ("VK_MAC", mac)]).decode()
    assert "hash: it was signed with SHA-1" in world.post("/debugger", message=pasted).text
    assert world.post("/debugger", message="hello").status_code == 400
    assert world.browser.get("/debugger/99").status_code == 404


def test_get_is_answered_405(world: World) -> None:
    assert world.browser.get("/banklink?" + world.partner.body().decode()).status_code == 405


def test_the_answer_repeats_nonce_rid_version_and_charset(world: World) -> None:
    page = world.ask(world.partner.body(NONCE="n-1", RID="r-1", VERSION="008"), X_Mock_Persona="100001")
    fields = answer_in(page.text).fields
    assert {name: fields[f"VK_{name}"] for name in ("NONCE", "RID", "VERSION", "REC_ID", "SND_ID", "ENCODING")} == {
        "NONCE": "n-1", "RID": "r-1", "VERSION": "008", "REC_ID": "EIDGW", "SND_ID": "DEMOBANK", "ENCODING": "UTF-8",
    }  # fmt: skip
    assert verifies(fields, world.bank.keys.banklink.public_key(), hashed=SHA1())


def test_4011_is_answered_by_3012(world: World) -> None:
    body = encode(list(world.partner.signed(world.partner.request_4011(rid="r-9")).items()))
    fields = answer_in(world.ask(body, X_Mock_Persona="100003").text).fields
    assert (fields["VK_SERVICE"], fields["VK_USER_NAME"]) == ("3012", "Šņēviča-Ūsiņa,Elīna Līga")
    assert verifies(fields, world.bank.keys.banklink.public_key())
    assert world.claims(world.confirmation("r-9"))["given_name"] == "Elīna Līga"


def test_one_request_is_answered_once(world: World) -> None:
    assert world.login_at_once().status_code == 200
    again = world.login_at_once()
    assert again.status_code == 409
    assert 'id="answer"' not in again.text


def test_a_request_in_the_charset_of_an_older_partner_is_answered_in_it(world: World) -> None:
    fields = world.partner.request(RID="Õ")
    mac = world.partner.mac(written(ORDER_4012, fields), charset="iso-8859-1")
    body = encode([*fields.items(), ("VK_MAC", mac), ("VK_ENCODING", "ISO-8859-1")], "iso-8859-1")
    page = world.browser.post("/banklink", data=body, content_type=FORM, headers={"X-Mock-Persona": "100010"})
    form = answer_in(page.text)
    assert (form.charset, form.fields["VK_ENCODING"], form.fields["VK_RID"]) == ("ISO-8859-1", "ISO-8859-1", "Õ")


def test_a_json_body_is_not_processed_bnk_40(world: World) -> None:
    assert world.browser.post("/banklink", json=world.partner.signed(world.partner.request())).status_code == 400


def test_a_fault_named_in_the_query_holds_for_that_login_alone(world: World) -> None:
    faulty = answer_in(world.login_at_once(nonce=NONCES[0], query="?fault=ans.empty-name&fault=bnk.rid-drop").text)
    honest = answer_in(world.login_at_once(nonce=NONCES[1]).text)
    assert (faulty.fields["VK_USER_NAME"], faulty.fields["VK_RID"]) == ("", "")
    assert (honest.fields["VK_USER_NAME"], honest.fields["VK_RID"]) == ("Ķēniņš-Žīgurs,Ģirts", "rid-1")


def test_a_fault_chosen_for_one_login_reaches_its_confirmation(world: World) -> None:
    world.login_at_once(nonce=NONCES[0], query="?fault=vbc.one-factor")
    world.login_at_once(nonce=NONCES[1])
    assert world.claims(world.confirmation(NONCES[0]))["factors"] == ["knowledge"]
    assert world.claims(world.confirmation(NONCES[1]))["factors"] == ["knowledge", "possession"]


def test_faults_of_the_query_show_in_the_header(world: World) -> None:
    page = world.login_at_once(query="?fault=ans.empty-name")
    assert page.headers["X-Mock-Faults"] == "ans.empty-name"


@pytest.mark.parametrize(
    ("name", "words"), [("bnk.nonsense", "unknown fault bnk.nonsense"), ("mtl.optional", "changes the TLS port")]
)
def test_a_fault_that_does_not_exist_or_concerns_the_connection_is_refused(name: str, words: str, world: World) -> None:
    page = world.ask(query=f"?fault={name}")
    assert page.status_code == 400
    assert words in page.text


OLDER_ORDERS = {
    "4002": ["SERVICE", "VERSION", "SND_ID", "REC_ID", "NONCE", "RETURN"],
    "4001": ["SERVICE", "VERSION", "SND_ID", "REPLY", "RETURN", "DATE", "TIME"],
    "3003": ["SERVICE", "VERSION", "SND_ID", "REC_ID", "NONCE", "INFO"],
    "3002": ["SERVICE", "VERSION", "USER", "DATE", "TIME", "SND_ID", "INFO"],
}


def older_request(world: World, service: str, **changes: str) -> bytes:
    fields = world.partner.request(SERVICE=service, REPLY="3002", DATE="24.11.2026", TIME="14:00:00", **changes)
    kept = {f"VK_{name}": fields[f"VK_{name}"] for name in OLDER_ORDERS[service]}
    return encode(list((kept | {"VK_MAC": world.partner.mac(written(OLDER_ORDERS[service], kept))}).items()))


@pytest.mark.parametrize(("asked", "answered"), [("4002", "3003"), ("4001", "3002")])
def test_an_older_service_that_is_switched_on_is_answered_in_its_form(
    asked: str, answered: str, make_world: MakeWorld
) -> None:
    world = with_older_services(make_world)
    fields = answer_in(world.ask(older_request(world, asked), X_Mock_Persona="100001").text).fields
    assert fields["VK_SERVICE"] == answered
    assert fields["VK_INFO"] == "ISIK:150930-24177;NIMI:Anna Bērziņa"
    assert verifies(fields, world.bank.keys.banklink.public_key(), order=OLDER_ORDERS[answered])


def test_an_old_4001_is_refused(make_world: MakeWorld) -> None:
    world = with_older_services(make_world)
    world.clock.forward(seconds=301)
    assert failures(world.ask(older_request(world, "4001")).text) == ["time"]


def with_older_services(make_world: MakeWorld) -> World:
    partners = make_world().bank.settings.partners
    older = partners[0].model_copy(update={"older_services": ("4001", "4002")})
    return make_world(partners=[older, *partners[1:]])
