"""Who may enter: every route is ``open_to_everyone`` or ``for_the_person_signed_in``; a test looks at all of them."""

from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec

from flask import redirect, session, url_for
from flask.typing import ResponseReturnValue

from portals.auctions.domain import Entry, EntryId
from portals.auctions.portal import this_portal

ENTRY: Final = "entry"
SUBJECT: Final = "subject"
ID_TOKEN: Final = "id_token"  # noqa: S105  the name of a session field
ACCESS: Final = "access"

Arguments = ParamSpec("Arguments")
View = Callable[Arguments, ResponseReturnValue]


def is_signed_in() -> bool:
    """Whether this browser's session belongs to a person."""
    return ENTRY in session


def own_entry() -> Entry:
    """The entry of the person signed in.

    Raises:
        NoSuchEntry: it was deleted meanwhile, from another browser.
    """
    return this_portal().register.entry(EntryId(session[ENTRY]))


def own_subject() -> str:
    """The pairwise identifier of the person signed in."""
    return str(session[SUBJECT])


def open_to_everyone(view: View[Arguments]) -> View[Arguments]:
    """A route anyone may use."""
    setattr(view, ACCESS, "everyone")
    return view


def for_the_person_signed_in(view: View[Arguments]) -> View[Arguments]:
    """A route of the own entry; anyone else is led to the front page, where signing in begins."""

    @wraps(view)
    def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> ResponseReturnValue:
        if not is_signed_in():
            return redirect(url_for("pages.front", signed="out"), code=303)
        return view(*args, **kwargs)

    setattr(guarded, ACCESS, "person")
    return guarded
