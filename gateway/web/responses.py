"""The few shapes an answer has; each with the headers that every answer must have."""

import secrets
from typing import Final

import orjson
import structlog
from flask import Response

from gateway.broker.front_door import PostForm
from gateway.web.headers import secure_headers
from gateway.web.messages import message_for
from gateway.web.page_values import HandoverView, RefusalView
from gateway.web.pages import render_handover, render_refusal
from gateway.web.port_app import Answer
from gateway.web_address import origin_of
from providers.contract import Language

_HTML: Final = "text/html; charset=utf-8"

log = structlog.get_logger("gateway")


def page(
    html: str,
    status: int = 200,
    *,
    form_action: tuple[str, ...] = (),
    script_nonce: str | None = None,
    fetches: bool = False,
    frames: tuple[str, ...] = (),
) -> Response:
    """Answer with a page; for the arguments see ``secure_headers``."""
    headers = secure_headers(_HTML, form_action=form_action, script_nonce=script_nonce, fetches=fetches, frames=frames)
    return Answer(html, status, headers)


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
    response = Answer(b"", 303, secure_headers(_HTML))
    response.headers.add("Location", location)  # refuses line ends
    return response


def handover_page(language: Language, portal: str | None, form: PostForm, *, further: tuple[str, ...] = ()) -> Response:
    """Answer with the form that carries a message on.

    Args:
        language: of the page.
        portal: the relying party's name; None where the form leads to ourselves.
        form: where it leads and what it holds.
        further: origins that whoever takes the form may redirect to.
    """
    nonce = secrets.token_urlsafe(16)
    view = HandoverView(language=language, portal=portal, action=form.action, fields=form.fields, script_nonce=nonce)
    origins = {*further, *(() if portal is None else (origin_of(form.action),))}
    return page(render_handover(view), form_action=tuple(sorted(origins)), script_nonce=nonce)


def json_response(
    body: bytes | dict[str, object], status: int = 200, *, public_seconds: int | None = None, **headers: str
) -> Response:
    """Answer with JSON; cacheable only where nothing in it depends on who asks."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    cache_control = f"public, max-age={public_seconds}" if public_seconds is not None else None
    response = Answer(content, status, secure_headers("application/json", cache_control=cache_control))
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response
