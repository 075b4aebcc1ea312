"""What a person is told when nothing was refused: each notice with its HTTP status and its texts."""

from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from gateway.web.person_texts import BUSY, Both, both


class Notice(Enum):
    """What there is to tell beside refusals."""

    ALREADY_SIGNED_IN = "already-signed-in"
    SIGNED_OUT = "signed-out"
    NOT_COMPLETED = "not-completed"
    NOT_FOUND = "not-found"
    NOT_HERE = "not-here"
    TOO_MANY = "too-many"
    TRY_AGAIN = "try-again"

    @property
    def status(self) -> HTTPStatus:
        """The HTTP status this page is sent with."""
        return _STATUS[self]


_STATUS: Final = MappingProxyType(
    {
        Notice.ALREADY_SIGNED_IN: HTTPStatus.OK,
        Notice.SIGNED_OUT: HTTPStatus.OK,
        Notice.NOT_COMPLETED: HTTPStatus.METHOD_NOT_ALLOWED,
        Notice.NOT_FOUND: HTTPStatus.NOT_FOUND,
        Notice.NOT_HERE: HTTPStatus.NOT_FOUND,
        Notice.TOO_MANY: HTTPStatus.TOO_MANY_REQUESTS,
        Notice.TRY_AGAIN: HTTPStatus.SERVICE_UNAVAILABLE,
    }
)

NOTICES: Final[Mapping[Notice, Both]] = MappingProxyType(
    {
        Notice.ALREADY_SIGNED_IN: both(
            (
                "Pieteikšanās jau ir pabeigta",
                "Portāls jau ir saņēmis šīs pieteikšanās rezultātu, tāpēc lapas atkārtota atvēršana neko nemaina.",
                "Turpiniet portālā. Ja tas jūs neatpazīst, sāciet tur pieteikšanos no jauna.",
            ),
            (
                "Signing in is already complete",
                "The portal already has the result of this sign-in, so opening the page again changes nothing.",
                "Continue in the portal. If it does not recognise you, start signing in there again.",
            ),
        ),
        Notice.SIGNED_OUT: both(
            (
                "Izrakstīšanās ir pabeigta",
                "Šeit vairs netiek glabāta neviena jūsu sesija.",
                "Ja pieteicāties ar internetbanku, izrakstieties arī tajā. Koplietotā datorā aizveriet pārlūkprogrammu.",
            ),
            (
                "You are signed out",
                "No session of yours is kept here any more.",
                "If you used your internet bank, sign out there too. On a shared computer, close the browser.",
            ),
        ),
        Notice.NOT_COMPLETED: both(
            (
                "Pieteikšanās netika pabeigta",
                "Šī adrese gaida bankas atbildi; to nevar atvērt tieši, un nekas nav mainīts.",
                "Sāciet pieteikšanos no tā portāla, kuru vēlaties lietot.",
            ),
            (
                "Signing in was not completed",
                "This address waits for a bank's answer; it cannot be opened directly, and nothing was changed.",
                "Start signing in from the portal that you want to use.",
            ),
        ),
        Notice.NOT_FOUND: both(
            (
                "Šādas lapas nav",
                "Adrese ir mainījusies vai ir uzrakstīta citādi.",
                "Atveriet portālu, kuru vēlaties lietot, un piesakieties no turienes.",
            ),
            (
                "There is no such page",
                "The address has changed or is written differently.",
                "Open the portal that you want to use and sign in from there.",
            ),
        ),
        Notice.NOT_HERE: both(
            (
                "Šo pieteikšanos šeit nevar turpināt",
                "Tā ir beigusies vai tika sākta citā pārlūkprogrammā.",
                "Atveriet portālu, kuru vēlaties lietot, un piesakieties no jauna.",
            ),
            (
                "This sign-in cannot be continued here",
                "It is over, or it was begun in another browser.",
                "Open the portal that you want to use and sign in again.",
            ),
        ),
        Notice.TOO_MANY: both(
            (
                "Daudz mēģinājumu īsā laikā",
                "Lai pieteikšanās darbotos visiem, pēc daudziem mēģinājumiem ir jāuzgaida.",
                "Uzgaidiet minūti un mēģiniet vēlreiz.",
            ),
            (
                "Many attempts in a short time",
                "To keep signing in working for everyone, a pause is needed after many attempts.",
                "Wait a minute and try again.",
            ),
        ),
        Notice.TRY_AGAIN: BUSY,
    }
)
