"""What the pages of the auction portal work with, opened once by ``create_app``."""

from dataclasses import dataclass
from typing import Final, cast

from flask import current_app, session
from sqlalchemy import Engine

from portals.auctions.register import Register
from portals.auctions.session_storage import SqlSignedIn, SqlSignIns
from portals.browser_sessions import BrowserSession
from portals.gateway_directory import Clock
from portals.relying_party import RelyingParty
from portals.settings import PortalSettings

EXTENSION: Final = "auctions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """The portal's parts."""

    settings: PortalSettings
    engine: Engine
    register: Register
    relying_party: RelyingParty
    sign_ins: SqlSignIns
    signed_in: SqlSignedIn
    clock: Clock

    def close(self) -> None:
        """Let go of the database and of every connection to the gateway."""
        self.relying_party.close()
        self.engine.dispose()


def this_portal() -> Portal:
    """The parts of the portal that serves the current request."""
    return cast(Portal, current_app.extensions[EXTENSION])


def this_session() -> BrowserSession:
    """The session of the browser that made the current request."""
    return cast(BrowserSession, session)
