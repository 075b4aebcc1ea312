"""Lets a Granian worker stop without losing a request that is about to be sent.

Told to stop, Granian at once closes each connection on which no request has begun: also one whose handshake ended a
millisecond ago. So a worker first takes no new connections, then gives those it has a moment, and only then is told.

Taking no new connections is not to be had from Granian, and the listening socket is shared with the other workers. What
is this process's own is the descriptor: it is made to name another socket, which nobody can reach.
"""

import asyncio
import contextlib
import os
import signal
import socket
from pathlib import Path
from typing import Final

_MOMENT: Final = 1.0
"""Seconds from the last connection taken to the stop."""


def stop_quietly_on_sigterm(loop: asyncio.AbstractEventLoop) -> None:
    """Take over SIGTERM in a worker; Granian still obeys SIGINT, and gets that."""

    def stop() -> None:
        take_no_more()
        loop.call_later(_MOMENT, signal.raise_signal, signal.SIGINT)

    loop.add_signal_handler(signal.SIGTERM, stop)


def take_no_more() -> None:
    """Make every listening descriptor of this process name a socket that nobody can reach."""
    with socket.socket(socket.AF_UNIX) as unreachable:
        unreachable.bind("")  # Linux gives it an unguessed abstract name
        unreachable.listen(0)
        unreachable.setblocking(False)
        for descriptor in _listening_descriptors():
            if descriptor != unreachable.fileno():
                os.dup2(unreachable.fileno(), descriptor, inheritable=False)


def _listening_descriptors() -> list[int]:
    return [int(file.name) for file in Path("/proc/self/fd").iterdir() if _is_listening(int(file.name))]


def _is_listening(descriptor: int) -> bool:
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as found:
        return found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
    return False
