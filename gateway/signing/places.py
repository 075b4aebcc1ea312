"""Where private halves are kept, and how each is made, opened and destroyed."""

from pathlib import Path
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import ECKey

from gateway.keys import load_or_make, new_p256, read_secret
from gateway.oidc.keys import MemorySigner, Signer

KID_LENGTH: Final = 16


class Place(Protocol):
    """One kind of place for private keys."""

    def make(self) -> tuple[str, ECKey]:
        """Make a key; give its name there and its public half, with its ``kid``."""

    def open(self, name: str, kid: str) -> Signer:
        """Open a key; raises ``OSError`` or ``ValueError`` where that cannot be."""

    def destroy(self, name: str) -> None:
        """Destroy a private half; nothing happens when it is gone already."""

    def close(self) -> None:
        """Let go of what was opened."""


class KeysFolder:
    """Files ``signing-<number>.pem``, readable by their owner only."""

    def __init__(self, folder: Path) -> None:
        """Keep keys in a folder."""
        self._folder = folder

    def make(self) -> tuple[str, ECKey]:
        """Make the file with the next number."""
        number = 1 + max((number_of(path) for path in self._folder.glob("signing-*.pem")), default=0)
        name = f"signing-{number}.pem"
        load_or_make(self._folder / name, new_p256)
        return name, self.open(name, "").public

    def open(self, name: str, kid: str) -> MemorySigner:
        """Load a file.

        Raises:
            PermissionError: others may read it.
            ValueError: it holds no key on P-256, or another one than the ring says.
        """
        path = self._folder / name
        signer = MemorySigner(_private_key(path))
        if kid and signer.public.kid != kid:
            raise ValueError(f"{path} holds another key than {kid}")
        return signer

    def destroy(self, name: str) -> None:
        """Delete the file."""
        (self._folder / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is open."""


def named_key(pem: bytes) -> ECKey:
    """Load a key, private or public, and name it after itself: the beginning of its thumbprint (RFC 7638).

    A word stands before it, since a thumbprint may begin with a hyphen, which a command would take for an option.
    """
    return ECKey.import_key(pem, {"kid": f"sig-{ECKey.import_key(pem).thumbprint()[:KID_LENGTH]}"})


def number_of(path: Path) -> int:
    """Read the number in a file's name; raises ``ValueError`` when it has none."""
    number = path.stem.removeprefix("signing-")
    if not number.isdecimal():
        raise ValueError(f"{path}: call it signing-<number>.pem; the highest number signs")
    return int(number)


def split_place(place: str, places: dict[str, Place]) -> tuple[Place, str]:
    """Find the place that ``file:signing-1.pem`` or ``pkcs11:vpm-1`` speaks of, and the name there.

    Raises:
        ValueError: the settings name no such place.
    """
    kind, _, name = place.partition(":")
    if kind not in places:
        raise ValueError(f"the key {place} cannot be reached: the settings say nothing of {kind}")
    return places[kind], name


def _private_key(path: Path) -> ECKey:
    pem = read_secret(path)
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} holds no private key in PEM without a passphrase") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError(f"{path} holds no EC key on P-256")  # noqa: TRY004 - bad input, one type for all of it
    return named_key(pem)
