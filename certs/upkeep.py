"""Keep a hierarchy fresh for as long as something runs that depends on it."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Final

from certs.dev_pki import DevPki, Refreshed
from certs.errors import CertificateError

EVERY: Final = timedelta(minutes=5)
"""How often to look; lists are due after an hour and good for a day, certificates due at two thirds of life."""


def keep_fresh(
    pki: DevPki,
    *,
    until: Event,
    tell: Callable[[Refreshed | Exception], None],
    every: timedelta = EVERY,
) -> None:
    """Refresh at once and again and again, until the event is set.

    A refresh that fails is told and tried again next time: a full disk at night must not end the renewals.

    Args:
        pki: the hierarchy.
        until: set it to stop; the call then returns within the refresh under way.
        tell: called with whatever was replaced (never with nothing), or with what went wrong.
        every: how long to wait in between.
    """
    while not until.is_set():
        try:
            refreshed = pki.refresh()
        except (CertificateError, OSError) as error:
            tell(error)
        else:
            if refreshed != Refreshed(certificates=(), cas=(), lists=()):
                tell(refreshed)
        until.wait(every.total_seconds())
