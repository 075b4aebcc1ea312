"""T20 to T23: what a response must be; 40 single faults, each with the code that names it."""

from copy import deepcopy
from typing import Any

import pytest
from lxml import etree

from providers.errors import ProviderError
from providers.saml.errors import SamlRefused
from providers.saml.response import Recipient, read_signed
from tests.support.saml_idp import IDP, NOW, US, Fault, IdentityProvider, sealed, signature_in
from tests.support.saml_portal import certificate_for, ec_key, rsa_key
from tests.support.xml_signing import DS, ENVELOPED, EXC_C14N, MORE, seal, sign

A = "saml:Assertion"
CONFIRMATION = f"{A}/saml:Subject/saml:SubjectConfirmation"
DATA = f"{CONFIRMATION}/saml:SubjectConfirmationData"
CONDITIONS = f"{A}/saml:Conditions"
STATEMENT = f"{A}/saml:AuthnStatement"
CONTEXT = f"{STATEMENT}/saml:AuthnContext/saml:AuthnContextClassRef"
LATE, EARLY = "2026-11-24T11:58:59Z", "2026-11-24T12:01:01Z"
OTHER = "https://other.test/"

SINGLE_FAULTS: list[tuple[Fault, str]] = [
    (Fault(at="", attribute="Version", text="1.1"), "response_version"),
    (Fault(at="", attribute="Version"), "response_version"),
    (Fault(at="", attribute="ID", text="0response"), "response_id"),
    (Fault(at="", attribute="IssueInstant", text="2026-11-24T11:54:59Z"), "response_issue_instant"),
    (Fault(at="", attribute="IssueInstant", text=EARLY), "response_issue_instant"),
    (Fault(at="", attribute="Destination", text=OTHER), "destination"),
    (Fault(at="", attribute="Destination"), "destination"),
    (Fault(at="", attribute="InResponseTo", text="_another"), "in_response_to"),
    (Fault(at="", attribute="InResponseTo"), "in_response_to"),
    (Fault(at="saml:Issuer", text=OTHER), "response_issuer"),
    (Fault(at="saml:Issuer", twice=True), "one_response_issuer"),
    (Fault(at="samlp:Status/samlp:StatusCode", attribute="Value", text="urn:oasis:x"), "failure_without_assertion"),
    (Fault(at="samlp:Status"), "one_status"),
    (Fault(at="samlp:Status/samlp:StatusCode"), "one_status_code"),
    (Fault(at=A, attribute="Version", text="2.1"), "assertion_version"),
    (Fault(at=A, attribute="ID", text="0assertion"), "assertion_id"),
    (Fault(at=A, attribute="IssueInstant", text="yesterday"), "issue_instant"),
    (Fault(at=A, attribute="IssueInstant", text="2026-11-24T14:00:00+02:00"), "issue_instant"),
    (Fault(at=f"{A}/saml:Issuer", text=OTHER), "issuer"),
    (Fault(at=f"{A}/saml:Issuer"), "one_issuer"),
    (Fault(at=f"{A}/saml:Subject"), "one_subject"),
    (Fault(at=CONFIRMATION), "one_confirmation"),
    (Fault(at=CONFIRMATION, twice=True), "one_confirmation"),
    (Fault(at=CONFIRMATION, attribute="Method", text="urn:holder"), "bearer"),
    (Fault(at=DATA), "one_confirmation_data"),
    (Fault(at=DATA, attribute="Recipient", text=OTHER), "recipient"),
    (Fault(at=DATA, attribute="Recipient"), "recipient"),
    (Fault(at=DATA, attribute="InResponseTo", text="_another"), "names_a_request"),
    (Fault(at=DATA, attribute="InResponseTo"), "names_a_request"),
    (Fault(at=DATA, attribute="InResponseTo", text=f"_{'6b' * 16}"), "relay_state_unchanged"),
    (Fault(at=DATA, attribute="NotOnOrAfter", text=LATE), "confirmation_not_on_or_after"),
    (Fault(at=DATA, attribute="NotOnOrAfter"), "confirmation_not_on_or_after"),
    (Fault(at=DATA, attribute="NotBefore", text=EARLY), "confirmation_not_before"),
    (Fault(at=DATA, attribute="NotOnOrAfter", text="2026-11-24T12:10:01Z"), "brief_confirmation"),
    (Fault(at=CONDITIONS), "one_conditions"),
    (Fault(at=CONDITIONS, attribute="NotBefore", text=EARLY), "conditions_not_before"),
    (Fault(at=CONDITIONS, attribute="NotOnOrAfter", text=LATE), "conditions_not_on_or_after"),
    (Fault(at=CONDITIONS, attribute="NotOnOrAfter"), "conditions_not_on_or_after"),
    (Fault(at=f"{CONDITIONS}/saml:AudienceRestriction"), "one_audience_restriction"),
    (Fault(at=f"{CONDITIONS}/saml:AudienceRestriction", twice=True), "one_audience_restriction"),
    (Fault(at=f"{CONDITIONS}/saml:AudienceRestriction/saml:Audience", text=OTHER), "audience"),
    (Fault(at=f"{CONDITIONS}/saml:AudienceRestriction/saml:Audience", twice=True), "one_audience"),
    (Fault(at=STATEMENT), "one_authn_statement"),
    (Fault(at=STATEMENT, attribute="AuthnInstant", text=LATE), "stale_authentication"),
    (Fault(at=STATEMENT, attribute="AuthnInstant", text=EARLY), "future_authentication"),
    (Fault(at=STATEMENT, attribute="AuthnInstant", text="2026-13-01T00:00:00Z"), "authn_instant"),
    (Fault(at=STATEMENT, attribute="SessionNotOnOrAfter", text=LATE), "session_not_on_or_after"),
    (Fault(at=CONTEXT, text="http://eidas.europa.eu/LoA/low"), "authn_context"),
    (Fault(at=CONTEXT), "one_authn_context_class"),
    (Fault(at=f"{STATEMENT}/saml:AuthnContext"), "one_authn_context"),
    (Fault(at=f"{A}/saml:AttributeStatement/saml:Attribute", twice=True), "attribute_once"),
    (Fault(at=f"{A}/saml:AttributeStatement/saml:Attribute/saml:AttributeValue", twice=True), "attribute_once"),
    (Fault(at=f"{A}/saml:AttributeStatement/saml:Attribute[3]", twice=True), "one_current_code"),
    (Fault(at=f"{A}/saml:AttributeStatement/saml:Attribute[3]"), "identity"),
    (Fault(at=f"{A}/saml:AttributeStatement"), "identity"),
]


