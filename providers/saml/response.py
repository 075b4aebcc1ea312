"""A Response as the side that asked reads it: size → safe parse → structure gate → decryption → signature (security.md 8.3).

What comes out is what a pinned key vouches for, and nothing else is ever read; ``rules`` judges it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import xmlsec

from providers.saml.encryption import decrypt_assertion
from providers.saml.errors import SamlRefused, SignatureRefused
from providers.saml.gate import parse_message
from providers.saml.keys import VerifyingKey
from providers.saml.names import BEARER, SUCCESS, ds, saml, samlp
from providers.saml.reading import only_child, optional_child, text_of
from providers.saml.signature import verify_enveloped

_ASSERTIONS: Final = (saml("Assertion"), saml("EncryptedAssertion"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who we are to one identity provider, and what was agreed with it."""

    issuer: str
    """Its entity id."""
    keys: tuple[VerifyingKey, ...]
    """From pinned metadata."""
    audience: str
    """Our entity id."""
    decryption_keys: tuple[xmlsec.Key, ...] = ()
    """Ours: the current one, and the one before it while a change is under way."""
    encrypted: bool = True
    """Whether an assertion in clear is refused."""
    assertion_signed: bool = True
    """Whether the assertion must carry a signature of its own, whatever the response carries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedResponse:
    """A response that says success, as its signatures cover it; nothing in it is judged yet."""

    response: Any
    assertion: Any
    recipient: Recipient
    received_at: datetime
    """UTC, aware."""

    @property
    def confirmation(self) -> Any:
        """The bearer's confirmation data."""
        subject = only_child(self.assertion, saml("Subject"), "one_subject")
        confirmation = only_child(subject, saml("SubjectConfirmation"), "one_confirmation")
        if confirmation.get("Method") != BEARER:
            raise SamlRefused("bearer", "the subject must be confirmed as bearer")
        return only_child(confirmation, saml("SubjectConfirmationData"), "one_confirmation_data")

    @property
    def conditions(self) -> Any:
        """The conditions."""
        return only_child(self.assertion, saml("Conditions"), "one_conditions")

    @property
    def statement(self) -> Any:
        """The authentication statement."""
        return only_child(self.assertion, saml("AuthnStatement"), "one_authn_statement")

    @property
    def context(self) -> str:
        """The authentication context class that is stated."""
        context = only_child(self.statement, saml("AuthnContext"), "one_authn_context")
        return text_of(only_child(context, saml("AuthnContextClassRef"), "one_authn_context_class"))

    @property
    def answers(self) -> str:
        """The ID of the request that is answered, as the assertion says it; empty where it says nothing."""
        return self.confirmation.get("InResponseTo") or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedFailure:
    """A response that says why nobody is vouched for, as its signature covers it."""

    response: Any
    recipient: Recipient
    received_at: datetime
    """UTC, aware."""
    status: tuple[str, ...]
    """The status codes, from the outermost inwards (SAML 2.0 Core 3.2.2.2)."""

    @property
    def answers(self) -> str:
        """The ID of the request that is answered; empty where the response says nothing."""
        return self.response.get("InResponseTo") or ""


def read_signed(raw: bytes, recipient: Recipient, received_at: datetime) -> SignedResponse | SignedFailure:
    """Read a response whose sender is proven.

    Raises:
        SamlRefused: it is unsafe, cannot be decrypted, or nobody we pinned vouches for it; ``rule`` names the check.
    """
    root = parse_message(raw)
    if root.tag != samlp("Response"):
        raise SamlRefused("is_response", "the message is no SAML 2.0 Response")
    whole = root.find(ds("Signature")) is not None
    response = verify_enveloped(root, recipient.keys) if whole else root
    status = _status_of(response)
    if status[0] != SUCCESS:
        return _failure(response, recipient, received_at, status, whole=whole)
    assertion = _vouched_for(_assertion_of(response, recipient), recipient, whole=whole)
    return SignedResponse(response=response, assertion=assertion, recipient=recipient, received_at=received_at)


def _failure(
    response: Any, recipient: Recipient, received_at: datetime, status: tuple[str, ...], *, whole: bool
) -> SignedFailure:
    """A refusal must be signed as a whole: else anybody could end somebody's login with one."""
    if not whole:
        raise SignatureRefused("signed", "a response without an assertion must itself be signed")
    if any(child.tag in _ASSERTIONS for child in response):
        raise SamlRefused("failure_without_assertion", "a response that is no success must hold no assertion")
    return SignedFailure(response=response, recipient=recipient, received_at=received_at, status=status)


def _vouched_for(assertion: Any, recipient: Recipient, *, whole: bool) -> Any:
    """Whatever is signed must verify; where the assertion's own signature is agreed, no other stands in for it."""
    if assertion.find(ds("Signature")) is not None:
        return verify_enveloped(assertion, recipient.keys)
    if recipient.assertion_signed or not whole:
        raise SignatureRefused("signed", "the assertion carries no signature")
    return assertion


def _assertion_of(response: Any, recipient: Recipient) -> Any:
    encrypted = optional_child(response, saml("EncryptedAssertion"), "one_assertion")
    if encrypted is None:
        plain = only_child(response, saml("Assertion"), "one_assertion")
        if recipient.encrypted:
            raise SamlRefused("assertion_encrypted", "the assertion must be encrypted")
        return plain
    opened = _opened(encrypted, recipient.decryption_keys)
    if opened.tag != saml("Assertion"):
        raise SamlRefused("one_assertion", "what was encrypted is no assertion")
    return opened


def _opened(encrypted: Any, keys: Sequence[xmlsec.Key]) -> Any:
    if not keys:
        raise SamlRefused("decryptable", "the assertion is encrypted, and no key of ours was given to the sender")
    *older, last = keys
    for key in older:
        try:
            return decrypt_assertion(encrypted, key)
        except SamlRefused as refused:
            if refused.rule != "decryptable":
                raise
    return decrypt_assertion(encrypted, last)


def _status_of(response: Any) -> tuple[str, ...]:
    """Every status code: the first says success or who failed, the second says why."""
    code = only_child(only_child(response, samlp("Status"), "one_status"), samlp("StatusCode"), "one_status_code")
    found = []
    while code is not None:
        found.append(str(code.get("Value") or ""))
        code = optional_child(code, samlp("StatusCode"), "one_status_code")
    return tuple(found)
