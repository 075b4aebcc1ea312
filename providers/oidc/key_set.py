"""A provider's published keys (RFC 7517), as far as the one agreed algorithm can use them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode

from providers.errors import AssertionRejected
from providers.oidc.kept import Kept
from providers.oidc.profile import IdTokenAlgorithm
from providers.refusals import Reason
from providers.wire.jose import SMALLEST_RSA_KEY, SigningKey

MOST_KEYS: Final = 64

_EC_CURVES: Final[Mapping[str, str]] = {"ES256": "P-256", "ES384": "P-384"}
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A key that verifies signatures of the agreed algorithm."""

    kid: str | None
    key: SigningKey


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of one reading; others in the document are passed over."""

    keys: tuple[PublishedKey, ...]

    def find(self, kid: str | None) -> SigningKey | None:
        """The one key of that name, or the only key where a token names none; None unless exactly one fits."""
        fitting = [one.key for one in self.keys if kid is None or one.kid == kid]
        return fitting[0] if len(fitting) == 1 else None


def read_key_set(document: Mapping[str, Any], algorithm: IdTokenAlgorithm) -> KeySet:
    """Read a JWK set.

    Raises:
        AssertionRejected: ``malformed``: no list of keys, or too long a one.
    """
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise AssertionRejected(Reason.MALFORMED, f"the key set must be a list of at most {MOST_KEYS} keys")
    return KeySet(tuple(key for one in listed if (key := _usable(one, algorithm)) is not None))


def _usable(jwk: Any, algorithm: IdTokenAlgorithm) -> PublishedKey | None:
    """A key as far as it may be used; one whose private half is published could be anybody's (RFC 7517 9)."""
    if not isinstance(jwk, dict) or _PRIVATE & jwk.keys():
        return None
    kid = jwk.get("kid")
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", algorithm) != algorithm or not isinstance(kid, str | None):
        return None
    if "verify" not in (jwk.get("key_ops") or ["verify"]):
        return None
    try:
        key = _public_key(jwk, algorithm)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return PublishedKey(kid, SigningKey(algorithm, key)) if key is not None else None


def _public_key(jwk: Mapping[str, Any], algorithm: IdTokenAlgorithm) -> ECKey | RSAKey | OKPKey | None:
    match algorithm, jwk.get("kty"), jwk.get("crv"):
        case (("ES256" | "ES384"), "EC", curve) if curve == _EC_CURVES[algorithm]:
            return ECKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y")})
        case "Ed25519", "OKP", "Ed25519":
            return OKPKey.import_key({name: jwk[name] for name in ("kty", "crv", "x")})
        case (("PS256" | "RS256"), "RSA", _):
            if int.from_bytes(urlsafe_b64decode(jwk["n"].encode())).bit_length() < SMALLEST_RSA_KEY:
                return None
            return RSAKey.import_key({name: jwk[name] for name in ("kty", "n", "e")})
        case _:
            return None


class PublishedKeys:
    """The keys of one provider as it publishes them now, within the limits of T13."""

    def __init__(self, read: Callable[[], KeySet], seconds: Callable[[], float]) -> None:
        """Read by ``read``, which raises ``ProviderError``; ``seconds`` is a monotonic clock."""
        self._kept = Kept(read, seconds)

    def find(self, kid: str | None) -> SigningKey | None:
        """The key that a token names, read anew where it is unknown or what is kept is old and the rest is over.

        Raises:
            ProviderUnavailable: nothing could be read yet.
        """
        known = self._kept.value
        found = known.find(kid) if known is not None else None
        if found is None or self._kept.old:
            known = self._kept.renew()
        if known is None:
            raise self._kept.unavailable()
        return known.find(kid)
