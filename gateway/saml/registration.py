"""Opens a relying party's registration for SAML: its pinned metadata is read here, once, and never on a request."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.broker.relying_party import ServiceProvider
from gateway.settings import ServiceProviderEntry
from gateway.web_address import https_address
from providers.saml.metadata import SERVICE_PROVIDER, read_metadata
from providers.saml.metadata_values import Endpoint, EntityMetadata
from providers.saml.names import POST, REDIRECT

_FIELD: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
ATTRIBUTES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "claims": {
            "given_name": f"{_FIELD}/givenname",
            "family_name": f"{_FIELD}/surname",
            "personal_code": f"{_FIELD}/privatepersonalidentifier",
        },
        "oids": {
            "given_name": "urn:oid:2.5.4.42",
            "family_name": "urn:oid:2.5.4.4",
            "personal_code": "urn:oid:2.5.4.5",
        },
    }
)
"""The names of attributes that a registration may choose by one word (eid-providers.md 9.4)."""


def open_service_provider(entry: ServiceProviderEntry, metadata: bytes, today: date) -> ServiceProvider:
    """Turn a registration and its metadata into a service provider.

    Raises:
        ValueError: every problem of the metadata, in one sentence each.
    """
    try:
        read = read_metadata(metadata, SERVICE_PROVIDER)
    except ValueError as error:
        raise ValueError(f"{entry.metadata}: {error}") from error
    consumers = _by_post(read.endpoints.get("AssertionConsumerService", ()))
    logout = _logout(read.endpoints.get("SingleLogoutService", ()))
    until = _valid_until(entry, read)
    problems = [
        *_problems_of_identity(entry, read, until, today),
        *_problems_of_addresses(consumers, logout),
    ]
    if problems or until is None:
        raise ValueError(f"{entry.metadata}: {'; '.join(problems)}")
    return ServiceProvider(
        entity_id=entry.entity_id,
        consumers=consumers,
        logout=logout,
        signing=read.signing,
        encryption=next((key for key in read.encryption if isinstance(key.public, rsa.RSAPublicKey)), None),
        attributes=MappingProxyType(
            dict(ATTRIBUTES[entry.attributes] if isinstance(entry.attributes, str) else entry.attributes)
        ),
        valid_until=until,
    )


def _problems_of_identity(
    entry: ServiceProviderEntry, read: EntityMetadata, until: datetime | None, today: date
) -> list[str]:
    problems = []
    if read.entity_id != entry.entity_id:
        problems.append("is of another entity id than the registration")
    if not read.signing:
        problems.append("has no signing certificate: its requests must be signed")
    if read.encryption and not any(isinstance(key.public, rsa.RSAPublicKey) for key in read.encryption):
        problems.append("encryption needs an RSA key")
    if until is None:
        problems.append("has no validUntil; say metadata_until in the registration")
    elif until.date() < today:
        problems.append(f"was valid until {until.date()}; register it anew")
    return problems


def _problems_of_addresses(consumers: tuple[Endpoint, ...], logout: tuple[Endpoint, ...]) -> list[str]:
    problems = [] if consumers else ["has no AssertionConsumerService for HTTP-POST"]
    for address in {one.location for one in (*consumers, *logout)} | {one.for_responses for one in logout}:
        try:
            https_address(address)
        except ValueError as error:
            problems.append(str(error))
    return problems


def _by_post(endpoints: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
    """Only HTTP-POST is answered; the default first, else in the order of their index."""
    fitting = [one for one in endpoints if one.binding == POST]
    return tuple(sorted(fitting, key=lambda one: (not one.default, one.index is None, one.index or 0)))


def _logout(endpoints: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
    """HTTP-Redirect is preferred: it needs no page in between."""
    fitting = [one for one in endpoints if one.binding in {REDIRECT, POST}]
    return tuple(sorted(fitting, key=lambda one: one.binding != REDIRECT))


def _valid_until(entry: ServiceProviderEntry, read: EntityMetadata) -> datetime | None:
    """The earlier of what the file and the registration say."""
    said = [] if read.valid_until is None else [read.valid_until]
    if entry.metadata_until is not None:
        said.append(datetime.combine(entry.metadata_until + timedelta(days=1), time.min, UTC))
    return min(said, default=None)
