"""The rings of signing keys that the settings speak of: where each is kept, how long its portals need, who follows it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from gateway.oidc.keys import SigningKeys
from gateway.settings import Settings
from gateway.signing.life import Waits
from gateway.signing.opening import FILE, PKCS11, KeysInUse, RingFollower, opener_in
from gateway.signing.places import KeysFolder, Place
from gateway.signing.purpose import ID_TOKENS, SAML, Purpose, saml_of


class KeyRings:
    """The signing keys of every purpose, over the places that they share."""

    def __init__(self, settings: Settings) -> None:
        """Open nothing yet."""
        self._settings = settings
        self._places = {purpose.name: places for purpose, places in _places(settings)}
        self._followers = {
            purpose.name: RingFollower(settings.keys, opener_in(self._places[purpose.name]), purpose)
            for purpose in purposes_of(settings)
        }

    def places(self, purpose: Purpose) -> dict[str, Place]:
        """Give where the keys of a purpose may be made."""
        return self._places[purpose.name]

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
        for places in self._places.values():
            for place in places.values():
                place.close()


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


def _places(settings: Settings) -> list[tuple[Purpose, dict[str, Place]]]:
    """A token is opened when it is first needed, once for all purposes."""
    entry, purposes = settings.signing_keys.pkcs11, purposes_of(settings)
    places: list[tuple[Purpose, dict[str, Place]]] = [
        (purpose, {FILE: KeysFolder(settings.keys, purpose)}) for purpose in purposes
    ]
    if entry is not None:
        from gateway.signing.token import Token, TokenKeys  # noqa: PLC0415 - its library is an extra

        token = Token(settings.base / entry.module, entry.token, settings.base / entry.pin_file)
        for purpose, kept in places:
            kept[PKCS11] = TokenKeys(token, purpose)
    return places
