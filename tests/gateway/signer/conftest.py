"""A signer at a socket of its own, over a real database and ledger; and a worker's side of it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.audit.event import AuditEvent, Correlation, Peer
from gateway.broker.events import AssertionIssued, CodeRedeemed
from gateway.broker.identifiers import new_correlation
from gateway.reconciler import Reconciler
from gateway.signer.client import RemoteSigner, SignerClient
from gateway.signer.desk import SignerDesk
from gateway.signer.keys import RingKeys
from gateway.signer.ledger import Ledger
from gateway.signer.server import SignerServer
from gateway.signing.life import SigningKey
from gateway.signing.opening import FILE, first_ring
from gateway.signing.places import KeysFolder
from gateway.signing.purpose import ID_TOKENS, Purpose, saml_of
from gateway.storage.issued import SqlIssued
from gateway.storage.sql_storage import SqlStorage, open_storage
from tests.support.gateway_parts import HeldClock

SAML_EC = saml_of("ec")


@dataclass
class Desk:
    """Everything of one node."""

    folder: Path
    clock: HeldClock = field(default_factory=HeldClock)

    def __post_init__(self) -> None:
        self.storage: SqlStorage = open_storage(
            f"sqlite:///{self.folder}/gateway.db",
            self.folder / "keys",
            node="node-1",
            config_rev="test",
            clock=self.clock,
            counts=True,
        )
        self.rings = self.folder / "rings"
        self.places = {purpose: {FILE: KeysFolder(self.rings, purpose)} for purpose in (ID_TOKENS, SAML_EC)}
        self.client = SignerClient(self.folder / "signer.sock")
        self.reconciler = Reconciler(
            self.storage, self.client, node="node-1", clock=self.clock, settled=timedelta(minutes=10)
        )
        self.storage.change(lambda unit: unit.issued("node-1").begin())
        self.open()

    def open(self) -> None:
        self.keys = RingKeys(self.rings, self.places, self.clock)  # type: ignore[arg-type]  # folders are places
        self.ledger = Ledger(self.folder / "signatures.db")
        desk = SignerDesk(keys=self.keys, ledger=self.ledger, events_of=self._events_of, clock=self.clock)
        self.server = SignerServer(self.folder / "signer.sock", desk)
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()
        self.ledger.close()

    def _events_of(self, corr: str) -> list[bytes]:
        with self.storage.database.reader() as connection:
            return SqlIssued(connection, "sqlite", "node-1").events_of(corr)

    # --- what a worker does ---

    def key(self, purpose: Purpose = ID_TOKENS) -> SigningKey:
        return first_ring(self.rings, self.clock(), purpose).signing

    def signer(self, purpose: Purpose = ID_TOKENS) -> RemoteSigner:
        return self.client.open(self.key(purpose))

    def commit(self, event: AuditEvent) -> Correlation:
        self.storage.commit(lambda unit: unit.record(event))
        return event.corr

    def tokens_issued(self, kid: str | None = None) -> Correlation:
        """Commit that an ID token may leave."""
        artefact = {"kind": "access_token", "commit": "0" * 64, "signer_kid": kid or self.key().kid}
        return self.commit(
            CodeRedeemed(
                corr=new_correlation(), peer=Peer(id="portal"), endpoint="https://gateway.test", artefact=artefact
            )
        )

    def assertion_issued(self, kid: str) -> Correlation:
        artefact = {"kind": "assertion", "commit": "0" * 64, "signer_kid": kid}
        return self.commit(
            AssertionIssued(
                corr=new_correlation(), peer=Peer(id="portal"), endpoint="https://sp.test/acs", artefact=artefact
            )
        )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(tmp_path)
    yield opened
    opened.close()
    opened.client.close()
    opened.storage.close()
