"""What the gateway's server calls here: that a session is over (OIDC Back-Channel Logout 1.0)."""

import logging
from typing import Final

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from portals.auctions.access import open_to_everyone
from portals.auctions.portal import this_portal
from portals.errors import GatewayMisconfigured, GatewayUnavailable, LogoutTokenRejected

log = logging.getLogger(__name__)
gateway_calls = Blueprint("gateway_calls", __name__)

TOKEN: Final = "logout_token"  # noqa: S105  the name of a form field


@gateway_calls.post("/backchannel-logout")
@open_to_everyone
def backchannel_logout() -> ResponseReturnValue:
    """End the sessions that a logout token names; it counts once, and only if every check of it holds."""
    portal = this_portal()
    try:
        logout = portal.relying_party.verify_logout(_sent_token())
    except LogoutTokenRejected as rejected:
        log.warning("sign-out.token-rejected: %s", rejected.reason)
        return _refused(400)
    except (GatewayUnavailable, GatewayMisconfigured) as error:
        log.warning("sign-out.gateway-not-asked: %s", error)
        return _refused(503)
    if not portal.signed_in.end(logout, at=portal.clock()):
        log.warning("sign-out.token-rejected: used before")
        return _refused(400)
    log.info("sign-out.told-by-the-gateway")
    return Response("", 200)


def _sent_token() -> str:
    sent = request.form.getlist(TOKEN)
    if len(sent) != 1:
        raise LogoutTokenRejected("not exactly one logout_token in the form")
    return sent[0]


def _refused(status: int) -> ResponseReturnValue:
    return {"error": "invalid_request" if status == 400 else "temporarily_unavailable"}, status
