"""Single logout by the front channel: proven, recorded once, answered at a registered address by a signed message."""

import base64
import zlib
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.broker.front_door import PostForm, Redirect
from gateway.saml.errors import UntrustedSamlRequest
from providers.saml.bindings import read_post, read_redirect
from providers.saml.gate import parse_message
from tests.support.saml_portal import LOGOUT, SamlPortal, idp_verifying, rsa_key


def test_a_logout_request_by_redirect_is_answered_by_a_signed_redirect() -> None:
    portal = SamlPortal()
    root = portal.logout_request()
    answer = portal.desk.sign_out(portal.redirect(root), read_redirect).answer
    assert isinstance(answer, Redirect)
    assert answer.location.startswith(f"{LOGOUT}?")
    carried = read_redirect(urlsplit(answer.location).query.encode())
    carried.verify_redirect([idp_verifying()])
    assert (carried.kind, carried.relay_state) == ("SAMLResponse", "a state")
    response = parse_message(carried.xml)
    assert (response.get("InResponseTo"), response.get("Destination")) == (root.get("ID"), LOGOUT)
    assert b"status:Success" in carried.xml
    assert portal.core.storage.events[-1].name == "login.sign-out-requested"


def test_a_logout_request_by_post_is_taken_too() -> None:
    portal = SamlPortal()
    assert portal.desk.sign_out(portal.post(portal.logout_request()), read_post).party.id == "saml-portal"


def test_a_logout_request_counts_once() -> None:
    portal = SamlPortal()
    received = portal.redirect(portal.logout_request())
    portal.desk.sign_out(received, read_redirect)
    with pytest.raises(UntrustedSamlRequest) as refused:
        portal.desk.sign_out(received, read_redirect)
    assert refused.value.rule == "replayed"
    assert refused.value.corr is not None


@pytest.mark.parametrize(
    ("attributes", "rule"),
    [
        ({"Destination": "https://gateway.test/saml/sso"}, "destination_is_ours"),
        ({"IssueInstant": "2026-11-24T11:54:59Z"}, "issued_just_now"),
        ({"IssueInstant": "2026-11-24T12:01:01Z"}, "issued_just_now"),
        ({"NotOnOrAfter": "2026-11-24T11:58:59Z"}, "request_not_on_or_after"),
        ({"Version": "1.1"}, "version_two"),
        ({"ID": "1"}, "request_id"),
    ],
)
def test_a_logout_request_that_is_not_proven_or_not_for_now_is_refused(attributes: dict[str, str], rule: str) -> None:
    portal = SamlPortal()
    with pytest.raises(UntrustedSamlRequest) as refused:
        portal.desk.sign_out(portal.redirect(portal.logout_request(**attributes)), read_redirect)
    assert refused.value.rule == rule


def test_nobody_else_signs_a_person_out() -> None:
    portal = SamlPortal()
    with pytest.raises(UntrustedSamlRequest) as refused:
        portal.desk.sign_out(portal.redirect(portal.logout_request(), key=rsa_key("somebody")), read_redirect)
    assert refused.value.rule == "authentic"


def test_an_answer_by_post_is_signed_in_the_message() -> None:
    from dataclasses import replace

    from providers.saml.signature import verify_enveloped

    portal = SamlPortal()
    party = portal.core.parties[portal.party().id]
    assert party.saml is not None
    by_post = tuple(one for one in party.saml.logout if one.location.endswith("/post"))
    portal.core.register(replace(party, saml=replace(party.saml, logout=by_post)))
    answer = portal.desk.sign_out(portal.redirect(portal.logout_request()), read_redirect).answer
    assert isinstance(answer, PostForm)
    xml = base64.b64decode(dict(answer.fields)["SAMLResponse"])
    assert verify_enveloped(parse_message(xml), [idp_verifying()]).get("Destination") == f"{LOGOUT}/post"


def test_a_portal_without_an_address_for_the_answer_cannot_sign_out() -> None:
    from dataclasses import replace

    portal = SamlPortal()
    party = portal.core.parties[portal.party().id]
    assert party.saml is not None
    portal.core.register(replace(party, saml=replace(party.saml, logout=())))
    with pytest.raises(UntrustedSamlRequest) as refused:
        portal.desk.sign_out(portal.redirect(portal.logout_request()), read_redirect)
    assert refused.value.rule == "registered_logout"


def test_the_query_of_an_answer_holds_what_was_signed_and_no_more() -> None:
    portal = SamlPortal()
    answer = portal.desk.sign_out(portal.redirect(portal.logout_request(), relay_state=None), read_redirect).answer
    assert isinstance(answer, Redirect)
    read = parse_qs(urlsplit(answer.location).query)
    assert set(read) == {"SAMLResponse", "SigAlg", "Signature"}
    assert zlib.decompress(base64.b64decode(read["SAMLResponse"][0]), wbits=-15).startswith(b"<ns0:LogoutResponse")
