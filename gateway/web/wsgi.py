"""The factories that the worker processes call; the environment names the settings file."""

from flask import Flask

from gateway.bootstrap import open_gateway, settings_from_environment
from gateway.logging import log_as_json
from gateway.settings import InvalidSettings
from gateway.web.app import create_card_app, create_mutual_tls_app, create_public_app


def public() -> Flask:
    """Make the application of the public port."""
    log_as_json()
    return create_public_app(open_gateway(settings_from_environment()))


def mutual_tls() -> Flask:
    """Make the application of the mutual-TLS port."""
    log_as_json()
    return create_mutual_tls_app(open_gateway(settings_from_environment()))


def cards() -> Flask:
    """Make the application of the port that asks browsers for a card."""
    log_as_json()
    settings = settings_from_environment()
    if settings.cards is None:
        raise InvalidSettings(settings.base, ["cards: there is no such table, so there is no port for cards"])
    return create_card_app(open_gateway(settings), settings.cards.url)
