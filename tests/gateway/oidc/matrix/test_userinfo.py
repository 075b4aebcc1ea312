"""Negative matrix, lines Userinfo, and T08, over HTTP: a token works in the hands it was given to, in the header only."""

from hashlib import sha256

import pytest
from werkzeug.test import TestResponse

from gateway.broker.relying_party import Profile, RelyingParties
from gateway.provider_directory import ProviderDirectory
from gateway.serving.client_certificate import CLIENT_CERTIFICATE
from gateway.web.app import Gateway, create_mutual_tls_app, create_public_app
from tests.support.fapi import OTHER_PROOF_KEY, PLAIN, PLAIN_KEY, Fapi
from tests.support.gateway_parts import ADDRESSES, ISSUER, OTHER, OTHER_KEY, PORTAL, PORTAL_KEY, query, relying_party
from tests.support.proofs import Prover, hash_of

OWN, ANOTHERS, NOBODYS = b"the portal's certificate", b"another's certificate", b"nobody's certificate"


class Ports:
    """Both ports of one gateway."""

    def __init__(self, core: Fapi) -> None:
        gateway = Gateway(use_cases=core.use_cases, directory=ProviderDirectory([]), problems=list, close=lambda: None)
        self.public = create_public_app(gateway).test_client()
        self.mutual = create_mutual_tls_app(gateway).test_client()

    def userinfo(
        self,
        headers: dict[str, str],
        certificate: bytes | None = None,
        more: str = "",
        method: str = "GET",
        data: dict[str, str] | None = None,
    ) -> TestResponse:
        port, base = (self.public, ISSUER) if certificate is None else (self.mutual, ADDRESSES.mutual_tls)
        environ = {CLIENT_CERTIFICATE: certificate} if certificate else {}
        return port.open(
            f"/oidc/userinfo{more}",
            method=method,
            base_url=base,
            headers=headers,
            environ_overrides=environ,
            data=data,
        )


@pytest.fixture
def bound() -> tuple[Ports, Fapi, str]:
    """A relying party of fapi2 by mutual TLS, and its access token."""
    portal = relying_party(PORTAL, sha256(OWN).hexdigest(), PORTAL_KEY, profile=Profile.FAPI2)
    other = relying_party(OTHER, sha256(ANOTHERS).hexdigest(), OTHER_KEY, profile=Profile.FAPI2)
    core = Fapi(parties=RelyingParties((portal, other)))
    name = core.push(core.push_form(), sha256(OWN).hexdigest())
    assert isinstance(name, str)
    begun = core.visit(name)
    core.begin = lambda **_: begun  # type: ignore[method-assign,assignment] # the login that was begun already
    granted = core.redeem(core.token_form(core.code()), sha256(OWN).hexdigest())
    assert isinstance(granted, dict), granted
    return Ports(core), core, str(granted["access_token"])


def test_neg_usr_01_token_in_the_query_or_the_body(bound: tuple[Ports, Fapi, str]) -> None:
    ports, _, token = bound
    assert ports.userinfo({}, OWN, f"?access_token={token}").status_code == 401
    assert ports.userinfo({}, OWN, method="POST", data={"access_token": token}).status_code == 401


