"""T26 and T22 at the gateway: who may ask, by what signature, and where the answer may go."""

from typing import Any
from urllib.parse import quote, quote_plus, unquote

import pytest
from lxml import etree

from gateway.saml.errors import SamlRequestError, UntrustedSamlRequest
from providers.contract import Language
from providers.saml.bindings import read_post, read_redirect
from tests.support.gateway_parts import BROWSER
from tests.support.saml_portal import CONSUMER, OTHER_CONSUMER, SamlPortal, ec_key, idp_keys, post_body, rsa_key
from tests.support.xml_signing import DS, MORE, sign


def rule_of(portal: SamlPortal, received: bytes, read: Any = read_redirect) -> str:
    with pytest.raises(SamlRequestError) as refused:
        portal.desk.authenticate(received, read, BROWSER, Language.LATVIAN)
    assert isinstance(refused.value, UntrustedSamlRequest), "nothing may be sent anywhere"
    assert portal.core.storage.events[-1].name == "login.request-refused"
    assert refused.value.corr == portal.core.storage.events[-1].corr
    return refused.value.rule


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/acs",
        "https://sp.test/acs/",
        "https://sp.test/ACS",
        "https://sp.test/acs?x=1",
        "https://sp.test/acs#x",
        "https://sp.test:443/acs",
        "https://SP.test/acs",
        "http://sp.test/acs",
        "https://sp.test@evil.test/acs",
        "https://sp.test/../acs",
        "https://sp.test%2facs",
        " https://sp.test/acs",
        "https://sp.test/acs ",
        "https://sp.test/artifact",
        "javascript:alert(1)",
        "//sp.test/acs",
        "",
    ],
)
def test_t26_an_answer_goes_to_registered_addresses_only(address: str) -> None:
    portal = SamlPortal()
    assert (
        rule_of(portal, portal.redirect(portal.request(AssertionConsumerServiceURL=address))) == "registered_consumer"
    )


@pytest.mark.parametrize(
    "attributes",
    [
        {"AssertionConsumerServiceURL": None, "AssertionConsumerServiceIndex": "7"},
        {"AssertionConsumerServiceURL": None, "AssertionConsumerServiceIndex": "2"},
        {"AssertionConsumerServiceURL": None, "AssertionConsumerServiceIndex": "None"},
        {"AssertionConsumerServiceURL": CONSUMER, "AssertionConsumerServiceIndex": "0"},
        {"AssertionConsumerServiceURL": CONSUMER, "AssertionConsumerServiceIndex": "1"},
        {"ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"},
    ],
)
def test_t26_index_and_binding_lead_to_no_other_address(attributes: dict[str, str | None]) -> None:
    portal = SamlPortal()
    assert rule_of(portal, portal.redirect(portal.request(**attributes))) == "registered_consumer"


def test_t26_a_registered_index_is_another_registered_address() -> None:
    portal = SamlPortal()
    root = portal.request(AssertionConsumerServiceURL=None, AssertionConsumerServiceIndex="1")
    asked = portal.desk.authenticate(portal.redirect(root), read_redirect, BROWSER, Language.LATVIAN)
    assert dict(asked.question.reply)["consumer"] == OTHER_CONSUMER  # type: ignore[union-attr]  # it waits for a choice


def recoded(query: bytes) -> list[bytes]:
    """Write the same query in other ways; what is signed is what came."""
    text = query.decode()
    pairs = [pair.split("=", 1) for pair in text.split("&")]
    values = {name: unquote(value.replace("+", " ")) for name, value in pairs}
    joined = "&".join
    return [
        other.encode()
        for other in (
            joined(f"{name}={quote(value, safe='')}".lower() for name, value in values.items()),
            joined(f"{name}={quote_plus(value).replace('%2F', '/')}" for name, value in values.items()),
            joined(f"{name}={value.replace('%2B', '%2b')}" for name, value in pairs),
            joined(f"{name}={value.replace('+', '%20')}" for name, value in pairs),
            joined(f"{name}={value}" for name, value in reversed(pairs[:3])) + f"&Signature={pairs[3][1]}x",
            f"{text}&RelayState=another",
            f"{text}&SAMLRequest={pairs[0][1]}",
            f"{text}&extra=1",
            f"{text}&",
            text.replace("RelayState=", "relaystate="),
            text.replace("a+state", "b+state"),
            text.replace("SAMLRequest=", "SAMLResponse="),
            text.replace("SigAlg=", "SigAlg=x"),
            text.replace("&Signature=", "&Signature=AAAA"),
            text.partition("&Signature=")[0],
            text.partition("&SigAlg=")[0],
            text.partition("&RelayState=")[0] + "&SigAlg=" + text.partition("&SigAlg=")[2],
        )
        if other.encode() != query
    ]


def test_t26_a_query_written_in_another_way_than_it_was_signed_is_refused() -> None:
    portal = SamlPortal()
    query = portal.redirect(portal.request())
    others = recoded(query)
    assert len(others) >= 14
    for other in others:
        assert rule_of(portal, other) in {
            "authentic",
            "signed",
            "allowed_algorithm",
            "readable_message",
            "no_parameter_twice",
            "expected_message",
        }, other
    portal.desk.authenticate(query, read_redirect, BROWSER, Language.LATVIAN)


