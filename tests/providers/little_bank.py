"""A little bank of our own for tests: its side of Banklink and of the VPM back channel, written from the texts alone.

It shares no code with what it tests; even the string that is signed is made here once more.
"""

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from certs.dev_pki import DevPki
from providers.contract import Arrival, FormDeparture, Reference
from tests.providers.https_server import Answer, HttpsServer, http, server_context

ORDER = {
    "3013": "SERVICE VERSION DATETIME SND_ID REC_ID NONCE USER_NAME USER_ID COUNTRY OTHER TOKEN RID",
    "3012": "SERVICE VERSION USER DATETIME SND_ID REC_ID USER_NAME USER_ID COUNTRY OTHER TOKEN RID",
    "3003": "SERVICE VERSION SND_ID REC_ID NONCE INFO",
    "4012": "SERVICE VERSION SND_ID REC_ID NONCE RETURN DATETIME RID",
    "4011": "SERVICE VERSION SND_ID REPLY RETURN DATETIME RID",
    "4002": "SERVICE VERSION SND_ID REC_ID NONCE RETURN",
}
HASHES = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha512": hashes.SHA512()}
BANK_ID, PARTNER_ID, BANK_KID = "LITTLEBANK", "EIDGW", "little-bank-2026"


@dataclass(frozen=True)
class Person:
    given_name: str = "Līga Anna"
    family_name: str = "Paraudziņa-Ķēra"
    personal_code: str = "321234-56789"
    country: str = "LV"

    @property
    def one_field(self) -> str:
        return f"{self.family_name},{self.given_name}".upper()


LIGA = Person()


def mac_text(fields: Mapping[str, str], *, unit: str = "chars", charset: str = "utf-8") -> str:
    text = ""
    for short in ORDER[fields["VK_SERVICE"]].split():
        value = fields.get(f"VK_{short}", "")
        size = len(value) if unit == "chars" else len(value.encode(charset))
        text += str(size).rjust(3, "0") + value
    return text


def sign(key: rsa.RSAPrivateKey, text: str, hash_name: str = "sha512", charset: str = "utf-8") -> str:
    raw = key.sign(text.encode(charset), padding.PKCS1v15(), HASHES[hash_name])
    return base64.b64encode(raw).decode()


def encode(fields: Mapping[str, str] | list[tuple[str, str]], charset: str = "utf-8") -> bytes:
    pairs = fields.items() if isinstance(fields, Mapping) else fields
    sent = ((name, value.encode(charset, "xmlcharrefreplace")) for name, value in pairs)  # as browsers do
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in sent).encode()


def arrival(body: bytes, at: datetime, *, browser_reference: Reference | None = None, **changes: Any) -> Arrival:
    posted = {"method": "POST", "content_type": "application/x-www-form-urlencoded", "body": body, "received_at": at}
    return Arrival(**{**posted, "browser_reference": browser_reference, **changes})


def b64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def es256_jws(key: ec.EllipticCurvePrivateKey, header: Mapping[str, Any], payload: bytes) -> bytes:
    signed = b64url(json.dumps(header).encode()) + b"." + b64url(payload)
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
    return signed + b"." + b64url(r.to_bytes(32) + s.to_bytes(32))


