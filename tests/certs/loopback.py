"""One real TLS handshake over loopback sockets, and what each side made of it."""

import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from certs.dev_pki import DevPki
from certs.order import Issued

SECONDS = 10


@dataclass(frozen=True)
class Outcome:
    """What each side made of the handshake; None where it saw nothing wrong."""

    server_refused: str | None
    client_refused: str | None
    client_seen: bytes | None
    """The client's leaf certificate as the server saw it, DER."""

    @property
    def completed(self) -> bool:
        return self.server_refused is None and self.client_refused is None


def _trusting(context: ssl.SSLContext, pki: DevPki, ca: str) -> ssl.SSLContext:
    """Trust one issuing CA and its list, and nothing else: no root."""
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(pki.ca_path(ca))
    context.load_verify_locations(pki.crl_path(ca))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_CRL_CHECK_LEAF
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def server_context(own: Issued, pki: DevPki, *, trusts: str | None) -> ssl.SSLContext:
    """A port's context; ``trusts`` names the issuing CA of the clients it asks to show a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate_path, own.key_path)
    return context if trusts is None else _trusting(context, pki, trusts)


def client_context(pki: DevPki, *, trusts: str, chain: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """A caller's context, with a certificate of its own or without."""
    context = _trusting(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), pki, trusts)
    if chain is not None:
        context.load_cert_chain(chain, key)
    return context


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, *, host: str = "localhost") -> Outcome:
    """Connect once; in TLS 1.3 a client learns only with the first byte it reads that it was refused."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as served:
        listener.settimeout(SECONDS)
        answer = served.submit(_serve, listener, server)
        client_refused = _call(listener.getsockname(), client, host)
        server_refused, client_seen = answer.result()
    return Outcome(server_refused, client_refused, client_seen)


def _serve(listener: socket.socket, context: ssl.SSLContext) -> tuple[str | None, bytes | None]:
    connection, _ = listener.accept()
    connection.settimeout(SECONDS)
    with connection:
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                seen = secured.getpeercert(binary_form=True)
                secured.sendall(b"!")
                secured.recv(1)
        except OSError as error:
            return str(error), None
    return None, seen


def _call(address: tuple[str, int], context: ssl.SSLContext, host: str) -> str | None:
    with socket.create_connection(address, timeout=SECONDS) as connection:
        try:
            with context.wrap_socket(connection, server_hostname=host) as secured:
                return None if secured.recv(1) == b"!" else "the server ended the connection"
        except OSError as error:
            return str(error)
