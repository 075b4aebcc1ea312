"""``docs/oidc-back-channel.yaml`` describes the endpoints that there are, with the values that they use."""

import re
from pathlib import Path
from typing import Final

from gateway.broker.deliver import TOKEN_LIFETIME
from gateway.oidc.form import MAX_FIELDS
from gateway.oidc.metadata import discovery_document
from gateway.oidc.par import LIFETIME, PREFIX
from gateway.provider_directory import ProviderDirectory
from gateway.web.app import Gateway, create_mutual_tls_app, create_public_app
from tests.support.gateway_parts import ADDRESSES, Core

DOCUMENT: Final = (Path(__file__).parents[3] / "docs" / "oidc-back-channel.yaml").read_text(encoding="utf-8")
_PATHS: Final = re.compile(r"^  (/\S+):$|^    (get|post):$", re.MULTILINE)

BACK_CHANNEL: Final = (
    "token_endpoint",
    "userinfo_endpoint",
    "pushed_authorization_request_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
)


def described() -> set[tuple[str, str]]:
    found, path = set(), ""
    for new_path, method in _PATHS.findall(DOCUMENT):
        path = new_path or path
        if method:
            found.add((path, method.upper()))
    return found


def test_the_document_has_the_endpoints_of_both_ports_and_no_other() -> None:
    gateway = Gateway(use_cases=Core().use_cases, directory=ProviderDirectory([]), problems=list, close=lambda: None)
    for app in (create_public_app(gateway), create_mutual_tls_app(gateway)):
        served = {
            (rule.rule, method)
            for rule in app.url_map.iter_rules()
            if rule.endpoint.startswith("tokens.")
            for method in (rule.methods or set()) & {"GET", "POST"}
        }
        assert served == described()


def test_the_document_says_the_numbers_that_hold() -> None:
    assert f"expires_in: {{ const: {int(LIFETIME.total_seconds())} }}" in DOCUMENT
    assert f"expires_in: {{ const: {int(TOKEN_LIFETIME.total_seconds())} }}" in DOCUMENT
    assert f"at most {MAX_FIELDS} parameters" in DOCUMENT
    assert PREFIX in DOCUMENT


def test_metadata_lists_exactly_what_is_on_and_names_both_ports() -> None:
    document = discovery_document(ADDRESSES)
    aliases = document["mtls_endpoint_aliases"]
    assert isinstance(aliases, dict)
    for name in BACK_CHANNEL:
        path = str(document[name]).removeprefix(ADDRESSES.issuer)
        assert path in {described_path for described_path, _ in described()}
        assert aliases[name] == ADDRESSES.mutual_tls + path
    assert document["response_types_supported"] == ["code"]
    assert document["grant_types_supported"] == ["authorization_code"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["response_modes_supported"] == ["query", "jwt", "query.jwt"]
    assert document["token_endpoint_auth_methods_supported"] == ["private_key_jwt", "tls_client_auth"]
    assert document["tls_client_certificate_bound_access_tokens"] is True
    assert document["request_parameter_supported"] is False
    assert document["request_uri_parameter_supported"] is False
    absent = {"registration_endpoint", "device_authorization_endpoint"}
    assert not absent & document.keys()
