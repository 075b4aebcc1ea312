"""Latvian by default, English on request; the choice is kept in a cookie of its own, for a year."""

from typing import Final

from flask import Flask, Response, g, request, url_for
from flask_babel import Babel

LANGUAGES: Final = {"lv": "Latviešu", "en": "English"}
DEFAULT: Final = "lv"
COOKIE: Final = "__Host-auctions-language"
YEAR: Final = 365 * 24 * 3600


def speak_languages(app: Flask) -> None:
    """Let the pages of this application speak the person's language."""
    app.config["BABEL_DEFAULT_LOCALE"] = DEFAULT
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Europe/Riga"
    Babel(app, locale_selector=current_language)
    app.after_request(_remember_choice)
    app.context_processor(_for_templates)


def current_language() -> str:
    """``lv`` or ``en``: of the sign-in being answered, else asked for in the address, else chosen before."""
    for wish in (g.get("language"), request.args.get("lang"), request.cookies.get(COOKIE)):
        if wish in LANGUAGES:
            return str(wish)
    return DEFAULT


def _remember_choice(response: Response) -> Response:
    choice = request.args.get("lang")
    if choice in LANGUAGES:
        response.set_cookie(COOKIE, choice, max_age=YEAR, secure=True, httponly=True, samesite="Lax", path="/")
    return response


def _for_templates() -> dict[str, object]:
    return {"language": current_language(), "languages": LANGUAGES, "language_address": _language_address}


def _language_address(language: str) -> str:
    """This page in another language; the answer of the gateway is not for a second reading, so from there the front."""
    may_be_repeated = request.endpoint and request.method == "GET" and request.endpoint != "sign_in.callback"
    return f"{request.path if may_be_repeated else url_for('pages.front')}?lang={language}"
