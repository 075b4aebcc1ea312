"""Why an OpenID Connect request is refused.

OidcError
├── UntrustedRequest     nothing may be sent to any redirect URI; the person sees a page
├── RequestRefused       the relying party is told at its registered redirect URI
└── SignOutRefused       a sign-out request that names nobody we know
"""

from dataclasses import dataclass

from gateway.audit.event import Correlation


class OidcError(Exception):
    """A request broke a rule."""

    def __init__(self, rule: str, code: str, description: str) -> None:
        """Say which rule, and what the relying party may read.

        Args:
            rule: the name of the check, for the audit record.
            code: an error code of RFC 6749 4.1.2.1 or OIDC Core 3.1.2.6.
            description: a sentence for the portal's developer; printable ASCII.
        """
        super().__init__(f"{rule}: {description}")
        self.rule = rule
        self.code = code
        self.description = description
        self.corr: Correlation | None = None
        """Under which the refusal is recorded, once it is."""


class UntrustedRequest(OidcError):
    """Client or redirect URI are not proven: no redirect may leave (T05)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTo:
    """A registered redirect URI and the state to send with the reply."""

    relying_party: str
    redirect_uri: str
    state: str | None
    signed: bool = False
    """Whether the answer is one signed token (``gateway.oidc.jarm``)."""


class RequestRefused(OidcError):
    """The relying party's request broke a rule, and the relying party may be told so."""

    def __init__(self, rule: str, code: str, description: str, *, reply_to: ReplyTo) -> None:
        """As ``OidcError``, with the proven address of the reply."""
        super().__init__(rule, code, description)
        self.reply_to = reply_to


class SignOutRefused(OidcError):
    """A sign-out request that cannot be tied to a registered relying party."""
