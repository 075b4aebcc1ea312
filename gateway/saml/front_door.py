"""The front door for SAML: a result leaves whole, as a signed Response that the browser posts."""

from collections.abc import Callable, Mapping
from datetime import datetime

from gateway.audit.event import Peer
from gateway.broker.claims import claims_for
from gateway.broker.events import AssertionIssued
from gateway.broker.front_door import Handover, PostForm
from gateway.broker.identifiers import digest
from gateway.broker.login import Answered, Asked, Refused
from gateway.broker.relying_party import RelyingParty, RelyingPartyId, ServiceProvider
from gateway.broker.sign_on import sid_in
from gateway.saml.keys import MessagesAbout
from gateway.saml.messages import Messages, Statement, new_id
from gateway.saml.reply import SamlReply, reply_of
from gateway.saml.status import status_of
from providers.saml.bindings import post_fields


class SamlDoor:
    """Implements ``gateway.broker.front_door.FrontDoor``."""

    def __init__(
        self,
        messages: MessagesAbout,
        parties: Mapping[RelyingPartyId, RelyingParty],
        *,
        subject_key: bytes,
        clock: Callable[[], datetime],
    ) -> None:
        """Answer registered relying parties.

        Args:
            messages: writes and signs.
            parties: who is registered.
            subject_key: makes the pairwise subjects.
            clock: the gateway's.
        """
        self._messages = messages
        self._parties = parties
        self._subject_key = subject_key
        self._clock = clock

    def reply_address(self, asked: Asked) -> str:
        """Give the assertion consumer service."""
        return reply_of(asked).consumer

    def hand_over(self, login: Answered, now: datetime) -> Handover:
        """Plan to issue an assertion.

        It is signed after the commit, under the ID whose digest the audit event holds and with the key that it names.
        """
        identifier = new_id()
        messages = self._messages(login.asked.id)
        event = AssertionIssued(
            corr=login.asked.id,
            peer=Peer(id=login.asked.question.relying_party),
            endpoint=self.reply_address(login.asked),
            artefact={"kind": "assertion", "commit": digest(identifier), "signer_kid": messages.key.name},
        )
        return Handover(
            becomes=login.asserted(), event=event, answer=lambda: self._success(messages, login, identifier, now)
        )

    def refusal(self, refused: Refused, error: str, description: str) -> PostForm:
        """Give the form that carries a signed Response with a status."""
        return self.refusal_of(reply_of(refused.asked), error, description, refused.asked.id)

    def refusal_of(self, reply: SamlReply, error: str, description: str, about: str) -> PostForm:
        """As ``refusal``, for a request that never became a login but an incident."""
        xml = self._messages(about).refusal(
            reply.consumer, reply.in_response_to, status_of(error), description, self._clock()
        )
        return _form(reply, xml)

    def _success(self, messages: Messages, login: Answered, identifier: str, now: datetime) -> PostForm:
        reply = reply_of(login.asked)
        party = self._parties[login.asked.question.relying_party]
        provider = _speaks_saml(party)
        claims = claims_for(party, login.identity, self._subject_key)
        statement = Statement(
            id=identifier,
            audience=reply.audience,
            consumer=reply.consumer,
            in_response_to=reply.in_response_to,
            subject=str(claims["sub"]),
            session_index=sid_in(login.asked, party.id) if party.group is not None else new_id(),
            attributes={name: str(claims[ours]) for ours, name in provider.attributes.items() if ours in claims},
            assurance=reply.contexts.stated(login.identity.assurance),
            authenticated_at=login.identity.authenticated_at,
        )
        return _form(reply, messages.success(statement, provider.encryption, now))


def _speaks_saml(party: RelyingParty) -> ServiceProvider:
    if party.saml is None:
        raise LookupError(f"{party.id} does not speak SAML any more")
    return party.saml


def _form(reply: SamlReply, xml: bytes) -> PostForm:
    return PostForm(action=reply.consumer, fields=post_fields("SAMLResponse", xml, reply.relay_state))
