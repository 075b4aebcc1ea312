"""Opening a relying party's registration for SAML: every mistake is named, nothing is parsed twice."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from gateway.saml.registration import open_service_provider
from gateway.settings import ServiceProviderEntry
from providers.contract import Language
from providers.saml.bindings import read_redirect
from tests.support.calls import counting
from tests.support.gateway_parts import BROWSER
from tests.support.saml_portal import CONSUMER, ENTITY, LOGOUT, OTHER_CONSUMER, SamlPortal, ec_key, metadata, rsa_key

TODAY = date(2026, 11, 24)


def opened(raw: bytes, **changed: Any) -> Any:
    entry = ServiceProviderEntry.model_validate({"entity_id": ENTITY, "metadata": "sp.xml", **changed})
    return open_service_provider(entry, raw, TODAY)


def honest() -> bytes:
    return metadata(signing=(rsa_key("sp"), ec_key("sp")), encryption=rsa_key("sp-encryption"))


def test_a_registration_says_what_its_metadata_says() -> None:
    provider = opened(honest())
    assert [one.location for one in provider.consumers] == [CONSUMER, OTHER_CONSUMER]
    assert [one.location for one in provider.logout] == [LOGOUT, f"{LOGOUT}/post"]
    assert len(provider.signing) == 2
    assert provider.encryption is not None
    assert provider.valid_until == datetime(2027, 1, 1, tzinfo=UTC)


def test_the_earlier_end_decides() -> None:
    assert opened(honest(), metadata_until=date(2026, 12, 1)).valid_until == datetime(2026, 12, 2, tzinfo=UTC)
    assert opened(honest(), metadata_until=date(2028, 1, 1)).valid_until == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda raw: raw.replace(b' validUntil="2027-01-01T00:00:00Z"', b""), "has no validUntil"),
        (lambda raw: raw.replace(b"2027-01-01", b"2025-01-01"), "was valid until 2025-01-01"),
        (lambda raw: raw.replace(b"2027-01-01T00:00:00Z", b"next year"), "validUntil"),
        (lambda raw: raw.replace(ENTITY.encode(), b"https://other.test"), "another entity id"),
        (lambda raw: raw.replace(b"bindings:HTTP-POST", b"bindings:PAOS"), "no AssertionConsumerService"),
        (lambda raw: raw.replace(b"https://sp.test/acs2", b"http://sp.test/acs2"), "must be https"),
        (lambda raw: raw.replace(b'use="signing"', b'use="encryption"'), "no signing certificate"),
        (lambda raw: raw.replace(b"SPSSODescriptor", b"IDPSSODescriptor"), "one SPSSODescriptor"),
        (lambda raw: raw.replace(b"EntityDescriptor", b"EntitiesDescriptor"), "one EntityDescriptor"),
        (lambda raw: raw.replace(b"</ds:X509Certificate>", b"AAAA</ds:X509Certificate>"), "X509Certificate"),
        (lambda raw: raw[:-20], "no safe XML"),
        (lambda raw: b"<!DOCTYPE x>" + raw.partition(b"?>")[2], "no safe XML"),
    ],
)
def test_a_mistake_in_the_metadata_is_named(change: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        opened(change(honest()))


def test_a_key_for_encryption_must_be_rsa() -> None:
    with pytest.raises(ValueError, match="encryption needs an RSA key"):
        opened(metadata(signing=(rsa_key("sp"),), encryption=ec_key("sp-encryption")))


def test_attribute_names_are_of_known_claims() -> None:
    with pytest.raises(ValueError, match="shoe_size"):
        opened(honest(), attributes={"shoe_size": "urn:x"})


COSTLY = {
    "read_metadata",
    "load_der_x509_certificate",
    "load_pem_x509_certificate",
    "load_pem_private_key",
    "load_pem_public_key",
    "from_memory",
    "Popen",
}


def test_t15_no_metadata_and_no_key_is_parsed_while_a_login_waits() -> None:
    """Twenty whole logins, asked and answered: what is parsed is parsed when the registration is opened."""
    portal = SamlPortal()

    def login() -> None:
        received = portal.redirect(portal.request())
        asked = portal.desk.authenticate(received, read_redirect, BROWSER, Language.LATVIAN)
        portal.core.use_cases.resume(portal.answered(asked).id, BROWSER)  # type: ignore[arg-type]  # it waits

    login()
    with counting() as calls:
        for _ in range(20):
            login()
    assert calls["sign_statement"] == 40
    assert {name: calls[name] for name in COSTLY if calls[name]} == {}
