"""A login by SAML: asked, answered once, whole, and nobody's identity kept (must-show 5, security.md 8.3)."""

from typing import Any

import pytest

from gateway.audit.event import Verdict
from gateway.broker.front_door import PostForm
from gateway.broker.login import Asked, Asserted, Refused
from gateway.saml.errors import SamlRequestRefused
from gateway.use_cases import HandedOver
from providers.contract import AssuranceLevel, Language
from providers.saml.bindings import read_post, read_redirect
from providers.saml.errors import SamlRefused
from tests.support.gateway_parts import BROWSER
from tests.support.saml_portal import CONSUMER, ENTITY, SamlPortal, ec_key, response_in
from tests.support.saml_reading import Told

CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"


def begin(portal: SamlPortal, root: Any, *, by_post: bool = False) -> Asked:
    received, read = (portal.post(root), read_post) if by_post else (portal.redirect(root), read_redirect)
    asked = portal.desk.authenticate(received, read, BROWSER, Language.LATVIAN)
    assert isinstance(asked, Asked)
    return asked


def handed_over(portal: SamlPortal, asked: Asked) -> PostForm:
    outcome = portal.core.use_cases.resume(asked.id, BROWSER)
    assert isinstance(outcome, HandedOver)
    assert isinstance(outcome.answer, PostForm)
    return outcome.answer


def sign_in(portal: SamlPortal, *, by_post: bool = False, **changed: Any) -> Told:
    root = portal.request()
    asked = portal.answered(begin(portal, root, by_post=by_post), **changed)
    form = handed_over(portal, asked)
    assert form.action == CONSUMER
    assert dict(form.fields)["RelayState"] == "a state"
    return portal.read(form.fields, root.get("ID"))


@pytest.mark.parametrize("by_post", [False, True])
@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("idp_kind", ["rsa", "ec"])
@pytest.mark.parametrize("portal_kind", ["rsa", "ec"])
def test_a_person_is_told_by_both_bindings_with_every_kind_of_key(
    by_post: bool, encrypted: bool, idp_kind: str, portal_kind: str
) -> None:
    options: dict[str, Any] = {} if encrypted else {"encryption": None}
    if portal_kind == "ec":
        options["key"] = ec_key("sp")
    told = sign_in(SamlPortal(idp_kind=idp_kind, **options), by_post=by_post)
    assert told.attributes == {
        f"{CLAIMS}/givenname": ("Anna Marija",),
        f"{CLAIMS}/surname": ("Bērziņa-Kalna",),
        f"{CLAIMS}/privatepersonalidentifier": ("321234-56789",),
    }
    assert told.context == "http://eidas.europa.eu/LoA/substantial"


def test_the_assertion_is_encrypted_for_who_has_a_key_and_names_nobody_outside() -> None:
    portal = SamlPortal()
    asked = portal.answered(begin(portal, portal.request()))
    xml = response_in(handed_over(portal, asked).fields)
    assert b"EncryptedAssertion" in xml
    assert b"http://www.w3.org/2009/xmlenc11#aes256-gcm" in xml
    assert b"rsa-oaep" in xml
    for personal in ("Anna", "Bērziņa", "321234"):
        assert personal.encode() not in xml


def test_the_name_id_is_persistent_and_another_for_another_sector() -> None:
    mine, again = sign_in(SamlPortal()), sign_in(SamlPortal())
    elsewhere = sign_in(SamlPortal(changed={"sector": "elsewhere.test"}))
    assert mine.name_id == again.name_id
    assert mine.name_id != elsewhere.name_id


def test_a_portal_gets_only_what_it_is_registered_for_under_the_names_it_chose() -> None:
    names = {"given_name": "urn:first", "family_name": "urn:last", "personal_code": "urn:code"}
    portal = SamlPortal(attributes=names, changed={"claims": frozenset({"given_name", "personal_code"})})
    assert set(sign_in(portal).attributes) == {"urn:first", "urn:code"}
    assert set(sign_in(SamlPortal(attributes="oids")).attributes) == {
        "urn:oid:2.5.4.42",
        "urn:oid:2.5.4.4",
        "urn:oid:2.5.4.5",
    }


def test_t50_the_assertion_leaves_once_after_its_event_and_the_identity_is_erased() -> None:
    portal = SamlPortal()
    asked = portal.answered(begin(portal, portal.request()))
    handed_over(portal, asked)
    assert portal.core.storage.events[-1].name == "login.assertion-issued"
    kept = portal.core.storage.load(asked.id)
    assert kept == Asserted(asked=asked)
    assert portal.core.use_cases.resume(asked.id, BROWSER) == kept
    assert [event.name for event in portal.core.storage.events].count("login.assertion-issued") == 1


