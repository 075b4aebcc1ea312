"""Single logout by the front channel (SAML 2.0 Core 3.7): the messages of both directions.

Without a group each login is a fresh one, so there is no session here to end; what remains is to prove who asks, to
record it once, and to answer at a registered address. The session of a group ends with it, and the others are told:
by the back channel, or by a visit of the browser (``gateway.saml.sign_out_round``).
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.broker.front_door import BrowserAnswer, PostForm, Redirect
from gateway.broker.relying_party import RelyingParties, ServiceProvider
from gateway.saml.errors import UntrustedSamlRequest
from gateway.saml.keys import MessagesAbout
from gateway.saml.messages import LogoutQuestion
from gateway.saml.sender import SKEW, Signed, verify_sender
from providers.saml.bindings import Carried, post_fields, redirect_query
from providers.saml.errors import SamlRefused
from providers.saml.names import REDIRECT, SUCCESS, saml, samlp
from providers.saml.reading import instant_of, only_child, text_of


def verify_logout_request(carried: Carried, parties: RelyingParties, destination: str, now: datetime) -> Signed:
    """Check a LogoutRequest.

    Raises:
        UntrustedSamlRequest: it is not proven, late, names nobody, or there is no registered address to answer at.
    """
    signed = verify_sender(carried, samlp("LogoutRequest"), parties, destination, now)
    try:
        subject_of(signed)
        _in_time(signed, now)
    except SamlRefused as refused:
        raise UntrustedSamlRequest(refused.rule, refused.detail, relying_party=signed.party.id) from refused
    if not signed.provider.logout:
        raise UntrustedSamlRequest(
            "registered_logout", "the registered metadata has no SingleLogoutService", relying_party=signed.party.id
        )
    return signed


def subject_of(signed: Signed) -> str:
    """Read whom a LogoutRequest names: the pairwise subject that the relying party was told.

    Raises:
        SamlRefused: it names nobody, or two.
    """
    return text_of(only_child(signed.root, saml("NameID"), "one_name_id"))


def _in_time(signed: Signed, now: datetime) -> None:
    ends = signed.root.get("NotOnOrAfter")
    if ends is not None and instant_of(ends, "request_not_on_or_after") <= now - SKEW:
        raise SamlRefused("request_not_on_or_after", "NotOnOrAfter is over")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutReply:
    """What the answer to a LogoutRequest must hold; kept while others are visited first."""

    in_response_to: str
    relay_state: str | None

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Write it down for the broker."""
        kept = {"in_response_to": self.in_response_to}
        return tuple((kept if self.relay_state is None else {**kept, "relay_state": self.relay_state}).items())

    @classmethod
    def of(cls, pairs: tuple[tuple[str, str], ...]) -> "LogoutReply":
        """Read it back."""
        kept = dict(pairs)
        return cls(in_response_to=kept["in_response_to"], relay_state=kept.get("relay_state"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutResponse:
    """What a proven relying party answered to a LogoutRequest; whether we sent that is not decided yet."""

    signed: Signed
    in_response_to: str
    confirmed: bool
    """Whether it says that the session is over."""


def verify_logout_response(
    carried: Carried, parties: RelyingParties, destination: str, now: datetime
) -> LogoutResponse:
    """Check a LogoutResponse.

    Raises:
        UntrustedSamlRequest: its sender is not proven, it is late, for another address, or says nothing.
    """
    signed = verify_sender(carried, samlp("LogoutResponse"), parties, destination, now)
    try:
        status = only_child(signed.root, samlp("Status"), "one_status")
        code = only_child(status, samlp("StatusCode"), "one_status_code").get("Value")
    except SamlRefused as refused:
        raise UntrustedSamlRequest(refused.rule, refused.detail, relying_party=signed.party.id) from refused
    return LogoutResponse(
        signed=signed, in_response_to=str(signed.root.get("InResponseTo") or ""), confirmed=code == SUCCESS
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedQuestion:
    """A LogoutRequest of ours, and which key signed it."""

    carried: BrowserAnswer
    signer_kid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutWriter:
    """Writes LogoutRequest and LogoutResponse, each by the binding that the relying party's metadata prefers."""

    messages: MessagesAbout

    def answer(
        self, about: str, to: ServiceProvider, reply: LogoutReply, now: datetime, *, partial: bool
    ) -> BrowserAnswer:
        """Make the signed LogoutResponse.

        Args:
            about: the session or request whose event is committed.
            to: whose logout.
            reply: what is answered.
            now: the moment.
            partial: whether somebody who took part was not told.
        """
        messages, endpoint = self.messages(about), to.logout[0]
        signed, address = endpoint.binding != REDIRECT, endpoint.for_responses
        xml = messages.logout_response(address, reply.in_response_to, now, signed=signed, partial=partial)
        if endpoint.binding != REDIRECT:
            return PostForm(action=address, fields=post_fields("SAMLResponse", xml, reply.relay_state))
        return _redirect(address, redirect_query("SAMLResponse", xml, reply.relay_state, messages.key))

    def question(self, about: str, to: ServiceProvider, question: LogoutQuestion, now: datetime) -> SignedQuestion:
        """Make the signed LogoutRequest; ``about`` is the session, whose end is committed."""
        messages, address = self.messages(about), question.destination
        by_redirect = to.logout[0].binding == REDIRECT
        xml = messages.logout_request(question, now, signed=not by_redirect)
        carried: BrowserAnswer = PostForm(action=address, fields=post_fields("SAMLRequest", xml, None))
        if by_redirect:
            carried = _redirect(address, redirect_query("SAMLRequest", xml, None, messages.key))
        return SignedQuestion(carried=carried, signer_kid=messages.key.name)


def _redirect(address: str, query: str) -> Redirect:
    return Redirect(location=f"{address}{'&' if '?' in address else '?'}{query}")
