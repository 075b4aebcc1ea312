"""A bank that costs next to nothing: signs 3013 inside the driver; a process of its own confirms over mutual TLS.

python -m tests.bench.bank ROOT PORT          serves the confirmations; nothing else is answered
"""

import json
import secrets
import socket
import ssl
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.demo.places import BANK_ID, GATEWAY_ID
from mock_bank import wire_banklink as wire

RIGA = ZoneInfo("Europe/Riga")
GIVEN_NAME, FAMILY_NAME, PERSONAL_CODE = "Anna", "Bērziņa", "32345678901"
ORDER = wire.MAC_ORDER["3013"]


class QuickBank:
    """Answers a 4012 as the mock bank does, for one person, without a page."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key

    @classmethod
    def of(cls, root: Path) -> "QuickBank":
        """Sign with the demo bank's key."""
        key = load_pem_private_key((root / "bank" / "banklink.key").read_bytes(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return cls(key)

    def answer(self, request: dict[str, str]) -> bytes:
        """The form that the person's browser carries back."""
        values = {
            "VK_SERVICE": "3013",
            "VK_VERSION": "009",
            "VK_DATETIME": datetime.now(RIGA).strftime("%Y-%m-%dT%H:%M:%S%z"),
            "VK_SND_ID": request["VK_REC_ID"],
            "VK_REC_ID": request["VK_SND_ID"],
            "VK_NONCE": request["VK_NONCE"],
            "VK_USER_NAME": f"{FAMILY_NAME},{GIVEN_NAME}",
            "VK_USER_ID": PERSONAL_CODE,
            "VK_COUNTRY": "LV",
            "VK_OTHER": "",
            "VK_TOKEN": "5",
            "VK_RID": request.get("VK_RID", ""),
        }
        text = wire.mac_string([values[name] for name in ORDER], unit="chars", charset="utf-8", prefix="padded")
        signature = wire.sign(self._key, text.encode(), "sha512")
        return urlencode({**values, "VK_MAC": signature, "VK_ENCODING": "UTF-8", "VK_LANG": "LAT"}).encode()


class Confirmations:
    """Says of every authentication that Anna made it a moment ago; one thread for each kept-alive connection."""

    def __init__(self, root: Path) -> None:
        self._key = ECKey.import_key((root / "bank" / "confirmation.key").read_bytes())
        issued = root / "pki" / "issued" / "bank"
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(issued / "certificate.pem", issued / "key.pem")
        self._tls.load_verify_locations(root / "pki" / "gateway-servers" / "ca.pem")
        self._tls.verify_mode = ssl.CERT_REQUIRED
        self._tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN

    def serve(self, port: int) -> None:
        """Answer until the process is ended."""
        with socket.create_server(("127.0.0.1", port), backlog=128) as listening:
            while True:
                plain, _ = listening.accept()
                threading.Thread(target=self._answer, args=(plain,), daemon=True).start()

    def _answer(self, plain: socket.socket) -> None:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with self._tls.wrap_socket(plain, server_side=True) as connection:
                while request := _head(connection):
                    target = request.split(b" ", 2)[1].decode()
                    body = self._statement(target.rpartition("/")[2]).encode()
                    connection.sendall(_reply(body))
        except (ssl.SSLError, OSError):
            return

    def _statement(self, authentication: str) -> str:
        now = int(time.time())
        claims = {
            "iss": BANK_ID,
            "aud": GATEWAY_ID,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_hex(16),
            "authentication_id": authentication,
            "given_name": GIVEN_NAME,
            "family_name": FAMILY_NAME,
            "personal_code": PERSONAL_CODE,
            "factors": ["knowledge", "possession"],
            "authenticated_at": int(datetime.now(UTC).timestamp()),
            "interface": "banklink",
        }
        header = {"alg": "ES256", "kid": "demo-1", "typ": "vpm-confirmation+jwt"}
        return jws.serialize_compact(header, json.dumps(claims), self._key, algorithms=["ES256"])


def _head(connection: ssl.SSLSocket) -> bytes:
    received = b""
    while not received.endswith(b"\r\n\r\n"):
        piece = connection.recv(8192)
        if not piece:
            return b""
        received += piece
    return received


def _reply(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/jose\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


if __name__ == "__main__":
    Confirmations(Path(sys.argv[1])).serve(int(sys.argv[2]))
