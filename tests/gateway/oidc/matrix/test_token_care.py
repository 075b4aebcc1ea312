"""Negative matrix, lines Revocation and Introspection: a relying party's own tokens, proven as everywhere (RFC 7009, 7662)."""

import base64
from typing import Any

import pytest

from gateway.oidc.back_channel import NotGranted
from gateway.oidc.client_authentication import Credentials
from gateway.oidc.metadata import discovery_document
from gateway.provider_directory import ProviderDirectory
from gateway.web.app import Gateway, create_public_app
from tests.support.fapi import BOUND, BOUND_CALLBACK, BOUND_CERTIFICATE, BOUND_KEY, Fapi, code_of, handed_over
from tests.support.gateway_parts import ADDRESSES, ISSUER, OTHER, OTHER_KEY


def refused(outcome: bool | dict[str, object] | NotGranted) -> str:
    return outcome.code if isinstance(outcome, NotGranted) else ""


def ask(gateway: Fapi, endpoint: str, form: bytes) -> Any:
    return gateway.revoke(form) if endpoint == "REV" else gateway.inspect(form)


@pytest.mark.parametrize("endpoint", [pytest.param("REV", id="NEG-REV-01"), pytest.param("INT", id="NEG-INT-01")])
def test_nobody_is_answered_who_is_not_proven(endpoint: str) -> None:
    gateway = Fapi()
    token = gateway.token()
    for changed in (
        {"client_assertion": None},
        {"client_assertion": gateway.assertion(OTHER_KEY)},
        {"client_id": OTHER},
    ):
        assert refused(ask(gateway, endpoint, gateway.care_form(token, **changed))) == "invalid_client"
    assert not code_of(gateway.read(token)), "the token still counts"


def test_neg_rev_02_neg_int_02_anothers_token_is_as_one_that_never_was() -> None:
    gateway = Fapi()
    token = gateway.token()
    by_other = {
        "client_id": OTHER,
        "client_assertion": gateway.assertion(OTHER_KEY, {"kid": "other-1"}, iss=OTHER, sub=OTHER),
    }
    assert gateway.revoke(gateway.care_form(token, **by_other)) is False
    by_other["client_assertion"] = gateway.assertion(OTHER_KEY, {"kid": "other-1"}, iss=OTHER, sub=OTHER)
    assert gateway.inspect(gateway.care_form(token, **by_other)) == {"active": False}
    assert gateway.inspect(gateway.care_form("never was")) == {"active": False}
    assert gateway.revoke(gateway.care_form("never was")) is False
    assert not code_of(gateway.read(token)), "the token still counts"


def test_neg_rev_03_a_request_names_one_token() -> None:
    gateway = Fapi()
    assert refused(gateway.revoke(gateway.care_form(None))) == "invalid_request"
    assert refused(gateway.revoke(gateway.care_form("a") + b"&token=b")) == "invalid_request"


@pytest.mark.parametrize(
    "path", [pytest.param("/oidc/revoke", id="NEG-REV-04"), pytest.param("/oidc/introspect", id="NEG-INT-04")]
)
def test_by_get_nothing_is_asked(path: str) -> None:
    core = Fapi().use_cases
    app = create_public_app(Gateway(use_cases=core, directory=ProviderDirectory([]), problems=list, close=lambda: None))
    assert app.test_client().get(path, base_url=ISSUER).status_code == 405


def test_neg_rev_05_a_token_that_was_taken_back_counts_no_more() -> None:
    gateway = Fapi()
    token = gateway.token()
    assert gateway.revoke(gateway.care_form(token, token_type_hint="refresh_token")) is True
    assert code_of(gateway.read(token)) == "invalid_token"
    revoked = [event for event in gateway.storage.events if event.name == "token.revoked"]
    assert [event.members()["verdict"].rule for event in revoked] == ["asked_by_relying_party"]  # type: ignore[attr-defined]  # a verdict
    assert gateway.revoke(gateway.care_form(token)) is False, "once is enough"


@pytest.mark.parametrize("over", ["expired", "revoked"])
def test_neg_int_03_what_is_over_is_not_active(over: str) -> None:
    gateway = Fapi()
    token = gateway.token()
    if over == "expired":
        gateway.clock.move(seconds=301)
    else:
        gateway.revoke(gateway.care_form(token))
    assert gateway.inspect(gateway.care_form(token)) == {"active": False}


def test_a_token_that_counts_is_described_with_whose_hands_it_works_in() -> None:
    gateway = Fapi()
    described = gateway.inspect(gateway.care_form(gateway.token()))
    assert isinstance(described, dict)
    assert described.pop("exp") == int(gateway.clock().timestamp()) + 300
    assert described == {
        "active": True,
        "iss": ISSUER,
        "client_id": "portal",
        "scope": "openid identity",
        "token_type": "DPoP",
        "cnf": {"jkt": gateway.prover.key.thumbprint()},
    }


def test_a_certificates_thumbprint_is_written_as_rfc_8705_wants_it() -> None:
    gateway = Fapi()

    def proven() -> dict[str, str]:
        return {"client_id": BOUND, "client_assertion": gateway.assertion(BOUND_KEY, iss=BOUND, sub=BOUND)}

    pushed = gateway.push(gateway.push_form(redirect_uri=BOUND_CALLBACK, **proven()), BOUND_CERTIFICATE)
    assert isinstance(pushed, str), pushed
    code = handed_over(gateway, gateway.visit(pushed, BOUND))
    form = gateway.token_form(code, redirect_uri=BOUND_CALLBACK, **proven())
    granted = gateway.redeem(form, BOUND_CERTIFICATE)
    assert isinstance(granted, dict), granted
    with_certificate = Credentials(certificate_sha256=BOUND_CERTIFICATE)
    described = gateway.use_cases.inspect(gateway.care_form(granted["access_token"], **proven()), with_certificate)
    assert isinstance(described, dict), described
    thumbprint = base64.urlsafe_b64encode(bytes.fromhex(BOUND_CERTIFICATE)).rstrip(b"=").decode()
    assert described["cnf"] == {"x5t#S256": thumbprint}


def test_discovery_names_both_endpoints_on_both_ports_and_how_to_prove_oneself() -> None:
    document: dict[str, Any] = discovery_document(ADDRESSES)
    for name, path in (("revocation", "/oidc/revoke"), ("introspection", "/oidc/introspect")):
        assert document[f"{name}_endpoint"] == f"{ISSUER}{path}"
        assert document["mtls_endpoint_aliases"][f"{name}_endpoint"] == f"{ADDRESSES.mutual_tls}{path}"
        assert document[f"{name}_endpoint_auth_methods_supported"] == ["private_key_jwt", "tls_client_auth"]