@pytest.mark.parametrize(
    ("fault", "rule"), SINGLE_FAULTS, ids=[f"{rule}-{n}" for n, (_, rule) in enumerate(SINGLE_FAULTS)]
)
def test_t23_a_response_with_a_single_fault_is_refused_by_the_rule_that_names_it(fault: Fault, rule: str) -> None:
    idp = IdentityProvider()
    with pytest.raises(ProviderError) as refused:
        idp.verify(idp.signed(fault))
    assert refused.value.check == rule


def test_t23_there_are_forty_single_faults_and_seven_things_checked() -> None:
    rules = {rule for _, rule in SINGLE_FAULTS}
    assert len(SINGLE_FAULTS) >= 40
    assert len(rules) >= 35
    assert {"in_response_to", "audience", "recipient", "destination", "issuer", "conditions_not_on_or_after"} <= rules


# --- T21: encrypted beside plain, signed beside unsigned ---


def parts(idp: IdentityProvider) -> dict[str, Any]:
    plain = idp.response().find("{*}Assertion")
    plain.set("ID", "_plain")
    signed = idp.signed(what="assertion").find("{*}Assertion")
    return {
        "plain": plain,
        "signed": signed,
        "encrypted-plain": sealed(etree.tostring(plain, with_tail=False)),
        "encrypted-signed": sealed(etree.tostring(signed, with_tail=False)),
    }


PAIRS = [(one, two) for one in ("plain", "signed", "encrypted-plain", "encrypted-signed") for two in (
    "plain", "signed", "encrypted-plain", "encrypted-signed")]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_t21_two_assertions_are_refused_in_every_order_and_mixture(first: str, second: str) -> None:
    idp = IdentityProvider()
    response = idp.response()
    response.remove(response.find("{*}Assertion"))
    response.extend(deepcopy(parts(idp)[name]) for name in (first, second))
    with pytest.raises(ProviderError) as refused:
        idp.verify(response)
    assert refused.value.check in {"one_assertion", "unique_ids"}


@pytest.mark.parametrize(("first", "second"), PAIRS[:8])
def test_t21_not_even_a_signed_response_may_hold_two(first: str, second: str) -> None:
    idp = IdentityProvider()
    response = idp.response()
    response.remove(response.find("{*}Assertion"))
    response.extend(deepcopy(parts(idp)[name]) for name in (first, second))
    with pytest.raises(ProviderError) as refused:
        idp.verify(sign(response, idp.key))
    assert refused.value.check in {"one_assertion", "unique_ids"}


