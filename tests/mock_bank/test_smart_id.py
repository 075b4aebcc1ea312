"""The mock Smart-ID service: what it takes, what it refuses, and that its telephones ask what a person must decide."""

import json
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest

from mock_bank.smart_id import wire
from mock_bank.smart_id.sessions import LIFETIME
from tests.mock_bank.smart_id_party import (
    ANNA,
    CHALLENGES,
    CHOICE,
    IDENTIFIER,
    INTERACTIONS,
    notification_body,
    start_body,
    v2_body,
)
from tests.mock_bank.world import MakeWorld, World

CALLBACK = "https://gw.example/return/smart-id?value=1"


def encoded(interactions: list[dict[str, str]]) -> str:
    return b64encode(json.dumps(interactions).encode()).decode()


def changed(**parameters: Any) -> dict[str, Any]:
    body = start_body()
    body["signatureProtocolParameters"] = {**body["signatureProtocolParameters"], **parameters}
    return body


def test_10_4_10_5_10_10_the_examples_of_the_specification() -> None:
    asked = wire.Asked(
        version=3,
        relying_party="DEMO",
        uuid="",
        level="QUALIFIED",
        challenge="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        hash="SHA-512",
        interactions=(),
        interactions_text="W3sidHlwZSI6ImRpc3BsYXlUZXh0QW5kUElOIiwiZGlzcGxheVRleHQ2MCI6IlBpZXRlaWvFoWFuxIFzIHBvcnTEgWzEgSJ9XQ==",
        callback="https://login.example.lv/cb/smartid?value=Zm9vYmFyYmF6cXV4MTIzNA",
    )
    secret = wire.octets("yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uc=")
    query = {"sessionToken": "AAAABBBBCCCCDDDDEEEEFFFF", "sessionType": "auth", "version": "1.0", "lang": "lav"}
    link = wire.link_of("https://smart-id.com/device-link", {"deviceLinkType": "Web2App", **query, "authCode": "x"})
    assert wire.auth_code(secret, "smart-id-demo", asked, link) == "5b0JaylZgpuEagB6tBajcJa2pVjVrxVl17FIt1wGxB4"
    assert wire.control_code(asked.challenge) == "4317"
    challenge = wire.user_challenge("ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8")
    text = wire.signed_text(
        "smart-id-demo",
        asked,
        server_random="ZGVmZ2hpamtsbW5vcHFyc3R1",
        user_challenge=challenge,
        used="displayTextAndPIN",
        flow="Web2App",
    )
    digest = "b7d09b99045d424f658664ddb7cfbd2468160acba987d9a2795066ec45379ade"
    assert sha256(text.encode()).hexdigest() == digest


