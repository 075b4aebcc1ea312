"""The RFC 6962 tree: hashes, the frontier that grows it, and proofs of O(log n) (security.md 6.3)."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
STRIDE: Final = 4
"""Subtree hashes are kept at every fourth level; those between are computed from at most eight of them."""

_sha256: Final = hashlib.sha256

Subtrees: TypeAlias = Callable[[int, int], bytes]
"""Gives the hash of the complete subtree of 2^level leaves at a position: leaves [position * 2^level, …)."""


class Node(NamedTuple):
    """A complete subtree and its hash."""

    level: int
    position: int
    hash: bytes


class ProofRefused(ValueError):
    """A proof does not prove what it claims."""


def leaf_hash(leaf: bytes) -> bytes:
    """Hash a record."""
    return _sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbours."""
    return _sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: one hash for each complete subtree, so at most 64 of them."""

    __slots__ = ("_edge", "size")

    def __init__(self, size: int = 0, edge: Iterable[bytes] = ()) -> None:
        """Take up a tree of ``size`` leaves at its right edge, the largest subtree first."""
        self.size = size
        self._edge = list(edge)

    def copy(self) -> "Frontier":
        """Give a second frontier that grows on its own."""
        return Frontier(self.size, self._edge)

    def append(self, leaf: bytes) -> list[Node]:
        """Add a leaf hash; give the subtrees of every fourth level that it completes."""
        edge, position, level, current = self._edge, self.size, 0, leaf
        completed: list[Node] = []
        self.size += 1
        while position & 1:
            current = _sha256(b"\x01" + edge.pop() + current).digest()
            position >>= 1
            level += 1
            if not level % STRIDE:
                completed.append(Node(level, position, current))
        edge.append(current)
        return completed

    def root(self) -> bytes:
        """Give the root of the tree as it stands."""
        if not self._edge:
            return EMPTY_ROOT
        root = self._edge[-1]
        for left in reversed(self._edge[:-1]):
            root = node_hash(left, root)
        return root


def open_frontier(size: int, subtrees: Subtrees) -> Frontier:
    """Take up a stored tree at its right edge."""
    levels = [level for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]
    return Frontier(size, (subtrees(level, (size >> level) - 1) for level in levels))


def root_of(size: int, subtrees: Subtrees) -> bytes:
    """Give the root of the first ``size`` leaves."""
    return open_frontier(size, subtrees).root()


def inclusion_proof(index: int, size: int, subtrees: Subtrees) -> list[bytes]:
    """Prove that the leaf ``index`` is in the tree of ``size`` leaves (RFC 6962 section 2.1.1)."""
    if not 0 <= index < size:
        raise ProofRefused(f"record {index} is not in a log of {size}")
    return _path(index, 0, size, subtrees)


def consistency_proof(old: int, new: int, subtrees: Subtrees) -> list[bytes]:
    """Prove that the tree of ``new`` leaves begins with that of ``old`` (RFC 6962 section 2.1.2)."""
    if not 0 < old <= new:
        raise ProofRefused(f"there is no consistency proof from {old} to {new}")
    return _subproof(old, 0, new, subtrees, whole=True)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check an inclusion proof for a leaf hash (RFC 9162 section 2.1.3.2); raises ``ProofRefused``."""
    if not 0 <= index < size:
        raise ProofRefused("the index is outside the tree")
    first, last, current = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofRefused("the proof is too long")
        if first & 1 or first == last:
            current = node_hash(sibling, current)
            first, last = _up_to_right_child(first, last)
        else:
            current = node_hash(current, sibling)
        first, last = first >> 1, last >> 1
    if last != 0 or current != root:
        raise ProofRefused("the proof leads to another root")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check a consistency proof (RFC 9162 section 2.1.4.2); raises ``ProofRefused``."""
    if old == new and not proof and old_root == new_root:
        return
    if not 0 < old < new or not proof:
        raise ProofRefused("the sizes and the proof do not belong together")
    steps = list(proof) if old & (old - 1) else [old_root, *proof]
    first, last = _up_while_odd(old - 1, new - 1)
    before = after = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            raise ProofRefused("the proof is too long")
        if first & 1 or first == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            first, last = _up_to_right_child(first, last)
        else:
            after = node_hash(after, sibling)
        first, last = first >> 1, last >> 1
    if last != 0 or before != old_root or after != new_root:
        raise ProofRefused("the proof leads to other roots")


def _up_to_right_child(first: int, last: int) -> tuple[int, int]:
    while first and not first & 1:
        first, last = first >> 1, last >> 1
    return first, last


def _up_while_odd(first: int, last: int) -> tuple[int, int]:
    while first & 1:
        first, last = first >> 1, last >> 1
    return first, last


def _split(length: int) -> int:
    return 1 << ((length - 1).bit_length() - 1)


def _range_hash(begin: int, end: int, subtrees: Subtrees) -> bytes:
    length = end - begin
    if not length & (length - 1):
        level = length.bit_length() - 1
        return subtrees(level, begin >> level)
    middle = begin + _split(length)
    return node_hash(_range_hash(begin, middle, subtrees), _range_hash(middle, end, subtrees))


def _path(index: int, begin: int, end: int, subtrees: Subtrees) -> list[bytes]:
    if end - begin == 1:
        return []
    middle = begin + _split(end - begin)
    if index < middle:
        return [*_path(index, begin, middle, subtrees), _range_hash(middle, end, subtrees)]
    return [*_path(index, middle, end, subtrees), _range_hash(begin, middle, subtrees)]


def _subproof(old: int, begin: int, end: int, subtrees: Subtrees, *, whole: bool) -> list[bytes]:
    if old == end:
        return [] if whole else [_range_hash(begin, end, subtrees)]
    middle = begin + _split(end - begin)
    if old <= middle:
        return [*_subproof(old, begin, middle, subtrees, whole=whole), _range_hash(middle, end, subtrees)]
    return [*_subproof(old, middle, end, subtrees, whole=False), _range_hash(begin, middle, subtrees)]
