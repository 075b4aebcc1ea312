"""Keys and metadata of an agreement, read and parsed once when the provider is opened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Final, TypeVar

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree

from providers.saml.errors import SamlRefused
from providers.saml.gate import parse_message
from providers.saml.keys import MIN_RSA_BITS, VerifyingKey
from providers.saml.metadata import IDENTITY_PROVIDER, read_metadata
from providers.saml.metadata_values import EntityMetadata
from providers.saml.names import POST, REDIRECT
from providers.saml.profile import ContextSettings, IdentityProviderSettings, KeyPair, SamlProfile
from providers.saml.signature import verify_enveloped
from providers.saml.xml_keys import SigningKey
from providers.settings import https_url

T = TypeVar("T")
BINDINGS: Final[Mapping[str, str]] = {"redirect": REDIRECT, "post": POST}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIdentityProvider:
    """Who the provider is, as pinned."""

    entity_id: str
    sign_on: str
    """Where our request goes, by the agreed binding."""
    keys: tuple[VerifyingKey, ...]
    valid_until: datetime
    """UTC; from then on nothing of it counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecryptionKey:
    """A key of ours that opens assertions."""

    certificate: x509.Certificate
    xml_key: xmlsec.Key


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAgreement:
    """A profile with everything that it names at hand."""

    profile: SamlProfile
    identity_provider: KnownIdentityProvider
    signing: SigningKey
    published_signing: tuple[SigningKey, ...]
    """Every key that metadata shows; one of them signs."""
    decryption: tuple[DecryptionKey, ...]
    """The last is published."""
    contexts: Mapping[str, ContextSettings]
    """By URI."""


def open_agreement(profile: SamlProfile, problems: list[str]) -> OpenAgreement | None:
    """Read every file of a profile.

    Returns:
        None where one cannot be used; a sentence for each is added to ``problems``.
    """
    found = len(problems)
    provider = _attempt(problems, "identity_provider", partial(_identity_provider, profile))
    pairs = (profile.signing, *profile.further_signing)
    signing = [_attempt(problems, "signing", partial(_signing_key, pair)) for pair in pairs]
    decryption = [_attempt(problems, "decryption", partial(_decryption_key, pair)) for pair in profile.decryption]
    if provider is None or len(problems) > found:
        return None
    keys = tuple(key for key in signing if key is not None)
    return OpenAgreement(
        profile=profile,
        identity_provider=provider,
        signing=keys[0],
        published_signing=keys,
        decryption=tuple(key for key in decryption if key is not None),
        contexts={context.uri: context for context in profile.contexts},
    )


def _attempt(problems: list[str], where: str, load: Callable[[], T]) -> T | None:
    try:
        return load()
    except (OSError, ValueError, TypeError) as error:
        problems.append(f"saml.{where}: {error}")
        return None


def _identity_provider(profile: SamlProfile) -> KnownIdentityProvider:
    settings = profile.identity_provider
    return _from_metadata(profile) if settings.metadata is not None else _as_written(settings)


def _as_written(settings: IdentityProviderSettings) -> KnownIdentityProvider:
    """What the settings say in place of a metadata file; the model has seen to it that all of it is there."""
    certificates = [x509.load_pem_x509_certificate(path.read_bytes()) for path in settings.signing_certificates]
    return KnownIdentityProvider(
        entity_id=settings.entity_id or "",
        sign_on=settings.sign_on or "",
        keys=tuple(VerifyingKey.of(certificate.public_key()) for certificate in certificates),
        valid_until=_end_of(settings.valid_until),
    )


def _from_metadata(profile: SamlProfile) -> KnownIdentityProvider:
    settings = profile.identity_provider
    raw = _authentic(settings)
    metadata = read_metadata(raw, IDENTITY_PROVIDER)
    if not metadata.entity_id or settings.entity_id not in {None, metadata.entity_id}:
        raise ValueError("metadata is of another entity than entity_id says")
    if not metadata.signing:
        raise ValueError("metadata holds no signing key")
    return KnownIdentityProvider(
        entity_id=metadata.entity_id,
        sign_on=_sign_on(metadata, BINDINGS[profile.request_binding]),
        keys=metadata.signing,
        valid_until=_earlier(metadata.valid_until, settings.valid_until),
    )


def _authentic(settings: IdentityProviderSettings) -> bytes:
    """The metadata file, whose signature verifies where the settings say whose it must be."""
    assert settings.metadata is not None  # noqa: S101 - the caller has looked
    raw = settings.metadata.read_bytes()
    if settings.metadata_certificate is None:
        return raw
    certificate = x509.load_pem_x509_certificate(settings.metadata_certificate.read_bytes())
    try:
        signed = verify_enveloped(parse_message(raw), [VerifyingKey.of(certificate.public_key())])
    except SamlRefused as refused:
        raise ValueError(f"metadata is not signed as agreed: {refused.detail}") from refused
    return etree.tostring(signed)  # type: ignore[no-any-return]  # lxml ships no types


def _sign_on(metadata: EntityMetadata, binding: str) -> str:
    found = [one.location for one in metadata.endpoints.get("SingleSignOnService", ()) if one.binding == binding]
    if not found:
        raise ValueError("metadata names no SingleSignOnService for the agreed request_binding")
    return https_url(found[0])


def _earlier(stated: datetime | None, written: date | None) -> datetime:
    ends = [end for end in (stated, _end_of(written) if written else None) if end is not None]
    if not ends:
        raise ValueError("metadata has no validUntil; say valid_until in the settings")
    return min(ends)


def _end_of(day: date | None) -> datetime:
    """The moment, UTC, at which a day is over."""
    assert day is not None  # noqa: S101 - the model has seen to it
    return datetime.combine(day, time(), UTC) + timedelta(days=1)


def _signing_key(pair: KeyPair) -> SigningKey:
    key, certificate = _pair(pair)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise ValueError(f"{pair.key.name} holds a key that is neither RSA nor EC")  # noqa: TRY004 - bad input
    return SigningKey.of(key, certificate)


def _decryption_key(pair: KeyPair) -> DecryptionKey:
    key, certificate = _pair(pair)
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < MIN_RSA_BITS:
        raise ValueError(f"{pair.key.name}: assertions are opened with RSA of {MIN_RSA_BITS} bits or more")
    if certificate.public_key() != key.public_key():
        raise ValueError(f"{pair.certificate.name} is another key's certificate")
    xml_key = xmlsec.Key.from_memory(pair.key.read_bytes(), xmlsec.constants.KeyDataFormatPem)
    return DecryptionKey(certificate=certificate, xml_key=xml_key)


def _pair(pair: KeyPair) -> tuple[object, x509.Certificate]:
    private = load_pem_private_key(pair.key.read_bytes(), None)
    return private, x509.load_pem_x509_certificate(pair.certificate.read_bytes())
