"""Every worked example of eid-providers.md section 10."""

import hashlib
from base64 import b64decode, b64encode

import pytest

from providers.personal_code import PersonalCode
from providers.smart_id.device_link import (
    Flow,
    LinkTerms,
    auth_code,
    base64url,
    device_link,
    link_without_code,
    verification_code,
)
from providers.smart_id.interactions import Interaction, interactions
from providers.smart_id.payload import SignedTerms, acsp_v2_payload

CHALLENGE = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
INTERACTIONS = "W3sidHlwZSI6ImRpc3BsYXlUZXh0QW5kUElOIiwiZGlzcGxheVRleHQ2MCI6IlBpZXRlaWvFoWFuxIFzIHBvcnTEgWzEgSJ9XQ=="
SECRET = "yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uc="
CALLBACK = "https://login.example.lv/cb/smartid?value=Zm9vYmFyYmF6cXV4MTIzNA"
BASE = "https://smart-id.com/device-link"
TOKEN = "AAAABBBBCCCCDDDDEEEEFFFF"
WEB2APP = f"{BASE}?deviceLinkType=Web2App&sessionToken={TOKEN}&sessionType=auth&version=1.0&lang=lav"
VERIFIER = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"
USER_CHALLENGE = "zwkx4Wi0nph1A8rxivb-JTtrPYKoEAjD6OHuZ8fI3FU"
PAYLOAD = (
    "smart-id-demo|ACSP_V2|ZGVmZ2hpamtsbW5vcHFyc3R1|AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=|"
    "zwkx4Wi0nph1A8rxivb-JTtrPYKoEAjD6OHuZ8fI3FU|REVNTw==||W235seO1b4ciIylOYsvvHCgPevaM9XYxbBYE4yBhiog=|"
    "displayTextAndPIN|https://login.example.lv/cb/smartid?value=Zm9vYmFyYmF6cXV4MTIzNA|Web2App"
)


def terms(callback: str) -> LinkTerms:
    return LinkTerms(
        scheme_name="smart-id-demo",
        rp_challenge=CHALLENGE,
        relying_party_name="DEMO",
        interactions=INTERACTIONS,
        callback_url=callback,
    )


def signed(flow: Flow) -> SignedTerms:
    return SignedTerms(
        scheme_name="smart-id-demo",
        server_random="ZGVmZ2hpamtsbW5vcHFyc3R1",
        rp_challenge=CHALLENGE,
        user_challenge=USER_CHALLENGE,
        relying_party_name="DEMO",
        interactions=INTERACTIONS,
        interaction_used="displayTextAndPIN",
        callback_url=CALLBACK,
        flow=flow,
    )


def test_10_3_the_interactions_of_the_example_are_encoded_letter_for_letter() -> None:
    assert interactions((Interaction.DISPLAY_TEXT_AND_PIN,), "Pieteikšanās portālā").encoded() == INTERACTIONS


def test_10_4_the_link_on_this_device_has_its_parameters_in_order() -> None:
    assert link_without_code(BASE, Flow.WEB2APP, TOKEN, "lav") == WEB2APP


def test_10_4_the_code_of_the_web2app_link() -> None:
    assert auth_code(SECRET, terms(CALLBACK), WEB2APP) == "5b0JaylZgpuEagB6tBajcJa2pVjVrxVl17FIt1wGxB4"


def test_10_4_the_code_of_the_qr_link_of_second_7() -> None:
    link = link_without_code(BASE, Flow.QR, TOKEN, "lav", 7)
    whole = device_link(SECRET, terms(""), link)
    assert "deviceLinkType=QR&elapsedSeconds=7&sessionToken=" in whole
    assert whole.endswith("&lang=lav&authCode=wzmAOAo3eHN6puwmKnCc_qAfKtgAgh4DGcIWs1uAh7s")


@pytest.mark.parametrize("other", [6, 8, 70])
def test_10_4_every_second_has_a_code_of_its_own(other: int) -> None:
    code = auth_code(SECRET, terms(""), link_without_code(BASE, Flow.QR, TOKEN, "lav", other))
    assert code != "wzmAOAo3eHN6puwmKnCc_qAfKtgAgh4DGcIWs1uAh7s"


def test_10_5_the_verification_code_is_of_the_decoded_challenge() -> None:
    assert verification_code(b64decode(CHALLENGE)) == "4317"
    assert verification_code(CHALLENGE.encode()) != "4317"


def test_10_5_a_verification_code_keeps_its_leading_zeros() -> None:
    codes = [verification_code(number.to_bytes(64, "big")) for number in range(200)]
    assert any(code.startswith("0") for code in codes)
    assert all(len(code) == 4 for code in codes)


def test_10_10_the_payload_of_the_example() -> None:
    payload = acsp_v2_payload(signed(Flow.WEB2APP))
    assert payload.decode() == PAYLOAD
    assert hashlib.sha256(payload).hexdigest() == "b7d09b99045d424f658664ddb7cfbd2468160acba987d9a2795066ec45379ade"


@pytest.mark.parametrize("flow", [Flow.QR, Flow.NOTIFICATION])
def test_10_10_the_callback_is_empty_elsewhere_even_if_one_was_sent(flow: Flow) -> None:
    assert acsp_v2_payload(signed(flow)).decode().endswith(f"|displayTextAndPIN||{flow}")


def test_10_10_the_verifier_of_the_example_gives_its_challenge() -> None:
    assert base64url(hashlib.sha256(VERIFIER.encode()).digest()) == USER_CHALLENGE


def test_10_2_the_identifier_keeps_the_inner_hyphen() -> None:
    assert PersonalCode("15038201230").semantics == "PNOLV-150382-01230"


def test_10_4_names_enter_as_base64_of_their_own_bytes() -> None:
    assert b64encode(b"DEMO").decode() in PAYLOAD
