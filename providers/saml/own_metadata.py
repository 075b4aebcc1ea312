"""Who we are to an identity provider, as a document that its operator can load (SAML 2.0 Metadata 2.4.4)."""

import base64
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from saml2 import class_name, md, xmldsig
from saml2.sigver import pre_signature_part

from providers.saml.crypto_backend import InProcessBackend
from providers.saml.names import AES256_GCM, ARTIFACT, POST, RSA_OAEP, SAMLP, SHA256
from providers.saml.opened import OpenAgreement
from providers.saml.question import new_id
from providers.saml.reading import instant_text

VALID_FOR: Final = timedelta(days=7)


def own_metadata(agreement: OpenAgreement, consumer: str, now: datetime) -> bytes:
    """The signed EntityDescriptor of the gateway towards one identity provider.

    Args:
        agreement: whose keys are published: all that sign, and the last that decrypts.
        consumer: where answers must arrive.
        now: UTC, aware; the document is good for a week.
    """
    key, identifier = agreement.signing, new_id()
    entity = md.EntityDescriptor(
        id=identifier,
        entity_id=agreement.profile.entity_id,
        valid_until=instant_text(now + VALID_FOR),
        signature=pre_signature_part(identifier, sign_alg=key.algorithm, digest_alg=SHA256),
        spsso_descriptor=[_role(agreement, consumer)],
    )
    backend = InProcessBackend(signing={key.name: key})
    signed: str = backend.sign_statement(str(entity), class_name(entity), key.name, identifier)
    return signed.encode()


def _role(agreement: OpenAgreement, consumer: str) -> Any:
    binding = ARTIFACT if agreement.profile.artifact else POST
    methods = [md.EncryptionMethod(algorithm=AES256_GCM), md.EncryptionMethod(algorithm=RSA_OAEP)]
    keys = [_descriptor("signing", key.certificate) for key in agreement.published_signing]
    return md.SPSSODescriptor(
        protocol_support_enumeration=SAMLP,
        authn_requests_signed="true",
        want_assertions_signed=str(agreement.profile.signed_assertions).lower(),
        key_descriptor=[*keys, _descriptor("encryption", agreement.decryption[-1].certificate, methods)],
        assertion_consumer_service=[
            md.AssertionConsumerService(index="0", is_default="true", binding=binding, location=consumer)
        ],
    )


def _descriptor(use: str, certificate: x509.Certificate, methods: list[Any] | None = None) -> Any:
    der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    data = xmldsig.X509Data(x509_certificate=[xmldsig.X509Certificate(text=der)])
    return md.KeyDescriptor(use=use, key_info=xmldsig.KeyInfo(x509_data=[data]), encryption_method=methods or [])
