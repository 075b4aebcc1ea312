"""The one place that builds a Location for a relying party (T05)."""

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlencode

from gateway.broker.login import Asked
from gateway.oidc.errors import ReplyTo
from gateway.oidc.jarm import SIGNED_MODES, signed_answer
from gateway.oidc.keys import SigningKeys


class Responder:
    """Answers in the name of the issuer (RFC 9207), in the query of the redirect URI."""

    def __init__(self, issuer: str, keys: SigningKeys, clock: Callable[[], datetime]) -> None:
        self._issuer = issuer
        self._keys = keys
        self._clock = clock

    def success(self, asked: Asked, code: str) -> str:
        """Give the address that carries a code to the relying party."""
        return self._location(reply_of(asked), {"code": code}, asked.id)

    def refusal(self, reply_to: ReplyTo, code: str, description: str, about: str) -> str:
        """Give the address that carries a refusal, of a login or of an incident, to the relying party."""
        return self._location(reply_to, {"error": code, "error_description": description}, about)

    def _location(self, reply_to: ReplyTo, parameters: dict[str, str], about: str) -> str:
        if reply_to.state is not None:
            parameters["state"] = reply_to.state
        separator = "&" if "?" in reply_to.redirect_uri else "?"
        return f"{reply_to.redirect_uri}{separator}{urlencode(self._signed_or_named(reply_to, parameters, about))}"

    def _signed_or_named(self, reply_to: ReplyTo, parameters: dict[str, str], about: str) -> dict[str, str]:
        if reply_to.signed:
            audience, now = reply_to.relying_party, self._clock()
            return signed_answer(self._keys, self._issuer, audience, parameters, now, about)
        return {**parameters, "iss": self._issuer}


def reply_of(asked: Asked) -> ReplyTo:
    """Read back where the answer to a login goes; it was proven when the login began."""
    reply = dict(asked.question.reply)
    return ReplyTo(
        relying_party=asked.question.relying_party,
        redirect_uri=reply["redirect_uri"],
        state=reply.get("state"),
        signed=reply.get("response_mode") in SIGNED_MODES,
    )
