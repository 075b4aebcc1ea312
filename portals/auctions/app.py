"""The auction portal as a Flask application; everything it needs is opened here, nothing at import."""

from flask import Flask
from flask_wtf import CSRFProtect, FlaskForm

from portals.auctions.access import is_signed_in
from portals.auctions.error_pages import show_error_pages
from portals.auctions.gateway_calls import gateway_calls
from portals.auctions.languages import speak_languages
from portals.auctions.pages import pages
from portals.auctions.portal import EXTENSION, Portal
from portals.auctions.register import Register
from portals.auctions.session_storage import SqlSessions, SqlSignedIn, SqlSignIns
from portals.auctions.sign_in_pages import sign_in
from portals.auctions.storage import open_engine
from portals.browser_sessions import ServerSideSessions
from portals.gateway_directory import Clock
from portals.relying_party import RelyingParty, utc_now
from portals.security_headers import send_security_headers
from portals.settings import PortalSettings

COOKIE = "__Host-auctions"
LARGEST_FORM = 64 * 1024


def create_app(settings: PortalSettings, *, clock: Clock = utc_now) -> Flask:
    """The portal, ready to answer; ``close_app`` lets go of what it holds.

    Args:
        settings: where it is, whom it asks, and its files.
        clock: the time now, with a zone.

    Raises:
        OSError, ValueError: a key or certificate cannot be read.
        DatabaseTooNew: the database was written by a newer version.
    """
    portal, secret = _open_portal(settings, clock), settings.session_secret_file.read_bytes()
    app = Flask(__name__)
    app.extensions[EXTENSION] = portal
    app.config.update(
        SECRET_KEY=secret,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        WTF_CSRF_TIME_LIMIT=None,  # a token lives as long as its session
    )
    app.session_interface = ServerSideSessions(SqlSessions(portal.engine), secret=secret, cookie=COOKIE, clock=clock)
    _equip(app, settings)
    app.register_blueprint(pages)
    app.register_blueprint(sign_in)
    app.register_blueprint(gateway_calls)
    return app


def close_app(app: Flask) -> None:
    """Let go of the database and of every connection."""
    portal: Portal = app.extensions[EXTENSION]
    portal.close()


def _open_portal(settings: PortalSettings, clock: Clock) -> Portal:
    engine = open_engine(settings.database)
    return Portal(
        settings=settings,
        engine=engine,
        register=Register(engine=engine, clock=clock),
        relying_party=RelyingParty(settings, clock=clock),
        sign_ins=SqlSignIns(engine),
        signed_in=SqlSignedIn(engine),
        clock=clock,
    )


def _equip(app: Flask, settings: PortalSettings) -> None:
    CSRFProtect(app).exempt(gateway_calls)  # no browser: a signature takes the token's place
    speak_languages(app)
    show_error_pages(app)
    send_security_headers(app, gateway_origin="/".join(settings.gateway.issuer.split("/")[:3]))
    app.context_processor(lambda: {"signed_in": is_signed_in(), "sign_out_form": FlaskForm})
