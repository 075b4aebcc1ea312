"""From a response whose sender is proven to a person: it answers our question, is strong enough, and names somebody."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from providers.contract import AssuranceLevel, Expectation, ProviderId, VerifiedIdentity
from providers.personal_code import CodeStructure
from providers.saml.errors import SamlRefused
from providers.saml.opened import OpenAgreement
from providers.saml.person import stated_level, stated_person
from providers.saml.profile import ContextSettings
from providers.saml.question import request_id
from providers.saml.reading import instant_of
from providers.saml.response import SignedFailure, SignedResponse
from providers.saml.rules import ABOUT_OUR_QUESTION, Expected, check_failure_is_ours

INTERFACE: Final = "saml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What of our question must be known again when the answer comes."""

    consumer: str
    """Where we asked the provider to answer."""
    fresh: bool
    """Whether the person had to sign in anew."""

    def as_bytes(self) -> bytes:
        """For whoever keeps it."""
        return json.dumps([self.consumer, self.fresh]).encode()

    @classmethod
    def read(cls, kept: bytes) -> "Memory":
        """What ``as_bytes`` wrote."""
        consumer, fresh = json.loads(kept)
        return cls(consumer=consumer, fresh=fresh)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Judges the responses of one provider."""

    provider: ProviderId
    agreement: OpenAgreement
    structure: CodeStructure

    def expected(self, asked: Expectation) -> Expected:
        """The one response that answers our question."""
        memory = Memory.read(asked.memory)
        return Expected(
            consumer=memory.consumer,
            in_response_to=request_id(asked.reference),
            authenticated_since=self._earliest(asked.asked_at, fresh=memory.fresh),
        )

    def _earliest(self, asked_at: datetime, *, fresh: bool) -> datetime:
        oldest = 0 if fresh else self.agreement.profile.existing_sessions_minutes
        return asked_at - timedelta(minutes=oldest)

    def check_refusal(self, read: SignedFailure, asked: Expectation) -> None:
        """See that a refusal is one of our question.

        Raises:
            SamlRefused: it is not.
        """
        check_failure_is_ours(read, self.expected(asked))

    def identify(self, read: SignedResponse, asked: Expectation) -> VerifiedIdentity:
        """Vouch for the person, as far as the response goes.

        Raises:
            SamlRefused: a rule is broken; ``rule`` names it.
        """
        expected = self.expected(asked)
        for rule in ABOUT_OUR_QUESTION:
            rule(read, expected)
        context = self._context(read)
        level = self._level(read, context, asked.minimum_assurance)
        person = stated_person(read.assertion, self.agreement.profile, self.structure)
        return VerifiedIdentity(
            provider=self.provider,
            country=person.code.country,
            personal_code=person.code,
            given_name=person.given_name,
            family_name=person.family_name,
            assurance=level,
            factors=context.factors,
            means=context.means,
            interface=INTERFACE,
            authenticated_at=instant_of(read.statement.get("AuthnInstant"), "authn_instant"),
            flags=person.flags,
        )

    def _context(self, read: SignedResponse) -> ContextSettings:
        found = self.agreement.contexts.get(read.context)
        if found is None:
            raise SamlRefused("authn_context", "the authentication context is none of the agreement")
        return found

    def _level(self, read: SignedResponse, context: ContextSettings, minimum: AssuranceLevel) -> AssuranceLevel:
        """The weaker of what the context means and what the level attribute says."""
        stated = stated_level(read.assertion, self.agreement.profile.attributes)
        level = context.level if stated is None else min(context.level, stated)
        if level < minimum:
            raise SamlRefused("authn_context", "the authentication is weaker than asked for")
        return level