def pem_of(public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> bytes:
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def private_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write_private(path: Path, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> None:
    path.touch(0o600)
    path.write_bytes(private_pem(key))


def request_id(nonce: str) -> str:
    """What the gateway puts into ``VK_RID`` where there is no nonce: the same 16 bytes in base64url."""
    try:
        return base64.urlsafe_b64encode(bytes.fromhex(nonce)).decode("ascii").rstrip("=")
    except ValueError:
        return nonce


@dataclass
class LittleBank:
    """Keys, an agreement with us, a mutual-TLS server, and a memory of who signed in."""

    pki: DevPki
    folder: Path
    persons: dict[str, Person] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    """To the claims of the next confirmations; None removes a claim."""
    header_changes: dict[str, Any] = field(default_factory=dict)
    on_get: Callable[[str], Answer] | None = None
    """Takes over the whole back channel."""

    def __post_init__(self) -> None:
        self.bank_key = rsa.generate_private_key(65537, 2048)
        self.partner_key = rsa.generate_private_key(65537, 2048)
        self.statement_key = ec.generate_private_key(ec.SECP256R1())
        (self.folder / "bank.pem").write_bytes(pem_of(self.bank_key.public_key()))
        (self.folder / "statements.pem").write_bytes(pem_of(self.statement_key.public_key()))
        write_private(self.folder / "partner.key", self.partner_key)
        server = self.pki.find("bank")
        self.server = HttpsServer(server_context(self.pki, server.certificate_path, server.key_path), self.answer_get)

    def forget(self) -> None:
        self.persons, self.changes, self.header_changes, self.on_get = {}, {}, {}, None
        self.server.requests.clear()

    def close(self) -> None:
        self.server.close()

    def entry(self, *, back_channel: Mapping[str, Any] | None = None, **banklink: Any) -> dict[str, Any]:
        """A settings entry for this bank, with changes to its profile."""
        client = self.pki.find("gateway")
        return {
            "id": "little-bank",
            "names": {"lv": "Mazā banka", "en": "Little Bank"},
            "kind": "bank",
            "assurance": "low",
            "assurance_ground": "test agreement of 2026-11-24",
            "environment": "test",
            "protocol": "banklink",
            "banklink": {
                "request_url": "https://bank.example/banklink",
                "bank_id": BANK_ID,
                "partner_id": PARTNER_ID,
                "bank_keys": [{"file": "bank.pem"}],
                "partner_key": "partner.key",
                **banklink,
            },
            "back_channel": {
                "base_url": self.server.url,
                "ca_file": str(self.pki.ca_path("provider-endpoints")),
                "crl_file": str(self.pki.crl_path("provider-endpoints")),
                "client_certificate": str(client.certificate_path),
                "client_key": str(client.key_path),
                "signing_keys": {BANK_KID: {"file": "statements.pem", "algorithm": "ES256"}},
                **(back_channel or {}),
            },
        }

    def check_request(self, departure: FormDeparture, hash_name: str = "sha512") -> dict[str, str]:
        """Verify a request as section 9 says; the fields as the form holds them."""
        fields = dict(departure.fields)
        assert dict(parse_qsl(departure.message.decode("ascii"), keep_blank_values=True)) == fields
        self.partner_key.public_key().verify(
            base64.b64decode(fields["VK_MAC"]), mac_text(fields).encode(), padding.PKCS1v15(), HASHES[hash_name]
        )
        return fields

    def fields_for(self, person: Person, nonce: str, at: datetime, **changes: str) -> dict[str, str]:
        """An answer 3013, not yet signed."""
        fields = {
            "VK_SERVICE": "3013",
            "VK_VERSION": "009",
            "VK_DATETIME": at.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "VK_SND_ID": BANK_ID,
            "VK_REC_ID": PARTNER_ID,
            "VK_NONCE": nonce,
            "VK_USER_NAME": person.one_field,
            "VK_USER_ID": person.personal_code,
            "VK_COUNTRY": person.country,
            "VK_OTHER": "",
            "VK_TOKEN": "9",
            "VK_RID": "",
        }
        self.persons |= {nonce: person, request_id(nonce): person}
        return {**fields, **changes}

    def signed(
        self,
        fields: Mapping[str, str],
        *,
        hash_name: str = "sha512",
        charset: str = "utf-8",
        unit: str = "chars",
        encoding: str | None = "UTF-8",
        key: rsa.RSAPrivateKey | None = None,
    ) -> dict[str, str]:
        text = mac_text(fields, unit=unit, charset=charset)
        extra = {} if encoding is None else {"VK_ENCODING": encoding}
        return {**fields, "VK_MAC": sign(key or self.bank_key, text, hash_name, charset), **extra, "VK_LANG": "LAT"}

    def sign_in(self, person: Person, nonce: str, at: datetime, **changes: str) -> bytes:
        """The body of a good answer."""
        return encode(self.signed(self.fields_for(person, nonce, at, **changes)))

    def answer_get(self, path: str) -> Answer:
        if self.on_get is not None:
            return self.on_get(path)
        if path == "/vpm/v1/status":
            return http(b'{"state": "up", "since": "2026-11-24T06:00:00Z", "planned": []}')
        nonce = path.removeprefix("/vpm/v1/authentications/")
        return http(self.confirmation(nonce)) if nonce in self.persons else http(status="404 Not Found")

    def confirmation(self, nonce: str) -> bytes:
        person, now = self.persons[nonce], int(time.time())
        claims = {
            "iss": BANK_ID,
            "aud": PARTNER_ID,
            "iat": now,
            "exp": now + 120,
            "jti": f"statement-{nonce}",
            "authentication_id": nonce,
            "given_name": person.given_name,
            "family_name": person.family_name,
            "personal_code": person.personal_code,
            "factors": ["knowledge", "possession"],
            "authenticated_at": now,
            "interface": "banklink",
            **self.changes,
        }
        stated = {name: value for name, value in claims.items() if value is not None}
        return self.statement(json.dumps(stated).encode())

    def statement(self, payload: bytes, typ: str = "vpm-confirmation+jwt") -> bytes:
        header = {"alg": "ES256", "kid": BANK_KID, "typ": typ, **self.header_changes}
        return es256_jws(self.statement_key, header, payload)


def now() -> datetime:
    """The present, UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
