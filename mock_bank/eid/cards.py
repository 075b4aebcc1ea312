"""The cards themselves: one for each customer who can have one, and one customer's for each way a card can be wrong."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mock_bank.eid.authority import YEAR, Authority, CardForm, Key
from mock_bank.personas import Kind, Persona

NCP_PLUS: Final = "0.4.0.2042.1.2"
EID_CARD: Final = "1.3.6.1.4.1.32061.2.1.2.1"
NOT_QUALIFIED: Final = "1.3.6.1.4.1.32061.2.1.2.3"
GOOD: Final = CardForm(policies=(NCP_PLUS, EID_CARD))
SIGNING: Final = CardForm(
    key_usage=("content_commitment",), purposes=(ExtendedKeyUsageOID.EMAIL_PROTECTION,), policies=(NCP_PLUS, EID_CARD)
)
APP_VERSION: Final = "https://mock-bank.test/software-card/1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A certificate, its key, and the PIN that unlocks it."""

    name: str
    """Of its files, and in the list of cards."""
    persona: Persona
    purpose: str
    certificate: x509.Certificate
    key: Key

    @property
    def pin(self) -> str:
        """Four digits: the customer's own."""
        return self.persona.pin

    def token(self, origin: str, nonce: str) -> dict[str, str]:
        """What a Web eID application hands out after the PIN: origin and nonce signed with the card's key.

        Args:
            origin: of the page that asked, as the browser says it: ``https://host[:port]``.
            nonce: as the page gave it; its characters are signed.
        """
        algorithm, digest = ("RS256", "sha256") if isinstance(self.key, rsa.RSAPrivateKey) else ("ES384", "sha384")
        data = b"".join(hashlib.new(digest, text.encode()).digest() for text in (origin, nonce))
        return {
            "unverifiedCertificate": base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode(),
            "algorithm": algorithm,
            "signature": base64.b64encode(_signature(self.key, data)).decode(),
            "format": "web-eid:1.0",
            "appVersion": APP_VERSION,
        }


def _signature(key: Key, data: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA384())))
    return b"".join(number.to_bytes((key.curve.key_size + 7) // 8, "big") for number in (r, s))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """A way a card can be."""

    suffix: str
    purpose: str
    form: CardForm = GOOD
    is_rsa: bool = False
    revoked: bool = False
    type_of_code: str = "PNOLV"
    """What stands before the personal code (ETSI EN 319 412-1)."""
    strange: bool = False
    """Issued by an authority of the same name and another key."""


ODD_CARDS: Final = (
    _Kind(suffix="-rsa", purpose="a good card with an RSA key", is_rsa=True),
    _Kind(suffix="-revoked", purpose="revoked by its issuer", revoked=True),
    _Kind(
        suffix="-expired",
        purpose="ended yesterday",
        form=CardForm(policies=GOOD.policies, begins_in=-YEAR, ends_in=-timedelta(days=1)),
    ),
    _Kind(
        suffix="-future",
        purpose="begins tomorrow",
        form=CardForm(policies=GOOD.policies, begins_in=timedelta(days=1)),
    ),
    _Kind(suffix="-signing", purpose="the card's other certificate, for signing documents", form=SIGNING),
    _Kind(
        suffix="-policy",
        purpose="issued under a policy that counts for nothing here",
        form=CardForm(policies=(NCP_PLUS, NOT_QUALIFIED)),
    ),
    _Kind(suffix="-foreign", purpose="the code is said to be Estonian", type_of_code="PNOEE"),
    _Kind(
        suffix="-unlisted",
        purpose="its part of the revocation lists is never published",
        form=CardForm(policies=GOOD.policies, part="unpublished"),
    ),
    _Kind(suffix="-stranger", purpose="issued by somebody else under the same name", strange=True),
)


def cards_for(authority: Authority, personas: Iterable[Persona], folder: Path, now: datetime) -> Mapping[str, Card]:
    """Every card by its name; those of an earlier run are taken up again, so that browsers may keep them.

    Args:
        authority: issues them.
        personas: the bank's customers; those without code or second name have no card.
        folder: keeps each card as ``<name>.pem`` (certificate and key) and ``<name>.p12`` (for browsers; its password
            is the PIN).
        now: UTC, aware.
    """
    folder.mkdir(parents=True, exist_ok=True)
    holders = [one for one in personas if one.kind is Kind.ORDINARY and one.given_name and one.personal_code]
    made = [_card(authority, one, _Kind(suffix="", purpose=one.purpose), folder, now) for one in holders]
    made += [_card(authority, holders[0], kind, folder, now) for kind in ODD_CARDS]
    return {card.name: card for card in made}


def _card(authority: Authority, persona: Persona, kind: _Kind, folder: Path, now: datetime) -> Card:
    name = f"{persona.user_number}{kind.suffix}"
    kept = _kept(folder / f"{name}.pem", authority, kind, now)
    key, certificate = kept or _made(authority, persona, kind, now)
    card = Card(name=name, persona=persona, purpose=kind.purpose, certificate=certificate, key=key)
    if kept is None:
        _keep(card, folder)
    if kind.revoked:
        authority.revoke(certificate, now)
    return card


def _made(authority: Authority, persona: Persona, kind: _Kind, now: datetime) -> tuple[Key, x509.Certificate]:
    key: Key = rsa.generate_private_key(65537, 2048) if kind.is_rsa else ec.generate_private_key(ec.SECP384R1())
    issuer = _stranger(authority, now) if kind.strange else authority
    return key, issuer.issue(_subject(persona, kind.type_of_code), key, kind.form, now)


def _stranger(authority: Authority, now: datetime) -> Authority:
    return Authority(authority.certificate, ec.generate_private_key(ec.SECP256R1()), authority.url, now)


def _subject(persona: Persona, type_of_code: str) -> x509.Name:
    parts = (
        (NameOID.COUNTRY_NAME, "LV"),
        (NameOID.COMMON_NAME, persona.name.encode()[:64].decode(errors="ignore")),  # X.520 allows no more
        (NameOID.SURNAME, persona.family_name),
        (NameOID.GIVEN_NAME, persona.given_name),
        (NameOID.SERIAL_NUMBER, f"{type_of_code}-{persona.personal_code}"),
    )
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts])


def _kept(path: Path, authority: Authority, kind: _Kind, now: datetime) -> tuple[Key, x509.Certificate] | None:
    """A card of an earlier run that is still what it should be."""
    if not path.exists():
        return None
    content = path.read_bytes()
    certificate, key = x509.load_pem_x509_certificate(content), load_pem_private_key(content, None)
    lasts = certificate.not_valid_after_utc > now + timedelta(days=1) or kind.form.ends_in < timedelta()
    begins_late = kind.form.begins_in > timedelta()
    if (
        not isinstance(key, Key)
        or not lasts
        or begins_late
        or not (kind.strange or authority.made(certificate, kind.form))
    ):
        return None
    authority.know(certificate)
    return key, certificate


def _keep(card: Card, folder: Path) -> None:
    certificate = card.certificate.public_bytes(Encoding.PEM)
    key = card.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    locked = pkcs12.serialize_key_and_certificates(
        card.persona.name.encode(), card.key, card.certificate, None, BestAvailableEncryption(card.pin.encode())
    )
    for suffix, content in ((".pem", certificate + key), (".p12", locked)):
        path = folder / f"{card.name}{suffix}"
        path.touch(mode=0o600)
        path.write_bytes(content)
