"""banklink.md 11.4, Citadele's DIGI::LINK: each rule with its mark; example E11, also by xmlsec1."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from mock_bank import wire_citadele
from providers.banklink.adapter import BanklinkProvider
from providers.contract import Expectation, Language, Reference, VerifiedIdentity
from providers.errors import AssertionRejected, ProviderError
from providers.settings import InvalidProviderSettings
from tests.contracts.provider import asked
from tests.providers.banklink import known_answers as known
from tests.providers.banklink.conftest import OpenBank
from tests.providers.banklink.dialect_answers import CITADELE, amai_body, amai_fields, amai_xml, with_certificate
from tests.providers.little_bank import LIGA, LittleBank, Person, arrival, now, pem_of

NONCE = Reference("5d1f6c0e93ab4c278e550b7a41c2d9f3")
PRINTED = datetime.fromisoformat("2026-03-02T14:06:41+02:00")
AMAI = f"{{{wire_citadele.AMAI}}}"


@pytest.fixture
def citadele(open_bank: OpenBank, bank: LittleBank) -> BanklinkProvider:
    with_certificate(bank)
    return open_bank(**CITADELE)


def judged(provider: BanklinkProvider, xml: str, at: datetime | None = None) -> VerifiedIdentity | str:
    """A reason with a star left every login as it was."""
    at = at or now()
    try:
        answer = provider.receive(arrival(amai_body(xml), at))
    except ProviderError as error:
        return error.reason if error.reference else f"{error.reason} *"
    try:
        return answer.identify(Expectation(reference=NONCE, asked_at=at - timedelta(seconds=30)))
    except ProviderError as error:
        return error.reason


def sign_in(
    provider: BanklinkProvider, bank: LittleBank, person: Person = LIGA, **changes: str | None
) -> VerifiedIdentity | str:
    bank.persons[str(UUID(hex=NONCE))] = person
    return judged(provider, amai_xml(bank, amai_fields(NONCE, now(), person, **changes)))


def verified_by_xmlsec1(xml: bytes, certificate: x509.Certificate, folder: Path) -> bool:
    (folder / "message.xml").write_bytes(xml)
    (folder / "signer.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    command = ["xmlsec1", "--verify", "--pubkey-cert-pem", "signer.pem", "--trusted-pem", "signer.pem"]
    checked = subprocess.run([*command, "message.xml"], cwd=folder, capture_output=True, check=False)
    return checked.returncode == 0


# -- the request --------------------------------------------------------------------------------------------------


def request_xml(provider: BanklinkProvider, **changes: Any) -> bytes:
    [(name, xml)] = provider.depart(replace(asked(), reference=NONCE, **changes)).fields
    assert name == "xmldata"
    return xml.encode()


def test_b_the_request_authreq_holds_its_elements_in_order(citadele: BanklinkProvider) -> None:
    at = datetime.fromisoformat("2026-03-02T12:05:09.123456+00:00")
    fields = wire_citadele.read(request_xml(citadele, asked_at=at, language=Language.ENGLISH).decode())
    assert list(fields.items()) == [
        ("Timestamp", "20260302140509123"),
        ("From", "EIDGW"),
        ("Request", "AUTHREQ"),
        ("RequestUID", "5d1f6c0e-93ab-4c27-8e55-0b7a41c2d9f3"),
        ("Version", "5.0"),
        ("Language", "EN"),
        ("ReturnURL", asked().return_url),
    ]


def test_b_the_request_is_signed_and_shows_our_certificate(citadele: BanklinkProvider, bank: LittleBank) -> None:
    xml = request_xml(citadele)
    assert wire_citadele.verified_by(xml.decode(), [bank.partner_key.public_key()])
    assert not wire_citadele.verified_by(xml.decode().replace("AUTHREQ", "AUTHREX"), [bank.partner_key.public_key()])


def test_xmlsec1_verifies_our_request(citadele: BanklinkProvider, bank: LittleBank, tmp_path: Path) -> None:
    certificate = x509.load_pem_x509_certificate((bank.folder / "partner.crt").read_bytes())
    assert verified_by_xmlsec1(request_xml(citadele), certificate, tmp_path)
    assert not verified_by_xmlsec1(request_xml(citadele).replace(b"AUTHREQ", b"AUTHREX"), certificate, tmp_path)


def test_the_request_has_no_line_end_that_a_browser_would_change(citadele: BanklinkProvider) -> None:
    assert not set(b"\r\n") & set(request_xml(citadele))


# -- the answer ---------------------------------------------------------------------------------------------------


def test_b_a_person_is_vouched_for_by_the_confirmation_of_the_request_uid(
    citadele: BanklinkProvider, bank: LittleBank
) -> None:
    identity = sign_in(citadele, bank)
    assert isinstance(identity, VerifiedIdentity)
    assert (identity.given_name, identity.family_name, identity.country) == (LIGA.given_name, LIGA.family_name, "LV")
    assert identity.personal_code.display == LIGA.personal_code
    assert identity.exchanges[0].endpoint.endswith("/authentications/5d1f6c0e-93ab-4c27-8e55-0b7a41c2d9f3")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Request": "ESERVICEREQ"}, "unexpected_service *"),
        ({"Request": "AUTHREQ"}, "unexpected_service *"),
        ({"Version": "4.0"}, "unexpected_version *"),
        ({"From": "10001"}, "wrong_sender *"),
        ({"RequestUID": "not-ours"}, "unknown_nonce *"),
        ({"RequestUID": "5D1F6C0E-93AB-4C27-8E55-0B7A41C2D9F3"}, "unknown_nonce *"),
        ({"Timestamp": "20260302140641"}, "stale"),
        ({"Timestamp": "2026-03-02T14:06Z"}, "stale"),
        ({"PersonCode": ""}, "identity_incomplete"),
        ({"PersonCode": None}, "identity_incomplete"),
        ({"Person": ""}, "identity_incomplete"),
        ({"Person": "CITA PERSONA"}, "identity_mismatch"),
        ({"PersonCode": "32123456780"}, "identity_mismatch"),
        ({"PersonCode": "321234567890"}, "malformed *"),
        ({"Code": None}, "malformed *"),
        ({"From": "", "Request": ""}, "unexpected_service *"),
        ({"Target": "x"}, "malformed *"),
    ],
)
def test_steps_of_section_8(
    changes: dict[str, str | None], reason: str, citadele: BanklinkProvider, bank: LittleBank
) -> None:
    assert sign_in(citadele, bank, **changes) == reason


@pytest.mark.parametrize(("seconds", "reason"), [(-900, None), (900, None), (-901, "stale"), (901, "stale")])
def test_b_the_time_may_be_15_minutes_off(
    seconds: int, reason: str | None, citadele: BanklinkProvider, bank: LittleBank
) -> None:
    at = now()
    body = amai_body(amai_xml(bank, amai_fields(NONCE, at + timedelta(seconds=seconds))))
    if reason is None:
        assert citadele.receive(arrival(body, at)).reference == NONCE
        return
    with pytest.raises(AssertionRejected) as refused:
        citadele.receive(arrival(body, at))
    assert (refused.value.reason, refused.value.reference) == (reason, NONCE)


@pytest.mark.parametrize(
    ("code", "reason"), [("200", "denied"), ("300", "bank_error"), ("400", "malformed"), ("", "malformed")]
)
def test_d_a_signed_code_other_than_100_ends_the_login_without_a_call_to_the_bank(
    code: str, reason: str, citadele: BanklinkProvider, bank: LittleBank
) -> None:
    bank.persons[str(UUID(hex=NONCE))] = LIGA
    answer = citadele.receive(arrival(amai_body(amai_xml(bank, amai_fields(NONCE, now(), Code=code))), now()))
    assert not answer.asks_back_channel
    with pytest.raises(ProviderError) as declined:
        answer.identify(Expectation(reference=NONCE, asked_at=now() - timedelta(seconds=30)))
    assert (declined.value.reason, declined.value.reference) == (reason, NONCE)
    assert bank.server.requests == []


def test_d_with_a_code_other_than_100_the_person_may_be_missing(citadele: BanklinkProvider, bank: LittleBank) -> None:
    assert sign_in(citadele, bank, Code="200", PersonCode=None, Person=None) == "denied"
    assert sign_in(citadele, bank, Code="300", PersonCode=None, Person=None, Message="Kļūda") == "bank_error"


def test_gbn_27_the_code_of_an_unsigned_document_is_not_read(citadele: BanklinkProvider, bank: LittleBank) -> None:
    xml = amai_xml(bank, amai_fields(NONCE, now()))
    assert judged(citadele, xml.replace("<Code>100<", "<Code>200<")) == "bad_signature *"
    without = etree.tostring(wire_citadele.document(amai_fields(NONCE, now(), Code="200")), encoding="unicode")
    assert judged(citadele, without) in {"bad_signature *", "malformed *"}


# -- signature ----------------------------------------------------------------------------------------------------


def test_xmlsec1_verifies_what_we_verify(citadele: BanklinkProvider, bank: LittleBank, tmp_path: Path) -> None:
    certificate = wire_citadele.container(bank.bank_key, "bank")
    xml = amai_xml(bank, amai_fields(NONCE, now()), certificate=certificate)
    assert verified_by_xmlsec1(xml.encode(), certificate, tmp_path)
    assert citadele.receive(arrival(amai_body(xml), now())).reference == NONCE


def test_d_the_key_comes_from_the_profile_and_not_from_the_message(
    citadele: BanklinkProvider, bank: LittleBank
) -> None:
    stranger = rsa.generate_private_key(65537, 2048)
    assert judged(citadele, amai_xml(bank, amai_fields(NONCE, now()), key=stranger)) == "bad_signature *"


def test_b_the_certificate_shown_is_that_of_the_banks_key(citadele: BanklinkProvider, bank: LittleBank) -> None:
    other = wire_citadele.container(rsa.generate_private_key(65537, 2048), "other")
    xml = amai_xml(bank, amai_fields(NONCE, now()))
    shown = xml.partition("<X509Certificate>")[2].partition("</X509Certificate>")[0]
    certificate = (
        wire_citadele.signed(wire_citadele.document({}), bank.bank_key, other)
        .partition("<X509Certificate>")[2]
        .partition("</X509Certificate>")[0]
    )
    assert judged(citadele, xml.replace(shown, certificate)) == "bad_signature *"
    assert judged(citadele, xml.replace(shown, "")) == "bad_signature *"


@pytest.mark.parametrize("hash_name", ["sha1", "sha512"])
def test_b_another_algorithm_is_refused(hash_name: str, citadele: BanklinkProvider, bank: LittleBank) -> None:
    xml = amai_xml(bank, amai_fields(NONCE, now()), hash_name=hash_name)
    assert judged(citadele, xml) == "bad_signature *"


def test_p_the_printed_spellings_that_do_not_exist_are_refused(citadele: BanklinkProvider, bank: LittleBank) -> None:
    xml = amai_xml(bank, amai_fields(NONCE, now()))
    for real, printed in (
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#rsa-SHA256"),
        ("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#SHA256"),
    ):
        assert real in xml
        assert judged(citadele, xml.replace(real, printed)) == "bad_signature *"


Change = Callable[[str], str]
SIGNED_INFO = "<SignedInfo>"


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: xml.replace("<Amai ", "<!DOCTYPE x><Amai "),
        lambda xml: xml.replace("<FIDAVISTA ", "<!DOCTYPE FIDAVISTA><FIDAVISTA ", 1),
        lambda xml: xml.replace("<Person>", "<!-- --><Person>"),
        lambda xml: xml.replace("<Person>", "<?x y?><Person>"),
        lambda xml: xml.replace("100</Code>", "<![CDATA[100]]></Code>"),
        lambda xml: xml[:-1],
        lambda _: "",
        lambda _: "<FIDAVISTA/>",
        lambda xml: xml.replace("<Extension>", "<Extension><Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/>"),
    ],
    ids=[
        "doctype inside",
        "doctype",
        "comment",
        "instruction",
        "cdata",
        "cut",
        "empty",
        "no message",
        "two signatures",
    ],
)
def test_d_unsafe_or_ambiguous_xml_is_malformed(change: Change, citadele: BanklinkProvider, bank: LittleBank) -> None:
    assert judged(citadele, change(amai_xml(bank, amai_fields(NONCE, now())))) == "malformed *"


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: xml.replace('<Reference URI="">', '<Reference URI="#x">'),
        lambda xml: xml.replace("<Reference ", "<Reference/><Reference ", 1),
        lambda xml: xml.replace(
            "</Transforms>", '<Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/></Transforms>'
        ),
        lambda xml: xml.replace("</Signature>", "<Object/></Signature>"),
        lambda xml: xml.replace("<SignatureValue>", "<SignatureValue>AAAA"),
        lambda xml: xml.replace("<DigestValue>", "<DigestValue>AAAA"),
        lambda xml: xml.replace(LIGA.personal_code.replace("-", ""), "32123456780"),
        lambda xml: xml.replace("<Language>LV<", "<Language>EN<"),
        lambda xml: xml.replace("TR/2001/REC-xml-c14n-20010315", "2001/10/xml-exc-c14n#"),
    ],
    ids=[
        "reference",
        "two references",
        "transform",
        "object",
        "value",
        "digest",
        "code",
        "language",
        "c14n",
    ],
)
def test_b_and_bnk_42_a_changed_signature_or_document_is_refused(
    change: Change, citadele: BanklinkProvider, bank: LittleBank
) -> None:
    assert judged(citadele, change(amai_xml(bank, amai_fields(NONCE, now())))) == "bad_signature *"


def wrapped(bank: LittleBank, where: str) -> str:
    """The signed message moved aside, and a forged one in its place (GBN-26)."""
    root = etree.fromstring(amai_xml(bank, amai_fields(NONCE, now())).encode())
    forged = etree.fromstring(etree.tostring(root))
    code = forged.find(f".//{AMAI}PersonCode")
    assert code is not None
    code.text = "32123456780"
    if where == "original beside the forged message":
        extension = forged[0][-1]
        extension.append(root[0][-1][0])
    elif where == "original inside the forged signature":
        forged.find(f".//{AMAI}SignatureData")[0].append(root)
    elif where == "two messages in one extension":
        root[0][-1].insert(0, forged[0][-1][0])
        forged = root
    else:
        outer = etree.Element("outer")
        outer.append(forged)
        outer.append(root)
        forged = outer
    return etree.tostring(forged, encoding="unicode")


@pytest.mark.parametrize(
    "where",
    [
        "original beside the forged message",
        "original inside the forged signature",
        "two messages in one extension",
        "both under a new root",
    ],
)
def test_gbn_26_a_wrapped_message_is_refused(where: str, citadele: BanklinkProvider, bank: LittleBank) -> None:
    assert judged(citadele, wrapped(bank, where)) in {"malformed *", "bad_signature *"}


@pytest.mark.parametrize(
    "change",
    [
        {"order": ("PersonCode", "Person")},
        {"repeat": "PersonCode"},
        {"space": "PersonCode"},
        {"nest": "PersonCode"},
    ],
)
def test_d_values_are_read_by_full_path_each_once_in_order(
    change: dict[str, Any], citadele: BanklinkProvider, bank: LittleBank
) -> None:
    """Even the bank's own signature gives no second meaning to a document."""
    root = wire_citadele.document(amai_fields(NONCE, now()))
    amai = root[0][-1][0]
    if "order" in change:
        first, second = (amai.find(f"{AMAI}{name}") for name in change["order"])
        second.addnext(first)
    if "repeat" in change:
        again = etree.SubElement(amai, f"{AMAI}{change['repeat']}")
        again.text = "32123456780"
        amai.find(f"{AMAI}PersonCode").addnext(again)
    if "space" in change:
        amai.find(f"{AMAI}PersonCode").tag = "{urn:other}PersonCode"
    if "nest" in change:
        etree.SubElement(amai.find(f"{AMAI}PersonCode"), f"{AMAI}Part").text = "1"
    xml = wire_citadele.signed(root, bank.bank_key, wire_citadele.container(bank.bank_key, "bank"))
    assert judged(citadele, xml) == "malformed *"