@pytest.mark.parametrize("name", ["plain", "encrypted-plain"])
def test_t21_an_assertion_that_nobody_signed_is_refused(name: str) -> None:
    idp = IdentityProvider()
    response = idp.response()
    response.replace(response.find("{*}Assertion"), parts(idp)[name])
    with pytest.raises(ProviderError) as refused:
        idp.verify(response)
    assert refused.value.check == "signed"


def test_an_assertion_encrypted_for_somebody_else_or_weakly_is_refused() -> None:
    idp = IdentityProvider()
    for response, rule in (
        (idp.encrypted(recipient=rsa_key("somebody")), "decryptable"),
        (weaker(idp.encrypted(), "aes256-gcm", "aes256-cbc"), "allowed_encryption"),
        (weaker(idp.encrypted(), "rsa-oaep-mgf1p", "rsa-1_5"), "allowed_encryption"),
    ):
        with pytest.raises(ProviderError) as refused:
            idp.verify(response)
        assert refused.value.check == rule


def weaker(response: Any, old: str, new: str) -> Any:
    for method in response.iter("{*}EncryptionMethod"):
        method.set("Algorithm", method.get("Algorithm").replace(old, new))
    return response


# --- T22: algorithms and keys ---


@pytest.mark.parametrize("what", ["assertion", "response"])
@pytest.mark.parametrize(
    ("how", "rule"),
    [
        ({"algorithm": f"{DS}rsa-sha1"}, "allowed_algorithm"),
        ({"algorithm": f"{DS}hmac-sha1"}, "allowed_algorithm"),
        ({"algorithm": f"{MORE}hmac-sha256"}, "allowed_algorithm"),
        ({"algorithm": f"{MORE}ecdsa-sha256"}, "allowed_algorithm"),
        ({"algorithm": f"{DS}dsa-sha1"}, "allowed_algorithm"),
        ({"algorithm": ""}, "allowed_algorithm"),
        ({"digest": f"{DS}sha1"}, "allowed_digest"),
        ({"digest": "http://www.w3.org/2001/04/xmldsig-more#md5"}, "allowed_digest"),
        ({"transforms": (ENVELOPED,)}, "allowed_transforms"),
        ({"transforms": (EXC_C14N,)}, "allowed_transforms"),
        ({"transforms": (EXC_C14N, ENVELOPED)}, "allowed_transforms"),
        ({"transforms": (ENVELOPED, EXC_C14N, EXC_C14N)}, "allowed_transforms"),
        ({"transforms": (ENVELOPED, f"{EXC_C14N}WithComments")}, "allowed_transforms"),
        ({"transforms": (ENVELOPED, "http://www.w3.org/TR/1999/REC-xslt-19991116")}, "allowed_transforms"),
        ({"transforms": (ENVELOPED, "http://www.w3.org/TR/1999/REC-xpath-19991116")}, "allowed_transforms"),
        ({"transforms": (ENVELOPED, f"{DS}base64")}, "allowed_transforms"),
        ({"transforms": (ENVELOPED, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")}, "allowed_transforms"),
        ({"transforms": ()}, "allowed_transforms"),
        ({"c14n": "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"}, "allowed_transforms"),
        ({"c14n": f"{EXC_C14N}WithComments"}, "allowed_transforms"),
        ({"uri": ""}, "reference_to_parent"),
        ({"uri": "#_nowhere"}, "reference_to_parent"),
        ({"uri": "http://other.test/"}, "reference_to_parent"),
        ({"uri": "#xpointer(/)"}, "reference_to_parent"),
    ],
)
def test_t22_a_signature_in_any_other_way_is_refused(what: str, how: dict[str, Any], rule: str) -> None:
    idp = IdentityProvider()
    with pytest.raises(ProviderError) as refused:
        idp.verify(idp.signed(what=what, **how))
    assert refused.value.check == rule


def key_info(key: Any) -> Any:
    from base64 import b64encode

    from cryptography.hazmat.primitives.serialization import Encoding

    der = b64encode(certificate_for(key).public_bytes(Encoding.DER)).decode()
    return etree.fromstring(
        f'<ds:KeyInfo xmlns:ds="{DS}"><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>'
    )


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_t22_the_key_in_the_message_is_never_used(kind: str) -> None:
    mine = rsa_key("mine") if kind == "rsa" else ec_key("mine")
    forger, honest = IdentityProvider(key=mine), IdentityProvider()
    forged = forger.signed(what="assertion", key_info=key_info(mine))
    with pytest.raises(ProviderError) as refused:
        honest.verify(forged)
    assert refused.value.check == ("authentic" if kind == "rsa" else "allowed_algorithm")
    assert honest.verify(honest.signed(what="assertion", key_info=key_info(mine))).given_name == "Anna"


@pytest.mark.parametrize("what", ["assertion", "response"])
def test_t22_a_stripped_or_emptied_signature_is_refused(what: str) -> None:
    idp = IdentityProvider()
    for change, rule in (
        (lambda signature: signature.getparent().remove(signature), "signed"),
        (lambda signature: signature.find(f"{{{DS}}}SignatureValue").clear(), "authentic"),
        (lambda signature: signature.remove(signature.find(f"{{{DS}}}SignatureValue")), "plain_signature"),
        (lambda signature: [signature.remove(part) for part in list(signature)], "plain_signature"),
        (lambda signature: signature.find(f"{{{DS}}}SignedInfo").clear(), "one_reference"),
    ):
        response = idp.signed(what=what)
        change(signature_in(response if what == "response" else response.find("{*}Assertion")))
        with pytest.raises(ProviderError) as refused:
            idp.verify(response)
        assert refused.value.check == rule


def test_t22_no_key_at_all_means_no() -> None:
    idp = IdentityProvider()
    keyless = Recipient(issuer=IDP, keys=(), audience=US, encrypted=False)
    with pytest.raises(SamlRefused) as refused:
        read_signed(etree.tostring(idp.signed()), keyless, NOW)
    assert refused.value.rule == "allowed_algorithm"
    with pytest.raises(SamlRefused) as refused:
        read_signed(etree.tostring(idp.encrypted()), keyless, NOW)
    assert refused.value.rule == "decryptable"


# --- T20: what canonicalisation may be made to do ---


@pytest.mark.parametrize(
    "digest", ["", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "!", "AAAA"]
)
@pytest.mark.parametrize("what", ["assertion", "response"])
def test_t20_the_digest_of_nothing_or_of_something_else_is_refused(digest: str, what: str) -> None:
    """A canonicalisation that fails or gives nothing must not verify: the digest of no bytes is refused, too."""
    idp = IdentityProvider()
    response = idp.signed(what=what)
    signature = signature_in(response if what == "response" else response.find("{*}Assertion"))
    for value in signature.iter(f"{{{DS}}}DigestValue"):
        value.text = digest
    seal(signature, idp.key)
    with pytest.raises(ProviderError) as refused:
        idp.verify(response)
    assert refused.value.check in {"authentic", "digest_of_what_is_read"}


@pytest.mark.parametrize("prefixes", ["", " ", "a:b", "xs  saml", "\t", "<", "1"])
def test_t20_a_list_of_prefixes_that_is_none_is_refused(prefixes: str) -> None:
    idp = IdentityProvider()
    response = idp.signed(what="response")
    signature = signature_in(response)
    transform = list(signature.iter(f"{{{DS}}}Transform"))[1]
    etree.SubElement(transform, f"{{{EXC_C14N}}}InclusiveNamespaces", PrefixList=prefixes)
    seal(signature, idp.key)
    with pytest.raises(ProviderError) as refused:
        idp.verify(response)
    assert refused.value.check == "allowed_transforms"


def test_t20_more_than_a_list_of_prefixes_is_refused() -> None:
    idp = IdentityProvider()
    response = idp.signed(what="response")
    signature = signature_in(response)
    transform = next(signature.iter(f"{{{DS}}}Transform"))
    etree.SubElement(transform, f"{{{DS}}}XPath").text = "not(//*)"
    seal(signature, idp.key)
    with pytest.raises(ProviderError) as refused:
        idp.verify(response)
    assert refused.value.check == "allowed_transforms"


def test_t20_an_honest_list_of_prefixes_is_accepted() -> None:
    idp = IdentityProvider()
    response = idp.signed(what="response")
    signature = signature_in(response)
    for transform in list(signature.iter(f"{{{DS}}}Transform"))[1:]:
        etree.SubElement(transform, f"{{{EXC_C14N}}}InclusiveNamespaces", PrefixList="xs")
    seal(signature, idp.key)
    assert idp.verify(response).given_name == "Anna"


@pytest.mark.parametrize("uri", ["relative", "", "//x", "a b:c", ":x", "1:x", "./x:y"])
def test_t20_a_relative_namespace_is_refused(uri: str) -> None:
    idp = IdentityProvider()
    raw = etree.tostring(idp.signed()).replace(b"<saml:Conditions", f'<saml:Conditions xmlns:x="{uri}"'.encode(), 1)
    with pytest.raises(ProviderError) as refused:
        idp.verify(raw)
    assert refused.value.check in {"absolute_namespaces", "well_formed"}
