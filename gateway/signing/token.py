"""Private keys in a PKCS#11 token: made there, never outside, and not to be read out even by us (security.md 7).

Needs the extra ``pkcs11``. A token speaks with one process at a time, so that it is opened after a worker has begun.
"""

from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, Final

import pkcs11
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from joserfc.jwk import ECKey, RSAKey
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key

from gateway.keys import read_secret
from gateway.signing.places import RSA_BITS, named_key
from gateway.signing.purpose import ID_TOKENS, KeyKind, Purpose
from gateway.signing.signer import PublicKey

_STAYS_INSIDE: Final = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True}


class TokenSigner:
    """A private key that stays in its token."""

    def __init__(self, token: "Token", key: Any, public: PublicKey) -> None:
        """Sign with a key of an open session."""
        self._token = token
        self._key = key
        self.public = public

    def sign(self, message: bytes, about: str, document: bytes = b"") -> bytes:
        """Sign; an EC key is handed the digest only."""
        del about, document
        with self._token.turn:  # a session does one thing at a time
            if isinstance(self.public, RSAKey):
                return bytes(self._key.sign(message, mechanism=Mechanism.SHA256_RSA_PKCS))
            return bytes(self._key.sign(sha256(message).digest(), mechanism=Mechanism.ECDSA))


class Token:
    """One token, opened when it is first needed; it keeps the keys of every purpose."""

    def __init__(self, module: Path, label: str, pin_file: Path) -> None:
        """Use the token with a label, by its maker's module; the PIN stands in a file of ours alone."""
        self._module = module
        self._label = label
        self._pin_file = pin_file
        self._session: Any = None
        self.turn = Lock()

    def make(self, purpose: Purpose) -> tuple[str, PublicKey]:
        """Make a key that cannot be exported."""
        with self.turn:
            session = self._opened()
            taken = {key.label for key in session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY})}
            prefix = f"vpm-{purpose.prefix}"
            name = next(label for number in range(1, 10_000) if (label := f"{prefix}{number}") not in taken)
            return name, _public_half(_new_pair(session, name, purpose.kind), purpose)

    def open(self, name: str, kid: str, purpose: Purpose) -> TokenSigner:
        """Find a key.

        Raises:
            OSError: the token cannot be reached, or the PIN is wrong.
            ValueError: the token holds no such key, or it is another one, or it could be exported.
        """
        with self.turn:
            private, public = self._find(name, purpose)
        if kid and public.kid != kid:
            raise ValueError(f"{name} of the token {self._label} is another key than {kid}")
        return TokenSigner(self, private, public)

    def destroy(self, name: str) -> None:
        """Delete both halves from the token."""
        with self.turn:
            for found in list(self._opened().get_objects({Attribute.LABEL: name})):
                found.destroy()

    def _find(self, name: str, purpose: Purpose) -> tuple[Any, PublicKey]:
        session = self._opened()
        try:
            private = session.get_key(label=name, object_class=ObjectClass.PRIVATE_KEY)
            public = session.get_key(label=name, object_class=ObjectClass.PUBLIC_KEY)
            exportable = private[Attribute.EXTRACTABLE] or not private[Attribute.SENSITIVE]
        except pkcs11.PKCS11Error as error:
            raise ValueError(f"the token {self._label} holds no usable key {name}") from error
        if exportable:
            raise ValueError(f"the key {name} can be read out of the token {self._label}; make another one")
        return private, _public_half(public, purpose)

    def _opened(self) -> Any:
        if self._session is None:
            pin = read_secret(self._pin_file).decode().strip()
            try:
                token = pkcs11.lib(str(self._module)).get_token(token_label=self._label)
                self._session = token.open(rw=True, user_pin=pin)
            except (pkcs11.PKCS11Error, RuntimeError) as error:
                raise OSError(f"the token {self._label} cannot be opened: {type(error).__name__} {error}") from error
        return self._session

    def close(self) -> None:
        """Leave the token, so that a process forked later may open it anew."""
        with self.turn:
            if self._session is not None:
                self._session.close()
                self._session = None
                pkcs11.lib(str(self._module)).finalize()


class TokenKeys:
    """The keys of one purpose in a token."""

    def __init__(self, token: Token, purpose: Purpose = ID_TOKENS) -> None:
        """Share the token's session."""
        self._token = token
        self._purpose = purpose

    def make(self) -> tuple[str, PublicKey]:
        """Make a key that cannot be exported."""
        return self._token.make(self._purpose)

    def open(self, name: str, kid: str) -> TokenSigner:
        """Find a key; raises as ``Token.open``."""
        return self._token.open(name, kid, self._purpose)

    def destroy(self, name: str) -> None:
        """Delete both halves."""
        self._token.destroy(name)

    def close(self) -> None:
        """Leave the token, for every purpose."""
        self._token.close()


def _new_pair(session: Any, name: str, kind: KeyKind) -> Any:
    """Make a pair that stays; gives the public half."""
    if kind == "rsa":
        public, _ = session.generate_keypair(
            KeyType.RSA, RSA_BITS, store=True, label=name, private_template=_STAYS_INSIDE
        )
        return public
    curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
    parameters = session.create_domain_parameters(KeyType.EC, curve, local=True)
    public, _ = parameters.generate_keypair(store=True, label=name, private_template=_STAYS_INSIDE)
    return public


def _public_half(public: Any, purpose: Purpose) -> PublicKey:
    is_rsa = public.key_type == KeyType.RSA
    loaded = load_der_public_key(encode_rsa_public_key(public) if is_rsa else encode_ec_public_key(public))
    pem = loaded.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return named_key(pem, purpose, RSAKey if is_rsa else ECKey)
