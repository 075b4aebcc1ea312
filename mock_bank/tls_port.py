"""TLS on a listening port, by pyOpenSSL: whom the mutual port trusts, and how a connection reads and writes.

Trust is the one CA named in the settings, as a partial chain, with its CRL (read again when a file changes). A fault
of catalogue table 8.3 makes the verification overlook exactly its own kind of error, by code.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from OpenSSL import SSL, crypto

from mock_bank.faults import ActiveFaults
from mock_bank.settings import Listen, MutualListen

NO_CRL: Final = frozenset({3, 33})
"""X509_V_ERR_UNABLE_TO_GET_CRL and …_CRL_ISSUER: an issuer nobody knows has no CRL here either."""
OVERLOOKED: Final[Mapping[str, frozenset[int]]] = {
    "mtl.accept-selfsigned": frozenset({18}) | NO_CRL,
    "mtl.accept-unknown-ca": frozenset({2, 7, 19, 20, 21}) | NO_CRL,
    "mtl.ignore-expiry": frozenset({10}),
    "mtl.ignore-notbefore": frozenset({9}),
    "mtl.ignore-revocation": frozenset({23}),
    "mtl.ignore-eku": frozenset({26}),
    "mtl.accept-bad-path": frozenset({24, 25, 26, 32, 79}) | NO_CRL,
}
"""Which verification errors (X509_V_ERR_*) each fault overlooks."""
WRONG_PURPOSE: Final = 26
WEAK: Final = ("mtl.accept-weak-key", "mtl.accept-sha1")
HELLO_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a TLS context depends on; a context is kept as long as this stays the same."""

    asks: bool
    demands: bool
    weak: bool
    files: tuple[int, ...]


class TlsPort:
    """Makes server connections for one port."""

    def __init__(self, listen: Listen, faults: Callable[[], ActiveFaults]) -> None:
        """``faults`` gives what is switched on now."""
        self._listen = listen
        self._faults = faults
        self._kept: tuple[_Shape, SSL.Context] | None = None

    def context(self, hello: bytes = b"") -> SSL.Context:
        """The context for a connection that began with these bytes; built anew only when something changed."""
        shape = self._shape(hello)
        if self._kept is None or self._kept[0] != shape:
            self._kept = (shape, self._build(shape))
        return self._kept[1]

    def _shape(self, hello: bytes) -> _Shape:
        if not isinstance(self._listen, MutualListen):
            return _Shape(
                asks=False, demands=False, weak=False, files=_changed(self._listen.certificate, self._listen.key)
            )
        listen, faults = self._listen, self._faults()
        asks = "mtl.version-gap" not in faults or _offers_tls_1_3(hello)
        return _Shape(
            asks=asks,
            demands=asks and not faults.any_of("mtl.optional", "mtl.trust-header", "mtl.one-open-endpoint"),
            weak=faults.any_of(*WEAK),
            files=_changed(listen.certificate, listen.key, listen.client_ca, listen.client_crl),
        )

    def _build(self, shape: _Shape) -> SSL.Context:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.use_certificate_chain_file(str(self._listen.certificate))
        context.use_privatekey_file(str(self._listen.key))
        if shape.weak:
            context.set_cipher_list(b"DEFAULT:@SECLEVEL=0")
        if isinstance(self._listen, MutualListen) and shape.asks:
            _trust(context, self._listen)
            demand = SSL.VERIFY_FAIL_IF_NO_PEER_CERT if shape.demands else 0
            context.set_verify(SSL.VERIFY_PEER | demand, self._judge)
        return context

    def _judge(self, _connection: SSL.Connection, certificate: crypto.X509, error: int, depth: int, ok: int) -> bool:
        faults = self._faults()
        if error and any(name in faults and _overlooks(name, error, depth) for name in OVERLOOKED):
            return True
        weak = depth == 0 and faults.any_of(*WEAK) and _is_weak(certificate.to_cryptography(), faults)
        return bool(ok) and not weak


def _overlooks(fault: str, error: int, depth: int) -> bool:
    """Whether the fault is about this error; a wrong purpose (26) of the leaf and of an issuer are two defects."""
    if error == WRONG_PURPOSE and (depth == 0) != (fault == "mtl.ignore-eku"):
        return False
    return error in OVERLOOKED[fault]


def _changed(*files: Path) -> tuple[int, ...]:
    return tuple(file.stat().st_mtime_ns for file in files)


def _trust(context: SSL.Context, listen: MutualListen) -> None:
    authorities = x509.load_pem_x509_certificates(listen.client_ca.read_bytes())
    store = context.get_cert_store()
    if store is None:
        raise RuntimeError("OpenSSL gave the context no certificate store")
    for authority in authorities:
        store.add_cert(crypto.X509.from_cryptography(authority))
        context.add_client_ca(authority)
    store.add_crl(x509.load_pem_x509_crl(listen.client_crl.read_bytes()))
    store.set_flags(crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.PARTIAL_CHAIN)


def _is_weak(certificate: x509.Certificate, faults: ActiveFaults) -> bool:
    """Whether the certificate has the weakness that the active fault does not excuse (the security level is off)."""
    key, hashed = certificate.public_key(), certificate.signature_hash_algorithm
    short = isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048
    sha1 = hashed is not None and hashed.name == "sha1"
    return (short and "mtl.accept-weak-key" not in faults) or (sha1 and "mtl.accept-sha1" not in faults)


def _offers_tls_1_3(hello: bytes) -> bool:
    """Whether a ClientHello's supported_versions extension (RFC 8446 4.2.1) holds 0x0304; true for no bytes."""
    start = hello.find(b"\x00\x2b")
    while start >= 0:
        size = int.from_bytes(hello[start + 2 : start + 4], "big")
        versions = hello[start + 5 : start + 4 + size]
        if size == len(versions) + 1 and hello[start + 4 : start + 5] == bytes([len(versions)]):
            return b"\x03\x04" in versions
        start = hello.find(b"\x00\x2b", start + 1)
    return not hello
