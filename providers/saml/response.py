"""A Response as the side that asked verifies it: signature first, then every rule of security.md 8.3, one at a time.

The order is size → safe parse → structure gate → signature → read only from the verified subtree. Each rule has a name
of its own, which the audit record keeps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import xmlsec

from providers.saml.encryption import decrypt_assertion
from providers.saml.errors import SamlRefused, SignatureRefused
from providers.saml.gate import parse_message
from providers.saml.keys import VerifyingKey
from providers.saml.names import BEARER, SUCCESS, ds, saml, samlp
from providers.saml.reading import identifier_of, instant_of, only_child, optional_child, text_of
from providers.saml.signature import verify_enveloped

SKEW: Final = timedelta(seconds=60)
FRESH: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedResponse:
    """The one response that we wait for."""

    issuer: str
    """Entity id of whoever was asked."""
    keys: tuple[VerifyingKey, ...]
    """From pinned metadata."""
    destination: str
    """Our assertion consumer service."""
    audience: str
    """Our entity id."""
    in_response_to: str
    """The ID of our request; a response to nothing is refused."""
    asked_at: datetime
    now: datetime
    contexts: frozenset[str]
    """The authentication contexts that are strong enough."""
    decryption_key: xmlsec.Key | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedAssertion:
    """What the other side vouches for, after every check; there is no unverified variant."""

    id: str
    """To be spent, until ``not_on_or_after``."""
    not_on_or_after: datetime
    name_id: str
    session_index: str | None
    context: str
    authenticated_at: datetime
    attributes: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A response and its assertion, each as its signature covers it."""

    response: Any
    assertion: Any
    expected: ExpectedResponse

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


def verify_response(raw: bytes, expected: ExpectedResponse) -> VerifiedAssertion:
    """Verify a response.

    Raises:
        SamlRefused: a rule is broken; ``rule`` names it.
    """
    read = _verified(raw, expected)
    for rule in RULES:
        rule(read)
    statement, subject = read.statement, read.assertion.find(saml("Subject"))
    return VerifiedAssertion(
        id=read.assertion.get("ID"),
        not_on_or_after=instant_of(read.confirmation.get("NotOnOrAfter"), "confirmation_not_on_or_after"),
        name_id=text_of(only_child(subject, saml("NameID"), "one_name_id")),
        session_index=statement.get("SessionIndex"),
        context=_context_of(statement),
        authenticated_at=instant_of(statement.get("AuthnInstant"), "authn_instant"),
        attributes=_attributes(read.assertion),
    )


def _verified(raw: bytes, expected: ExpectedResponse) -> _Read:
    """Either the whole response is signed, or the assertion is, after decryption; whatever is signed must verify."""
    root = parse_message(raw)
    if root.tag != samlp("Response"):
        raise SamlRefused("is_response", "the message is no SAML 2.0 Response")
    whole = root.find(ds("Signature")) is not None
    response = verify_enveloped(root, expected.keys) if whole else root
    succeeded(response)
    assertion = _assertion_of(response, expected.decryption_key)
    if assertion.find(ds("Signature")) is not None:
        assertion = verify_enveloped(assertion, expected.keys)
    elif not whole:
        raise SignatureRefused("signed", "neither the response nor the assertion is signed")
    return _Read(response=response, assertion=assertion, expected=expected)


def _assertion_of(response: Any, key: xmlsec.Key | None) -> Any:
    encrypted = optional_child(response, saml("EncryptedAssertion"), "one_assertion")
    if encrypted is None:
        return only_child(response, saml("Assertion"), "one_assertion")
    if key is None:
        raise SamlRefused("decryptable", "the assertion is encrypted, and no key of ours was given to the sender")
    opened = decrypt_assertion(encrypted, key)
    if opened.tag != saml("Assertion"):
        raise SamlRefused("one_assertion", "what was encrypted is no assertion")
    return opened


def succeeded(response: Any) -> None:
    """A refusal is told apart from everything else that can be wrong."""
    code = only_child(only_child(response, samlp("Status"), "one_status"), samlp("StatusCode"), "one_status_code")
    if code.get("Value") != SUCCESS:
        raise SamlRefused("status", "the answer is not a success")


def version_two(read: _Read) -> None:
    """Both are of version 2.0 and have an ID."""
    for element, rule in ((read.response, "response"), (read.assertion, "assertion")):
        if element.get("Version") != "2.0":
            raise SamlRefused(f"{rule}_version", "Version must be 2.0")
        identifier_of(element, f"{rule}_id")


