"""The gateway's own SAML metadata, signed; made anew once a day, so that its validity never runs out."""

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding
from saml2 import class_name, md, xmldsig
from saml2.sigver import CryptoBackend, pre_signature_part

from gateway.saml.addresses import SamlAddresses
from gateway.saml.messages import new_id
from providers.saml.names import PERSISTENT, POST, REDIRECT, SAMLP, SHA256
from providers.saml.reading import instant_text
from providers.saml.xml_keys import SigningKey

VALID_FOR: Final = timedelta(days=7)
_RENEWED_AFTER: Final = timedelta(days=1)


class OwnMetadata:
    """What relying parties read about us."""

    def __init__(self, addresses: SamlAddresses, published: Sequence[SigningKey], backend: CryptoBackend) -> None:
        """Publish every key; the last one signs."""
        self._addresses = addresses
        self._published = tuple(published)
        self._backend = backend
        self._made: tuple[datetime, bytes] | None = None
        self._lock = Lock()

    def document(self, now: datetime) -> bytes:
        """Give the signed document."""
        with self._lock:
            if self._made is None or now - self._made[0] > _RENEWED_AFTER:
                self._made = now, self._signed(now)
            return self._made[1]

    def _signed(self, now: datetime) -> bytes:
        key = self._published[-1]
        identifier = new_id()
        entity = md.EntityDescriptor(
            id=identifier,
            entity_id=self._addresses.entity_id,
            valid_until=instant_text(now + VALID_FOR),
            signature=pre_signature_part(identifier, sign_alg=key.algorithm, digest_alg=SHA256),
            idpsso_descriptor=[self._role()],
        )
        signed: str = self._backend.sign_statement(str(entity), class_name(entity), key.name, identifier)
        return signed.encode()

    def _role(self) -> Any:
        at = self._addresses
        return md.IDPSSODescriptor(
            protocol_support_enumeration=SAMLP,
            want_authn_requests_signed="true",
            key_descriptor=[_descriptor(key) for key in self._published],
            single_logout_service=[
                md.SingleLogoutService(binding=binding, location=at.logout) for binding in (REDIRECT, POST)
            ],
            name_id_format=[md.NameIDFormat(text=PERSISTENT)],
            single_sign_on_service=[
                md.SingleSignOnService(binding=binding, location=at.sign_on) for binding in (REDIRECT, POST)
            ],
        )


def _descriptor(key: SigningKey) -> Any:
    der = base64.b64encode(key.certificate.public_bytes(Encoding.DER)).decode()
    data = xmldsig.X509Data(x509_certificate=[xmldsig.X509Certificate(text=der)])
    return md.KeyDescriptor(use="signing", key_info=xmldsig.KeyInfo(x509_data=[data]))
