"""The keys that sign what relying parties receive: one algorithm, swapped whole while they are in use (T64)."""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError

from gateway.oidc.strict_json import claims_of, render_json, strict_header
from gateway.signing.signer import PublicKey, Signer

ALGORITHM = "ES256"
ID_TOKEN_LIFETIME: Final = timedelta(minutes=5)
"""The longest life of anything that these keys sign."""
CACHE_SECONDS: Final = 300
"""How long the keys at ``jwks_uri`` may be kept, where the settings say nothing else."""


@dataclass(frozen=True, slots=True)
class _KeySet:
    current: Signer
    verifying: tuple[PublicKey, ...]
    jwks: dict[str, object]


class SigningKeys:
    """The key that signs now, and all that are published; a rotation swaps them whole."""

    def __init__(
        self,
        *,
        current: Signer,
        published: Iterable[PublicKey],
        retired: Iterable[PublicKey] = (),
        cache_seconds: int = CACHE_SECONDS,
    ) -> None:
        self.cache_seconds = cache_seconds
        self.swap(current=current, published=published, retired=retired)

    def swap(self, *, current: Signer, published: Iterable[PublicKey], retired: Iterable[PublicKey] = ()) -> None:
        """Replace all at once.

        Args:
            current: signs from now on; must be among the published.
            published: public halves, each with a ``kid`` of its own.
            retired: not published any more, yet what they signed is still known as ours: a portal's session lasts
                longer than its ID token, which it shows again when the person signs out.

        Raises:
            ValueError: two keys have one ``kid``, or the current one is not published; nothing was replaced.
        """
        shown = tuple(published)
        kids = [str(key.kid) for key in shown]
        if len(set(kids)) < len(kids) or current.public.kid not in kids:
            raise ValueError("every published key needs a kid of its own, and the one that signs must be published")
        jwks = [{**key.as_dict(private=False), "kid": key.kid, "use": "sig", "alg": ALGORITHM} for key in shown]
        self._now = _KeySet(current, (*shown, *retired), {"keys": jwks})

    @property
    def current(self) -> Signer:
        """The key that signs now; whoever records its ``kid`` first signs with the same one later."""
        return self._now.current

    @property
    def kid(self) -> str:
        """The id of the key that signs now."""
        return str(self._now.current.public.kid)

    def sign(self, claims: dict[str, object], about: str, typ: str = "JWT") -> str:
        """Make a compact JWS with the key that signs now; ``about`` as for ``sign_compact``."""
        return sign_compact(self._now.current, claims, about, typ)

    def verify(self, token: str) -> dict[str, object]:
        """Read back a token that one of our keys signed; validity in time is not looked at.

        Raises:
            ValueError: it is not ours.
        """
        strict_header(token)
        for key in self._now.verifying:
            try:
                return claims_of(jws.deserialize_compact(token, key, algorithms=[ALGORITHM]).payload)
            except JoseError:
                continue
        raise ValueError("no key of ours verifies it")

    def jwks(self) -> dict[str, object]:
        """Give the public halves, as served at ``jwks_uri``."""
        return self._now.jwks


def sign_compact(signer: Signer, claims: dict[str, object], about: str, typ: str = "JWT") -> str:
    """Make a compact JWS (RFC 7515 7.1).

    Args:
        signer: the key.
        claims: what it says.
        about: the correlation of the committed audit event that says why it is signed (security.md 5.6).
        typ: of the header.
    """
    header = render_json({"alg": ALGORITHM, "kid": str(signer.public.kid), "typ": typ})
    message = b"%b.%b" % (_base64url(header), _base64url(render_json(claims)))
    return (message + b"." + _base64url(signer.sign(message, about))).decode()


def _base64url(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")


def id_token_claims(
    *, issuer: str, audience: str, claims: dict[str, object], nonce: str | None, now: datetime
) -> dict[str, object]:
    """Put the claims of an ID token together (OIDC Core 2); valid for five minutes."""
    issued = int(now.timestamp())
    expires = issued + int(ID_TOKEN_LIFETIME.total_seconds())
    token: dict[str, object] = {"iss": issuer, "aud": audience, "iat": issued, "exp": expires, **claims}
    if nonce is not None:
        token["nonce"] = nonce
    return token
