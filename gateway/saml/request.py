"""An AuthnRequest, checked one rule at a time (SAML 2.0 Core 3.4.1, security.md 8.3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.broker.login import Door, Prompt, Question
from gateway.broker.relying_party import RelyingParties
from gateway.saml.contexts import WantedContexts
from gateway.saml.errors import SamlRequestRefused, UntrustedSamlRequest
from gateway.saml.reply import SamlReply
from gateway.saml.sender import Signed, verify_sender
from providers.contract import Language
from providers.saml.bindings import Carried
from providers.saml.errors import SamlRefused
from providers.saml.metadata_values import Endpoint
from providers.saml.names import PERSISTENT, POST, UNSPECIFIED, saml, samlp
from providers.saml.reading import text_of

_TRUE: Final = frozenset({"true", "1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A request whose sender and address of the answer are proven."""

    signed: Signed
    reply: SamlReply

    def refused(self, rule: str, error: str, description: str) -> SamlRequestRefused:
        """Make the refusal that the relying party may read."""
        return SamlRequestRefused(rule, description, relying_party=self.signed.party.id, error=error, reply=self.reply)


def registered_consumer(signed: Signed) -> Endpoint:
    """The answer goes to an address of the registered metadata, named by URL, by index, or the default (T26)."""
    root, consumers = signed.root, signed.provider.consumers
    url, index = root.get("AssertionConsumerServiceURL"), root.get("AssertionConsumerServiceIndex")
    if url is not None and index is not None:
        raise _unregistered(signed, "give AssertionConsumerServiceURL or AssertionConsumerServiceIndex, not both")
    if root.get("ProtocolBinding") not in {None, POST}:
        raise _unregistered(signed, "ProtocolBinding must be HTTP-POST")
    if url is None and index is None:
        return consumers[0]
    fitting = [one for one in consumers if url == one.location or (index is not None and index == str(one.index))]
    if not fitting:
        raise _unregistered(signed, "the assertion consumer service is not one of those in the registered metadata")
    return fitting[0]


def _unregistered(signed: Signed, description: str) -> UntrustedSamlRequest:
    return UntrustedSamlRequest("registered_consumer", description, relying_party=signed.party.id)


# --- from here on a refusal may be sent to the assertion consumer service ---


def asks_the_person(proven: Proven) -> None:
    """Without a group each login is a fresh one, and ``IsPassive`` can never be answered with a login."""
    if proven.signed.party.group is None and proven.signed.root.get("IsPassive") in _TRUE:
        raise proven.refused(
            "asks_the_person", "login_required", "every login here asks the person; IsPassive cannot succeed"
        )


def names_nobody(proven: Proven) -> None:
    """Who signs in is for the provider to say, not for the relying party."""
    if proven.signed.root.find(saml("Subject")) is not None:
        raise proven.refused("names_nobody", "invalid_request", "Subject in an AuthnRequest is not supported")


def possible_name_id(proven: Proven) -> None:
    """The NameID is persistent and pairwise; nothing else is on offer."""
    policy = proven.signed.root.find(samlp("NameIDPolicy"))
    if policy is None:
        return
    if policy.get("Format") not in {None, PERSISTENT, UNSPECIFIED}:
        raise proven.refused(
            "possible_name_id", "invalid_name_id_policy", "NameIDPolicy must ask for a persistent NameID"
        )
    if policy.get("SPNameQualifier") not in {None, proven.signed.provider.entity_id}:
        raise proven.refused("possible_name_id", "invalid_name_id_policy", "SPNameQualifier must be the own entity id")


CHECKS: Final[Sequence[Callable[[Proven], None]]] = (asks_the_person, names_nobody, possible_name_id)


def verify_request(
    carried: Carried, parties: RelyingParties, destination: str, language: Language, now: datetime
) -> Question:
    """Check a request and put it into the broker's words.

    Raises:
        UntrustedSamlRequest: the sender or the address of the answer are not proven.
        SamlRequestRefused: any other rule is broken.
    """
    signed = verify_sender(carried, samlp("AuthnRequest"), parties, destination, now)
    reply = SamlReply(
        consumer=registered_consumer(signed).location,
        audience=signed.provider.entity_id,
        in_response_to=signed.id,
        relay_state=signed.relay_state,
    )
    proven = Proven(signed=signed, reply=reply)
    for check in CHECKS:
        check(proven)
    wanted = wanted_contexts(proven)
    return Question(
        relying_party=signed.party.id,
        language=language,
        minimum_assurance=max(wanted.weakest, signed.party.minimum_assurance),
        reply=_with(reply, wanted).pairs(),
        door=Door.SAML,
        prompt=_prompt(signed),
    )


def _prompt(signed: Signed) -> frozenset[Prompt]:
    """Put ``IsPassive`` and ``ForceAuthn`` into the broker's words; both together are refused there."""
    words = {"IsPassive": Prompt.NONE, "ForceAuthn": Prompt.LOGIN}
    return frozenset(word for name, word in words.items() if signed.root.get(name) in _TRUE)


def wanted_contexts(proven: Proven) -> WantedContexts:
    """Read which authentication contexts the relying party accepts; it is told when none can be had."""
    asked = proven.signed.root.find(samlp("RequestedAuthnContext"))
    if asked is None:
        return WantedContexts()
    try:
        named = [text_of(context) for context in asked.findall(saml("AuthnContextClassRef"))]
        return WantedContexts.of(asked.get("Comparison", "exact"), named)
    except (SamlRefused, ValueError) as error:
        raise proven.refused(
            "context_we_can_offer",
            "unmet_authentication_requirements",
            "RequestedAuthnContext must name eIDAS level URIs that can be reached",
        ) from error


def _with(reply: SamlReply, wanted: WantedContexts) -> SamlReply:
    return SamlReply(
        consumer=reply.consumer,
        audience=reply.audience,
        in_response_to=reply.in_response_to,
        relay_state=reply.relay_state,
        contexts=wanted,
    )