def test_a_refusal_goes_back_as_a_signed_response_with_a_status() -> None:
    portal = SamlPortal()
    root = portal.request()
    ended = portal.core.use_cases.cancel(begin(portal, root))
    assert isinstance(ended, Refused)
    form = portal.core.use_cases.tell_refusal(ended, "access_denied", "the person did not complete the sign-in")
    assert isinstance(form, PostForm)
    assert b"status:AuthnFailed" in response_in(form.fields)
    assert portal.core.storage.events[-1].name == "login.refusal-delivered"
    with pytest.raises(SamlRefused) as refused:
        portal.read(form.fields, root.get("ID"))
    assert refused.value.rule == "status"


def wanted(comparison: str, *levels: str) -> str:
    classes = "".join(
        f"<saml:AuthnContextClassRef>http://eidas.europa.eu/LoA/{level}</saml:AuthnContextClassRef>" for level in levels
    )
    return f'<samlp:RequestedAuthnContext Comparison="{comparison}">{classes}</samlp:RequestedAuthnContext>'


@pytest.mark.parametrize(
    ("comparison", "asked_for", "reached", "stated"),
    [
        ("exact", ["low"], "substantial", "low"),
        ("exact", ["low", "high"], "substantial", "low"),
        ("minimum", ["low"], "substantial", "substantial"),
        ("minimum", ["substantial"], "low", None),
        ("exact", ["high"], "substantial", None),
        ("better", ["low"], "substantial", "substantial"),
        ("better", ["substantial"], "substantial", None),
        ("maximum", ["low"], "high", "low"),
        ("maximum", ["substantial"], "low", "low"),
    ],
)
def test_a_requested_authentication_context_is_enforced(
    comparison: str, asked_for: list[str], reached: str, stated: str | None
) -> None:
    portal = SamlPortal()
    root = portal.request(wanted(comparison, *asked_for))
    asked = begin(portal, root)
    level = AssuranceLevel.parse(reached)
    if stated is None:
        assert asked.question.minimum_assurance > level
        return
    form = handed_over(portal, portal.answered(asked, assurance=level))
    assert portal.read(form.fields, root.get("ID")).context == f"http://eidas.europa.eu/LoA/{stated}"


def test_a_login_must_be_as_strong_as_the_registration_wants_whatever_is_asked() -> None:
    portal = SamlPortal(changed={"minimum_assurance": AssuranceLevel.HIGH})
    asked = begin(portal, portal.request(wanted("maximum", "low")))
    assert asked.question.minimum_assurance is AssuranceLevel.HIGH


@pytest.mark.parametrize(
    ("inside", "attributes", "rule", "status"),
    [
        (wanted("better", "high"), {}, "context_we_can_offer", "NoAuthnContext"),
        (wanted("exact"), {}, "context_we_can_offer", "NoAuthnContext"),
        (wanted("sideways", "low"), {}, "context_we_can_offer", "NoAuthnContext"),
        (wanted("exact", "password"), {}, "context_we_can_offer", "NoAuthnContext"),
        ("", {"IsPassive": "true"}, "asks_the_person", "NoPassive"),
        ("", {"IsPassive": "1"}, "asks_the_person", "NoPassive"),
        (
            '<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient"/>',
            {},
            "possible_name_id",
            "InvalidNameIDPolicy",
        ),
        ('<samlp:NameIDPolicy SPNameQualifier="https://other.test"/>', {}, "possible_name_id", "InvalidNameIDPolicy"),
        ("<saml:Subject><saml:NameID>x</saml:NameID></saml:Subject>", {}, "names_nobody", "RequestUnsupported"),
    ],
)
def test_what_cannot_be_had_is_refused_by_a_signed_response(
    inside: str, attributes: dict[str, str], rule: str, status: str
) -> None:
    portal = SamlPortal()
    root = portal.request(inside, **attributes)
    with pytest.raises(SamlRequestRefused) as refused:
        portal.desk.authenticate(portal.redirect(root), read_redirect, BROWSER, Language.LATVIAN)
    assert refused.value.rule == rule
    form = portal.desk.refusal_of(refused.value)
    assert f"status:{status}".encode() in response_in(form.fields)
    event = portal.core.storage.events[-1]
    assert (event.name, event.members()["verdict"]) == ("login.request-refused", Verdict(ok=False, rule=rule))
    with pytest.raises(SamlRefused, match="status"):
        portal.read(form.fields, root.get("ID"))


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"AssertionConsumerServiceURL": None},
        {"AssertionConsumerServiceURL": None, "AssertionConsumerServiceIndex": "0"},
        {"ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"},
        {"ForceAuthn": "true", "IsPassive": "false"},
    ],
)
def test_honest_ways_to_name_the_address_of_the_answer(attributes: dict[str, str | None]) -> None:
    portal = SamlPortal()
    asked = begin(portal, portal.request(**attributes))
    assert dict(asked.question.reply)["consumer"] == CONSUMER
    assert dict(asked.question.reply)["audience"] == ENTITY
