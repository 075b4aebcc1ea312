"""A provider's answer comes back: the login it belongs to is found and spent, then somebody is vouched for, or not."""

from collections.abc import Collection
from datetime import datetime, timedelta

from gateway.audit.event import AuditEvent, Correlation, Peer, Verdict
from gateway.broker.begin import Origin
from gateway.broker.events import (
    AnswerReceived,
    AnswerRefused,
    BackChannelAnswered,
    BackChannelIntended,
    IdentityVerified,
    LoginRefused,
)
from gateway.broker.login import Answered, Arrived, AtProvider, BrowserMark, Login, Refusal, Refused, asked_of
from gateway.broker.ports import Unit
from providers.contract import Answer, BackChannelExchange, ProviderId, VerifiedIdentity
from providers.errors import ProviderError

REMEMBER_SPENT = timedelta(minutes=15)
"""How long the digest of an answer's signature is remembered (banklink.md section 8)."""


def take(
    unit: Unit,
    answer: Answer,
    provider: ProviderId,
    origin: Origin,
    now: datetime,
    browsers: Collection[BrowserMark | None] | None = None,
) -> tuple[Login | None, str | None]:
    """Find the login an authentic answer belongs to, and spend it.

    Args:
        unit: the transaction.
        answer: what the provider says.
        provider: at whose return address it arrived.
        origin: the message, for the record.
        now: UTC, aware.
        browsers: who brought it; an answer through another browser than the login's own ends the login, so that it
            cannot be brought a second time. None where it cannot be told.

    Returns:
        The login as it is afterwards and None when this answer is the first and in time; otherwise the login it names
        (None when there is none) and the reason why this answer does not count.
    """
    login = unit.load_by_reference(provider, answer.reference)
    if login is None:
        return None, Refusal.UNKNOWN_NONCE
    if not isinstance(login, AtProvider):
        return login, Refusal.REPLAYED
    if not login.asked.in_time(now):
        return end(unit, login, Refusal.EXPIRED), Refusal.EXPIRED
    if browsers is not None and login.asked.browser not in browsers:
        return end(unit, login, Refusal.WRONG_BROWSER), Refusal.WRONG_BROWSER
    spent = all(unit.spend("answer", fact, now + REMEMBER_SPENT) for fact in sorted(answer.single_use))
    arrived = login.arrived()
    if not spent or not unit.replace(login, arrived):
        return login, Refusal.REPLAYED
    peer = Peer(id=provider)
    unit.record(
        AnswerReceived(
            corr=login.asked.id,
            peer=peer,
            endpoint=origin.endpoint,
            received=origin.received,
            verdict=Verdict(ok=True, rule="authentic"),
        )
    )
    if answer.asks_back_channel:
        unit.record(BackChannelIntended(corr=login.asked.id, peer=peer))
    return arrived, None


def end(unit: Unit, login: Login, why: str) -> Login:
    """End a login without an identity, if it has not ended already, and record why."""
    if isinstance(login, Refused) or not hasattr(login, "refused"):
        return login
    refused: Refused = login.refused(why)
    if not unit.replace(login, refused):
        return login
    unit.record(
        LoginRefused(corr=asked_of(login).id, peer=Peer(id=refused.provider or ""), verdict=Verdict(ok=False, rule=why))
    )
    return refused


def settle(
    unit: Unit, arrived: Arrived, outcome: Answered | Refused, exchanges: tuple[BackChannelExchange, ...]
) -> bool:
    """Save the outcome together with the evidence it rests on: one transaction (security.md 5.5).

    Returns:
        False when the login had ended meanwhile; then no outcome is saved, but what was said on the back channel is
        recorded all the same (VPM-DRV-09).
    """
    record_exchanges(unit, arrived, exchanges)
    pushed = arrived.asked.question.pushed
    if pushed is not None and isinstance(outcome, Answered) and not unit.spend_pushed(pushed):
        outcome = arrived.refused(Refusal.REPLAYED)  # somebody has authenticated for this request already (T04)
    settled = unit.replace(arrived, outcome)
    if settled:
        unit.record(_outcome_event(arrived, outcome))
    return settled


def record_exchanges(unit: Unit, login: AtProvider | Arrived, exchanges: tuple[BackChannelExchange, ...]) -> None:
    """Record what was said to a provider's server and what it answered."""
    for exchange in exchanges:
        unit.record(_exchange_event(login, exchange))


def refusal_of(arrived: Arrived, error: ProviderError) -> Refused:
    """Turn a provider's failure into an outcome."""
    return arrived.refused(error.reason)


def refuse_answer(unit: Unit, corr: Correlation, provider: str, origin: Origin, why: str) -> None:
    """Record a message that did not count; no login changes by it."""
    unit.record(
        AnswerRefused(
            corr=corr,
            peer=Peer(id=provider),
            endpoint=origin.endpoint,
            received=origin.received,
            verdict=Verdict(ok=False, rule=why),
        )
    )


def _exchange_event(login: AtProvider | Arrived, exchange: BackChannelExchange) -> AuditEvent:
    return BackChannelAnswered(
        corr=login.asked.id,
        peer=Peer(id=login.provider, cert_sha256=exchange.peer_certificate_sha256),
        method=exchange.method,
        endpoint=exchange.endpoint,
        status=exchange.status,
        tls=exchange.tls_version,
        sent=exchange.sent,
        received=exchange.received,
    )


def _outcome_event(arrived: Arrived, outcome: Answered | Refused) -> AuditEvent:
    peer = Peer(id=arrived.provider)
    if isinstance(outcome, Refused):
        return LoginRefused(corr=arrived.asked.id, peer=peer, verdict=Verdict(ok=False, rule=outcome.why))
    identity = outcome.identity
    return IdentityVerified(
        corr=arrived.asked.id,
        peer=peer,
        person=identity.country + identity.personal_code.key,
        loa=identity.assurance.name.lower(),
        authentication=_authentication(identity),
        verdict=Verdict(ok=True, rule="identity"),
    )


def _authentication(identity: VerifiedIdentity) -> dict[str, str]:
    return {
        "interface": identity.interface,
        "means": identity.means,
        "factors": " ".join(sorted(identity.factors)),
        "flags": " ".join(sorted(identity.flags)),
    }
