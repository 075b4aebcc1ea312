"""T18: at least 500 forged documents, none accepted; at least 50 honest ones, all accepted (S3)."""

from collections.abc import Iterator

import pytest
from lxml import etree

from gateway.saml.errors import UntrustedSamlRequest
from providers.contract import AssuranceLevel, Language
from providers.errors import AssertionRejected
from providers.saml.bindings import read_post
from tests.providers.saml.forging import DISGUISES, SHAPES, Forgery, forged_responses, forgeries
from tests.support.gateway_parts import BROWSER
from tests.support.saml_idp import Fault, IdentityProvider, sealed
from tests.support.saml_portal import SamlPortal, ec_key, post_body, rsa_key
from tests.support.xml_signing import sign

ASSERTION = "{urn:oasis:names:tc:SAML:2.0:assertion}Assertion"


def forged_at_the_service_provider(idp: IdentityProvider, kind: str) -> Iterator[Forgery]:
    """Signed assertion; signed response; both; signed assertion inside an encrypted one."""
    yield from forged_responses(idp.signed(what="assertion"), f"{kind}-assertion")
    yield from forgeries(idp.signed(what="response"), f"{kind}-response")
    yield from forgeries(idp.signed(what="both"), f"{kind}-both")
    assertion = idp.signed(what="assertion").find(ASSERTION)
    for forgery in forgeries(assertion, f"{kind}-encrypted"):
        response = idp.response()
        response.replace(response.find(ASSERTION), sealed(forgery.xml))
        yield Forgery(name=forgery.name, xml=etree.tostring(response))


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_t18_no_forged_response_is_accepted(kind: str) -> None:
    idp = IdentityProvider(key=rsa_key("foreign-idp") if kind == "rsa" else ec_key("foreign-idp"))
    forged = list(forged_at_the_service_provider(idp, kind))
    assert len(forged) >= 480
    assert len({forgery.xml for forgery in forged if "encrypted" not in forgery.name}) >= 300
    accepted = [forgery.name for forgery in forged if not refused(idp, forgery)]
    assert accepted == []


def refused(idp: IdentityProvider, forgery: Forgery) -> bool:
    try:
        idp.verify(forgery.xml)
    except AssertionRejected:
        return True
    return False


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_t18_no_forged_request_is_accepted(kind: str) -> None:
    portal = SamlPortal(key=rsa_key("sp") if kind == "rsa" else ec_key("sp"))
    signed = [(sign(portal.request(), portal.key), "request"), (sign(portal.logout_request(), portal.key), "logout")]
    forged = [forgery for root, name in signed for forgery in forgeries(root, name)]
    assert len(forged) == 2 * len(SHAPES) * len(DISGUISES)
    for forgery in forged:
        with pytest.raises(UntrustedSamlRequest):
            portal.desk.authenticate(post_body(forgery.xml), read_post, BROWSER, Language.LATVIAN)
        with pytest.raises(UntrustedSamlRequest):
            portal.desk.sign_out(post_body(forgery.xml), read_post)
    assert {event.name for event in portal.core.storage.events} == {
        "login.request-refused",
        "login.sign-out-requested",
    }


HONEST_CHANGES = (
    (),
    (Fault(at="saml:Issuer"),),
    (Fault(at="saml:Assertion/saml:Conditions", attribute="NotBefore"),),
    (Fault(at="saml:Assertion/saml:Subject/saml:NameID"),),
    (Fault(at="saml:Assertion/saml:AuthnStatement", attribute="SessionIndex"),),
    (Fault(at="saml:Assertion/saml:Subject/saml:NameID", text="Zaķis & Čiekurs <€>"),),
    (Fault(at="saml:Assertion", attribute="IssueInstant", text="2026-11-24T12:00:00.123456789Z"),),
)


@pytest.mark.parametrize("kind", ["rsa", "ec"])
@pytest.mark.parametrize("change", range(len(HONEST_CHANGES)))
@pytest.mark.parametrize("way", ["assertion", "response", "both", "encrypted", "encrypted-response", "encrypted-both"])
def test_t18_every_honest_response_is_accepted(kind: str, change: int, way: str) -> None:
    """84 of them: two kinds of keys, six ways to sign and encrypt, seven spellings."""
    idp = IdentityProvider(key=rsa_key("foreign-idp") if kind == "rsa" else ec_key("foreign-idp"))
    faults = HONEST_CHANGES[change]
    encrypted, _, what = way.partition("-")
    response = (
        idp.encrypted(*faults, what=what or "assertion") if encrypted == "encrypted" else idp.signed(*faults, what=way)
    )
    told = idp.verify(response)
    assert told.personal_code.key == "32123456789"
    assert (told.given_name, told.family_name) == ("Anna", "Bērziņa")
    assert told.assurance is AssuranceLevel.SUBSTANTIAL
