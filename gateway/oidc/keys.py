"""The keys that sign what relying parties receive; parsed once, one algorithm each."""

from dataclasses import dataclass
from datetime import datetime

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from gateway.oidc.strict_json import claims_of, render_json, strict_header

ALGORITHM = "ES256"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeys:
    """The key that signs now, and all that are published."""

    current: ECKey
    published: tuple[ECKey, ...]

    @property
    def kid(self) -> str:
        """The id of the key that signs now."""
        return str(self.current.kid)

    def sign(self, claims: dict[str, object], typ: str = "JWT") -> str:
        """Make a compact JWS."""
        header = {"alg": ALGORITHM, "kid": self.kid, "typ": typ}
        return jws.serialize_compact(header, render_json(claims), self.current, algorithms=[ALGORITHM])

    def verify(self, token: str) -> dict[str, object]:
        """Read back a token that one of the published keys signed; validity in time is not looked at.

        Raises:
            ValueError: it is not ours.
        """
        strict_header(token)
        for key in self.published:
            try:
                return claims_of(jws.deserialize_compact(token, key, algorithms=[ALGORITHM]).payload)
            except JoseError:
                continue
        raise ValueError("no published key verifies it")

    def jwks(self) -> dict[str, object]:
        """Give the public halves, as served at ``jwks_uri``."""
        return {
            "keys": [
                {**key.as_dict(private=False), "kid": key.kid, "use": "sig", "alg": ALGORITHM} for key in self.published
            ]
        }


def id_token_claims(
    *, issuer: str, audience: str, claims: dict[str, object], nonce: str | None, now: datetime
) -> dict[str, object]:
    """Put the claims of an ID token together (OIDC Core 2); valid for five minutes."""
    issued = int(now.timestamp())
    token: dict[str, object] = {"iss": issuer, "aud": audience, "iat": issued, "exp": issued + 300, **claims}
    if nonce is not None:
        token["nonce"] = nonce
    return token
