"""The authority's servers as a judge meets them, and judges set up against them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509

from certs.revocation import SeenLists
from providers.eid_certificates.anchors import Anchors, IssuingCa
from providers.eid_certificates.judge import CertificateJudge
from providers.eid_certificates.lists import RevocationLists
from providers.eid_certificates.ocsp import ResponderRules
from providers.eid_certificates.revocation import RevocationCheck
from providers.eid_certificates.rules import CertificateRules
from providers.plain_http import PlainHttp
from tests.support.eid_authority import NOW, POLICY, EidAuthority, Held
from tests.support.plain_server import Answer, PlainServer, http

OCSP = "application/ocsp-response"
RULES = CertificateRules(policies=frozenset({POLICY}))


class World:
    """An authority with its server; a test replaces what one path answers."""

    def __init__(self) -> None:
        self.now = NOW
        self.server = PlainServer(self._answer)
        self.authority = EidAuthority(self.server.url)
        self.paths: dict[str, Callable[[bytes], Answer]] = {}

    def forget(self) -> None:
        self.now = NOW
        self.paths.clear()
        self.server.requests.clear()

    def close(self) -> None:
        self.server.close()

    def clock(self) -> datetime:
        return self.now

    def _answer(self, path: str, body: bytes) -> Answer:
        return self.paths[path](body) if path in self.paths else http(status="404 Not Found")

    def answers(self, card: Held, **changes: Any) -> None:
        """The responder speaks about this card."""
        self.paths["/ocsp"] = lambda request: http(
            self.authority.answer(request, card.certificate, **{"made": self.now, **changes}), kind=OCSP
        )

    def lists(self, part: str, crl: bytes) -> None:
        self.paths[f"/crl/{part}.crl"] = lambda _request: http(crl)

    def url_of(self, part: str) -> str:
        return f"{self.server.url}/crl/{part}.crl"

    def asked(self, path: str) -> int:
        return sum(one == path for one, _ in self.server.requests)

    def revocation(self, folder: Path | None = None, **changes: Any) -> RevocationCheck:
        """A check that reaches this world's server; with a folder, its lists too."""
        plain = PlainHttp({self.server.url})
        rules = ResponderRules(**changes.pop("responder", {}))
        if folder is not None:
            changes.setdefault("lists", self.revocation_lists(plain, folder))
        return RevocationCheck(http=plain, responders={self.server.url: rules}, clock=self.clock, **changes)

    def revocation_lists(self, plain: PlainHttp, folder: Path, **changes: Any) -> RevocationLists:
        addresses = (f"{self.server.url}/crl/",)
        return RevocationLists(plain, addresses, SeenLists(folder / "seen.json"), self.clock, **changes)

    def judge(self, folder: Path | None = None, **changes: Any) -> CertificateJudge:
        chosen: dict[str, Any] = {"rules": RULES, "anchors": Anchors([self.issuing]), "clock": self.clock}
        chosen["revocation"] = changes.pop("revocation", None) or self.revocation(folder)
        return CertificateJudge(**{**chosen, **changes})

    @property
    def issuing(self) -> IssuingCa:
        return IssuingCa(certificate=self.authority.ca.certificate)

    @property
    def issuing_below_root(self) -> IssuingCa:
        return IssuingCa(certificate=self.authority.ca.certificate, above=self.root)

    @property
    def root(self) -> x509.Certificate:
        return self.authority.root.certificate


MINUTE = timedelta(minutes=1)
