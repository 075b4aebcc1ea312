"""DPoP proofs as a relying party makes them (RFC 9449 4.2), and as somebody who must not get through would."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.support.gateway_parts import ADDRESSES, Core


def b64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass
class Prover:
    """Holds a key and makes proofs with it, at the time of a core's clock."""

    core: Core
    key: ECKey | OKPKey | RSAKey
    algorithm: str = "ES256"

    @property
    def thumbprint(self) -> str:
        return self.key.thumbprint()

    def proof(
        self,
        path: str = "token",
        *,
        method: str = "POST",
        header: dict[str, Any] | None = None,
        signs: bool = True,
        **changed: Any,
    ) -> str:
        """Make a proof; a claim or header changed to ``None`` is left out."""
        claims = {
            "htm": method,
            "htu": f"{ADDRESSES.issuer}/oidc/{path}",
            "iat": int(self.core.clock().timestamp()),
            "jti": secrets.token_urlsafe(16),
            "nonce": self.core.use_cases.nonces.current(),
            **changed,
        }
        protected = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.key.as_dict(private=False), **(header or {})}
        return signed(_present(protected), json.dumps(_present(claims)).encode(), self.key if signs else None)


def signed(header: dict[str, Any], payload: bytes, key: Any) -> str:
    """Sign whatever it is, without the library's opinion of the header."""
    content = f"{b64(json.dumps(header).encode())}.{b64(payload)}"
    algorithm = jws.JWSRegistry.algorithms.get(header.get("alg") or "none")
    signature = algorithm.sign(content.encode(), key) if algorithm and key is not None else b""
    return f"{content}.{b64(signature)}"


def hash_of(access_token: str) -> str:
    """The ``ath`` of a token."""
    return b64(hashlib.sha256(access_token.encode()).digest())


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
