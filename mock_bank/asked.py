"""A request as the bank judges it: the message, who may have sent it, and the moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mock_bank import wire_banklink as wire
from mock_bank.faults import ActiveFaults
from mock_bank.keys import KnownPartner


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request and everything needed to judge it."""

    message: wire.Message
    fields: Mapping[str, str]
    """Values with blanks at both ends removed."""
    bank_id: str
    partners: Mapping[str, KnownPartner]
    now: datetime
    faults: ActiveFaults
    method: str = "POST"

    @property
    def service(self) -> str:
        """``VK_SERVICE``; under ``bnk.accept-unknown-service`` an unknown one counts as 4012."""
        named = self.fields.get("VK_SERVICE", "")
        return "4012" if named not in wire.MAC_ORDER and "bnk.accept-unknown-service" in self.faults else named

    @property
    def partner(self) -> KnownPartner | None:
        """The partner that ``VK_SND_ID`` names, if there is one."""
        return self.partners.get(self.fields.get("VK_SND_ID", ""))

    @property
    def order(self) -> tuple[str, ...]:
        """The signed fields of the service; of 4012 for a service that is unknown."""
        return wire.MAC_ORDER.get(self.service, wire.MAC_ORDER["4012"])

    def may_lack(self, name: str) -> bool:
        """Whether a field is missing and a fault lets that pass."""
        return name not in self.fields and "bnk.accept-missing-field" in self.faults

    @property
    def mac_string(self) -> str:
        """The text that the signature must cover."""
        return wire.mac_string(wire.signed_values(self.fields, self.order))

    @property
    def hash_name(self) -> str:
        """The hash that ``VK_VERSION`` stands for; SHA-512 for a version that is unknown."""
        return wire.HASH_OF_VERSION.get(self.fields.get("VK_VERSION", ""), "sha512")


def asked(
    message: wire.Message,
    *,
    bank_id: str,
    partners: Mapping[str, KnownPartner],
    now: datetime,
    faults: ActiveFaults,
    method: str = "POST",
) -> Asked:
    """Gather a request for judgement; the first of repeated parameters counts, and the repetition is a finding."""
    fields = {name: value.strip(" ") for name, value in message.fields.items()}
    return Asked(
        message=message, fields=fields, bank_id=bank_id, partners=partners, now=now, faults=faults, method=method
    )
