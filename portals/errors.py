"""Why a portal could not sign someone in.

PortalError
├── InvalidSettings          the portal cannot start; every problem is listed
├── SignInRefused            this sign-in is over; a new one may succeed
│   ├── UnsolicitedAnswer    no sign-in of this browser waits for it (unknown, spent or expired ``state``)
│   ├── ForeignAnswer        the answer does not name our gateway as its sender (RFC 9207)
│   ├── SignInDeclined       the gateway answered with an error; ``code`` and ``description`` are its words
│   ├── CodeRefused          the token endpoint would not redeem the code
│   └── IdTokenRejected      the ID token failed a check; ``reason`` says which
├── LogoutTokenRejected      a logout token failed a check; ``reason`` says which
├── GatewayUnavailable       no answer, or no trusted TLS connection
└── GatewayMisconfigured     what the gateway publishes about itself cannot be used

No message carries a name, a personal code, a token or a secret.
"""

from collections.abc import Sequence


class PortalError(Exception):
    """Anything a portal reports about itself or its gateway."""


class InvalidSettings(PortalError):
    """The settings file cannot be used.

    Args:
        problems: one sentence for each problem, in the order of the settings.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("the portal cannot start:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = tuple(problems)


class SignInRefused(PortalError):
    """This sign-in ended without a person; nothing was changed."""


class UnsolicitedAnswer(SignInRefused):
    """No sign-in of this browser waits for this answer (``security.md`` T14)."""


class ForeignAnswer(SignInRefused):
    """The answer does not carry our gateway's issuer identifier (RFC 9207, ``security.md`` T03)."""


class SignInDeclined(SignInRefused):
    """The gateway answered with an error.

    Args:
        code: the ``error`` of RFC 6749 section 4.1.2.1, for example ``access_denied``.
        description: the ``error_description``, or an empty string.
    """

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"the gateway answered {code}")
        self.code = code
        self.description = description


class CodeRefused(SignInRefused):
    """The token endpoint refused the authorization code.

    Args:
        code: the ``error`` of RFC 6749 section 5.2, for example ``invalid_grant``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(f"the token endpoint answered {code}")
        self.code = code


class IdTokenRejected(SignInRefused):
    """The ID token failed a check of OpenID Connect Core section 3.1.3.7 or of ``security.md`` T11.

    Args:
        reason: what was wrong, without any value from the token.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"ID token rejected: {reason}")
        self.reason = reason


class LogoutTokenRejected(PortalError):
    """A logout token failed a check; no session ended.

    Args:
        reason: which check, in a few words; nothing of the token.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the logout token was not accepted: {reason}")
        self.reason = reason


class GatewayUnavailable(PortalError):
    """The gateway did not answer in time, or its TLS certificate is not the one we trust."""


class GatewayMisconfigured(PortalError):
    """The gateway's metadata or key set does not fit what this portal requires."""
