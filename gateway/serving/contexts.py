"""The TLS context a mutual-TLS port uses now, made anew whenever its files change (security.md section 7)."""

import logging
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from OpenSSL import SSL, crypto

from certs.errors import CertificateError
from certs.load import PrivateKey, load_chain, load_identity
from gateway.serving.settings import CardTrust, ClientTrust, ServerIdentity
from gateway.serving.trust import Trust, signature_of
from gateway.serving.trust_source import CardTrustSource, Clock, TrustSource, utc_now

log = logging.getLogger(__name__)

_TLS12_CIPHERS: Final = b"ECDHE+AESGCM:ECDHE+CHACHA20"
_NO_RENEGOTIATION: Final = 1 << 30  # SSL_OP_NO_RENEGOTIATION, which pyOpenSSL does not name
_OPTIONS: Final = SSL.OP_NO_TICKET | SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE | _NO_RENEGOTIATION


@dataclass(frozen=True, slots=True)
class Identity:
    """The server's own certificate, the CAs it sends along, and its key."""

    chain: tuple[x509.Certificate, ...]
    """The leaf first."""
    key: PrivateKey


def load_server_identity(files: ServerIdentity) -> Identity:
    """Read both PEM files. Raises ``certs.errors.FileUnusable``, also for a key of another certificate."""
    _leaf, key = load_identity(files.certificate, files.key)
    return Identity(load_chain(files.certificate), key)


def open_context(identity: Identity, anchor: Trust, clock: Clock) -> SSL.Context:
    """A server context that completes a handshake only as the anchor says.

    TLS 1.2 with ephemeral keys and AEAD, and TLS 1.3. Nothing is ever resumed, as a resumed session would skip the
    revocation list: tickets carry no state (``OP_NO_TICKET``) and there is no cache to find state in.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(_TLS12_CIPHERS)
    context.set_options(_OPTIONS)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    _show(context, identity)
    _ask_client(context, anchor, clock)
    return context


def _show(context: SSL.Context, identity: Identity) -> None:
    leaf, *cas = identity.chain
    context.use_certificate(leaf)
    for ca in cas:
        context.add_extra_chain_cert(ca)
    context.use_privatekey(identity.key)


def _ask_client(context: SSL.Context, anchor: Trust, clock: Clock) -> None:
    store = context.get_cert_store()
    if store is None:
        raise LookupError("OpenSSL gave the context no certificate store")
    anchor.fill(store)
    context.set_client_ca_list([crypto.X509.from_cryptography(ca).get_subject() for ca in anchor.authorities])

    def accept(_connection: SSL.Connection, certificate: crypto.X509, _error: int, depth: int, verified: int) -> bool:
        if depth > 0:
            return bool(verified) or not anchor.demands_certificate
        return anchor.completes(certificate.to_cryptography(), clock(), verified=bool(verified))

    demand = SSL.VERIFY_FAIL_IF_NO_PEER_CERT if anchor.demands_certificate else 0
    context.set_verify(SSL.VERIFY_PEER | demand, accept)


class ContextSource:
    """Holds the context for new connections."""

    def __init__(self, identity: ServerIdentity, clients: ClientTrust | CardTrust, *, clock: Clock = utc_now) -> None:
        self.current: SSL.Context | None = None
        """For the next handshake; None while there is no usable trust or no identity."""
        self._files = identity
        self._seen: object = None
        self._identity: Identity | None = None
        self._clock = clock
        self._trust: TrustSource | CardTrustSource = (
            CardTrustSource(clients) if isinstance(clients, CardTrust) else TrustSource(clients, clock=clock)
        )
        self._follow_identity()
        self._build()

    def refresh(self) -> bool:
        """Look at the files and the clock; True when connections made under an earlier context must end."""
        trust_changed = self._trust.refresh()
        identity_changed = self._follow_identity()
        if trust_changed or identity_changed:
            self._build()
        return trust_changed

    @property
    def anchor(self) -> Trust | None:
        """By whose word clients are let in now."""
        return self._trust.anchor

    def _follow_identity(self) -> bool:
        seen = signature_of((self._files.certificate, self._files.key))
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            self._identity = load_server_identity(self._files)
        except CertificateError as problem:
            # Certificate and key are two files, so half a renewal may be seen: what was read before still serves.
            log.error("the server's identity stays as it was: %s", problem)  # noqa: TRY400 - the text says all
            return False
        return True

    def _build(self) -> None:
        anchor, identity = self._trust.anchor, self._identity
        self.current = open_context(identity, anchor, self._clock) if identity and anchor else None
