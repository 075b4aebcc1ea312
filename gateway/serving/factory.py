"""The application a port serves, found by the name of its factory."""

import gc
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


_YOUNG: Final = 10_000
"""New objects before the collector looks for cycles among them. Requests leave hardly any, and at Python's own 700 the
looking was 3 % of a login."""


class NoSuchFactory(LookupError):
    """The name does not lead to a callable."""


def build_application(name: str) -> "WSGIApplication":
    """Call the factory named ``module:callable``; every worker process does so once.

    Raises ``NoSuchFactory`` for a name that leads nowhere, and whatever the factory raises.
    """
    module, colon, attribute = name.partition(":")
    factory: Callable[[], WSGIApplication] | None = getattr(import_module(module), attribute, None) if colon else None
    if not callable(factory):
        raise NoSuchFactory(f"{name}: not the name of a factory, which looks like package.module:callable")
    application = factory()
    gc.collect()
    gc.freeze()  # what is built now lives as long as the process: looking at it again and again was 8 % of a login
    gc.set_threshold(_YOUNG)
    return application