# -- settings -----------------------------------------------------------------------------------------------------


def test_b_keys_of_4096_bits_are_expected_and_shorter_ones_said_aloud(open_bank: OpenBank, bank: LittleBank) -> None:
    with_certificate(bank)
    with pytest.raises(InvalidProviderSettings, match="no RSA key of 4096 bits or more"):
        open_bank(**{name: value for name, value in CITADELE.items() if name != "min_key_bits"})
    assert any("2048 bits" in warning for warning in open_bank(**CITADELE).warnings())


def test_the_request_shows_a_certificate_so_that_the_settings_must_name_ours(
    open_bank: OpenBank, bank: LittleBank
) -> None:
    with_certificate(bank)
    with pytest.raises(InvalidProviderSettings, match="partner_certificate: AUTHREQ shows"):
        open_bank(**CITADELE | {"partner_certificate": None})
    with pytest.raises(InvalidProviderSettings, match="partner_certificate: 4012 shows no certificate"):
        open_bank(partner_certificate="partner.crt")
    other = wire_citadele.container(rsa.generate_private_key(65537, 2048), "other")
    (bank.folder / "other.crt").write_bytes(other.public_bytes(Encoding.PEM))
    with pytest.raises(InvalidProviderSettings, match="certificate of another key"):
        open_bank(**CITADELE | {"partner_certificate": "other.crt"})


