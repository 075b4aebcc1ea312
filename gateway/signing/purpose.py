"""What a ring of keys signs: a purpose has keys of its own, so that no signature ever means anything in another."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Literal

from gateway.oidc.keys import ID_TOKEN_LIFETIME

KeyKind = Literal["ec", "rsa"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What the keys of one ring sign, and how everything of theirs is called."""

    name: str
    """As ``vpm keys --for`` says it."""
    prefix: str
    """Begins the names of files and of keys in a token."""
    kid_prefix: str
    """Begins every ``kid``: a thumbprint may begin with a hyphen, which a command would take for an option."""
    lifetime: timedelta
    """The longest life of anything that they sign."""
    kind: KeyKind = "ec"
    """Which kind of key is made."""
    certified: bool = False
    """Whether each is shown with a certificate around it."""

    @property
    def ring_file(self) -> str:
        """The file that holds the ring."""
        return f"{self.prefix}keys.json"


ID_TOKENS: Final = Purpose(name="id-tokens", prefix="signing-", kid_prefix="sig-", lifetime=ID_TOKEN_LIFETIME)
SAML: Final = Purpose(
    name="saml",
    prefix="saml-signing-",
    kid_prefix="saml-",
    lifetime=timedelta(minutes=5),
    kind="rsa",
    certified=True,
)


def saml_of(kind: KeyKind) -> Purpose:
    """Give the purpose of SAML where the settings say which kind of key is made."""
    return replace(SAML, kind=kind)
