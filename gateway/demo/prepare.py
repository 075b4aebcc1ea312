"""Makes what the parts need before they start: certificates, keys, settings files. Running it again keeps the keys."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from string import Template

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from certs.dev_pki import DevPki
from gateway.demo.places import BANK_ID, GATEWAY_ID, PARTY, PROVIDER, SMART_ID, Places
from gateway.keys import load_or_make

TEMPLATES = Path(__file__).parent / "settings"

CERTIFICATES = (
    ("gateway-server", "gateway", ("localhost",), ("127.0.0.1",)),
    ("gateway-client", "gateway-client", ("gateway.test",), ()),
    ("provider-server", "bank", ("bank.test",), ("127.0.0.1",)),
    ("relying-party-client", "auctions-client", ("auctions.test",), ()),
    ("portal-server", "auctions", ("localhost",), ("127.0.0.1",)),
)
"""Profile, name, DNS names, IP addresses."""


def prepare(places: Places, *, fast_login: bool = False, workers: int = 1) -> None:
    """Make whatever is missing or due for renewal, and write the settings files anew."""
    _certificates(places.pki)
    _keys(places.root)
    for part in ("gateway", "bank", "auctions"):
        _write_settings(places, part, fast_login=fast_login, workers=workers)


def _certificates(folder: Path) -> None:
    pki = DevPki.create(folder)
    pki.refresh()
    for profile, name, dns, ip in CERTIFICATES:
        pki.issue(profile, name, dns=dns, ip=ip)


def _keys(root: Path) -> None:
    make_key_pair(root / "gateway", "banklink", new_rsa)
    make_key_pair(root / "bank", "banklink", new_rsa)
    make_key_pair(root / "bank", "confirmation", new_p256)
    make_key_pair(root / "bank", "oidc", new_p256)
    make_key_pair(root / "auctions", "assertion", new_p256)
    for folder, name in (("gateway", "saml-requests"), ("gateway", "saml-assertions"), ("bank", "saml")):
        make_key_pair(root / folder, name, new_rsa)
        load_or_make(root / folder / f"{name}.pem", partial(_container_for, root / folder / f"{name}.key"))
    load_or_make(root / "auctions" / "session.secret", lambda: secrets.token_bytes(64))


def make_key_pair(folder: Path, name: str, make: Callable[[], bytes]) -> None:
    """Make ``<name>.key`` unless it is there already, and write its public half beside it as ``<name>.pub``."""
    private = load_or_make(folder / f"{name}.key", make)
    key = load_pem_private_key(private, password=None)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / f"{name}.pub").write_bytes(public)


def _container_for(key_file: Path) -> bytes:
    """Make a certificate around a key, as SAML metadata wants it; nobody validates it. PEM."""
    key = load_pem_private_key(key_file.read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 - just made so
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, key_file.stem)])
    now = datetime.now(UTC)
    unsigned = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=3653))
    )
    return unsigned.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def new_rsa() -> bytes:
    """Make an RSA key of 2048 bits; PEM, PKCS#8."""
    return _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def new_p256() -> bytes:
    """Make an EC key on P-256; PEM, PKCS#8."""
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write_settings(places: Places, part: str, *, fast_login: bool, workers: int) -> None:
    template = Template((TEMPLATES / f"{part}.toml").read_text(encoding="utf-8"))
    text = template.substitute(
        issuer=places.issuer,
        mutual_tls=places.mutual_tls,
        gateway_port=places.gateway_port,
        gateway_mutual_port=places.gateway_mutual_port,
        gateway_cards_port=places.gateway_cards_port,
        cards=places.cards,
        bank=places.bank,
        bank_mutual=places.bank_mutual,
        bank_port=places.bank_port,
        bank_mutual_port=places.bank_mutual_port,
        bank_cards_port=places.bank_cards_port,
        card_status=places.card_status,
        auctions=places.auctions,
        auctions_port=places.auctions_port,
        gateway_id=GATEWAY_ID,
        bank_id=BANK_ID,
        provider=PROVIDER,
        party=PARTY,
        smart_id=SMART_ID,
        ocsp=places.ocsp,
        ocsp_port=places.ocsp_port,
        bank_pin=_pin(DevPki.open(places.pki).find("bank").certificate),
        workers=workers,
        fast_login=str(fast_login).lower(),
        until=datetime.now(UTC).date() + timedelta(days=365),
    )
    path = places.settings(part)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _pin(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate's public key, as pins are written."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(key).hexdigest()
