"""Our messages to an identity provider: AuthnRequest (SAML 2.0 Core 3.4.1) and ArtifactResolve (3.5.1)."""

import secrets
from datetime import datetime
from typing import Any, Final

from saml2 import class_name, saml, samlp
from saml2.sigver import pre_signature_part

from providers.contract import AssuranceLevel, AuthenticationRequest, Reference
from providers.saml.crypto_backend import InProcessBackend
from providers.saml.names import ARTIFACT, POST, SHA256
from providers.saml.opened import OpenAgreement
from providers.saml.reading import instant_text

_REFERENCE_DIGITS: Final = 32


def request_id(reference: Reference) -> str:
    """The ID of the request that a reference belongs to; an ID may not begin with a digit."""
    return f"_{reference}"


def reference_in(identifier: str) -> Reference | None:
    """The reference of a login that a request's ID was made from; None for an ID that was not made here."""
    digits = identifier.removeprefix("_")
    ours = len(digits) == _REFERENCE_DIGITS and set(digits) <= set("0123456789abcdef")
    return Reference(digits) if ours and identifier == request_id(Reference(digits)) else None


class Questions:
    """Writes and signs messages in our name; threads may share it."""

    def __init__(self, agreement: OpenAgreement) -> None:
        """Sign with the agreement's key."""
        self._agreement = agreement
        self._profile = agreement.profile
        self._key = agreement.signing
        self._backend = InProcessBackend(signing={self._key.name: self._key})

    def authentication(self, asked: AuthenticationRequest, *, fresh: bool) -> bytes:
        """An AuthnRequest: signed in itself for HTTP-POST; by HTTP-Redirect the signature stands beside it."""
        signed = self._profile.request_binding == "post"
        request = samlp.AuthnRequest(
            **self._head(request_id(asked.reference), asked.asked_at, signed=signed),
            destination=self._agreement.identity_provider.sign_on,
            assertion_consumer_service_url=asked.return_url,
            protocol_binding=ARTIFACT if self._profile.artifact else POST,
            force_authn="true" if fresh else None,
            provider_name=asked.portal or None,
            requested_authn_context=self._contexts(asked.minimum_assurance),
        )
        return self._signed(request) if signed else str(request).encode()

    def artifact(self, identifier: str, artifact: str, now: datetime) -> bytes:
        """A signed ArtifactResolve under a new ID of ours."""
        request = samlp.ArtifactResolve(
            **self._head(identifier, now, signed=True),
            destination=self._profile.artifact.url if self._profile.artifact else None,
            artifact=samlp.Artifact(text=artifact),
        )
        return self._signed(request)

    def _contexts(self, minimum: AssuranceLevel) -> Any:
        """Every context of the agreement that is strong enough; None where the provider is not to be asked."""
        enough = [context.uri for context in self._profile.contexts if context.level >= minimum]
        if not self._profile.asks_for_context or not enough:
            return None
        listed = [saml.AuthnContextClassRef(text=uri) for uri in enough]
        return samlp.RequestedAuthnContext(authn_context_class_ref=listed, comparison="exact")

    def _head(self, identifier: str, now: datetime, *, signed: bool) -> dict[str, Any]:
        unsigned = pre_signature_part(identifier, sign_alg=self._key.algorithm, digest_alg=SHA256)
        return {
            "id": identifier,
            "version": "2.0",
            "issue_instant": instant_text(now),
            "issuer": saml.Issuer(text=self._profile.entity_id),
            "signature": unsigned if signed else None,
        }

    def _signed(self, message: Any) -> bytes:
        signed: str = self._backend.sign_statement(str(message), class_name(message), self._key.name, message.id)
        return signed.encode()


def new_id() -> str:
    """An ID of 160 random bits for a message that belongs to no login's reference."""
    return f"_{secrets.token_hex(20)}"
