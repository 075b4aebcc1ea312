"""The keys that sign what SAML portals receive; a rotation swaps them whole (T64)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from cryptography import x509

from gateway.saml.messages import Messages
from gateway.signing.signer import Signer
from providers.saml.crypto_backend import InProcessBackend
from providers.saml.keys import algorithm_for

MessagesAbout: TypeAlias = Callable[[str], Messages]
"""Who writes and signs, with the key that signs now, about a login, session or incident whose event is committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlKey:
    """The key that signs, with the certificate that metadata shows; implements ``DocumentSigner``."""

    signer: Signer
    certificate: x509.Certificate
    about: str = ""
    """The correlation of the committed event that says why it signs."""

    @property
    def name(self) -> str:
        """Its ``kid``."""
        return str(self.signer.public.kid)

    @property
    def algorithm(self) -> str:
        """The one algorithm that fits the key."""
        return algorithm_for(self.certificate.public_key())

    def speaking_of(self, about: str) -> "SamlKey":
        """Give the same key for what one event stands for."""
        return replace(self, about=about)

    def sign_bytes(self, content: bytes, document: bytes = b"") -> bytes:
        """Sign bytes; see ``DocumentSigner``."""
        return self.signer.sign(content, self.about, document)


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlKeySet:
    """All keys of one moment."""

    current: SamlKey
    published: tuple[x509.Certificate, ...]


class SamlKeys:
    """The key that signs now, and all that metadata shows."""

    def __init__(
        self, *, current: Signer, certificate: x509.Certificate, published: Sequence[x509.Certificate]
    ) -> None:
        self.swap(current=current, certificate=certificate, published=published)

    def swap(self, *, current: Signer, certificate: x509.Certificate, published: Sequence[x509.Certificate]) -> None:
        """Replace all at once.

        Args:
            current: signs from now on.
            certificate: around its public half; must be among the published.
            published: what metadata shows.

        Raises:
            ValueError: the key that signs is not published; nothing was replaced.
        """
        if certificate not in published:
            raise ValueError("the key that signs must be published")
        self.now = SamlKeySet(current=SamlKey(signer=current, certificate=certificate), published=tuple(published))

    def messages(self, entity_id: str) -> MessagesAbout:
        """Give who writes in the name of an entity; each message is signed by the key of the moment it is begun in."""

        def about(corr: str) -> Messages:
            key = self.now.current.speaking_of(corr)
            return Messages(entity_id, key, InProcessBackend(signing={key.name: key}))

        return about
