"""The one place that builds a Location for a relying party (T05)."""

from urllib.parse import urlencode

from gateway.broker.login import Asked
from gateway.oidc.errors import ReplyTo


def success_location(issuer: str, asked: Asked, code: str) -> str:
    """Give the address that carries a code to the relying party, with ``iss`` (RFC 9207)."""
    return _location(issuer, reply_of(asked), {"code": code})


def error_location(issuer: str, reply_to: ReplyTo, code: str, description: str) -> str:
    """Give the address that carries a refusal to the relying party."""
    return _location(issuer, reply_to, {"error": code, "error_description": description})


def reply_of(asked: Asked) -> ReplyTo:
    """Read back where the answer to a login goes; it was proven when the login began."""
    reply = dict(asked.question.reply)
    return ReplyTo(
        relying_party=asked.question.relying_party, redirect_uri=reply["redirect_uri"], state=reply.get("state")
    )


def _location(issuer: str, reply_to: ReplyTo, parameters: dict[str, str]) -> str:
    if reply_to.state is not None:
        parameters["state"] = reply_to.state
    separator = "&" if "?" in reply_to.redirect_uri else "?"
    return f"{reply_to.redirect_uri}{separator}{urlencode({**parameters, 'iss': issuer})}"