def issuer_is_who_was_asked(read: _Read) -> None:
    """The assertion names its issuer, and a response that does names the same."""
    issuer = only_child(read.assertion, saml("Issuer"), "one_issuer")
    if text_of(issuer) != read.expected.issuer:
        raise SamlRefused("issuer", "the assertion is issued by somebody else")
    outer = optional_child(read.response, saml("Issuer"), "one_response_issuer")
    if outer is not None and text_of(outer) != read.expected.issuer:
        raise SamlRefused("response_issuer", "the response is issued by somebody else")


def for_our_address(read: _Read) -> None:
    """Destination and Recipient are the very address that the message came to."""
    if read.response.get("Destination") != read.expected.destination:
        raise SamlRefused("destination", "Destination is not our address")
    if read.confirmation.get("Recipient") != read.expected.destination:
        raise SamlRefused("recipient", "Recipient is not our address")


def answers_our_question(read: _Read) -> None:
    """InResponseTo stands in both places and is our request's ID: nothing unsolicited is taken."""
    if read.response.get("InResponseTo") != read.expected.in_response_to:
        raise SamlRefused("in_response_to", "the response answers another request, or none")
    if read.confirmation.get("InResponseTo") != read.expected.in_response_to:
        raise SamlRefused("confirmation_in_response_to", "the confirmation answers another request, or none")


def for_us_alone(read: _Read) -> None:
    """One audience, and it is ours; conditions that we do not know are not met."""
    children = [child.tag for child in read.conditions]
    known = {saml("AudienceRestriction"), saml("OneTimeUse"), saml("ProxyRestriction")}
    if not known.issuperset(children):
        raise SamlRefused("known_conditions", "a condition is unknown")
    restriction = only_child(read.conditions, saml("AudienceRestriction"), "one_audience_restriction")
    audience = only_child(restriction, saml("Audience"), "one_audience")
    if text_of(audience) != read.expected.audience:
        raise SamlRefused("audience", "the assertion is meant for somebody else")


def issued_just_now(read: _Read) -> None:
    """Both were issued within five minutes, and not before we asked."""
    for element, rule in ((read.response, "response_issue_instant"), (read.assertion, "issue_instant")):
        issued = instant_of(element.get("IssueInstant"), rule)
        if not read.expected.now - FRESH <= issued <= read.expected.now + SKEW:
            raise SamlRefused(rule, "it was not issued just now")


def within_its_time(read: _Read) -> None:
    """Conditions, confirmation and session each end; none has ended, and none begins later."""
    now = read.expected.now
    for element, rule in ((read.conditions, "conditions"), (read.confirmation, "confirmation")):
        begins = element.get("NotBefore")
        if begins is not None and instant_of(begins, f"{rule}_not_before") > now + SKEW:
            raise SamlRefused(f"{rule}_not_before", "it is not valid yet")
        if instant_of(element.get("NotOnOrAfter"), f"{rule}_not_on_or_after") <= now - SKEW:
            raise SamlRefused(f"{rule}_not_on_or_after", "it is not valid any more")
    ends = read.statement.get("SessionNotOnOrAfter")
    if ends is not None and instant_of(ends, "session_not_on_or_after") <= now - SKEW:
        raise SamlRefused("session_not_on_or_after", "the session has ended")


def authenticated_for_this(read: _Read) -> None:
    """The person signed in for this request: not before it, and not in the future."""
    at = instant_of(read.statement.get("AuthnInstant"), "authn_instant")
    if at < read.expected.asked_at - SKEW:
        raise SamlRefused("stale_authentication", "the person signed in before we asked")
    if at > read.expected.now + SKEW:
        raise SamlRefused("future_authentication", "the person signs in later")


def strong_enough(read: _Read) -> None:
    """The authentication context is one of those that count."""
    if _context_of(read.statement) not in read.expected.contexts:
        raise SamlRefused("authn_context", "the authentication is weaker than asked for, or of an unknown kind")


RULES: Final[Sequence[Callable[[_Read], None]]] = (
    version_two,
    issuer_is_who_was_asked,
    for_our_address,
    answers_our_question,
    for_us_alone,
    issued_just_now,
    within_its_time,
    authenticated_for_this,
    strong_enough,
)


def _context_of(statement: Any) -> str:
    context = only_child(statement, saml("AuthnContext"), "one_authn_context")
    return text_of(only_child(context, saml("AuthnContextClassRef"), "one_authn_context_class"))


def _attributes(assertion: Any) -> dict[str, tuple[str, ...]]:
    """Give every attribute with its values; a name that stands twice has two meanings."""
    read: dict[str, tuple[str, ...]] = {}
    for attribute in assertion.iterfind(f"{saml('AttributeStatement')}/{saml('Attribute')}"):
        name = str(attribute.get("Name") or "")
        if not name or name in read:
            raise SamlRefused("attribute_once", "an attribute has no name, or stands twice")
        read[name] = tuple(text_of(value) for value in attribute.findall(saml("AttributeValue")))
    return read
