"""The front door for OpenID Connect: a result leaves as a code in the query of the redirect URI."""

from datetime import datetime

from gateway.audit.event import Peer
from gateway.broker.deliver import CODE_LIFETIME
from gateway.broker.events import CodeIssued
from gateway.broker.front_door import Handover, Redirect
from gateway.broker.identifiers import digest, new_secret
from gateway.broker.login import Answered, Asked, Refused
from gateway.oidc.response import Responder, reply_of


class OidcDoor:
    """Implements ``gateway.broker.front_door.FrontDoor``."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder

    def reply_address(self, asked: Asked) -> str:
        """Give the redirect URI."""
        return reply_of(asked).redirect_uri

    def hand_over(self, login: Answered, now: datetime) -> Handover:
        """Plan to issue a code of 256 bits, valid for a minute; only its digest is kept (T08)."""
        code = new_secret()
        event = CodeIssued(
            corr=login.asked.id,
            peer=Peer(id=login.asked.question.relying_party),
            endpoint=self.reply_address(login.asked),
            artefact={"kind": "code", "commit": digest(code)},
        )
        return Handover(
            becomes=login.delivered(digest(code), now + CODE_LIFETIME),
            event=event,
            answer=lambda: Redirect(location=self._responder.success(login.asked, code)),
        )

    def refusal(self, refused: Refused, error: str, description: str) -> Redirect:
        """Give the redirect that carries the error."""
        return Redirect(location=self._responder.refusal(reply_of(refused.asked), error, description, refused.asked.id))