# -- E11 ----------------------------------------------------------------------------------------------------------


def printed_bank(open_bank: OpenBank, bank: LittleBank) -> BanklinkProvider:
    with_certificate(bank)
    (bank.folder / "printed.pem").write_bytes(known.BANK_KEY)
    return open_bank(entry={"code_structure": "flag"}, **CITADELE, bank_id="10001", bank_keys=[{"file": "printed.pem"}])


def test_e11_is_accepted_as_printed(open_bank: OpenBank, bank: LittleBank) -> None:
    provider = printed_bank(open_bank, bank)
    bank.changes = {"iss": "10001"}
    bank.persons[str(UUID(hex=NONCE))] = Person("Līga Anna", "Paraudziņa-Ķēra", "999999-10000")
    identity = judged(provider, known.E11, PRINTED)
    assert isinstance(identity, VerifiedIdentity)
    assert (identity.given_name, identity.family_name) == ("Līga Anna", "Paraudziņa-Ķēra")
    assert identity.personal_code.display == "999999-10000"


def test_e11_with_any_text_changed_is_refused(open_bank: OpenBank, bank: LittleBank) -> None:
    provider = printed_bank(open_bank, bank)
    for text in ("99999910000", "LĪGA", "100<", "10001<", "20260302140641000", "ciahTQ8", "HGt2WKX"):
        changed = known.E11.replace(text, text.replace(text[0], "Q" if text[0] != "Q" else "R", 1), 1)
        assert changed != known.E11
        assert judged(provider, changed, PRINTED) in {"bad_signature *", "malformed *"}


