"""A little bank's answers in the other dialects, written from banklink.md sections 11.2 to 11.4 alone."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from mock_bank import wire_citadele
from tests.providers.little_bank import HASHES, LIGA, LittleBank, Person, encode

RIGA = ZoneInfo("Europe/Riga")
SEB_ORDER = "SND_ID SERVICE REC_ID USER DATE TIME USER_INFO VERSION"
LINK_ORDER = "SERVICE VERSION SND_ID REC_ID STAMP T_NO PER_CODE PER_FNAME PER_LNAME COM_CODE COM_NAME TIME"
SHA1_UNTIL = {"until": "2099-12-31", "ground": "agreement of 2013"}
SEB = {"dialect": "seb", "partner_key": None}
LUMINOR = {"dialect": "luminor", "sha1_exception": SHA1_UNTIL}
CITADELE = {"dialect": "citadele", "min_key_bits": 2048, "partner_certificate": "partner.crt"}


def signed_text(fields: Mapping[str, str], order: str, prefix: str) -> str:
    values = [fields.get(f"{prefix}_{short}", "") for short in order.split()]
    return "".join(f"{len(value):03d}{value}" for value in values)


def signature(key: rsa.RSAPrivateKey, text: str, hash_name: str) -> str:
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), HASHES[hash_name])).decode()


def seb_fields(at: datetime, person: Person = LIGA, **changes: str) -> dict[str, str]:
    local = at.astimezone(RIGA)
    fields = {
        "IB_SND_ID": "LITTLEBANK",
        "IB_SERVICE": "0001",
        "IB_REC_ID": "EIDGW",
        "IB_USER": person.personal_code,
        "IB_DATE": f"{local:%d.%m.%Y}",
        "IB_TIME": f"{local:%H:%M:%S}",
        "IB_USER_INFO": f"ID={person.personal_code};NAME={person.given_name} {person.family_name}",
        "IB_VERSION": "002",
    }
    return fields | {f"IB_{name}": value for name, value in changes.items()}


def seb_form(bank: LittleBank, fields: Mapping[str, str], hash_name: str = "sha512") -> dict[str, str]:
    crc = signature(bank.bank_key, signed_text(fields, SEB_ORDER, "IB"), hash_name)
    return {**fields, "IB_CRC": crc, "IB_LANG": "LAT"}


def link_fields(stamp: str, at: datetime, person: Person = LIGA, **changes: str) -> dict[str, str]:
    fields = {
        "VK_SERVICE": "2001",
        "VK_VERSION": "101",
        "VK_SND_ID": "LITTLEBANK",
        "VK_REC_ID": "EIDGW",
        "VK_STAMP": stamp,
        "VK_T_NO": "000000000417",
        "VK_PER_CODE": person.personal_code,
        "VK_PER_FNAME": person.given_name.upper(),
        "VK_PER_LNAME": person.family_name.upper(),
        "VK_COM_CODE": "",
        "VK_COM_NAME": "",
        "VK_TIME": f"{at.astimezone(RIGA):%Y%m%d%H%M%S}",
    }
    return fields | {f"VK_{name}": value for name, value in changes.items()}


def link_form(bank: LittleBank, fields: Mapping[str, str], hash_name: str = "sha1") -> dict[str, str]:
    mac = signature(bank.bank_key, signed_text(fields, LINK_ORDER, "VK"), hash_name)
    return {**fields, "VK_MAC": mac, "VK_LANG": "LAT"}


def amai_fields(nonce: str, at: datetime, person: Person = LIGA, **changes: str | None) -> dict[str, str]:
    """The elements of an AUTHRESP; None leaves one out."""
    stated: dict[str, str | None] = {
        "Timestamp": f"{at.astimezone(RIGA):%Y%m%d%H%M%S}000",
        "From": "LITTLEBANK",
        "Request": "AUTHRESP",
        "RequestUID": str(UUID(hex=nonce)),
        "Version": "5.0",
        "Language": "LV",
        "PersonCode": person.personal_code.replace("-", ""),
        "Person": f"{person.family_name} {person.given_name}".upper(),
        "Code": "100",
        "Message": "",
    }
    return {name: value for name, value in (stated | changes).items() if value is not None}


def amai_xml(bank: LittleBank, fields: Mapping[str, str], **signing: Any) -> str:
    key = signing.pop("key", bank.bank_key)
    certificate = signing.pop("certificate", None) or wire_citadele.container(key, "little bank")
    return wire_citadele.signed(wire_citadele.document(fields), key, certificate, **signing)


def amai_body(xml: str) -> bytes:
    return encode({"xmldata": xml})


def with_certificate(bank: LittleBank) -> LittleBank:
    """The bank's folder with the certificate of our key, which AUTHREQ shows."""
    certificate: x509.Certificate = wire_citadele.container(bank.partner_key, "gateway")
    (bank.folder / "partner.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
    return bank
