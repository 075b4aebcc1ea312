"""Why a SAML request is refused.

SamlRequestError
├── UntrustedSamlRequest   sender or address are not proven: the person sees a page, nothing is sent anywhere (T26)
└── SamlRequestRefused     the relying party is told at its registered address, by a signed Response
"""

from gateway.audit.event import Correlation
from gateway.saml.reply import SamlReply


class SamlRequestError(Exception):
    """A request broke a rule."""

    def __init__(self, rule: str, description: str, *, relying_party: str = "") -> None:
        """Say which rule, and what the relying party may read.

        Args:
            rule: the name of the check, for the audit record.
            description: a sentence for the portal's developer; printable ASCII.
            relying_party: whoever is proven to have asked; empty while nobody is.
        """
        super().__init__(f"{rule}: {description}")
        self.rule = rule
        self.description = description
        self.relying_party = relying_party
        self.corr: Correlation | None = None
        """Under which the refusal is recorded, once it is."""


class UntrustedSamlRequest(SamlRequestError):
    """Nothing may be sent to any address."""


class SamlRequestRefused(SamlRequestError):
    """The relying party may be told so."""

    def __init__(self, rule: str, description: str, *, relying_party: str, error: str, reply: SamlReply) -> None:
        """As ``SamlRequestError``, with what the answer says and where it goes.

        Args:
            rule: the name of the check.
            description: a sentence for the portal's developer.
            relying_party: whoever asked.
            error: an error code of OAuth or OpenID Connect; ``gateway.saml.status`` translates it.
            reply: where the answer goes.
        """
        super().__init__(rule, description, relying_party=relying_party)
        self.error = error
        self.reply = reply
