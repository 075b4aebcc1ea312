"""Who may enter: every route says so, and the application refuses to start with one that does not."""

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from flask import Flask

View = TypeVar("View", bound=Callable[..., object])


class Access(Enum):
    """What lets somebody in."""

    ANYONE = "anyone"
    OWN_BROWSER = "the browser that began the login"
    PROVEN_CARD = "whoever proves a card in the handshake of this connection, in the browser that began the login"
    SIGNED_MESSAGE = "whoever carries a message that the provider signed"
    PROVEN_RELYING_PARTY = "a relying party that proves itself in the way that is registered for it"
    SIGNED_REQUEST = "whoever carries a message that a registered relying party signed"


def may_enter(access: Access) -> Callable[[View], View]:
    """Declare who may enter a view."""

    def mark(view: View) -> View:
        view.access = access  # type: ignore[attr-defined] # read back by refuse_undeclared and the route sweep
        return view

    return mark


def access_of(view: Callable[..., object]) -> Access | None:
    """Say who may enter a view; None when nobody declared it."""
    return getattr(view, "access", None)


def refuse_undeclared(app: Flask) -> None:
    """Stop a start with a route that does not say who may enter.

    Raises:
        LookupError: naming the endpoints.
    """
    open_ends = sorted(name for name, view in app.view_functions.items() if access_of(view) is None)
    if open_ends:
        raise LookupError(f"these views do not declare who may enter: {', '.join(open_ends)}")
