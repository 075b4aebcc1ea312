"""What the gateway publishes about itself: its metadata (OpenID Connect Discovery) and its signing keys (RFC 7517).

Both are kept for an hour. An unknown key identifier makes the keys be fetched again, at most once in five minutes
whatever arrives (``security.md`` T13), by one thread while the others wait.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from portals.errors import GatewayMisconfigured, IdTokenRejected

Clock = Callable[[], datetime]
FetchJson = Callable[[str], Mapping[str, Any]]

NEVER: Final = datetime.min.replace(tzinfo=UTC)
KEPT_FOR: Final = timedelta(hours=1)
REFRESHED_AT_MOST_EVERY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The addresses a portal needs; each an absolute https URL."""

    authorization_endpoint: str
    token_endpoint: str
    end_session_endpoint: str
    jwks_uri: str


def parse_metadata(document: Mapping[str, Any], *, issuer: str) -> Metadata:
    """The metadata of the gateway with this issuer identifier, which must appear in it byte for byte.

    Where the gateway has separate addresses for mutual TLS (RFC 8705 section 5), the token endpoint is that one.

    Raises:
        GatewayMisconfigured: another issuer, an address that is missing or not https, or no PKCE with S256.
    """
    if document.get("issuer") != issuer:
        raise GatewayMisconfigured("the metadata names another issuer")
    offered, aliases = document.get("code_challenge_methods_supported"), document.get("mtls_endpoint_aliases", {})
    if not isinstance(offered, list) or "S256" not in offered:
        raise GatewayMisconfigured("the metadata does not offer PKCE with S256")
    if not isinstance(aliases, dict):
        raise GatewayMisconfigured("the addresses for mutual TLS are not an object")
    return Metadata(
        authorization_endpoint=_address(document, "authorization_endpoint"),
        token_endpoint=_address({**document, **aliases}, "token_endpoint"),
        end_session_endpoint=_address(document, "end_session_endpoint"),
        jwks_uri=_address(document, "jwks_uri"),
    )


def _address(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value.startswith("https://"):
        raise GatewayMisconfigured(f"the metadata has no usable {name}")
    return value


def parse_signing_keys(document: Mapping[str, Any]) -> dict[str, ECKey]:
    """The P-256 verification keys of a JWK set by ``kid``; keys for anything else are passed over.

    Raises:
        GatewayMisconfigured: not a JWK set, two keys share an identifier, or a key cannot be read.
    """
    published = document.get("keys")
    if not isinstance(published, list):
        raise GatewayMisconfigured("the key set has no keys")
    usable = [key for key in published if _verifies_es256(key)]
    keys = {key["kid"]: _import(key) for key in usable}
    if len(keys) != len(usable):
        raise GatewayMisconfigured("two keys of the key set share an identifier")
    return keys


def _verifies_es256(key: object) -> bool:
    return (
        isinstance(key, dict)
        and (key.get("kty"), key.get("crv")) == ("EC", "P-256")
        and key.get("use", "sig") == "sig"
        and key.get("alg", "ES256") == "ES256"
        and isinstance(key.get("kid"), str)
    )


def _import(key: dict[str, Any]) -> ECKey:
    try:
        return ECKey.import_key({name: key[name] for name in ("kty", "crv", "x", "y")})
    except (JoseError, KeyError, ValueError) as error:
        raise GatewayMisconfigured("a key of the key set cannot be read") from error


class GatewayDirectory:
    """The gateway's metadata and keys, fetched when first needed and then kept.

    Args:
        issuer: the gateway's issuer identifier.
        fetch_json: fetches a JSON object; raises GatewayUnavailable or GatewayMisconfigured.
        clock: the time now, with a zone.
    """

    def __init__(self, issuer: str, fetch_json: FetchJson, clock: Clock) -> None:
        self._issuer = issuer
        self._fetch_json = fetch_json
        self._clock = clock
        self._lock = Lock()
        self._metadata: Metadata | None = None
        self._metadata_at = NEVER
        self._keys: Mapping[str, ECKey] | None = None
        self._keys_at = NEVER
        self._keys_looked_for_at = NEVER

    def metadata(self) -> Metadata:
        """The gateway's addresses, at most an hour old.

        Raises:
            GatewayUnavailable, GatewayMisconfigured: as ``fetch_json`` and ``parse_metadata`` raise them.
        """
        with self._lock:
            return self._current_metadata()

    def signing_key(self, kid: str) -> ECKey:
        """The gateway's verification key with this identifier.

        Raises:
            IdTokenRejected: the gateway publishes no such key, or the last look was under five minutes ago.
            GatewayUnavailable, GatewayMisconfigured: as for ``metadata``.
        """
        with self._lock:
            if self._keys is None or self._must_look_again(kid, self._keys):
                self._fetch_keys()
            key = (self._keys or {}).get(kid)
        if key is None:
            raise IdTokenRejected("signed with a key the gateway does not publish")
        return key

    def _current_metadata(self) -> Metadata:
        now = self._clock()
        if self._metadata is None or now - self._metadata_at > KEPT_FOR:
            document = self._fetch_json(f"{self._issuer}/.well-known/openid-configuration")
            self._metadata, self._metadata_at = parse_metadata(document, issuer=self._issuer), now
        return self._metadata

    def _must_look_again(self, kid: str, known: Mapping[str, ECKey]) -> bool:
        now = self._clock()
        looked_lately = now - self._keys_looked_for_at <= REFRESHED_AT_MOST_EVERY
        return now - self._keys_at > KEPT_FOR or (kid not in known and not looked_lately)

    def _fetch_keys(self) -> None:
        self._keys_looked_for_at = self._clock()  # a look that fails counts too
        self._keys = parse_signing_keys(self._fetch_json(self._current_metadata().jwks_uri))
        self._keys_at = self._keys_looked_for_at
