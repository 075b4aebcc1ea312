"""The share of pure cryptography: what a login cannot do without, measured in the same run."""

import ssl
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from certs.dev_pki import DevPki
from tests.bench.gauges import microseconds

MESSAGE = b"m" * 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Crypto:
    """CPU microseconds of one operation each."""

    rsa_sign: float
    rsa_verify: float
    ec_sign: float
    ec_verify: float
    handshake: float
    """The server's side of TLS 1.3, P-256, by OpenSSL; the embedded port's rustls is of the same order."""

    @property
    def plain_login_ms(self) -> float:
        """Request signed, answer verified, assertion verified, ID token signed."""
        return (self.rsa_sign + self.rsa_verify + self.ec_verify + self.ec_sign) / 1000

    @property
    def whole_login_ms(self) -> float:
        """The same, one browser's handshake, and the confirmation's signature verified."""
        return self.plain_login_ms + (self.handshake + self.ec_verify) / 1000


def measure_crypto(folder: Path) -> Crypto:
    """Measure on this process's own core."""
    key, curve = rsa.generate_private_key(public_exponent=65537, key_size=2048), ec.generate_private_key(ec.SECP256R1())
    scheme, hash_ = padding.PKCS1v15(), hashes.SHA512()
    signed, ec_signed = key.sign(MESSAGE, scheme, hash_), curve.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
    public, ec_public = key.public_key(), curve.public_key()
    return Crypto(
        rsa_sign=microseconds(lambda: key.sign(MESSAGE, scheme, hash_)),
        rsa_verify=microseconds(lambda: public.verify(signed, MESSAGE, scheme, hash_)),
        ec_sign=microseconds(lambda: curve.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))),
        ec_verify=microseconds(lambda: ec_public.verify(ec_signed, MESSAGE, ec.ECDSA(hashes.SHA256()))),
        handshake=_handshake(folder),
    )


def _handshake(folder: Path) -> float:
    """The server's side alone, both sides being in memory: the lower quartile of 200."""
    pki = DevPki.create(folder)
    issued = pki.issue("gateway-server", "bench", dns=["localhost"])
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(issued.certificate_path, issued.key_path)
    client.load_verify_locations(pki.root_path)
    spent: list[float] = []

    def once() -> None:
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        sides = (
            client.wrap_bio(back, there, server_hostname="localhost"),
            server.wrap_bio(there, back, server_side=True),
        )
        spent.append(_shake(sides))

    for _ in range(200):
        once()
    return sorted(spent)[len(spent) // 4]


def _shake(sides: tuple[ssl.SSLObject, ssl.SSLObject]) -> float:
    of_server, left = 0.0, list(sides)
    while left:
        for side in tuple(left):
            started = time.thread_time()
            try:
                side.do_handshake()
                left.remove(side)
            except ssl.SSLWantReadError:
                pass
            finally:
                of_server += time.thread_time() - started if side is sides[1] else 0.0
    return of_server * 1e6
