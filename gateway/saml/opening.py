"""Puts the parts of SAML together: the crypto backend over our keys, the front door, the desk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.broker.relying_party import RelyingParties
from gateway.saml.addresses import SamlAddresses
from gateway.saml.desk import SamlDesk
from gateway.saml.front_door import SamlDoor
from gateway.saml.messages import Messages
from gateway.saml.metadata import OwnMetadata
from gateway.use_cases import UseCases
from providers.saml.crypto_backend import InProcessBackend
from providers.saml.xml_keys import SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlParts:
    """What the use-cases need before they exist, and what needs them."""

    addresses: SamlAddresses
    messages: Messages
    key: SigningKey
    door: SamlDoor
    metadata: OwnMetadata

    def desk(self, use_cases: UseCases) -> SamlDesk:
        """Open the desk over the use-cases."""
        return SamlDesk(
            use_cases=use_cases,
            addresses=self.addresses,
            messages=self.messages,
            key=self.key,
            door=self.door,
            metadata=self.metadata,
        )


def open_saml(
    *,
    issuer: str,
    keys: Sequence[SigningKey],
    parties: RelyingParties,
    subject_key: bytes,
    clock: Callable[[], datetime],
) -> SamlParts:
    """Build what speaks SAML; the last key signs, all are published."""
    addresses = SamlAddresses(issuer=issuer)
    backend = InProcessBackend(signing={key.name: key for key in keys})
    messages = Messages(addresses.entity_id, keys[-1], backend)
    return SamlParts(
        addresses=addresses,
        messages=messages,
        key=keys[-1],
        door=SamlDoor(messages, parties, signer=keys[-1].name, subject_key=subject_key, clock=clock),
        metadata=OwnMetadata(addresses, keys, backend),
    )
