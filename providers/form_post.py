"""Sends a form to an address that was registered, and reads a short answer (T12).

As hardened as ``transport``: https alone, no redirect, no proxy, no cookie, one deadline for the whole call, at most
1 MiB of an answer. Each call has a connection of its own: these messages are rare, and none waits for another.
"""

import ssl
import time
from pathlib import Path
from typing import Final

import requests
import urllib3

from providers.call_failures import Failure, failed, failed_by
from providers.tls_context import CURRENT_CALL, Call, open_server_context
from providers.transport import LONGEST_CALL, Reply, open_session, read_reply

_HEADERS: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_CALL_FAILURES: Final = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


class FormPost:
    """Posts forms; threads may share it."""

    def __init__(self, ca: Path | None = None, *, deadline: float = LONGEST_CALL) -> None:
        """Trust one CA, read anew at each call; or those of the operating system."""
        self._ca = ca
        self._deadline = deadline

    def check_files(self) -> None:
        """Read the CA now, so that a bad file stops the start.

        Raises:
            OSError, ssl.SSLError: it is missing or garbled.
        """
        open_server_context(self._ca)

    def send(self, address: str, form: bytes) -> Reply:
        """Post a form once.

        Args:
            address: absolute https URL, from a registration and never from a message.
            form: the body, already encoded.

        Raises:
            TransportError: no usable answer within the deadline.
        """
        call = Call(endpoint=address, method="POST", deadline=time.monotonic() + self._deadline)
        token = CURRENT_CALL.set(call)
        try:
            return self._answer(call, form)
        except _CALL_FAILURES as error:
            raise failed_by(error, call) from error
        finally:
            CURRENT_CALL.reset(token)

    def _answer(self, call: Call, form: bytes) -> Reply:
        try:
            context = open_server_context(self._ca)
        except (OSError, ssl.SSLError) as error:
            raise failed(Failure.TRUST_UNREADABLE, f"the CA cannot be read ({type(error).__name__})", call) from error
        seconds = call.remaining()
        with open_session(context, 1) as session:
            answer = session.post(
                call.endpoint,
                data=form,
                headers=_HEADERS,
                stream=True,
                allow_redirects=False,
                timeout=(seconds, seconds),
            )
            return read_reply(answer, call)
