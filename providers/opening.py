"""Opening what every provider has: its back channel, with files and keys read once."""

import ssl

from certs.errors import CertificateError
from certs.load import load_identity
from providers.keys import KeyUnusable
from providers.protocol import Clock
from providers.settings import BackChannelSettings
from providers.tls_context import TlsFiles
from providers.transport import Transport
from providers.vpm_back_channel import Agreement, VpmBackChannel
from providers.wire.jose import SigningKey, load_signing_key


def open_back_channel(
    settings: BackChannelSettings, agreement: Agreement, clock: Clock, problems: list[str]
) -> VpmBackChannel | None:
    """Our side of a provider's back channel; adds a sentence to ``problems`` for each bad file, and returns None."""
    transport = _open_transport(settings, clock, problems)
    keys = _signing_keys(settings, problems)
    if transport is None or len(keys) != len(settings.signing_keys):
        return None
    return VpmBackChannel(transport, agreement, keys, clock)


def _open_transport(settings: BackChannelSettings, clock: Clock, problems: list[str]) -> Transport | None:
    files = TlsFiles(
        ca=settings.ca_file, crl=settings.crl_file, certificate=settings.client_certificate, key=settings.client_key
    )
    transport = Transport(
        settings.base_url,
        files,
        pins=frozenset(settings.pins),
        clock=clock,
        deadline=settings.deadline_seconds,
        max_in_flight=settings.max_in_flight,
    )
    try:
        load_identity(settings.client_certificate, settings.client_key)
        transport.check_files()
    except (OSError, ssl.SSLError, CertificateError) as error:
        problems.append(f"back_channel: ca_file, crl_file, client_certificate or client_key cannot be used: {error}")
        return None
    return transport


def _signing_keys(settings: BackChannelSettings, problems: list[str]) -> dict[str, SigningKey]:
    keys: dict[str, SigningKey] = {}
    for kid, one in settings.signing_keys.items():
        try:
            keys[kid] = load_signing_key(one.file, one.algorithm)
        except KeyUnusable as error:
            problems.append(f"back_channel.signing_keys.{kid}: {error}")
    return keys
