"""How a person goes on with the same browser after the gateway came back, and where that ends."""

import re

from tests.support.driver import Lines, SignIn, Turned
from tests.support.https_line import Reply
from tests.support.relying_party import RelyingParty

NUMBER = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b")
AGAIN = re.compile(r'action="(/login/[0-9A-HJKMNP-TV-Z]{26}/again)"')


def go_on(party: RelyingParty, login: SignIn) -> str:
    """Reload the page of a login that was interrupted, then do what it offers.

    Gives ``signed in``; ``began again`` when that took a new choice; ``already complete``; or ``told``: a page with a
    number and a button to begin again. Fails when the page has neither a way on nor a number.
    """
    login.lines = Lines.to(party)
    try:
        return _reload(login)
    finally:
        login.lines.close()


def _reload(login: SignIn) -> str:
    step = login.next_step
    if step in {"bank", "return"} and login.form[0]:
        ended = _repeat(login, step)
        if ended:
            return ended
    if step == "token" and login.code:
        return _portal_asks_again(login)
    return _page_of(login)


def _repeat(login: SignIn, step: str) -> str | None:
    """Send the same form again, as the browser's reload does; None where the answer was spent before the kill."""
    turned = _turned_at(login, ("bank", "return") if step == "bank" else ("return",))
    if turned is None:
        return _page_of(login)
    assert turned.reply.status == 400, turned
    assert NUMBER.search(turned.reply.text), turned
    return None


def _turned_at(login: SignIn, steps: tuple[str, ...]) -> Turned | None:
    try:
        for step in steps:
            login.take(step)
    except Turned as turned:
        return turned
    return None


def _page_of(login: SignIn) -> str:
    """Open the login's own page, to which every page of it leads back."""
    reply = login.at_gateway("GET", f"/login/{login.login}/continue")
    if reply.header("location").startswith(login.party.redirect_uri):
        login.read_code(reply)
        login.take("token")
        return "signed in"
    if reply.status == 303:
        reply = login.at_gateway("GET", reply.header("location"))
    if f"/login/{login.login}/choose" in reply.text:
        return _choose_again(login)
    if reply.status == 200:
        assert login.party.places.auctions in reply.text, reply.text
        return "already complete"
    return _told(login, reply)


def _choose_again(login: SignIn) -> str:
    before, login.seconds = login.login, {"authorize": 0.0}
    login.choose()
    login.up_to("token").take("token")
    return "signed in" if login.login == before else "began again"


def _told(login: SignIn, reply: Reply) -> str:
    assert NUMBER.search(reply.text), reply.text
    again = AGAIN.search(reply.text)
    assert again, reply.text
    offered = login.at_gateway("POST", again[1])
    assert offered.status == 303
    return "told"


def _portal_asks_again(login: SignIn) -> str:
    """The portal repeats its token request; a code that was spent before the kill is refused, and its tokens with it."""
    turned = _turned_at(login, ("token",))
    if turned is None:
        return "signed in"
    assert turned.reply.status == 400, turned
    assert b"invalid_grant" in turned.reply.body
    return _page_of(login)
