"""What is kept of a request so that its answer finds its way: the broker carries it and does not read it."""

from dataclasses import dataclass, field

from gateway.broker.login import Asked
from gateway.saml.contexts import WantedContexts


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlReply:
    """Where an answer goes, and what it answers."""

    consumer: str
    """A registered assertion consumer service, by HTTP-POST."""
    audience: str
    """The relying party's entity id."""
    in_response_to: str
    """The ID of its request."""
    relay_state: str | None
    """Opaque; sent back as it came."""
    contexts: WantedContexts = field(default_factory=WantedContexts)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Write it down for the broker."""
        kept = {
            "consumer": self.consumer,
            "audience": self.audience,
            "in_response_to": self.in_response_to,
            "contexts": self.contexts.text,
        }
        if self.relay_state is not None:
            kept["relay_state"] = self.relay_state
        return tuple(kept.items())


def reply_of(asked: Asked) -> SamlReply:
    """Read back where the answer to a login goes; it was proven when the login began."""
    kept = dict(asked.question.reply)
    return SamlReply(
        consumer=kept["consumer"],
        audience=kept["audience"],
        in_response_to=kept["in_response_to"],
        relay_state=kept.get("relay_state"),
        contexts=WantedContexts.parse(kept["contexts"]),
    )
