"""HTTP-Artifact: what the browser brings is a ticket; the response is fetched with it over mutual TLS (SAML 2.0 Bindings 3.6).

The call goes to the address of the agreement, never to one out of a message. What it brings is read on the same road
as a response by HTTP-POST: the response's own signatures count, whatever carried it.
"""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from lxml import etree

from providers.contract import BackChannelExchange
from providers.errors import ProviderUnavailable
from providers.refusals import SENTENCES, Reason
from providers.saml.bindings import MAX_RELAY_STATE
from providers.saml.errors import SamlRefused
from providers.saml.gate import parse_document
from providers.saml.names import SUCCESS, saml, samlp, soap
from providers.saml.question import Questions, new_id
from providers.saml.reading import identifier_of, only_child, optional_child, text_of
from providers.servers import Servers
from providers.transport import Reply

_TYPE: Final = b"\x00\x04"
_LENGTH: Final = 44
"""Bytes: type, endpoint index, SHA-1 of the issuer's entity id, handle (Bindings 3.6.4)."""
_HEADERS: Final = {
    "Content-Type": "text/xml; charset=utf-8",
    "SOAPAction": '"http://www.oasis-open.org/committees/security"',
}
_ENVELOPE: Final = (
    b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>%s</soap:Body></soap:Envelope>'
)
_DECLARATION: Final = re.compile(rb"^<\?xml[^>]*\?>\s*")
_REFUSED_US: Final = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Artifact:
    """A ticket of the provider that was asked, and the RelayState beside it."""

    text: str
    relay_state: str

    @property
    def fact(self) -> str:
        """What may be seen once only."""
        return f"saml-artifact-sha256:{hashlib.sha256(self.text.encode()).hexdigest()}"


def read_artifact(received: bytes, issuer: str) -> Artifact:
    """Take an artifact out of a query or form.

    Args:
        received: exactly as it came.
        issuer: the entity id of the provider that this return address belongs to.

    Raises:
        SamlRefused: there is none, or it is of another form, or another provider made it (mix-up).
    """
    read = _parameters(received)
    if set(read) != {"SAMLart", "RelayState"}:
        raise SamlRefused("readable_message", "there must be one SAMLart and one RelayState")
    _check_source(read["SAMLart"], issuer)
    return Artifact(read["SAMLart"], read["RelayState"])


def _parameters(received: bytes) -> dict[str, str]:
    read: dict[str, str] = {}
    for pair in received.split(b"&"):
        name, _, value = pair.partition(b"=")
        text = unquote_to_bytes(value.replace(b"+", b" ")).decode("ascii", "replace")
        if name.decode("ascii", "replace") in read or len(text) > MAX_RELAY_STATE:
            raise SamlRefused("no_parameter_twice", "a parameter was sent more than once, or is too long")
        read[name.decode("ascii", "replace")] = text
    return read


def _check_source(artifact: str, issuer: str) -> None:
    try:
        content = base64.b64decode(artifact, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SamlRefused("artifact_form", "the artifact is not base64") from error
    if len(content) != _LENGTH or content[:2] != _TYPE:
        raise SamlRefused("artifact_form", "the artifact is not of type 4")
    source = hashlib.sha1(issuer.encode(), usedforsecurity=False).digest()
    if not hmac.compare_digest(content[4:24], source):
        raise SamlRefused("artifact_source", "the artifact was made by another provider")


class ArtifactResolver:
    """Exchanges artifacts at one provider; threads may share it."""

    def __init__(self, servers: Servers, url: str, issuer: str, questions: Questions) -> None:
        """Ask at ``url``, which is on one of the servers."""
        self._servers, self._url, self._issuer, self._questions = servers, url, issuer, questions

    def resolve(self, artifact: Artifact, now: datetime) -> tuple[bytes, BackChannelExchange]:
        """Fetch the response, with the call as evidence; nothing in it is verified yet.

        Raises:
            ProviderUnavailable: no usable answer within the deadline, or the provider refuses us; ``exchanges`` holds it.
            SamlRefused: the answer is none to our call, or holds no response.
        """
        identifier = new_id()
        body = _ENVELOPE % _DECLARATION.sub(b"", self._questions.artifact(identifier, artifact.text, now))
        reply = self._servers.call("POST", self._url, body, _HEADERS)
        _check_reply(reply)
        try:
            return _response_in(reply.body, identifier, self._issuer), reply.exchange
        except SamlRefused as refused:
            raise ArtifactRefused(refused, reply.exchange) from refused


class ArtifactRefused(SamlRefused):
    """What the call brought broke a rule; ``exchange`` is the evidence."""

    def __init__(self, refused: SamlRefused, exchange: BackChannelExchange) -> None:
        """Keep the rule, and what was exchanged."""
        super().__init__(refused.rule, refused.detail)
        self.exchange = exchange


def _check_reply(reply: Reply) -> None:
    if reply.status in _REFUSED_US:
        raise ProviderUnavailable(
            Reason.PROVIDER_REFUSED_US, SENTENCES[Reason.PROVIDER_REFUSED_US], exchanges=(reply.exchange,)
        )
    if reply.status >= 500:
        raise ProviderUnavailable(
            Reason.PROVIDER_BUSY, f"it answered with status {reply.status}", exchanges=(reply.exchange,)
        )


def _response_in(raw: bytes, identifier: str, issuer: str) -> bytes:
    """The one Response in the answer, as a document of its own: exclusive canonicalisation does not see the envelope."""
    answer = _artifact_response(raw)
    identifier_of(answer, "artifact_response_id")
    if answer.get("InResponseTo") != identifier:
        raise SamlRefused("artifact_in_response_to", "the answer is to another call")
    stated = optional_child(answer, saml("Issuer"), "one_artifact_issuer")
    if stated is not None and text_of(stated) != issuer:
        raise SamlRefused("artifact_source", "the answer is issued by somebody else")
    status = only_child(only_child(answer, samlp("Status"), "one_status"), samlp("StatusCode"), "one_status_code")
    if status.get("Value") != SUCCESS:
        raise SamlRefused("artifact_known", "the provider does not take the artifact")
    if answer.find(samlp("Response")) is None:
        raise SamlRefused("artifact_known", "the artifact is unknown to the provider, or was used before")
    response = only_child(answer, samlp("Response"), "one_response")
    return etree.tostring(response, with_tail=False)  # type: ignore[no-any-return]  # lxml ships no types


def _artifact_response(raw: bytes) -> Any:
    root = parse_document(raw)
    if root.tag != soap("Envelope"):
        raise SamlRefused("is_artifact_response", "the answer is no SOAP 1.1 envelope")
    body = only_child(root, soap("Body"), "is_artifact_response")
    return only_child(body, samlp("ArtifactResponse"), "is_artifact_response")
