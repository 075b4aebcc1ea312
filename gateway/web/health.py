"""Is the process alive, and is it ready to carry a login?"""

from collections.abc import Callable

from flask import Blueprint, Response

from gateway.web.access import Access, may_enter
from gateway.web.responses import json_response


def health_pages(problems: Callable[[], list[str]]) -> Blueprint:
    """Make the health routes, from a function that names what keeps the gateway from working."""
    pages = Blueprint("health", __name__)

    @pages.get("/healthz")
    @may_enter(Access.ANYONE)
    def alive() -> Response:
        return json_response({"status": "alive"})

    @pages.get("/readyz")
    @may_enter(Access.ANYONE)
    def ready() -> Response:
        found = problems()
        return json_response({"status": "not ready" if found else "ready", "problems": found}, 503 if found else 200)

    return pages
