"""The calls of one login to the provider's servers: code for tokens, token for user info."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from providers.call_failures import NOT_KEPT
from providers.contract import BackChannelExchange
from providers.errors import ProviderError, ProviderUnavailable
from providers.oidc.authorization import Memory
from providers.oidc.client import ClientProof
from providers.oidc.discovery import Metadata
from providers.refusals import Reason
from providers.servers import Servers
from providers.transport import Reply
from providers.wire.oauth import TokenAnswer, read_object_of, read_token_answer, refuse

FORM: Final = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_OK: Final = 200
_SERVER_ERROR: Final = 500
Result = TypeVar("Result")


@dataclass(slots=True)
class Conversation:
    """One login's calls; ``exchanges`` is what they leave as evidence, whatever comes of them."""

    servers: Servers
    metadata: Metadata
    exchanges: list[BackChannelExchange] = field(default_factory=list)

    def redeem(self, code: str, memory: Memory, client: ClientProof, now: datetime) -> TokenAnswer:
        """Exchange the code, once (RFC 6749 4.1.3, RFC 7636 4.5); ``now`` is UTC, aware.

        Raises:
            ProviderError: no answer, an error, or an answer without an ID token.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": memory.return_url,
            "code_verifier": memory.verifier,
            **client.parameters(self.metadata.token_endpoint, now),
        }
        reply = self._call("POST", self.metadata.token_endpoint, urlencode(form).encode(), FORM)
        answer = read_token_answer(reply)
        self.exchanges[-1] = without(reply.exchange, answer.access_token)
        return answer

    def user_info(self, access_token: str) -> Mapping[str, Any]:
        """Ask who the token is about (OIDC Core 5.3).

        Raises:
            ProviderError: no answer, or none that is a JSON object.
        """
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        reply = self._call("GET", self.metadata.userinfo_endpoint or "", b"", headers)
        if reply.status >= _SERVER_ERROR:
            raise ProviderUnavailable(Reason.PROVIDER_BUSY, f"user info came with status {reply.status}")
        if reply.status != _OK:
            refuse(Reason.MALFORMED)
        return read_object_of(reply)

    def _call(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        reply = self.collecting(lambda: self.servers.call(method, url, body, headers))
        self.exchanges.append(reply.exchange)
        return reply

    def collecting(self, call: Callable[[], Result]) -> Result:
        """Make a call to the provider; where it fails, what it leaves is evidence too."""
        try:
            return call()
        except ProviderError as error:
            self.exchanges.extend(error.exchanges)
            raise

    def with_evidence(self, judge: Callable[[], Result]) -> Result:
        """Do something; a refusal takes along what was exchanged until then."""
        try:
            return judge()
        except ProviderError as error:
            error.exchanges = tuple(self.exchanges)
            raise


def without(exchange: BackChannelExchange, token: str) -> BackChannelExchange:
    """An exchange as evidence without a token that still opens something."""
    return replace(exchange, received=exchange.received.replace(token.encode(), NOT_KEPT))
