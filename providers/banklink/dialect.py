"""What a dialect is: messages as tables, and every way in which banks' protocols differ, as values (banklink.md 11).

A dialect holds what the protocol's description fixes; what an agreement with one bank fixes is its ``profile``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final

from providers.banklink.mac import HashName
from providers.banklink.messages import Field, MessageForm, Says
from providers.banklink.moments import ISO, MomentForm
from providers.banklink.references import HEX, ReferenceForm
from providers.contract import Language

VK_LANGUAGES: Final = MappingProxyType({Language.LATVIAN: "LAT", Language.ENGLISH: "ENG"})
_CARRYING: Final = frozenset(
    (
        Says.SENDER,
        Says.RECIPIENT,
        Says.CORRELATION,
        Says.MOMENT,
        Says.NAME,
        Says.GIVEN_NAME,
        Says.FAMILY_NAME,
        Says.CODE,
        Says.COUNTRY,
        Says.INFO,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question and its answer."""

    request: MessageForm
    answer: MessageForm
    allowed_by: str | None = None
    """The setting that must allow this pair, since something is missing from it."""
    lacks: str = ""
    """What is missing."""

    @property
    def carrying(self) -> frozenset[str]:
        """Signed fields of the answer with ids, correlation, time and identity (rule 13)."""
        return frozenset(one.name for one in self.answer.signed if one.says in _CARRYING)

    @property
    def correlated(self) -> bool:
        """Whether the answer itself says which login it belongs to."""
        return self.answer.says(Says.CORRELATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """How a field of kind ``Says.INFO`` is written: pairs separated by ``;`` (section 7)."""

    between: str
    """Stands between key and value."""
    code: tuple[str, ...]
    """Keys of the personal code."""
    name: tuple[str, ...]
    """Keys of the name."""
    user_of_company: str | None = None
    """The key whose presence says that code and name above are a company's, and that holds the person's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Xml:
    """Where the fields stand in a dialect whose message is one signed XML document (section 11.4)."""

    parameter: str
    """The form's only field."""
    header: tuple[str, ...]
    """Fields that stand in the header; all others stand in the body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A protocol as one bank, or several, describe it."""

    name: str
    exchanges: tuple[Exchange, ...]
    """The first is used where the settings name none."""
    hashes: Mapping[str, frozenset[HashName]]
    """Which hashes may go with each version."""
    moment: MomentForm = ISO
    reference: ReferenceForm = HEX
    """How a login's reference stands in the field that correlates."""
    languages: Mapping[Language, str]
    info: Pairs | None = None
    cancel: MessageForm | None = None
    """An unsigned message that says that the person gave up; it proves nothing."""
    blanks_at_the_ends: bool = True
    """Whether a value may have blanks around it, which are then dropped (rule 4)."""
    xml: Xml | None = None
    fixed: frozenset[str] = frozenset()
    """Settings that an agreement cannot change."""
    defaults: Mapping[str, object] = field(default_factory=dict)
    """Settings in which the dialect differs from those of the VK messages."""
    ended: Mapping[str, date] = field(default_factory=dict)
    """The last day of each version that the bank has given up."""

    def exchange(self, request_service: str) -> Exchange | None:
        """The question of this number with its answer; None when the dialect has none."""
        return next((one for one in self.exchanges if one.request.service == request_service), None)


__all__ = ["Dialect", "Exchange", "Field", "MessageForm", "Pairs", "Says", "Xml"]
