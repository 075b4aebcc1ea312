"""The rings of signing keys that the settings speak of: where each is kept, how long its portals need, who follows it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from gateway.oidc.keys import SigningKeys
from gateway.settings import Settings
from gateway.signer.client import SignerClient
from gateway.signing.life import Waits
from gateway.signing.opening import FILE, PKCS11, KeysInUse, RingFollower, opener_in
from gateway.signing.places import KeysFolder, Place
from gateway.signing.purpose import ID_TOKENS, SAML, Purpose, saml_of


class KeyRings:
    """The signing keys of every purpose: in places of ours, or held by the signer."""

    def __init__(self, settings: Settings) -> None:
        """Open nothing yet."""
        self._settings = settings
        self.signer = signer_of(settings)
        self._places = [] if self.signer is not None else places_of(settings)
        self._followers = {
            purpose.name: RingFollower(
                settings.signing_folder,
                self.signer.open if self.signer is not None else opener_in(dict(self._places)[purpose]),
                purpose,
                makes_first=self.signer is None,
            )
            for purpose in purposes_of(settings)
        }

    def open(self, purpose: Purpose, now: datetime) -> KeysInUse:
        """Open the keys of a purpose.

        Raises:
            OSError, ValueError: a key cannot be opened; the message says which.
        """
        return self._followers[purpose.name].open(now)

    def id_tokens(self, now: datetime) -> SigningKeys:
        """Open the keys of ID tokens; raises as ``open``."""
        in_use = self.open(ID_TOKENS, now)
        cache_seconds = self._settings.signing_keys.cache_seconds
        return SigningKeys(
            current=in_use.current, published=in_use.published, retired=in_use.retired, cache_seconds=cache_seconds
        )

    def looks(self, id_tokens: SigningKeys, saml: Callable[[KeysInUse], None] | None) -> list[Callable[[], None]]:
        """Give what is to be called again and again, so that a key's next step is taken up."""

        def take_up(in_use: KeysInUse) -> None:
            id_tokens.swap(current=in_use.current, published=in_use.published, retired=in_use.retired)

        found: list[Callable[[], None]] = [partial(self._followers[ID_TOKENS.name].follow, take_up)]
        return found if saml is None else [*found, partial(self._followers[SAML.name].follow, saml)]

    def close(self) -> None:
        """Let go of what was opened."""
        close_places(self._places)
        if self.signer is not None:
            self.signer.close()


def purposes_of(settings: Settings) -> list[Purpose]:
    """Say what keys are needed for: ID tokens always, SAML where it is switched on."""
    return [ID_TOKENS] if settings.saml is None else [ID_TOKENS, saml_of(settings.saml.key)]


def waits_of(settings: Settings, purpose: Purpose = ID_TOKENS) -> Waits:
    """Give how long portals need to follow a change of the keys of a purpose."""
    entry = settings.signing_keys
    cache = entry.cache_seconds if settings.saml is None or not purpose.certified else settings.saml.cache_seconds
    return Waits(
        cache=timedelta(seconds=cache), margin=timedelta(seconds=entry.margin_seconds), lifetime=purpose.lifetime
    )


def signer_of(settings: Settings) -> SignerClient | None:
    """Give the way to the signer; None where each worker holds the keys itself."""
    entry = settings.signing_keys.signer
    return SignerClient(settings.signing_folder / entry.socket) if entry is not None else None


def close_places(places: list[tuple[Purpose, dict[str, Place]]]) -> None:
    """Let go of what was opened."""
    for _, kept in places:
        for place in kept.values():
            place.close()


def places_of(settings: Settings) -> list[tuple[Purpose, dict[str, Place]]]:
    """Give where the keys of each purpose are kept, by its kind.

    A token is opened when it is first needed, once for all purposes.
    """
    entry, purposes = settings.signing_keys.pkcs11, purposes_of(settings)
    places: list[tuple[Purpose, dict[str, Place]]] = [
        (purpose, {FILE: KeysFolder(settings.signing_folder, purpose)}) for purpose in purposes
    ]
    if entry is not None:
        from gateway.signing.token import Token, TokenKeys  # noqa: PLC0415 - its library is an extra

        token = Token(settings.base / entry.module, entry.token, settings.base / entry.pin_file)
        for purpose, kept in places:
            kept[PKCS11] = TokenKeys(token, purpose)
    return places
