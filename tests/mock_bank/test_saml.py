"""The bank as a SAML identity provider: what it answers, and what it lets nobody do (conformance catalogue 8.6)."""

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from mock_bank.settings import InvalidSettings, read_settings
from tests.mock_bank import saml_partner as partner
from tests.mock_bank.partner import answer_in
from tests.mock_bank.saml_partner import (
    BY_ARTIFACT,
    CONSUMER,
    KEY,
    RELAY,
    agreed,
    artifact_of,
    by_form,
    by_query,
    fetched,
    request,
    resolve,
    response_seen,
    seen,
)
from tests.mock_bank.world import NONCES, MakeWorld, World
from tests.support.xml_signing import sign

HIGH = (
    "<samlp:RequestedAuthnContext><saml:AuthnContextClassRef>http://eidas.europa.eu/LoA/high"
    "</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>"
)
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"


def test_sam_05_a_signed_request_leads_to_a_response_that_is_signed_twice_and_encrypted(world: World) -> None:
    action, relay, read = seen(agreed(world))  # type: ignore[misc]  # a page with an answer
    assert (action, relay) == (CONSUMER, RELAY)
    assert read["status"] == [SUCCESS]
    assert read["attributes"]["InResponseTo"] == f"_{NONCES[0]}"
    assert read["attributes"]["Destination"] == CONSUMER
    assert read["signed"] == ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", True)
    assert read["encrypted"][0] == "http://www.w3.org/2009/xmlenc11#aes256-gcm"
    [(signed, comments, parts)] = read["assertions"]
    assert (signed[1], comments) == (True, 0)
    texts = [text for tag, _, text in parts if tag.endswith("}AttributeValue")]
    assert texts == ["Anna", "Bērziņa", "150930-24177", "3"]


def test_sam_19_no_identifier_comes_twice(world: World) -> None:
    ids = []
    for nonce in NONCES:
        form = answer_in(agreed(world, identifier=f"_{nonce}").text)
        ids.append(etree.fromstring(base64.b64decode(form.fields["SAMLResponse"])).get("ID"))
    assert len(set(ids)) == len(ids)


def test_a_request_by_form_is_believed_when_its_own_signature_is_the_partners(world: World) -> None:
    assert by_form(world, sign(request(world), KEY)).status_code == 303


@pytest.mark.parametrize(
    "make",
    [
        partner.unsigned,
        partner.tampered,
        partner.by_a_stranger,
        partner.with_sha1,
        partner.to_another_consumer,
        partner.wrapped("object", "_evil"),
        partner.wrapped("extensions", "_evil"),
        partner.wrapped("extensions", f"_{NONCES[0]}"),
        partner.with_doctype(f'<!ENTITY who "{partner.ENTITY}">'),
    ],
)
def test_sam_26_to_38_a_hostile_request_is_refused(world: World, make: Any) -> None:
    answer = make(world)
    assert answer.status_code == 400
    assert "evil.example" not in answer.headers.get("Location", "")


@pytest.mark.parametrize(
    "changes",
    [
        {"Destination": "https://other.example/"},
        {"Version": "1.1"},
        {"IssueInstant": "2026-11-24T11:54:00Z"},
        {"IssueInstant": "yesterday"},
        {"AssertionConsumerServiceURL": f"{CONSUMER}.evil.example"},
    ],
)
def test_sam_30_to_33_a_request_that_is_not_for_this_bank_now_is_refused(world: World, changes: dict[str, str]) -> None:
    assert by_query(world, request(world, **changes)).status_code == 400


def test_sam_39_what_a_doctype_refers_to_is_not_fetched(world: World) -> None:
    assert partner.an_external_dtd(world) == []


@pytest.mark.parametrize("query", ["", "SAMLRequest=!", "SAMLRequest=AAAA", "SAMLRequest=a&SAMLRequest=b", "%ff"])
def test_err_09_garbage_is_a_bad_request(world: World, query: str) -> None:
    assert world.browser.get(f"/saml/sso?{query}").status_code == 400
    assert (
        world.browser.post("/saml/sso", data=query, content_type="application/x-www-form-urlencoded").status_code == 400
    )


def test_sam_34_one_request_is_answered_once(world: World) -> None:
    agreed(world)
    _, _, read = seen(agreed(world))  # type: ignore[misc]  # a page with an answer
    assert read["status"][0] != SUCCESS
    assert read["assertions"] == []


