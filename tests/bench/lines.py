"""How the driver reaches a server: TLS as a browser does, or as the front that stands before a Unix socket."""

import base64
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.https_line import Line
from tests.support.relying_party import RelyingParty


class FrontLine(Line):
    """A connection from where nginx would stand: plain HTTP on a Unix socket, the client's certificate in a header."""

    def __init__(self, path: Path, origin: str, certificate: bytes | None = None) -> None:
        super().__init__(origin, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        self._path = path
        named = {"Client-Cert": f":{base64.b64encode(certificate).decode()}:"} if certificate else {}
        self._always: dict[str, str] = {"Connection": "keep-alive", **named}

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> None:
        super().send(method, target, {**headers, **self._always}, body)

    def _open(self) -> Any:
        if self._socket is None:
            plain: Any = socket.socket(socket.AF_UNIX)
            plain.settimeout(30)
            plain.connect(str(self._path))
            self._socket = plain
            self.opened += 1
        return self._socket


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where a gateway is reached: by its two ports, or, behind a front, by its two Unix sockets."""

    public: Path | None = None
    mutual: Path | None = None

    def browser(self, party: RelyingParty) -> Line:
        """A new browser's connection."""
        places = party.places
        return FrontLine(self.public, places.issuer) if self.public else Line(places.issuer, party.browser_tls)

    def portal(self, party: RelyingParty) -> Line:
        """The relying party's connection, kept alive."""
        places = party.places
        if self.mutual is None:
            return Line(places.mutual_tls, party.portal_tls)
        pem = (places.pki / "issued" / "auctions-client" / "certificate.pem").read_bytes()
        certificate = x509.load_pem_x509_certificates(pem)[0].public_bytes(Encoding.DER)
        return FrontLine(self.mutual, places.mutual_tls, certificate)