def test_c14n_e11_comes_out_as_printed_and_its_digest_too() -> None:
    """Inclusive canonical XML of SignedInfo inherits the namespaces in scope; the digest stands in it."""
    root = etree.fromstring(known.E11.encode())
    [info] = root.iter("{http://www.w3.org/2000/09/xmldsig#}SignedInfo")
    canonical = etree.tostring(info, method="c14n").decode()
    assert canonical.replace(' xmlns=""', "") == known.E11_SIGNED_INFO  # some versions of lxml print these falsely
    assert known.E11_DIGEST in known.E11_SIGNED_INFO


def test_xmlsec1_verifies_e11_and_gives_the_printed_canonical_form(tmp_path: Path) -> None:
    certificate = x509.load_pem_x509_certificate(
        b"-----BEGIN CERTIFICATE-----\n"
        + known.E11.partition("<X509Certificate>")[2].partition("<")[0].encode()
        + b"\n-----END CERTIFICATE-----\n"
    )
    assert pem_of(certificate.public_key()) == known.BANK_KEY  # type: ignore[arg-type]  # an RSA key, as printed
    assert verified_by_xmlsec1(known.E11.encode(), certificate, tmp_path)
    command = ["xmlsec1", "--verify", "--store-signatures", "--pubkey-cert-pem", "signer.pem", "--trusted-pem"]
    told = subprocess.run([*command, "signer.pem", "message.xml"], cwd=tmp_path, capture_output=True, check=True)
    assert known.E11_SIGNED_INFO.encode() in told.stdout + told.stderr
