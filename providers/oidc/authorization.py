"""Our question to the provider: the authorization request, and what must be remembered of it."""

import json
from dataclasses import asdict, dataclass, field
from secrets import token_urlsafe
from typing import Final

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from providers.contract import AssuranceLevel, AuthenticationRequest
from providers.oidc.profile import OidcProfile

_RANDOM_BYTES: Final = 32
"""Of verifier and nonce (eid-providers.md 5 rule 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the answer will be measured by; kept sealed, and spoken of to nobody but the token endpoint."""

    verifier: str = field(repr=False)
    nonce: str = field(repr=False)
    return_url: str
    fresh: bool

    @classmethod
    def for_question(cls, request: AuthenticationRequest) -> "Memory":
        """New secrets for one login."""
        return cls(
            verifier=token_urlsafe(_RANDOM_BYTES),
            nonce=token_urlsafe(_RANDOM_BYTES),
            return_url=request.return_url,
            fresh=request.fresh,
        )

    @classmethod
    def parse(cls, kept: bytes) -> "Memory":
        """Read what ``to_bytes`` wrote; raises ``ValueError`` or ``TypeError`` for anything else."""
        return cls(**json.loads(kept))

    def to_bytes(self) -> bytes:
        """As it is kept."""
        return json.dumps(asdict(self)).encode()


def authorization_url(endpoint: str, profile: OidcProfile, request: AuthenticationRequest, memory: Memory) -> str:
    """The address that the browser is sent to: code, PKCE with S256, state, nonce (OIDC Core 3.1.2.1)."""
    named = acceptable_contexts(profile, request.minimum_assurance)
    return str(
        prepare_grant_uri(
            endpoint,
            profile.client_id,
            "code",
            redirect_uri=request.return_url,
            scope=" ".join(profile.scope),
            state=request.reference,
            nonce=memory.nonce,
            code_challenge=create_s256_code_challenge(memory.verifier),
            code_challenge_method="S256",
            acr_values=" ".join(named),
            prompt="login" if request.fresh else None,
            ui_locales=request.language.value,
        )
    )


def acceptable_contexts(profile: OidcProfile, minimum: AssuranceLevel) -> list[str]:
    """Every ``acr`` of the agreement that reaches a level, in the order of the settings."""
    return [acr for acr, level in profile.levels.items() if level >= minimum]
