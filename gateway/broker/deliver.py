"""The result goes to the relying party, through the browser that began the login and no other."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.audit.event import Peer, Verdict
from gateway.broker.complete import end
from gateway.broker.events import CodeRedeemed, RefusalDelivered, TokensRevoked
from gateway.broker.front_door import FrontDoor, Handover
from gateway.broker.login import Answered, BrowserMark, Delivered, Digest, Login, Redeemed, Refusal, Refused, asked_of
from gateway.broker.ports import Unit

CODE_LIFETIME: Final = timedelta(seconds=60)
TOKEN_LIFETIME: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """A relying party's request to exchange a code, after it proved who it is."""

    code: Digest
    token: Digest
    holder: str | None
    """Which certificate or key the token is bound to; None for a bearer token."""
    peer: Peer
    endpoint: str
    received: bytes
    signer_kid: str


def deliver(unit: Unit, login: Login, browser: BrowserMark, door: FrontDoor, now: datetime) -> Handover | Login:
    """Let an answered login's result leave by its front door, in one transaction with the event that says so.

    Returns:
        The ``Handover`` when the result may leave; otherwise the state that explains why not.
    """
    if not isinstance(login, Answered):
        return login
    if login.asked.browser != browser:
        return end(unit, login, Refusal.WRONG_BROWSER)
    if not login.asked.in_time(now):
        return end(unit, login, Refusal.EXPIRED)
    handover = door.hand_over(login, now)
    if not unit.replace(login, handover.becomes):
        return login
    unit.record(handover.event)
    return handover


def deliver_refusal(unit: Unit, refused: Refused, endpoint: str) -> None:
    """Record that the relying party is told, through the browser, that nobody signed in."""
    unit.record(
        RefusalDelivered(
            corr=refused.asked.id,
            peer=Peer(id=refused.asked.question.relying_party),
            endpoint=endpoint,
            verdict=Verdict(ok=False, rule=refused.why),
        )
    )


def redeem(unit: Unit, delivered: Delivered, redemption: Redemption, now: datetime) -> Redeemed | None:
    """Spend the code by one statement, together with the event that tokens are issued.

    Returns:
        None when somebody else spent it first.
    """
    redeemed = delivered.redeemed(redemption.token, now + TOKEN_LIFETIME, redemption.holder)
    if not unit.replace(delivered, redeemed):
        return None
    unit.record(
        CodeRedeemed(
            corr=delivered.asked.id,
            peer=redemption.peer,
            endpoint=redemption.endpoint,
            received=redemption.received,
            artefact={"kind": "access_token", "commit": redemption.token, "signer_kid": redemption.signer_kid},
        )
    )
    return redeemed


def revoke(unit: Unit, login: Redeemed, peer: Peer, why: str = Refusal.REPLAYED) -> None:
    """Take back what was given for a code: it came a second time (T01), or the relying party asks so."""
    if login.token is not None and unit.replace(login, login.revoked()):
        unit.record(TokensRevoked(corr=asked_of(login).id, peer=peer, verdict=Verdict(ok=False, rule=why)))
