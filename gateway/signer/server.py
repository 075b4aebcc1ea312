"""The signer's socket: a file with permissions, one thread for each worker's connection."""

import socket
import socketserver
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import structlog

from gateway.signer.desk import Refused, SignerDesk
from gateway.signer.wire import ConnectionEnded, as_bytes, as_text, receive, send

MODE: Final = stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IWGRP
"""Who may write to the socket may have things signed: its owner and its group."""
log = structlog.get_logger("signer")


class SignerServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Listens for the gateway's workers."""

    daemon_threads = True

    def __init__(self, path: Path, desk: SignerDesk) -> None:
        """Take the place of a signer that is gone.

        Raises:
            OSError: another one listens there.
        """
        self.desk = desk
        self._conversations: set[socket.socket] = set()
        self._leave_to_the_living(path)
        super().__init__(str(path), _Conversation)
        path.chmod(MODE)

    @staticmethod
    def _leave_to_the_living(path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except (FileNotFoundError, ConnectionRefusedError):
                path.unlink(missing_ok=True)
                return
        raise OSError(f"a signer listens at {path} already")

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Remember who is there while the conversation lasts."""
        self._conversations.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._conversations.discard(request)

    def server_close(self) -> None:
        """Hang up on everybody."""
        super().server_close()
        for conversation in list(self._conversations):
            with suppress(OSError):
                conversation.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A conversation that breaks is the worker's to report."""
        del request, client_address
        log.warning("signer.conversation-broken")


class _Conversation(socketserver.BaseRequestHandler):
    server: SignerServer

    def handle(self) -> None:
        try:
            while True:
                send(self.request, self._answer(receive(self.request)))
        except ConnectionEnded:
            return

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            return _ANSWERS[str(asked.get("do"))](self.server.desk, asked)
        except (Refused, KeyError, ValueError) as refused:
            log.error("signer.refused", kid=str(asked.get("kid")), about=str(asked.get("about")), reason=str(refused))  # noqa: TRY400 - the sentence says it all
            return {"refused": str(refused)}


def _sign(desk: SignerDesk, asked: dict[str, Any]) -> dict[str, Any]:
    message, document = as_bytes(asked["message"]), as_bytes(asked["document"])
    return {"signature": as_text(desk.sign(str(asked["kid"]), str(asked["about"]), message, document))}


def _open(desk: SignerDesk, asked: dict[str, Any]) -> dict[str, Any]:
    """Say that a key can sign here."""
    _, signer = desk.keys.find(str(asked["kid"]))
    return {"kid": str(signer.public.kid)}


def _summary(desk: SignerDesk, asked: dict[str, Any]) -> dict[str, Any]:
    return asdict(desk.ledger.summary(str(asked["after"]), str(asked["until"])))


_ANSWERS: Final[dict[str, Callable[[SignerDesk, dict[str, Any]], dict[str, Any]]]] = {
    "sign": _sign,
    "open": _open,
    "summary": _summary,
}
