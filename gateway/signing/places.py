"""Where private halves are kept, and how each is made, opened and destroyed."""

from pathlib import Path
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from joserfc.jwk import ECKey, RSAKey

from gateway.keys import load_or_make, new_p256, read_secret
from gateway.signing.purpose import ID_TOKENS, KeyKind, Purpose
from gateway.signing.signer import MemorySigner, PublicKey, Signer

THUMBPRINT: Final = 16
"""Letters of a thumbprint (RFC 7638) in a ``kid``."""
RSA_BITS: Final = 3072
"""security.md section 7: where a peer needs RSA, 3072 bits or more."""


class Place(Protocol):
    """One kind of place for the private keys of one purpose."""

    def make(self) -> tuple[str, PublicKey]:
        """Make a key; give its name there and its public half, with its ``kid``."""

    def open(self, name: str, kid: str) -> Signer:
        """Open a key; raises ``OSError`` or ``ValueError`` where that cannot be."""

    def destroy(self, name: str) -> None:
        """Destroy a private half; nothing happens when it is gone already."""

    def close(self) -> None:
        """Let go of what was opened."""


class KeysFolder:
    """Files ``signing-<number>.pem`` (``saml-signing-<number>.pem`` for SAML), readable by their owner only."""

    def __init__(self, folder: Path, purpose: Purpose = ID_TOKENS) -> None:
        """Keep the keys of a purpose in a folder."""
        self._folder = folder
        self._purpose = purpose

    def found(self) -> list[str]:
        """Give the names of the keys that lie there, by their numbers.

        Raises:
            ValueError: a name has no number.
        """
        files = self._folder.glob(f"{self._purpose.prefix}*.pem")
        return [path.name for path in sorted(files, key=self._number)]

    def make(self) -> tuple[str, PublicKey]:
        """Make the file with the next number."""
        files = self._folder.glob(f"{self._purpose.prefix}*.pem")
        name = f"{self._purpose.prefix}{1 + max(map(self._number, files), default=0)}.pem"
        load_or_make(self._folder / name, lambda: new_private_key(self._purpose.kind))
        return name, self.open(name, "").public

    def open(self, name: str, kid: str) -> MemorySigner:
        """Load a file.

        Raises:
            PermissionError: others may read it.
            ValueError: it holds no key that is used here, or another one than the ring says.
        """
        path = self._folder / name
        signer = MemorySigner(_private_key(path, self._purpose))
        if kid and signer.public.kid != kid:
            raise ValueError(f"{path} holds another key than {kid}")
        return signer

    def destroy(self, name: str) -> None:
        """Delete the file."""
        (self._folder / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is open."""

    def _number(self, path: Path) -> int:
        number = path.stem.removeprefix(self._purpose.prefix)
        if not number.isdecimal():
            raise ValueError(f"{path}: call it {self._purpose.prefix}<number>.pem; the highest number signs")
        return int(number)


def named_key(pem: bytes, purpose: Purpose = ID_TOKENS, kind: type[ECKey] | type[RSAKey] = ECKey) -> PublicKey:
    """Load a key, private or public, and name it after itself: the beginning of its thumbprint (RFC 7638)."""
    thumbprint = kind.import_key(pem).thumbprint()[:THUMBPRINT]
    named: PublicKey = kind.import_key(pem, {"kid": f"{purpose.kid_prefix}{thumbprint}"})
    return named


def new_private_key(kind: KeyKind) -> bytes:
    """Make a private key, as PEM."""
    if kind == "ec":
        return new_p256()
    key = rsa.generate_private_key(65537, RSA_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def split_place(place: str, places: dict[str, Place]) -> tuple[Place, str]:
    """Find the place that ``file:signing-1.pem`` or ``pkcs11:vpm-1`` speaks of, and the name there.

    Raises:
        ValueError: the settings name no such place.
    """
    kind, _, name = place.partition(":")
    if kind not in places:
        raise ValueError(f"the key {place} cannot be reached: the settings say nothing of {kind}")
    return places[kind], name


def _private_key(path: Path, purpose: Purpose) -> PublicKey:
    pem = read_secret(path)
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} holds no private key in PEM without a passphrase") from error
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return named_key(pem, purpose)
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= RSA_BITS and purpose.certified:
        return named_key(pem, purpose, RSAKey)
    wanted = f"EC key on P-256, nor an RSA key of {RSA_BITS} bits or more" if purpose.certified else "EC key on P-256"
    raise ValueError(f"{path} holds no {wanted}")
