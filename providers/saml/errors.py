"""Why a SAML message does not count.

SamlRefused              the base; ``rule`` says which check failed
├── UnsafeXml            refused before anything in it was looked at
└── SignatureRefused     nobody we pinned vouches for it
"""


class SamlRefused(Exception):
    """A message broke a rule; nothing in it may be believed."""

    def __init__(self, rule: str, detail: str) -> None:
        """Say which rule, and what a developer should look at.

        Args:
            rule: the name of the check, for the audit record; fixed words, nothing out of the message.
            detail: a sentence in printable ASCII, without anything out of the message.
        """
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail


class UnsafeXml(SamlRefused):
    """The document has a shape that signed XML must not have."""


class SignatureRefused(SamlRefused):
    """Missing, forged, by an unknown key, or by a method that is not allowed."""
