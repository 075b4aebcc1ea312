"""Where the demo listens and keeps its files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

GATEWAY_ID: Final = "EIDGW"
"""The gateway's id at the mock bank (``VK_SND_ID``)."""
BANK_ID: Final = "PARAUGBANKA"
PROVIDER: Final = "paraugbanka"
SMART_ID: Final = "smart-id"
PARTY: Final = "izsoles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Ports on loopback and folders under ``root``; the bank has another host name, so that browsers see two sites."""

    root: Path
    gateway_port: int = 8443
    gateway_mutual_port: int = 8444
    gateway_cards_port: int = 8445
    bank_port: int = 9443
    bank_mutual_port: int = 9444
    bank_cards_port: int = 9445
    auctions_port: int = 7443
    ocsp_port: int = 9080

    @property
    def ports(self) -> tuple[int, ...]:
        """Every port that the demo listens on."""
        return (
            self.gateway_port,
            self.gateway_mutual_port,
            self.gateway_cards_port,
            self.bank_port,
            self.bank_mutual_port,
            self.bank_cards_port,
            self.auctions_port,
            self.ocsp_port,
        )

    @property
    def issuer(self) -> str:
        """The gateway, as browsers see it."""
        return f"https://localhost:{self.gateway_port}"

    @property
    def mutual_tls(self) -> str:
        """The gateway, as relying parties' servers see it."""
        return f"https://localhost:{self.gateway_mutual_port}"

    @property
    def cards(self) -> str:
        """The gateway's port that asks browsers for a card."""
        return f"https://localhost:{self.gateway_cards_port}"

    @property
    def bank(self) -> str:
        """The mock bank, as browsers see it."""
        return f"https://127.0.0.1:{self.bank_port}"

    @property
    def bank_mutual(self) -> str:
        """The mock bank's back channel."""
        return f"https://127.0.0.1:{self.bank_mutual_port}"

    @property
    def ocsp(self) -> str:
        """Who says whether a certificate of the mock Smart-ID is revoked: plain http, as such servers are."""
        return f"http://127.0.0.1:{self.ocsp_port}"

    @property
    def card_status(self) -> str:
        """Where the issuer of the test cards says which are revoked; plain http, as what it says is signed."""
        return f"http://127.0.0.1:{self.bank_cards_port}"

    @property
    def auctions(self) -> str:
        """The auction portal."""
        return f"https://localhost:{self.auctions_port}"

    @property
    def pki(self) -> Path:
        """The development PKI."""
        return self.root / "pki"

    @property
    def root_certificate(self) -> Path:
        """What a browser must trust to see no warning."""
        return self.pki / "root" / "ca.pem"

    def settings(self, part: str) -> Path:
        """Give the settings file of ``gateway``, ``bank`` or ``auctions``."""
        return self.root / part / f"{part}.toml"
