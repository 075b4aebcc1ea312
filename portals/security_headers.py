"""Headers on every answer of a portal (``security.md`` T16, T17).

Scripts are not allowed at all: the pages work without any. Forms may lead to the portal itself and to the gateway,
where signing out continues.
"""

from flask import Flask, Response, request

STATIC_LIFETIME = "public, max-age=3600"


def send_security_headers(app: Flask, *, gateway_origin: str) -> None:
    """Put the headers on everything this application answers, errors and files included.

    Args:
        app: the portal.
        gateway_origin: scheme, host and port of the gateway's pages.
    """
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        f"form-action 'self' {gateway_origin}; frame-ancestors 'none'; base-uri 'none'"
    )

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if request.host.partition(":")[0] != "localhost":  # there it would also bind a developer's other servers
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return _say_who_may_keep_it(response)


def _say_who_may_keep_it(response: Response) -> Response:
    if request.endpoint == "static" and response.status_code in {200, 304}:
        response.headers["Cache-Control"] = STATIC_LIFETIME
        return response
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Cookie")
    return response
