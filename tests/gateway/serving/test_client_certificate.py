"""Which names could be taken for a client's certificate, and which must pass (security.md T30)."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from certs.dev_pki import DevPki
from gateway.serving.client_cert_header import NoClientCertificate, parse_client_cert
from gateway.serving.client_certificate import claims_an_identity, set_client_certificate

ORDINARY = [
    "HTTP_HOST",
    "HTTP_COOKIE",
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_LANGUAGE",
    "HTTP_AUTHORIZATION",
    "HTTP_DPOP",
    "HTTP_ORIGIN",
    "HTTP_REFERER",
    "HTTP_USER_AGENT",
    "HTTP_SEC_FETCH_SITE",
    "HTTP_SEC_CH_UA_PLATFORM",
    "HTTP_UPGRADE_INSECURE_REQUESTS",
    "HTTP_X_REQUEST_ID",
    "CONTENT_TYPE",
    "REMOTE_ADDR",
    "SERVER_NAME",
]


@pytest.mark.parametrize("key", ORDINARY)
def test_an_ordinary_header_passes(key: str) -> None:
    assert not claims_an_identity(key)


@pytest.mark.parametrize("key", ["HTTP_CLIENT_CERT", "SSL_CLIENT_CERT", "HTTP_X_SSL_CLIENT_S_DN", "HTTP_REMOTE_USER"])
def test_a_claim_does_not(key: str) -> None:
    assert claims_an_identity(key)


def test_what_the_environ_says_is_what_was_verified_and_nothing_older() -> None:
    environ = {"HTTP_CLIENT_CERT": ":AAAA:", "vpm.client_certificate": b"older", "REMOTE_USER": "x", "HTTP_HOST": "h"}
    set_client_certificate(environ, b"verified")
    assert environ == {"vpm.client_certificate": b"verified", "HTTP_HOST": "h"}
    set_client_certificate(environ, None)
    assert environ == {"HTTP_HOST": "h"}


def test_the_header_gives_back_the_certificate_it_was_made_of(pki: DevPki) -> None:
    der = pki.find("auctions").certificate.public_bytes(Encoding.DER)
    import base64

    assert parse_client_cert(f":{base64.b64encode(der).decode()}:") == der


@pytest.mark.parametrize("value", ["", "AAAA", ":AAA:", ":AAAA", ":A A A:", ":AAAA:,:AAAA:", ":AA=A:", "?1", '"AAAA"'])
def test_any_other_form_is_no_certificate(value: str) -> None:
    with pytest.raises(NoClientCertificate):
        parse_client_cert(value)
