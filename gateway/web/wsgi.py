"""The factories that the worker processes call; the environment names the settings file."""

from flask import Flask

from gateway.bootstrap import open_gateway, settings_from_environment
from gateway.logging import log_as_json
from gateway.web.app import create_mutual_tls_app, create_public_app


def public() -> Flask:
    """Make the application of the public port."""
    log_as_json()
    return create_public_app(open_gateway(settings_from_environment()))


def mutual_tls() -> Flask:
    """Make the application of the mutual-TLS port."""
    log_as_json()
    return create_mutual_tls_app(open_gateway(settings_from_environment()))
