"""The few shapes an answer has; each with the headers that every answer must have."""

import orjson
import structlog
from flask import Response

from gateway.web.headers import set_security_headers
from gateway.web.messages import message_for
from gateway.web.page_values import RefusalView
from gateway.web.pages import render_refusal

log = structlog.get_logger("gateway")


def page(
    html: str, status: int = 200, *, form_action: tuple[str, ...] = (), script_nonce: str | None = None
) -> Response:
    """Answer with a page."""
    response = Response(html, status, content_type="text/html; charset=utf-8")
    set_security_headers(response, form_action=form_action, script_nonce=script_nonce)
    return response


def refusal_page(view: RefusalView, *, form_action: tuple[str, ...] = ()) -> Response:
    """Tell the person, and the operator under the same number, why a login does not go on."""
    message = message_for(view.reason)
    log.warning(
        "login.not-completed",
        incident=view.incident,
        reason=view.reason,
        concern=message.concern,
        mender=message.mender,
        text=message.operator,
    )
    return page(render_refusal(view), 400, form_action=form_action)


def see_other(location: str) -> Response:
    """Send the browser on with 303, so that no form is ever posted twice (T06)."""
    response = Response("", 303, {"Location": location})
    response.autocorrect_location_header = False
    set_security_headers(response)
    return response


def json_response(
    body: bytes | dict[str, object], status: int = 200, *, public_seconds: int | None = None, **headers: str
) -> Response:
    """Answer with JSON; cacheable only where nothing in it depends on who asks."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    response = Response(content, status, content_type="application/json")
    set_security_headers(response)
    if public_seconds is not None:
        response.headers["Cache-Control"] = f"public, max-age={public_seconds}"
        del response.headers["Vary"]
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response