REFUSED = {
    "protocol": start_body(signatureProtocol="RAW_DIGEST_SIGNATURE"),
    "challenge too short": changed(rpChallenge=b64encode(b"x" * 31).decode()),
    "challenge too long": changed(rpChallenge=b64encode(b"x" * 65).decode()),
    "challenge in hexadecimal": changed(rpChallenge="ab" * 30 + "!!!!"),
    "algorithm": changed(signatureAlgorithm="sha512WithRSAEncryption"),
    "hash": changed(signatureAlgorithmParameters={"hashAlgorithm": "SHA-1"}),
    "level": start_body(certificateLevel="BEST"),
    "nonce": start_body(nonce="x"),
    "vcType on a device link": start_body(vcType="numeric4"),
    "interactions plain": start_body(interactions='[{"type":"displayTextAndPIN","displayText60":"x"}]'),
    "no interactions": start_body(interactions=encoded([])),
    "interaction twice": start_body(interactions=encoded([{"type": "displayTextAndPIN", "displayText60": "x"}] * 2)),
    "interaction unknown": start_body(interactions=encoded([{"type": "shout", "displayText60": "x"}])),
    "text too long": start_body(interactions=encoded([{"type": "displayTextAndPIN", "displayText60": "x" * 61}])),
    "two texts": start_body(
        interactions=encoded([{"type": "displayTextAndPIN", "displayText60": "x", "displayText200": "x"}])
    ),
    "choice on a device link": start_body(interactions=CHOICE),
    "callback http": start_body(initialCallbackUrl="http://gw.example/"),
    "callback with a fragment": start_body(initialCallbackUrl=f"{CALLBACK}#x"),
    "callback with a bar": start_body(initialCallbackUrl=f"{CALLBACK}|"),
    "callback too long": start_body(initialCallbackUrl=CALLBACK + "x" * 1800),
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_10_3_a_start_that_breaks_a_rule_is_a_bad_request(world: World, body: dict[str, Any]) -> None:
    answer = world.smart_id.start(body)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("body", [b"", b"[]", b"{"])
def test_noise_is_a_bad_request(world: World, body: bytes) -> None:
    address = "/smart-id/v3/authentication/device-link/anonymous"
    assert world.browser.post(address, data=body).status_code == 400


def test_10_1_a_relying_party_that_nobody_knows_is_turned_away(world: World) -> None:
    assert world.smart_id.start(start_body(relyingPartyName="demo")).status_code == 401


@pytest.mark.parametrize("identifier", ["PNOLV-15093024177", "PNOEE-150930-24177", "PNOLV-999999-99999"])
def test_10_2_nobody_else_has_an_account(world: World, identifier: str) -> None:
    answer = world.smart_id.start(notification_body(), f"notification/etsi/{identifier}")
    assert answer.status_code == 404


def test_10_11_the_older_version_says_that_an_account_cannot_be_used(world: World) -> None:
    blocked = world.bank.personas["100015"].personal_code
    assert world.smart_id.start(v2_body(), f"etsi/PNOLV-{blocked}", "v2").status_code == 471


def test_10_11_a_hash_of_another_length_is_a_bad_request(world: World) -> None:
    assert world.smart_id.start(v2_body(hashType="SHA256"), f"etsi/{IDENTIFIER}", "v2").status_code == 400


def test_a_code_that_was_changed_on_the_way_opens_nothing(world: World) -> None:
    party = world.smart_id
    begun = party.begun()
    link = party.link(begun)
    assert party.scan(link).status_code == 200
    assert party.scan(link.replace("elapsedSeconds=0", "elapsedSeconds=1")).status_code == 403
    assert party.scan(link[:-1]).status_code == 403


def test_a_code_of_a_minute_ago_opens_nothing(world: World) -> None:
    party = world.smart_id
    begun = party.begun()
    link = party.link(begun)
    world.clock.forward(seconds=60)
    assert party.scan(link).status_code == 403
    assert party.scan(party.link(begun, elapsed=60)).status_code == 200


def test_10_7_the_same_device_gets_an_address_to_go_back_to(world: World) -> None:
    party = world.smart_id
    begun = party.begun(start_body(initialCallbackUrl=CALLBACK))
    link = party.link(begun, "Web2App", None, callback=CALLBACK)
    answer = party.answer_link(begun, link)
    page = world.browser.get(answer.headers["Location"]).text
    assert f'href="{CALLBACK}&amp;sessionSecretDigest=' in page
    assert party.poll(begun).get_json()["signature"]["flowType"] == "Web2App"


@pytest.mark.parametrize("pin", ["", "0000", "1000 01"])
def test_a_wrong_pin_signs_nothing(world: World, pin: str) -> None:
    party = world.smart_id
    begun = party.begun()
    assert party.answer_link(begun, party.link(begun), pin=pin).status_code == 403
    assert party.poll(begun).get_json() == {"state": "RUNNING"}


@pytest.mark.parametrize("fault", ["mfa.one-step", "mfa.otp-ignored", "mfa.cross-user"])
def test_mfa_05_06_13_a_fault_takes_another_pin(make_world: MakeWorld, fault: str) -> None:
    party = make_world(faults=[fault]).smart_id
    assert party.scanned(pin="0002")["result"]["endResult"] == "OK"


def test_the_person_picks_among_three_codes(world: World) -> None:
    party = world.smart_id
    session = party.rung()
    codes = party.codes_on_the_phone()
    right = wire.control_code(CHALLENGES[0])
    assert len(set(codes)) == 3
    assert right in codes
    party.answer_push(session, code=next(code for code in codes if code != right))
    assert party.poll(session).get_json()["result"]["endResult"] == "WRONG_VC"


def test_a_session_that_nobody_answers_times_out(world: World) -> None:
    begun = world.smart_id.begun()
    world.clock.forward(seconds=LIFETIME.total_seconds() + 1)
    assert world.smart_id.poll(begun).get_json() == {"state": "COMPLETE", "result": {"endResult": "TIMEOUT"}}


@pytest.mark.parametrize("patience", ["999", "120001", "soon"])
def test_10_6_a_poll_waits_a_second_to_two_minutes(world: World, patience: str) -> None:
    session = world.smart_id.begun()["sessionID"]
    assert world.browser.get(f"/smart-id/v3/session/{session}?timeoutMs={patience}").status_code == 400


def test_err_01_02_03_a_refusal_that_a_fault_bends(make_world: MakeWorld) -> None:
    ends = {}
    for fault in ("", "err.cancel-dead-end", "err.cancel-success", "err.cancel-leaks-person"):
        party = make_world(faults=[fault] if fault else []).smart_id
        ends[fault] = party.scanned(decision="refuse")
    assert ends[""]["result"] == {
        "endResult": "USER_REFUSED_INTERACTION",
        "details": {"interaction": "displayTextAndPIN"},
    }
    assert ends["err.cancel-dead-end"] == {"state": "RUNNING"}
    assert ends["err.cancel-success"]["result"]["endResult"] == "OK"
    assert IDENTIFIER in ends["err.cancel-leaks-person"]["result"]["documentNumber"]


def test_whoever_approves_without_an_account_ends_the_session(world: World) -> None:
    party = world.smart_id
    assert party.scanned(person="100015", pin="0015")["result"]["endResult"] == "ACCOUNT_UNUSABLE"


def test_a_bank_without_the_service_has_no_such_pages(make_world: MakeWorld) -> None:
    world = make_world(smart_id=None)
    assert world.smart_id.start(start_body()).status_code == 404
    assert world.browser.get(f"/smart-id/phone/{ANNA}").status_code == 404


def test_an_honest_result_verifies_by_other_eyes(world: World) -> None:
    party = world.smart_id
    looks = party.looks(party.scanned())
    assert isinstance(looks, tuple)
    assert looks[4] is True
    assert INTERACTIONS
