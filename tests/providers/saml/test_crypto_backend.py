"""The in-process backend and pysaml2's own, which runs Debian's xmlsec1, agree about every signature (design section 6)."""

from pathlib import Path
from typing import Any

import pytest
import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from saml2 import class_name, saml, samlp
from saml2.sigver import CryptoBackendXmlSec1, SignatureError, pre_signature_part

from providers.saml.crypto_backend import InProcessBackend
from providers.saml.names import SHA256
from providers.saml.xml_keys import SigningKey
from tests.support.saml_portal import certificate_for, ec_key, rsa_key


@pytest.fixture(params=["rsa", "ec"])
def key(request: pytest.FixtureRequest) -> SigningKey:
    made = rsa_key("backend") if request.param == "rsa" else ec_key("backend")
    return SigningKey.of(made, certificate_for(made))


@pytest.fixture
def files(tmp_path: Path, key: SigningKey) -> tuple[str, str]:
    """The key and its certificate where the other backend reads them."""
    private, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    private.write_bytes(key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate.write_bytes(key.certificate.public_bytes(Encoding.PEM))
    return str(private), str(certificate)


@pytest.fixture
def ours(key: SigningKey, files: tuple[str, str]) -> InProcessBackend:
    return InProcessBackend(signing={files[0]: key}, verifying={files[1]: key.verifying})


THEIRS = CryptoBackendXmlSec1("/usr/bin/xmlsec1")


def unsigned(key: SigningKey) -> Any:
    part = pre_signature_part("_a", sign_alg=key.algorithm, digest_alg=SHA256)
    return saml.Assertion(
        id="_a",
        version="2.0",
        issue_instant="2026-11-24T12:00:00Z",
        issuer=saml.Issuer(text="somebody"),
        signature=part,
    )


def test_each_backend_verifies_what_the_other_signed(
    key: SigningKey, files: tuple[str, str], ours: InProcessBackend
) -> None:
    name = class_name(saml.Assertion())
    for signer in (ours, THEIRS):
        signed = signer.sign_statement(unsigned(key), name, files[0], "_a")
        for verifier in (ours, THEIRS):
            assert verifier.validate_signature(signed, files[1], "pem", name, "_a")
        changed = signed.replace("somebody", "nobody")
        with pytest.raises(SignatureError):
            ours.validate_signature(changed, files[1], "pem", name, "_a")


def test_what_cannot_be_signed_or_verified_is_an_error_and_no_false(
    key: SigningKey, files: tuple[str, str], ours: InProcessBackend
) -> None:
    name = class_name(saml.Assertion())
    bare = saml.Assertion(id="_a", version="2.0", issue_instant="2026-11-24T12:00:00Z")
    for statement, node_id in ((unsigned(key), "_b"), (bare, "_a")):
        with pytest.raises(SignatureError):
            ours.sign_statement(statement, name, files[0], node_id)
    signed = ours.sign_statement(unsigned(key), name, files[0], "_a")
    with pytest.raises(SignatureError):
        ours.validate_signature(signed, files[1], "pem", class_name(samlp.Response()), "_a")
    with pytest.raises(KeyError):
        ours.sign_statement(unsigned(key), name, "/etc/passwd", "_a")


def test_a_signed_assertion_survives_encryption_and_decryption_in_a_response() -> None:
    made = rsa_key("backend")
    key = SigningKey.of(made, certificate_for(made))
    backend = InProcessBackend(
        signing={"key": key}, verifying={"certificate": key.verifying}, decrypting={"key": key.xml_key}
    )
    name = class_name(saml.Assertion())
    signed = backend.sign_statement(unsigned(key), name, "key", "_a")
    response = str(samlp.Response(id="_r", version="2.0", issue_instant="2026-11-24T12:00:00Z"))
    whole = response.replace("/>", f">{signed}</ns0:Response>")
    encrypted = backend.encrypt_assertion(whole, "certificate", "", "", "")
    assert "somebody" not in encrypted
    opened = backend.decrypt(encrypted, "key")
    assert backend.validate_signature(opened, "certificate", "pem", name, "_a")


def test_both_xml_libraries_are_of_one_libxml2() -> None:
    """Two copies of different versions would see two documents, or crash (performance.md section 2)."""
    assert etree.LIBXML_VERSION == xmlsec.get_libxml_version() == xmlsec.get_libxml_compiled_version()
    assert etree.LIBXML_VERSION == etree.LIBXML_COMPILED_VERSION
