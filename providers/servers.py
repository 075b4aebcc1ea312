"""The servers of one provider that we may call, each by its origin: nothing that a message names is called (T12).

A protocol whose endpoints stand in a discovery document asks ``Servers.covers`` of each before it is believed.
"""

import ssl
from collections.abc import Iterable, Mapping
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from certs.errors import CertificateError
from certs.load import load_identity
from providers.call_failures import Failure, TransportError
from providers.errors import ProviderUnavailable
from providers.protocol import Clock
from providers.refusals import Reason
from providers.settings import Frozen, Pin, SettingsFile, https_origin
from providers.tls_context import TlsFiles
from providers.transport import LONGEST_CALL, NO_HEADERS, Reply, Transport

_NOT_TRUSTED: Final = frozenset({Failure.TLS_REFUSED, Failure.WRONG_PIN})
_HTTPS: Final = 443


class ServerSettings(Frozen):
    """Where and how one server of a provider is called."""

    origin: Annotated[str, AfterValidator(https_origin)]
    """``https://host:port``."""
    ca_file: SettingsFile
    """The one issuing CA trusted for the server."""
    crl_file: SettingsFile | None = None
    """Its revocation list; may be left out only where the server's key is pinned."""
    pins: Annotated[tuple[Pin, ...], Field(max_length=2)] = ()
    """Public keys the server may have: the current and the next. Empty: any key that the CA certified."""
    client_certificate: SettingsFile | None = None
    """Ours, where the server asks for one."""
    client_key: SettingsFile | None = None
    deadline_seconds: Annotated[float, Field(gt=0, le=LONGEST_CALL)] = LONGEST_CALL
    max_in_flight: Annotated[int, Field(ge=1, le=256)] = 16


class Servers:
    """Calls to a provider's servers; threads may share it."""

    def __init__(self, transports: Mapping[str, Transport]) -> None:
        """Call these, by ``origin_of`` their address."""
        self._transports = transports

    def covers(self, url: str) -> bool:
        """Whether an absolute https address is on one of these servers."""
        return origin_of(url) in self._transports

    def call(self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] = NO_HEADERS) -> Reply:
        """Make a call, see ``Transport.request``; ``url`` is one that ``covers`` was asked about.

        Raises:
            ProviderUnavailable: ``provider_busy``, or ``not_trusted`` for a server that is not the agreed one;
                ``exchanges`` holds the call.
        """
        parts = urlsplit(url)
        path = parts._replace(scheme="", netloc="").geturl()
        try:
            return self._transports[origin_of(url) or ""].request(method, path, body, headers)
        except TransportError as error:
            reason = Reason.NOT_TRUSTED if error.failure in _NOT_TRUSTED else Reason.PROVIDER_BUSY
            raise ProviderUnavailable(reason, str(error), exchanges=(error.exchange,)) from error


def origin_of(url: str) -> str | None:
    """``https://host:port`` of an absolute https address, the port always written; None for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port or _HTTPS
    except ValueError:
        return None
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.fragment:
        return None
    if not url.isascii() or not url.isprintable() or " " in url:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"https://{host}:{port}"


def open_servers(settings: Iterable[ServerSettings], clock: Clock, problems: list[str]) -> Servers:
    """Read every file; adds a sentence to ``problems`` for each server that cannot be called so."""
    transports: dict[str, Transport] = {}
    for one in settings:
        transport = _open(one, clock, problems)
        origin = origin_of(one.origin) or one.origin
        if origin in transports:
            problems.append(f"servers: {one.origin} is named twice")
        if transport is not None:
            transports[origin] = transport
    return Servers(transports)


def _open(settings: ServerSettings, clock: Clock, problems: list[str]) -> Transport | None:
    files = TlsFiles(
        ca=settings.ca_file, crl=settings.crl_file, certificate=settings.client_certificate, key=settings.client_key
    )
    transport = Transport(
        settings.origin,
        files,
        pins=frozenset(settings.pins),
        clock=clock,
        deadline=settings.deadline_seconds,
        max_in_flight=settings.max_in_flight,
    )
    try:
        _check_identity(settings)
        transport.check_files()
    except (OSError, ValueError, ssl.SSLError, CertificateError) as error:
        problems.append(f"servers: the TLS files for {settings.origin} cannot be used: {error}")
        return None
    return transport


def _check_identity(settings: ServerSettings) -> None:
    certificate, key = settings.client_certificate, settings.client_key
    if (certificate is None) != (key is None):
        raise ValueError("client_certificate and client_key belong together")
    if certificate is not None and key is not None:
        load_identity(certificate, key)
