"""What is fuzzed: everything that reads what a relying party, or somebody who pretends to be one, sends by either protocol.

A target takes bytes and must end, with a result or with one of the errors it declares; any other exception is a finding.
Half of the inputs are signed with a registered key, so that what stands behind the signature is reached as well.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from authlib.oauth2.rfc6749 import OAuth2Error
from lxml import etree

from gateway.oidc.client_assertion import claimed_client, verify_assertion
from gateway.oidc.dpop import Occasion, verify_proof
from gateway.oidc.errors import OidcError
from gateway.oidc.form import parse_form
from gateway.oidc.request import AuthorizationRequest, verify_request
from gateway.saml.errors import SamlRequestError
from gateway.saml.request import verify_request as verify_saml_request
from providers.contract import Language
from providers.saml.bindings import read_post, read_redirect
from providers.saml.errors import SamlRefused
from tests.fuzz.saml_targets import RESPONSES, saml_response
from tests.support.fapi import PLAIN, PROOF_KEY, Fapi
from tests.support.gateway_parts import ADDRESSES, ISSUER, PORTAL, PORTAL_KEY, query
from tests.support.proofs import b64, signed
from tests.support.saml_portal import SSO, SamlPortal, ec_key, post_body, redirect_query

Target = Callable[[bytes], None]

_GATEWAY: Final = Fapi()
_NOW: Final = _GATEWAY.clock()
_KEYS: Final = _GATEWAY.parties[PORTAL].client.assertion_keys
_SAML: Final = SamlPortal(key=ec_key("sp"))
_OCCASION: Final = Occasion(method="POST", url=ADDRESSES.back_channel(mutual_tls=False).token, access_token="t")
_PUBLIC: Final = PROOF_KEY.as_dict(private=False)


def authorization_request(data: bytes) -> None:
    """A query, or the form of a pushed request, alone or behind a good one."""
    sent = (query(client_id=PLAIN, redirect_uri="https://other.test/callback") + b"&", b"")[len(data) % 2] + data
    with suppress(OidcError):
        verify_request(AuthorizationRequest.parse(sent), _GATEWAY.parties, pushed=len(data) % 3 == 0)


def client_assertion(data: bytes) -> None:
    """A form with an assertion, an assertion as it is, or the claims of one that is signed."""
    text = data.decode("utf-8", "surrogatepass") if _is_text(data) else data.decode("latin-1")
    with suppress(OAuth2Error):
        parse_form(data)
    claimed_client(text)
    header = {"alg": "ES256", "kid": "portal-1"}
    for assertion in (text, f"{b64(data)}.e30.AAAA", signed(header, data, PORTAL_KEY)):
        with suppress(OAuth2Error):
            verify_assertion(assertion, PORTAL, _KEYS, ISSUER, _NOW)


def dpop_proof(data: bytes) -> None:
    """A proof as it is, one with another header, or the claims of one that is signed."""
    text = data.decode("latin-1")
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": _PUBLIC}
    for proof in (text, f"{b64(data)}.e30.{b64(bytes(64))}", _with_key(text), signed(header, data, PROOF_KEY)):
        with suppress(OAuth2Error):
            verify_proof((proof,), _OCCASION, _GATEWAY.use_cases.nonces, _NOW)


def authn_request(data: bytes) -> None:
    """A query or a form with a SAML message, a message that is not signed, and one signed beside by the sender."""
    beside = redirect_query(data, _SAML.key, None)
    for received, read in (
        (data, read_redirect),
        (data, read_post),
        (post_body(data, None), read_post),
        (beside, read_redirect),
    ):
        with suppress(SamlRefused, SamlRequestError):
            verify_saml_request(read(received), _SAML.core.parties, SSO, Language.LATVIAN, _NOW)


def _with_key(text: str) -> str:
    """Make a proof whose key has members out of the input."""
    members = text.split("\n")
    made: dict[str, Any] = {**_PUBLIC, **dict(zip(("x", "y", "n", "crv", "kty", "e"), members, strict=False))}
    algorithms = ("ES256", "PS256", "EdDSA", "Ed25519")
    header = {"typ": "dpop+jwt", "alg": algorithms[len(text) % 4], "jwk": made}
    return signed({**header, "alg": "ES256"}, b"{}", PROOF_KEY) if len(text) % 5 else _unsigned(header)


def _unsigned(header: dict[str, Any]) -> str:
    return signed(header, b"{}", None) + b64(bytes(64))


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


TARGETS: Final[Mapping[str, Target]] = {
    "authorization-request": authorization_request,
    "client-assertion": client_assertion,
    "dpop-proof": dpop_proof,
    "authn-request": authn_request,
    "saml-response": saml_response,
}

SEEDS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "authorization-request": (
        query(),
        query(client_id=PLAIN),
        _GATEWAY.push_form(),
        b"claims=%7B%22id_token%22%3Anull%7D",
    ),
    "client-assertion": (
        _GATEWAY.assertion().encode(),
        b'{"iss":"portal","sub":"portal","aud":"https://gateway.test","exp":1764072060,"jti":"0123456789abcdef"}',
        b'{"alg":"ES256","kid":"portal-1"}',
        _GATEWAY.push_form(),
    ),
    "dpop-proof": (
        _GATEWAY.prover.proof().encode(),
        b'{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}',
        b'{"htm":"POST","htu":"https://gateway.test/oidc/token","iat":1764072000,"jti":"0123456789abcdef","nonce":"x"}',
        b"AAAA\nAAAA\nAAAA\nEd25519\nOKP\nAQAB",
    ),
    "authn-request": (
        etree.tostring(_SAML.request()),
        etree.tostring(_SAML.request(ForceAuthn="true", IsPassive="1")),
        _SAML.redirect(_SAML.request()),
        _SAML.post(_SAML.request()),
    ),
    "saml-response": RESPONSES,
}
