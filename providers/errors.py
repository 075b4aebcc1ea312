"""Why a provider could not vouch for someone.

ProviderError
├── AuthenticationDeclined   the person cancelled, or the provider said no
├── AssertionRejected        the message failed a check (``reason`` says which)
├── ProviderUnavailable      no answer, or no mutual TLS
└── ProviderMisconfigured    our own settings for it are wrong
"""

from providers.contract import BackChannelExchange, Reference


class ProviderError(Exception):
    """A provider could not vouch for someone."""

    def __init__(
        self,
        reason: str,
        detail: str = "",
        *,
        reference: Reference | None = None,
        exchanges: tuple[BackChannelExchange, ...] = (),
        check: str = "",
    ) -> None:
        """Say what happened.

        Args:
            reason: a code of banklink.md section 8 or eid-providers.md section 4.3, such as ``bad_signature``.
            detail: a sentence for the operator; never holds a name, a personal code or a signed string.
            reference: the login that must end; None leaves every login as it was.
            exchanges: the back-channel calls made before it went wrong, as evidence.
            check: the name of the adapter's own check that failed, where it is finer than ``reason``; fixed words.
        """
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.reference = reference
        self.exchanges = exchanges
        self.check = check


class AuthenticationDeclined(ProviderError):
    """The person cancelled, or the provider said no."""


class AssertionRejected(ProviderError):
    """The message failed a check; ``reason`` says which."""


class ProviderUnavailable(ProviderError):
    """No answer, or no mutual TLS."""


class ProviderMisconfigured(ProviderError):
    """Our own settings for the provider are wrong."""
