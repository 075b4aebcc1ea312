"""Any change to any record breaks the chain, whoever is clever about it; only the log's key could hide it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.checkpoint import Checkpoint
from gateway.audit.leaf import body_of, leaf_of
from gateway.audit.note import NoteSigner
from gateway.audit.tree import Frontier, Node, leaf_hash
from gateway.audit.verify import BadRecord, CheckpointRow, LeafRow, LogVerifier

SIGNER = NoteSigner("log.test", Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))
INTRUDER = NoteSigner("log.test", Ed25519PrivateKey.from_private_bytes(b"\x08" * 32))


@dataclass(frozen=True)
class Log:
    leaves: tuple[LeafRow, ...]
    checkpoints: tuple[CheckpointRow, ...]
    nodes: tuple[Node, ...] = field(default=())

    def verify(self, saved: Checkpoint | None = None) -> LogVerifier:
        verifier = LogVerifier(SIGNER.verifier, iter(self.checkpoints), iter(self.nodes), saved=saved)
        verifier.follow(self.leaves)
        return verifier


def make_log(bodies: Sequence[bytes], seals: Sequence[int], signer: NoteSigner = SIGNER) -> Log:
    """Write a log as the sealer would, with checkpoints at the given sizes."""
    frontier, before = Frontier(), None
    leaves, nodes, checkpoints = [], [], []
    for seq, body in enumerate(bodies):
        leaf = leaf_of(body, seq, before)
        leaves.append(LeafRow(seq, seq + 1, leaf, leaf_hash(leaf), f"login{seq}", body))
        nodes += frontier.append(leaf_hash(leaf))
        before = leaf_hash(leaf).hex()
        if frontier.size in seals:
            note = Checkpoint(signer.name, frontier.size, frontier.root()).signed_by(signer)
            checkpoints.append(CheckpointRow(frontier.size, note))
    return Log(tuple(leaves), tuple(checkpoints), tuple(nodes))


def body(number: int, word: str = "as it was") -> bytes:
    return body_of({"v": 1, "corr": f"login{number}", "method": word, "software_rev": "0.1.0", "type": "t"})


SIZE = 40
BODIES = [body(number) for number in range(SIZE)]
LOG = make_log(BODIES, (7, 16, 33, SIZE))


def test_an_untouched_log_verifies() -> None:
    verifier = LOG.verify()
    assert (verifier.frontier.size, verifier.checkpoint_count) == (SIZE, 4)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_changed_byte_of_any_record_names_that_record(data: Any) -> None:
    """VPM-DRV-10: change one byte of record n: n is reported as the first bad record."""
    seq = data.draw(st.integers(0, SIZE - 1))
    column = data.draw(st.sampled_from(["leaf", "leaf_hash", "body", "corr"]))
    row = LOG.leaves[seq]
    old = getattr(row, column)
    raw = old.encode() if isinstance(old, str) else old
    at = data.draw(st.integers(0, len(raw) - 1))
    changed: Any = raw[:at] + bytes([raw[at] ^ data.draw(st.sampled_from([1, 2, 4, 8]))]) + raw[at + 1 :]
    changed = changed.decode() if isinstance(old, str) else changed
    leaves = (*LOG.leaves[:seq], row._replace(**{column: changed}), *LOG.leaves[seq + 1 :])
    with pytest.raises(BadRecord) as found:
        replace(LOG, leaves=leaves).verify()
    assert f"audit_leaf {seq}:" in str(found.value) or f"record {seq}" in str(found.value)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, SIZE - 1))
def test_rewriting_the_whole_log_after_a_change_does_not_help_without_the_key(seq: int) -> None:
    bodies = [*BODIES[:seq], body(seq, "as it suits"), *BODIES[seq + 1 :]]
    rewritten = make_log(bodies, (7, 16, 33, SIZE))
    first_covering = next(row.size for row in LOG.checkpoints if row.size > seq)
    with pytest.raises(BadRecord, match=f"checkpoint {first_covering}: its root"):
        replace(rewritten, checkpoints=LOG.checkpoints).verify()
    with pytest.raises(BadRecord, match=r"checkpoint 7: the note is not signed once by log\.test"):
        make_log(bodies, (7, 16, 33, SIZE), INTRUDER).verify()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1))
def test_records_cannot_be_removed_doubled_or_exchanged(one: int, other: int) -> None:
    leaves = list(LOG.leaves)
    leaves[one], leaves[other] = leaves[other], leaves[one]
    for changed in (
        [*LOG.leaves[:one], *LOG.leaves[one + 1 :]],
        [*LOG.leaves[:one], *LOG.leaves[one:][:1] * 2],
        leaves,
    ):
        if changed != list(LOG.leaves):
            with pytest.raises(BadRecord):
                replace(LOG, leaves=tuple(changed)).verify()


def test_a_log_that_was_cut_off_with_its_checkpoints_shows_only_against_a_saved_one() -> None:
    """T49: that is what a checkpoint kept elsewhere is for."""
    saved = Checkpoint("log.test", 33, _root_at(33))
    LOG.verify(saved)
    cut = make_log(BODIES[:16], (7, 16))
    cut.verify()
    with pytest.raises(BadRecord, match="audit_leaf 16: is missing; a saved checkpoint vouches for 33"):
        cut.verify(saved)


def test_another_history_shows_against_a_saved_checkpoint() -> None:
    saved = Checkpoint("log.test", 33, _root_at(33))
    other = make_log([body(0, "another"), *BODIES[1:]], (7, 16, 33, SIZE))
    other.verify()
    with pytest.raises(BadRecord, match="saved checkpoint 33"):
        other.verify(saved)


def _root_at(size: int) -> bytes:
    frontier = Frontier()
    for row in LOG.leaves[:size]:
        frontier.append(row.leaf_hash)
    return frontier.root()


@pytest.mark.parametrize(
    ("log", "named"),
    [
        (replace(LOG, checkpoints=LOG.checkpoints[:-1]), "audit_leaf 33: no checkpoint"),
        (replace(LOG, leaves=LOG.leaves[:35]), "audit_leaf 35: is missing"),
        (replace(LOG, nodes=LOG.nodes[1:]), "audit_node 4/0"),
        (replace(LOG, nodes=(*LOG.nodes, Node(8, 0, bytes(32)))), "audit_node 8/0"),
        (replace(LOG, checkpoints=(CheckpointRow(7, LOG.checkpoints[1].note),)), "checkpoint 7: says 16"),
        (replace(LOG, checkpoints=(LOG.checkpoints[0], *LOG.checkpoints)), "checkpoint 7"),
        (replace(LOG, leaves=(LOG.leaves[0]._replace(body=None, corr=None), *LOG.leaves[1:])), "audit_leaf 0: its event"),
        (replace(LOG, leaves=(LOG.leaves[0]._replace(leaf="text"), *LOG.leaves[1:])), "audit_leaf 0"),  # type: ignore[arg-type]  # as SQLite would give it
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_named(log: Log, named: str) -> None:
    with pytest.raises(BadRecord) as found:
        log.verify()
    assert str(found.value).startswith(named)
