"""SAML over HTTP: the routes, what a person sees, and what a browser carries."""

import base64
import re
from html import unescape
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import etree

from gateway.broker.login import Asked
from gateway.provider_directory import ProviderDirectory
from gateway.saml.metadata import VALID_FOR
from gateway.web.access import access_of
from gateway.web.app import Gateway, create_public_app
from gateway.web.browser import BROWSER as BROWSER_COOKIE
from gateway.web.messages import MESSAGES
from providers.saml.gate import parse_document
from providers.saml.metadata import IDENTITY_PROVIDER, read_metadata
from providers.saml.names import POST, REDIRECT
from providers.saml.signature import verify_enveloped
from tests.support.gateway_parts import ISSUER
from tests.support.saml_portal import CONSUMER, IDP, LOGOUT, SLO, SSO, SamlPortal, idp_verifying


def browser(portal: SamlPortal) -> FlaskClient:
    gateway = Gateway(
        use_cases=portal.core.use_cases,
        directory=ProviderDirectory([]),
        saml=portal.desk,
        problems=list,
        close=lambda: None,
    )
    return create_public_app(gateway).test_client()


def fields_of(page: str) -> dict[str, str]:
    return {unescape(name): unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', page)}


def login_of(portal: SamlPortal, location: str) -> Asked:
    login = portal.core.storage.load(location.rpartition("/")[2])  # type: ignore[arg-type]  # a correlation id
    assert isinstance(login, Asked)
    return login


def test_a_whole_login_over_http_ends_with_a_form_for_the_portal() -> None:
    portal = SamlPortal()
    client = browser(portal)
    root = portal.request()
    begun = client.get(f"/saml/sso?{portal.redirect(root).decode()}", base_url=ISSUER)
    assert begun.status_code == 303
    asked = portal.answered(login_of(portal, begun.headers["Location"]))
    page = client.get(f"/login/{asked.id}/continue", base_url=ISSUER)
    assert page.status_code == 200
    assert f'action="{CONSUMER}"' in page.text
    fields = fields_of(page.text)
    assert fields["RelayState"] == "a state"
    portal.read(tuple(fields.items()), root.get("ID"))
    policy = page.headers["Content-Security-Policy"]
    nonce = re.search(r'<script nonce="([^"]+)"', page.text)
    assert nonce is not None
    assert f"script-src 'nonce-{nonce[1]}'" in policy
    assert "form-action 'self' https://sp.test;" in policy
    assert '<button type="submit"' in page.text
    again = client.get(f"/login/{asked.id}/continue", base_url=ISSUER)
    assert "SAMLResponse" not in again.text
    assert again.status_code == 200


def test_relay_state_comes_back_as_it_came_and_never_as_markup() -> None:
    portal = SamlPortal()
    client = browser(portal)
    hostile = "\"><script>alert(1)</script>&'"
    begun = client.get(f"/saml/sso?{portal.redirect(portal.request(), relay_state=hostile).decode()}", base_url=ISSUER)
    asked = portal.answered(login_of(portal, begun.headers["Location"]))
    page = client.get(f"/login/{asked.id}/continue", base_url=ISSUER).text
    assert "<script>alert" not in page
    assert fields_of(page)["RelayState"] == hostile


def test_a_person_who_gives_up_takes_a_signed_refusal_back() -> None:
    portal = SamlPortal()
    client = browser(portal)
    begun = client.get(f"/saml/sso?{portal.redirect(portal.request()).decode()}", base_url=ISSUER)
    page = client.post(f"{begun.headers['Location']}/cancel", base_url=ISSUER)
    xml = base64.b64decode(fields_of(page.text)["SAMLResponse"])
    assert b"status:AuthnFailed" in xml
    assert f'action="{CONSUMER}"' in page.text


def test_a_foreign_form_is_posted_once_more_by_our_own_page_and_keeps_the_browsers_mark() -> None:
    """A cross-site POST brings no SameSite=Lax cookie; a second mark would end the login of another tab."""
    portal = SamlPortal()
    client = browser(portal)
    form = portal.post(portal.request())
    first = client.post("/saml/sso", data=form, content_type="application/x-www-form-urlencoded", base_url=ISSUER)
    assert "Set-Cookie" not in first.headers
    assert 'action="/saml/sso?again=1"' in first.text
    assert portal.core.storage.events == ()
    second = client.post("/saml/sso?again=1", data=fields_of(first.text), base_url=ISSUER)
    assert second.status_code == 303
    assert BROWSER_COOKIE in second.headers["Set-Cookie"]
    third = client.post("/saml/sso", data=portal_form(portal), base_url=ISSUER)
    assert third.status_code == 303
    assert "Set-Cookie" not in third.headers


def portal_form(portal: SamlPortal) -> dict[str, str]:
    from urllib.parse import parse_qsl

    return dict(parse_qsl(portal.post(portal.request()).decode()))


def test_t26_an_unproven_request_shows_a_page_and_sends_nobody_anywhere() -> None:
    portal = SamlPortal()
    answer = browser(portal).get(
        f"/saml/sso?{portal.redirect(portal.request(AssertionConsumerServiceURL='https://evil.test/')).decode()}",
        base_url=ISSUER,
    )
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "evil.test" not in answer.text
    assert portal.core.storage.events[-1].corr[:4] in answer.text


def test_a_refusal_whose_address_is_proven_is_carried_to_the_portal() -> None:
    portal = SamlPortal()
    answer = browser(portal).get(
        f"/saml/sso?{portal.redirect(portal.request(IsPassive='true')).decode()}", base_url=ISSUER
    )
    assert b"status:NoPassive" in base64.b64decode(fields_of(answer.text)["SAMLResponse"])


def test_a_sign_out_goes_back_to_the_registered_address() -> None:
    portal = SamlPortal()
    client = browser(portal)
    query = portal.redirect(portal.logout_request()).decode()
    answer = client.get(f"/saml/logout?{query}", base_url=ISSUER)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{LOGOUT}?SAMLResponse=")
    replayed = client.get(f"/saml/logout?{query}", base_url=ISSUER)
    assert replayed.status_code == 400


def test_the_metadata_is_signed_says_what_is_on_and_never_runs_out() -> None:
    portal = SamlPortal()
    client = browser(portal)
    answer = client.get(urlsplit(IDP).path, base_url=ISSUER)
    assert answer.headers["Content-Type"] == "application/samlmetadata+xml"
    read = read_metadata(answer.data, IDENTITY_PROVIDER)
    assert read.entity_id == IDP
    assert read.valid_until == portal.core.clock() + VALID_FOR
    assert [key.pem for key in read.signing] == [idp_verifying().pem]
    for name, address in (("SingleSignOnService", SSO), ("SingleLogoutService", SLO)):
        assert {(one.binding, one.location) for one in read.endpoints[name]} == {(REDIRECT, address), (POST, address)}
    verify_enveloped(parse_document(answer.data), [idp_verifying()])
    assert client.get(urlsplit(IDP).path, base_url=ISSUER).data == answer.data
    portal.core.clock.move(days=2)
    later = read_metadata(client.get(urlsplit(IDP).path, base_url=ISSUER).data, IDENTITY_PROVIDER)
    assert later.valid_until == portal.core.clock() + VALID_FOR
    assert etree.fromstring(answer.data).get("ID")


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", ["/saml/sso", "/saml/logout", "/saml/sso?again=1"])
@pytest.mark.parametrize("body", ["", "SAMLRequest=", "SAMLRequest=%00", "SAMLResponse=PGE%2B", "x=y", "SAMLRequest=!"])
def test_nonsense_is_a_page_with_headers_and_no_crash(method: str, path: str, body: str) -> None:
    client = browser(SamlPortal())
    if method == "get":
        answer = client.get(f"{path}{'&' if '?' in path else '?'}{body}", base_url=ISSUER)
    else:
        answer = client.post(path, data=body, content_type="application/x-www-form-urlencoded", base_url=ISSUER)
    assert answer.status_code in {200, 400}
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_every_saml_route_says_who_may_enter() -> None:
    app = browser(SamlPortal()).application
    views = {rule.rule: app.view_functions[rule.endpoint] for rule in app.url_map.iter_rules() if "/saml" in rule.rule}
    visits = {"/saml/logout/<session>", "/saml/logout/<session>/end"}
    towards_providers = "/saml/sp/<provider>/metadata"
    assert set(views) == {"/saml/metadata", "/saml/sso", "/saml/logout", *visits, towards_providers}
    assert all(access_of(view) is not None for view in views.values())


def test_every_rule_of_saml_has_its_three_texts() -> None:
    from pathlib import Path

    import gateway.saml
    import providers.saml

    own = [Path(gateway.saml.__file__).parent.glob("*.py")]
    shared = [
        Path(providers.saml.__file__).with_name(f"{name}.py") for name in ("gate", "signature", "bindings", "reading")
    ]
    source = "".join(path.read_text() for path in [*own[0], *shared])
    pattern = r'(?:Refused|UnsafeXml|refused|_unregistered|Request)\(\s*"([a-z_0-9]+)"'
    named = set(re.findall(pattern, source)) | set(re.findall(r', "(one_\w+|request_\w+)"\)', source))
    assert len(named) > 30
    assert named - set(MESSAGES) == set()
