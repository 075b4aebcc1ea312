"""What a worker holds instead of a key: the public half, and the way to the signer."""

import socket
from collections import deque
from pathlib import Path
from typing import Any, Final

from gateway.broker.ports import StorageUnavailable
from gateway.signer.ledger import Summary
from gateway.signer.wire import as_bytes, as_text, receive, send
from gateway.signing.life import SigningKey
from gateway.signing.signer import public_half

PATIENCE: Final = 10.0
"""Seconds."""


class SignerUnavailable(StorageUnavailable):
    """The signer does not answer, so that nothing can leave."""


class SignerRefused(Exception):
    """The signer does not sign this; the message is the signer's."""


class SignerClient:
    """Speaks with the signer, over as many connections as threads ask at once."""

    def __init__(self, path: Path) -> None:
        """Connect when something is asked first."""
        self._path = path
        self._idle: deque[socket.socket] = deque()

    def ask(self, do: str, **what: Any) -> dict[str, Any]:
        """Ask once more over a new connection where the old one is dead: a signer that restarted lost nothing.

        Raises:
            SignerUnavailable: nobody answers.
            SignerRefused: it answers no.
        """
        asked = {"do": do, **what}
        try:
            answer = self._ask_over_old(asked) or self._ask_over(self._connect(), asked)
        except OSError as error:
            raise SignerUnavailable(
                f"the signer at {self._path} does not answer; run: vpm signer --config <settings file>"
            ) from error
        if "refused" in answer:
            raise SignerRefused(str(answer["refused"]))
        return answer

    def problems(self) -> list[str]:
        """Say whether it answers, in a sentence where it does not."""
        try:
            self.ask("summary", after="9", until="9")
        except SignerUnavailable as error:
            return [str(error)]
        return []

    def open(self, key: SigningKey) -> "RemoteSigner":
        """Give a key of the ring that signs over there.

        Raises:
            OSError: nobody answers.
            ValueError: the ring's public half cannot be read.
        """
        return RemoteSigner(self, key)

    def summary(self, after: str, until: str) -> Summary:
        """Ask what was counted; see ``Ledger.summary``."""
        return Summary(**self.ask("summary", after=after, until=until))

    def close(self) -> None:
        """Hang up."""
        while self._idle:
            self._idle.pop().close()

    def _ask_over_old(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        """Ask over a connection that nobody uses; None when there is none that lives."""
        try:
            return self._ask_over(self._idle.pop(), asked)
        except IndexError:
            return None
        except OSError:
            self.close()  # the others are as old
            return None

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        try:
            connection.connect(str(self._path))
        except OSError:
            connection.close()
            raise
        return connection

    def _ask_over(self, connection: socket.socket, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            send(connection, asked)
            answer = receive(connection)
        except OSError:
            connection.close()
            raise
        self._idle.append(connection)
        return answer


class RemoteSigner:
    """A private key that only the signer holds; implements ``gateway.signing.signer.Signer``."""

    def __init__(self, client: SignerClient, key: SigningKey) -> None:
        self._client = client
        self.public = public_half(key.public, key.kid)

    def sign(self, message: bytes, about: str, document: bytes = b"") -> bytes:
        """Have it signed.

        Raises:
            SignerUnavailable: nobody answers.
            SignerRefused: no committed event stands for it, or it is signed already.
        """
        answer = self._client.ask(
            "sign", kid=str(self.public.kid), about=about, message=as_text(message), document=as_text(document)
        )
        return as_bytes(answer["signature"])