@pytest.mark.parametrize(
    ("inside", "changes", "status"),
    [
        ("", {"IsPassive": "true"}, "NoPassive"),
        (HIGH, {}, "NoAuthnContext"),
    ],
)
def test_sam_43_to_45_what_cannot_be_had_is_said_by_a_signed_status(
    world: World, inside: str, changes: dict[str, str], status: str
) -> None:
    _, _, read = seen(by_query(world, request(world, inside=inside, **changes)))  # type: ignore[misc]  # as above
    assert read["status"][1].endswith(status)
    assert read["signed"][1]
    assert read["assertions"] == []


@pytest.mark.parametrize(
    ("person", "status"), [("100013", "RequestDenied"), ("100015", "AuthnFailed"), ("100016", "NoAuthnContext")]
)
def test_whoever_the_bank_does_not_vouch_for_goes_back_with_a_status(world: World, person: str, status: str) -> None:
    login = by_query(world, request(world)).headers["Location"]
    world.password(login, person)
    if person == "100013":
        world.post(f"{login}/code", code=world.code(login))
    _, _, read = seen(world.browser.get(f"{login}/back"))  # type: ignore[misc]  # as above
    assert read["status"][1].endswith(status)
    assert read["assertions"] == []


def test_an_artifact_is_exchanged_once_by_its_partner_within_a_minute(world: World) -> None:
    taken = artifact_of(agreed(world, **BY_ARTIFACT))
    assert taken["RelayState"] == RELAY
    read = fetched(resolve(world, taken["SAMLart"]))
    assert isinstance(read, dict)
    assert read["status"] == [SUCCESS]
    assert fetched(resolve(world, taken["SAMLart"])) is None
    late = artifact_of(agreed(world, identifier=f"_{NONCES[1]}", **BY_ARTIFACT))
    world.clock.now += timedelta(seconds=61)
    assert fetched(resolve(world, late["SAMLart"])) is None


def test_an_artifact_is_for_nobody_else(world: World) -> None:
    artifact = artifact_of(agreed(world, **BY_ARTIFACT))["SAMLart"]
    assert resolve(world, artifact, key=partner.BANK_KEY).status_code == 400
    own, world.fingerprint = world.fingerprint, "cd" * 32
    assert resolve(world, artifact).status_code == 400, "the other partner's certificate"
    world.fingerprint = "00" * 32
    assert resolve(world, artifact).status_code == 403
    world.fingerprint = own
    assert fetched(resolve(world, artifact)) is not None


def test_a_bank_that_is_no_identity_provider_has_no_such_pages(make_world: MakeWorld) -> None:
    world = make_world(saml=None)
    assert world.browser.get("/saml/metadata").status_code == 404
    assert by_query(world, request(world)).status_code == 404
    assert resolve(world, "AAQ=").status_code == 404


@pytest.mark.parametrize("fault", partner.SHARED)
def test_a_fault_that_other_protocols_have_as_well_changes_what_saml_shows(fault: str, make_world: MakeWorld) -> None:
    honest, again, faulty = make_world(), make_world(), make_world(faults=[fault])
    scenario = partner.SHARED[fault]
    expected = scenario(honest)
    assert scenario(again) == expected, "the scenario itself is not steady, so it would prove nothing"
    assert scenario(faulty) != expected


def test_no_two_faults_of_a_response_look_alike(make_world: MakeWorld) -> None:
    seen_before: dict[str, str] = {}
    for fault in (name for name, scenario in partner.SCENARIOS.items() if scenario is partner.the_response):
        looks = repr(partner.the_response(make_world(faults=[fault])))
        assert looks not in seen_before, f"{fault} looks like {seen_before.get(looks)}"
        seen_before[looks] = fault


def test_the_reading_of_these_tests_sees_a_changed_response(world: World) -> None:
    """The partner's own verification is not blind: one changed letter breaks the signature it sees."""
    raw = base64.b64decode(answer_in(agreed(world).text).fields["SAMLResponse"])
    assert response_seen(raw)["signed"][1]  # type: ignore[index]  # a dict
    changed = raw.replace(b"Success", b"Responder", 1)
    assert not response_seen(changed)["signed"][1]  # type: ignore[index]  # a dict


def test_settings_that_name_an_unknown_partner_are_refused(tmp_path: Path) -> None:
    example = (Path(__file__).parents[2] / "mock_bank" / "example.toml").read_text(encoding="utf-8")
    assert 'partner = "EIDGW"' in example
    (tmp_path / "bank.toml").write_text(example.replace('partner = "EIDGW"', 'partner = "NOBODY"'), encoding="utf-8")
    with pytest.raises(InvalidSettings, match="NOBODY is no partner"):
        read_settings(tmp_path / "bank.toml")
