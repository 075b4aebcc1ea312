"""Opens the registrations of relying parties: files read and keys parsed once, every mistake named."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.broker.relying_party import (
    AssertionKey,
    OidcClient,
    RelyingParties,
    RelyingParty,
    RelyingPartyId,
    ServiceProvider,
)
from gateway.registration.document import Reader
from gateway.settings import AssertionKeyEntry, OidcEntry, RelyingPartyEntry, ServiceProviderEntry
from providers.contract import AssuranceLevel, Language

Key: TypeAlias = ECKey | RSAKey | OKPKey

_PRIVATE: Final = b"PRIVATE KEY"
_NEW_PAIR: Final = "Make a new pair, and hand in its public half: openssl pkey -in key.pem -pubout"

_NEEDED: Final = {
    "ES256": "an EC key on P-256",
    "PS256": "an RSA key of 2048 bits or more",
    "RS256": "an RSA key of 2048 bits or more",
    "EdDSA": "an Ed25519 key",
}


def open_parties(
    entries: Iterable[RelyingPartyEntry], read: Reader, today: date, problems: list[str]
) -> RelyingParties:
    """Open every registration; what is wrong with one is added to the problems, and the others are still looked at."""
    parties: list[RelyingParty] = []
    for entry in entries:
        try:
            party = open_party(entry, read, today)
            refuse_shared_names(party, parties)
        except (OSError, ValueError) as error:
            problems.append(f"relying_parties.{entry.id}: {error}")
        else:
            parties.append(party)
    return RelyingParties(parties)


def open_party(entry: RelyingPartyEntry, read: Reader, today: date) -> RelyingParty:
    """Turn a registration into a relying party.

    Raises:
        OSError: a file cannot be read.
        ValueError: a file does not hold what it should, or metadata are past their time.
    """
    return RelyingParty(
        id=RelyingPartyId(entry.id),
        names={Language.LATVIAN: entry.name.lv, Language.ENGLISH: entry.name.en},
        home=entry.home,
        sector=entry.sector,
        minimum_assurance=AssuranceLevel.parse(entry.minimum_assurance),
        personal_code_form=entry.personal_code_form,
        claims=frozenset(entry.claims),
        group=entry.group,
        oidc=_oidc_client(entry.oidc, read) if entry.oidc else None,
        saml=_service_provider(entry.saml, read, today) if entry.saml else None,
    )


def _oidc_client(entry: OidcEntry, read: Reader) -> OidcClient:
    fingerprints = {_fingerprint(path, read) for path in entry.certificates}
    return OidcClient(
        profile=entry.profile,
        redirect_uris=frozenset(entry.redirect_uris),
        post_logout_redirect_uris=frozenset(entry.post_logout_redirect_uris),
        authentication=entry.authentication,
        assertion_keys=tuple(open_assertion_key(key, read) for key in entry.assertion_keys),
        certificates=frozenset(fingerprints | set(entry.certificates_sha256)),
        sender_constraint=entry.sender_constraint,
        backchannel_logout_uri=entry.backchannel_logout_uri,
        assertion_audience=entry.assertion_audience,
        signed_responses=entry.signed_responses,
        until=entry.until,
    )


def _service_provider(entry: ServiceProviderEntry, read: Reader, today: date) -> ServiceProvider:
    from gateway.saml.registration import open_service_provider  # noqa: PLC0415 - loads XML only where SAML is spoken

    return open_service_provider(entry, read(entry.metadata), today)


def refuse_shared_names(party: RelyingParty, others: Iterable[RelyingParty]) -> None:
    """Certificate and entity id say which relying party speaks; shared by two, they say nothing (T31, VPM-DRV-17)."""
    for other in others:
        if party.oidc and other.oidc and party.oidc.certificates & other.oidc.certificates:
            raise ValueError(f"has the same client certificate as {other.id}; each relying party needs its own")
        if party.saml and other.saml and party.saml.entity_id == other.saml.entity_id:
            raise ValueError(f"has the same entity id as {other.id}; each relying party needs its own")


def open_certificate(path: Path, read: Reader) -> x509.Certificate:
    """Read a client certificate.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no certificate in PEM.
    """
    try:
        return x509.load_pem_x509_certificates(read(path))[0]
    except ValueError as error:
        raise ValueError(f"{path} holds no certificate in PEM") from error


def _fingerprint(path: Path, read: Reader) -> str:
    return open_certificate(path, read).fingerprint(hashes.SHA256()).hex()


def open_assertion_key(entry: AssertionKeyEntry, read: Reader) -> AssertionKey:
    """Read a relying party's public key.

    Raises:
        OSError: it cannot be read.
        ValueError: it is none, a private one, or does not fit its algorithm.
    """
    content = read(entry.file)
    if _PRIVATE in content:
        raise ValueError(f"{entry.file} is a private key; it must never leave its server. {_NEW_PAIR}")
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"{entry.file} holds no public key in PEM") from error
    imported = _import(key) if _fits(key, entry.algorithm) else None
    if imported is None:
        raise ValueError(f"{entry.file}: {entry.algorithm} needs {_NEEDED[entry.algorithm]}")
    return AssertionKey(kid=entry.kid, algorithm=entry.algorithm, key=imported)


def _fits(key: PublicKeyTypes, algorithm: str) -> bool:
    match key:
        case ec.EllipticCurvePublicKey():
            return algorithm == "ES256" and isinstance(key.curve, ec.SECP256R1)
        case rsa.RSAPublicKey():
            return algorithm in {"PS256", "RS256"} and key.key_size >= 2048
        case _:
            return algorithm == "EdDSA" and isinstance(key, ed25519.Ed25519PublicKey)


def _import(key: PublicKeyTypes) -> Key:
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    match key:
        case ec.EllipticCurvePublicKey():
            return ECKey.import_key(pem)
        case rsa.RSAPublicKey():
            return RSAKey.import_key(pem)
        case _:
            return OKPKey.import_key(pem)
