"""What the ports' applications leave out of Flask, and what they keep."""

import pytest
from flask import Response, session

from gateway.web.headers import secure_headers
from gateway.web.port_app import Answer, PortApp
from gateway.web.responses import see_other


@pytest.fixture
def app() -> PortApp:
    made = PortApp("gateway.example")
    made.add_url_rule("/page", view_func=lambda: Answer("lapa ā", 200, secure_headers("text/html")), endpoint="page")
    return made


def test_a_body_is_sent_whole_and_its_length_in_bytes(app: PortApp) -> None:
    reply = app.test_client().get("/page")
    assert reply.data.decode() == "lapa ā"
    assert reply.headers["Content-Length"] == "7"


def test_head_gets_the_headers_of_get_and_no_body(app: PortApp) -> None:
    reply = app.test_client().head("/page")
    assert (reply.status_code, reply.data, reply.headers["Content-Length"]) == (200, b"", "7")


def test_a_location_leaves_as_it_was_registered(app: PortApp) -> None:
    """T05: an address that was compared byte for byte is not written anew afterwards."""
    registered = "https://portal.example/cb?a=%7e&b=%E2%82%AC|"
    app.add_url_rule("/on", view_func=lambda: see_other(registered), endpoint="on")
    assert app.test_client().get("/on").headers["Location"] == registered


def test_a_location_with_a_line_end_is_refused() -> None:
    with pytest.raises(ValueError, match="newline"):
        see_other("https://portal.example/\r\nSet-Cookie: a=b")


def test_there_is_no_session_to_write_to(app: PortApp) -> None:
    def write() -> Response:
        session["who"] = "somebody"
        return Response()

    app.add_url_rule("/write", view_func=write)
    app.testing = True
    with pytest.raises(RuntimeError, match="session is unavailable"):
        app.test_client().get("/write")


def test_another_method_is_answered_with_those_that_are_allowed(app: PortApp) -> None:
    reply = app.test_client().post("/page")
    assert reply.status_code == 405
    assert "GET" in reply.headers["Allow"]