@pytest.mark.parametrize(
    "algorithm", [f"{DS}rsa-sha1", f"{MORE}ecdsa-sha256", f"{MORE}hmac-sha256", f"{MORE}rsa-sha512", ""]
)
def test_t22_a_query_signed_in_any_other_way_is_refused(algorithm: str) -> None:
    portal = SamlPortal()
    assert rule_of(portal, portal.redirect(portal.request(), algorithm=algorithm)) == "allowed_algorithm"


@pytest.mark.parametrize("key", [rsa_key("somebody"), ec_key("somebody"), rsa_key("idp")])
def test_t22_another_key_signs_for_nobody(key: Any) -> None:
    portal = SamlPortal()
    assert rule_of(portal, portal.redirect(portal.request(), key=key)) in {"authentic", "allowed_algorithm"}
    assert rule_of(portal, portal.post(portal.request(), key=key), read_post) in {"authentic", "allowed_algorithm"}


def test_an_unsigned_request_is_refused_by_either_binding() -> None:
    portal = SamlPortal()
    unsigned = etree.tostring(portal.request())
    assert rule_of(portal, post_body(unsigned), read_post) == "signed"
    query = portal.redirect(portal.request()).partition(b"&SigAlg=")[0]
    assert rule_of(portal, query) == "signed"


def test_a_signature_in_the_message_does_not_stand_for_the_one_of_the_query() -> None:
    portal = SamlPortal()
    signed = sign(portal.request(), portal.key)
    assert rule_of(portal, portal.redirect(signed)) == "signature_in_place"
    bare = portal.redirect(sign(portal.request(), portal.key)).partition(b"&SigAlg=")[0]
    assert rule_of(portal, bare) in {"signed", "signature_in_place"}


@pytest.mark.parametrize(
    ("attributes", "rule"),
    [
        ({"Destination": None}, "destination_is_ours"),
        ({"Destination": "https://other.test/saml/sso"}, "destination_is_ours"),
        ({"Destination": "https://gateway.test/saml/logout"}, "destination_is_ours"),
        ({"IssueInstant": None}, "request_issue_instant"),
        ({"IssueInstant": "2026-11-24T12:00:00"}, "request_issue_instant"),
        ({"IssueInstant": "2026-11-24T11:54:59Z"}, "issued_just_now"),
        ({"IssueInstant": "2026-11-24T12:01:01Z"}, "issued_just_now"),
        ({"Version": "1.1"}, "version_two"),
        ({"Version": None}, "version_two"),
        ({"ID": None}, "request_id"),
        ({"ID": "1"}, "request_id"),
        ({"ID": "_" + "x" * 300}, "request_id"),
    ],
)
def test_a_request_must_be_for_us_and_for_now(attributes: dict[str, str | None], rule: str) -> None:
    portal = SamlPortal()
    assert rule_of(portal, portal.redirect(portal.request(**attributes))) == rule


def test_who_is_not_registered_asks_for_nothing() -> None:
    portal = SamlPortal()
    root = portal.request()
    root[0].text = "https://unknown.test"
    assert rule_of(portal, portal.redirect(root)) == "known_service_provider"
    for change in (
        lambda root: root.remove(root[0]),
        lambda root: root.append(etree.fromstring(etree.tostring(root[0]))),
    ):
        root = portal.request()
        change(root)
        assert rule_of(portal, portal.redirect(root)) == "one_issuer"
    root = portal.request()
    root[0].set("Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress")
    assert rule_of(portal, portal.redirect(root)) == "one_issuer"


def test_metadata_counts_until_its_last_moment() -> None:
    portal = SamlPortal()
    portal.core.clock.now = portal.core.clock.now.replace(year=2027, month=1, day=1, hour=0)
    portal.desk.authenticate(portal.redirect(portal.request()), read_redirect, BROWSER, Language.LATVIAN)
    portal.core.clock.move(seconds=1)
    assert rule_of(portal, portal.redirect(portal.request())) == "metadata_in_time"


def test_a_message_of_another_kind_is_refused() -> None:
    portal = SamlPortal()
    assert rule_of(portal, portal.redirect(portal.logout_request())) == "expected_message"
    with pytest.raises(UntrustedSamlRequest) as refused:
        portal.desk.sign_out(portal.redirect(portal.request()), read_redirect)
    assert refused.value.rule == "expected_message"


@pytest.mark.parametrize("state", ["x" * 2049, "line\nend", "tab\tx", "\x7f"])
def test_a_relay_state_beyond_reason_is_refused(state: str) -> None:
    portal = SamlPortal()
    assert rule_of(portal, portal.redirect(portal.request(), relay_state=state)) == "sane_relay_state"


def test_the_person_of_an_issued_assertion_is_named_to_nobody_in_the_events() -> None:
    """P7: neither names nor codes stand in an event outside what is declared personal."""
    portal = SamlPortal()
    asked = portal.desk.authenticate(portal.redirect(portal.request()), read_redirect, BROWSER, Language.LATVIAN)
    portal.core.use_cases.resume(portal.answered(asked).id, BROWSER)  # type: ignore[arg-type]  # it waits for a choice
    event = portal.core.storage.events[-1]
    assert event.name == "login.assertion-issued"
    assert "Anna" not in repr(event.members())
    assert event.members()["artefact"]["signer_kid"] == idp_keys().ring.signing.kid  # type: ignore[index]  # a mapping