def test_neg_usr_02_without_the_certificate(bound: tuple[Ports, Fapi, str]) -> None:
    ports, core, token = bound
    answer = ports.userinfo({"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')
    assert core.storage.events[-1].name == "token.claims-read"


@pytest.mark.parametrize("certificate", [ANOTHERS, NOBODYS])
def test_neg_usr_03_with_another_certificate(bound: tuple[Ports, Fapi, str], certificate: bytes) -> None:
    ports, _, token = bound
    answer = ports.userinfo({"Authorization": f"Bearer {token}"}, certificate)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_neg_usr_04_scheme_in_other_case(bound: tuple[Ports, Fapi, str], scheme: str) -> None:
    ports, _, token = bound
    assert ports.userinfo({"Authorization": f"{scheme} {token}"}, OWN).status_code == 200


@pytest.mark.parametrize("scheme", ["DPoP", "dpop"])
def test_neg_usr_04_scheme_dpop_in_other_case(scheme: str) -> None:
    core = Fapi()
    ports, token = Ports(core), core.token()
    proof = core.prover.proof("userinfo", method="GET", ath=hash_of(token))
    answer = ports.userinfo({"Authorization": f"{scheme} {token}", "DPoP": proof})
    assert answer.status_code == 200
    assert answer.headers["DPoP-Nonce"] == core.use_cases.nonces.current()


def test_t08_a_token_bound_to_a_key_is_worth_nothing_without_it() -> None:
    core = Fapi()
    ports, token = Ports(core), core.token()
    stolen = Prover(core, OTHER_PROOF_KEY).proof("userinfo", method="GET", ath=hash_of(token))
    for headers, error in (
        ({"Authorization": f"Bearer {token}"}, "invalid_token"),
        ({"Authorization": f"DPoP {token}"}, "invalid_dpop_proof"),
        ({"Authorization": f"DPoP {token}", "DPoP": stolen}, "invalid_token"),
        ({"Authorization": f"DPoP {token}", "DPoP": "x.y.z"}, "invalid_dpop_proof"),
    ):
        answer = ports.userinfo(headers)
        assert answer.status_code == 401
        assert f'error="{error}"' in answer.headers["WWW-Authenticate"]
    core.clock.move(minutes=5, seconds=1)
    late = core.prover.proof("userinfo", method="GET", ath=hash_of(token))
    assert ports.userinfo({"Authorization": f"DPoP {token}", "DPoP": late}).status_code == 401


def test_t09_who_has_no_nonce_is_given_one_at_every_endpoint() -> None:
    core = Fapi()
    ports, token = Ports(core), core.token()
    proof = core.prover.proof("userinfo", method="GET", ath=hash_of(token), nonce=None)
    answer = ports.userinfo({"Authorization": f"DPoP {token}", "DPoP": proof})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('DPoP error="use_dpop_nonce"')
    assert core.use_cases.nonces.knows(answer.headers["DPoP-Nonce"])
    for path, form in (("par", core.push_form()), ("token", core.token_form(core.code()))):
        headers = {"DPoP": core.prover.proof(path, nonce=None), "Content-Type": "application/x-www-form-urlencoded"}
        refused = ports.public.post(f"/oidc/{path}", data=form, headers=headers, base_url=ISSUER)
        assert (refused.status_code, refused.get_json()["error"]) == (400, "use_dpop_nonce")
        assert core.use_cases.nonces.knows(refused.headers["DPoP-Nonce"])


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic cG9ydGFsOng="}])
def test_rfc_6750_whoever_brings_no_token_is_told_which_schemes_there_are(headers: dict[str, str]) -> None:
    answer = Ports(Fapi()).userinfo(headers)
    assert answer.status_code == 401
    assert answer.headers.getlist("WWW-Authenticate") == ["Bearer", 'DPoP algs="ES256 PS256 EdDSA Ed25519"']


@pytest.mark.parametrize("path", ["par", "token"])
def test_rfc_9110_a_401_says_how_to_prove_oneself(path: str) -> None:
    core = Fapi()
    ports = Ports(core)
    answer = ports.public.post(f"/oidc/{path}", data=b"", base_url=ISSUER)
    assert answer.status_code == 401
    assert answer.headers.getlist("WWW-Authenticate") == [f'private_key_jwt realm="{ISSUER}"']
    answer = ports.mutual.post(f"/oidc/{path}", data=b"", base_url=ADDRESSES.mutual_tls)
    assert [value.split()[0] for value in answer.headers.getlist("WWW-Authenticate")] == [
        "private_key_jwt",
        "tls_client_auth",
    ]


def test_a_question_that_comes_as_a_form_is_brought_again_by_get() -> None:
    """OIDC Core 3.1.2.1; the form of another site comes without our cookie, the redirect after it brings it along."""
    browser = Ports(Fapi()).public
    asked = query(client_id=PLAIN, redirect_uri="https://other.test/callback", state="a&b=c ā")
    answer = browser.post("/oidc/authorize", data=asked, base_url=ISSUER)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/oidc/authorize?{asked.decode()}")
    assert browser.get(answer.headers["Location"], base_url=ISSUER).status_code == 303
    for malformed in (b"\xff", b"a=%ff", b"&".join([b"a=b"] * 100)):
        refused = browser.post("/oidc/authorize", data=malformed, base_url=ISSUER)
        assert (refused.status_code, "Location" in refused.headers) == (400, False)
    assert PLAIN_KEY
