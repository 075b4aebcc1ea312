"""File descriptors: every open connection takes one, and a server that runs out of them accepts nobody."""

import logging
import resource
from typing import Final

log = logging.getLogger(__name__)

_FOR_THE_REST: Final = 256
"""Descriptors of a worker process that are no connections: databases, logs, connections to providers."""


def room_for(connections: int) -> int:
    """How many of the connections a worker process may hold; raises this process's soft limit as far as it goes.

    Worker processes inherit the limit, which counts for each process by itself.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _FOR_THE_REST
    if soft < wanted:
        soft = min(wanted, hard) if hard != resource.RLIM_INFINITY else wanted
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft < wanted:
        log.warning("only %d open files are allowed: %d connections instead of %d", soft, soft // 2, connections)
        return soft // 2
    return connections
