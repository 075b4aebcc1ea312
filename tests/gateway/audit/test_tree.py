"""RFC 6962: golden roots, and proofs that hold for the truth and for nothing else (security.md 6.3)."""

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.tree import (
    EMPTY_ROOT,
    Frontier,
    ProofRefused,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    open_frontier,
    root_of,
    verify_consistency,
    verify_inclusion,
)

GOLDEN_INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
GOLDEN_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def plain_root(hashes: list[bytes]) -> bytes:
    """The definition, word for word; slow."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    return node_hash(plain_root(hashes[:split]), plain_root(hashes[split:]))


class Tree:
    def __init__(self, size: int) -> None:
        self.leaves = [leaf_hash(b"%d" % number) for number in range(size)]

    def subtree(self, level: int, position: int) -> bytes:
        covered = self.leaves[position << level : (position + 1) << level]
        assert len(covered) == 1 << level
        return plain_root(covered)


FOREST = {size: Tree(size) for size in range(1, 70)}


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Frontier().root() == EMPTY_ROOT == hashlib.sha256().digest()


def test_golden_roots() -> None:
    frontier = Frontier()
    for text, root in zip(GOLDEN_INPUTS, GOLDEN_ROOTS, strict=True):
        frontier.append(leaf_hash(bytes.fromhex(text)))
        assert frontier.root().hex() == root


def test_the_frontier_agrees_with_the_definition_at_every_size() -> None:
    frontier = Frontier()
    for size, tree in FOREST.items():
        frontier.append(tree.leaves[-1])
        assert frontier.size == size
        assert frontier.root() == plain_root(tree.leaves) == root_of(size, tree.subtree)


def test_a_frontier_taken_up_again_grows_as_if_never_put_down() -> None:
    for size, tree in FOREST.items():
        frontier = open_frontier(size, tree.subtree)
        for leaf in FOREST[69].leaves[size:]:
            frontier.append(leaf)
        assert frontier.root() == plain_root(FOREST[69].leaves)


def test_subtrees_of_every_fourth_level_are_given_when_complete() -> None:
    frontier = Frontier()
    nodes = [node for number in range(300) for node in frontier.append(leaf_hash(b"%d" % number))]
    assert [(node.level, node.position) for node in nodes if node.level == 8] == [(8, 0)]
    assert [node.position for node in nodes if node.level == 4] == list(range(18))
    assert all(node.hash == Tree(300).subtree(node.level, node.position) for node in nodes)


def test_every_inclusion_proof_holds() -> None:
    for size, tree in FOREST.items():
        root = plain_root(tree.leaves)
        for index in range(size):
            proof = inclusion_proof(index, size, tree.subtree)
            assert len(proof) <= (size - 1).bit_length()
            verify_inclusion(tree.leaves[index], index, size, proof, root)


def test_every_consistency_proof_holds() -> None:
    for new, tree in FOREST.items():
        for old in range(1, new + 1):
            proof = consistency_proof(old, new, tree.subtree)
            verify_consistency(old, new, proof, plain_root(tree.leaves[:old]), plain_root(tree.leaves))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_other_leaf_place_size_root_or_proof_is_included(data: Any) -> None:
    size = data.draw(st.integers(1, 69))
    tree = FOREST[size]
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(index, size, tree.subtree), plain_root(tree.leaves)
    other = data.draw(st.integers(0, size).filter(lambda n: n != index))
    wrong = data.draw(
        st.sampled_from(
            [
                (leaf_hash(b"another"), index, size, proof, root),
                (tree.leaves[index], other, size, proof, root),
                (tree.leaves[index], index, size, [*proof, bytes(32)], root),
                (tree.leaves[index], index, size, proof, bytes(32)),
                (tree.leaves[index], -1, size, proof, root),
            ]
        )
    )
    with pytest.raises(ProofRefused):
        verify_inclusion(*wrong)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_rewritten_beginning_is_consistent(data: Any) -> None:
    new = data.draw(st.integers(2, 69))
    old = data.draw(st.integers(1, new - 1))
    tree = FOREST[new]
    proof = consistency_proof(old, new, tree.subtree)
    before, after = plain_root(tree.leaves[:old]), plain_root(tree.leaves)
    changed = data.draw(st.integers(0, len(proof) - 1))
    wrong = data.draw(
        st.sampled_from(
            [
                (old, new, proof, bytes(32), after),
                (old, new, proof, before, bytes(32)),
                (old, new, proof[:-1], before, after),
                (old, new, [*proof, bytes(32)], before, after),
                (old, new, [*proof[:changed], bytes(32), *proof[changed + 1 :]], before, after),
                (new, old, proof, before, after),
                (0, new, proof, before, after),
            ]
        )
    )
    with pytest.raises(ProofRefused):
        verify_consistency(*wrong)


@pytest.mark.parametrize(("index", "size"), [(5, 5), (-1, 5)])
def test_there_is_no_proof_outside_the_tree(index: Any, size: Any) -> None:
    with pytest.raises(ProofRefused):
        inclusion_proof(index, size, FOREST[5].subtree)


@pytest.mark.parametrize(("old", "new"), [(0, 5), (6, 5)])
def test_there_is_no_consistency_with_nothing_or_backwards(old: Any, new: Any) -> None:
    with pytest.raises(ProofRefused):
        consistency_proof(old, new, FOREST[5].subtree)
