"""One login at the little provider, up to any step."""

from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

from providers.contract import AssuranceLevel, AuthenticationRequest, Expectation, Language, Reference, VerifiedIdentity
from providers.errors import ProviderError
from providers.oidc.adapter import OidcProvider
from providers.oidc.opening import open_oidc
from tests.providers.little_bank import now
from tests.providers.little_op import LittleOp, arrived

RETURN = "https://gw.example/return/little-op"


def opened(op: LittleOp, **changes: Any) -> OidcProvider:
    """A provider whose metadata has been read."""
    provider = open_oidc(op.entry(**changes), op.folder, now)
    provider.status()
    op.server.requests.clear()
    return provider


@dataclass
class Asking:
    """One question."""

    provider: OidcProvider
    op: LittleOp
    minimum: AssuranceLevel = AssuranceLevel.LOW
    fresh: bool = False
    language: Language = Language.LATVIAN

    def __post_init__(self) -> None:
        self.request = AuthenticationRequest(
            reference=Reference(token_hex(16)),
            return_url=RETURN,
            language=self.language,
            asked_at=datetime.now(UTC),
            portal="Izsoles",
            minimum_assurance=self.minimum,
            fresh=self.fresh,
        )
        self.departure = self.provider.depart(self.request)

    @property
    def expected(self) -> Expectation:
        return Expectation(
            reference=self.request.reference,
            asked_at=self.request.asked_at,
            memory=self.departure.memory,
            minimum_assurance=self.minimum,
        )

    def answered(self, query: bytes | None = None) -> VerifiedIdentity:
        query = self.op.signed_in(self.departure.location) if query is None else query
        return self.provider.receive(arrived(query)).identify(self.expected)

    def refused(self, query: bytes | None = None) -> ProviderError:
        try:
            identity = self.answered(query)
        except ProviderError as error:
            return error
        raise AssertionError(f"{identity.provider} vouched for somebody")
