"""Puts the parts of SAML together: the keys, the front door, the desk."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from gateway.broker.relying_party import RelyingParties
from gateway.saml.addresses import SamlAddresses
from gateway.saml.desk import SamlDesk
from gateway.saml.front_door import SamlDoor
from gateway.saml.keys import MessagesAbout, SamlKeys
from gateway.saml.metadata import OwnMetadata
from gateway.signing.certificate import certificate_in
from gateway.signing.opening import KeysInUse
from gateway.use_cases import UseCases


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlParts:
    """What the use-cases need before they exist, and what needs them."""

    addresses: SamlAddresses
    keys: SamlKeys
    messages: MessagesAbout
    door: SamlDoor
    metadata: OwnMetadata

    def desk(self, use_cases: UseCases) -> SamlDesk:
        """Open the desk over the use-cases."""
        return SamlDesk(
            use_cases=use_cases,
            addresses=self.addresses,
            messages=self.messages,
            door=self.door,
            metadata=self.metadata,
        )

    def take_up(self, in_use: KeysInUse) -> None:
        """Sign with other keys from now on, and show them.

        Raises:
            ValueError: they do not fit together; nothing was changed.
        """
        current, published = _certificates(in_use)
        self.keys.swap(current=in_use.current, certificate=current, published=published)


def open_saml(
    *,
    issuer: str,
    in_use: KeysInUse,
    cache_seconds: int,
    parties: RelyingParties,
    subject_key: bytes,
    clock: Callable[[], datetime],
) -> SamlParts:
    """Build what speaks SAML.

    Args:
        issuer: the gateway's origin.
        in_use: the key that signs, and all that are published.
        cache_seconds: how long portals may keep the metadata.
        parties: who is registered.
        subject_key: makes the pairwise subjects.
        clock: the gateway's.
    """
    addresses = SamlAddresses(issuer=issuer)
    current, published = _certificates(in_use)
    keys = SamlKeys(current=in_use.current, certificate=current, published=published)
    messages = keys.messages(addresses.entity_id)
    return SamlParts(
        addresses=addresses,
        keys=keys,
        messages=messages,
        door=SamlDoor(messages, parties, subject_key=subject_key, clock=clock),
        metadata=OwnMetadata(addresses, keys, cache_seconds),
    )


def _certificates(in_use: KeysInUse) -> tuple[x509.Certificate, list[x509.Certificate]]:
    ring = in_use.ring
    return certificate_in(ring.signing.public), [certificate_in(key.public) for key in ring.published]
