"""The gateway's own SAML metadata, signed; made anew before its validity runs out, and when a key took a step."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from saml2 import class_name, md, xmldsig
from saml2.sigver import pre_signature_part

from gateway.saml.addresses import SamlAddresses
from gateway.saml.keys import SamlKeys, SamlKeySet
from gateway.saml.messages import new_id
from providers.saml.crypto_backend import InProcessBackend
from providers.saml.names import PERSISTENT, POST, REDIRECT, SAMLP, SHA256
from providers.saml.reading import instant_text

VALID_FOR: Final = timedelta(days=7)
_RENEWED_AFTER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    at: datetime
    keys: SamlKeySet
    document: bytes


class OwnMetadata:
    """What relying parties read about us."""

    def __init__(self, addresses: SamlAddresses, keys: SamlKeys, cache_seconds: int) -> None:
        """Publish every key that a portal may need, and say how long it may keep them."""
        self._addresses = addresses
        self._keys = keys
        self._cache_duration = f"PT{cache_seconds}S"
        self._made: _Made | None = None
        self._lock = Lock()

    def document(self, now: datetime, announce: Callable[[str], str]) -> bytes:
        """Give the signed document; made anew once a day, and whenever a key took a step.

        Args:
            now: the moment.
            announce: commits the event that a key of a ``kid`` is about to sign it, and gives its correlation.
        """
        with self._lock:
            keys = self._keys.now
            if self._made is None or self._made.keys is not keys or now - self._made.at > _RENEWED_AFTER:
                self._made = _Made(at=now, keys=keys, document=self._signed(keys, announce(keys.current.name), now))
            return self._made.document

    def _signed(self, keys: SamlKeySet, about: str, now: datetime) -> bytes:
        key = keys.current.speaking_of(about)
        identifier = new_id()
        entity = md.EntityDescriptor(
            id=identifier,
            entity_id=self._addresses.entity_id,
            valid_until=instant_text(now + VALID_FOR),
            cache_duration=self._cache_duration,
            signature=pre_signature_part(identifier, sign_alg=key.algorithm, digest_alg=SHA256),
            idpsso_descriptor=[self._role(keys.published)],
        )
        backend = InProcessBackend(signing={key.name: key})
        signed: str = backend.sign_statement(str(entity), class_name(entity), key.name, identifier)
        return signed.encode()

    def _role(self, published: Sequence[x509.Certificate]) -> Any:
        at = self._addresses
        return md.IDPSSODescriptor(
            protocol_support_enumeration=SAMLP,
            want_authn_requests_signed="true",
            key_descriptor=[_descriptor(certificate) for certificate in published],
            single_logout_service=[
                md.SingleLogoutService(binding=binding, location=at.logout) for binding in (REDIRECT, POST)
            ],
            name_id_format=[md.NameIDFormat(text=PERSISTENT)],
            single_sign_on_service=[
                md.SingleSignOnService(binding=binding, location=at.sign_on) for binding in (REDIRECT, POST)
            ],
        )


def _descriptor(certificate: x509.Certificate) -> Any:
    der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    data = xmldsig.X509Data(x509_certificate=[xmldsig.X509Certificate(text=der)])
    return md.KeyDescriptor(use="signing", key_info=xmldsig.KeyInfo(x509_data=[data]))
