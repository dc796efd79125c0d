"""The Merkle tree: published vectors, an independent recursive model, and every mutation fails."""

from __future__ import annotations

import hashlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.custody import merkle
from listings.custody.merkle import BadProof, Frontier

# The reference vectors of the Certificate Transparency implementation.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION_OF_0_IN_8 = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]
CONSISTENCY_6_TO_8 = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]

leaf_lists = st.lists(st.binary(max_size=6), min_size=1, max_size=70)


def model_root(leaves):
    """Section 2.1 of RFC 6962 read aloud, slow and recursive."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(
        b"\x01" + model_root(leaves[:split]) + model_root(leaves[split:])
    ).digest()


def mutations(proof):
    """Every shape of tampering with a proof: flip, drop, repeat, swap, lengthen."""
    for i, part in enumerate(proof):
        flipped = bytes([part[0] ^ 1]) + part[1:]
        yield [*proof[:i], flipped, *proof[i + 1 :]]
        yield proof[:i] + proof[i + 1 :]
        yield [*proof[: i + 1], part, *proof[i + 1 :]]
        if i and part != proof[i - 1]:
            yield [*proof[: i - 1], part, proof[i - 1], *proof[i + 1 :]]
    yield [*proof, bytes(32)]
    yield [bytes(32), *proof]


def test_the_root_of_nothing_is_the_hash_of_nothing():
    assert merkle.root([]) == hashlib.sha256(b"").digest()
    assert Frontier().root() == merkle.root([])


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_agree_with_the_published_vectors(size):
    assert merkle.root(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_proofs_agree_with_the_published_vectors():
    assert [part.hex() for part in merkle.inclusion_proof(LEAVES, 0)] == INCLUSION_OF_0_IN_8
    assert [part.hex() for part in merkle.consistency_proof(LEAVES, 6)] == CONSISTENCY_6_TO_8


@given(leaf_lists)
def test_the_root_is_that_of_the_recursive_definition(leaves):
    assert merkle.root(leaves) == model_root(leaves)


@given(leaf_lists, st.data())
def test_every_leaf_is_proven_and_no_mutated_proof_is(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof, root = merkle.inclusion_proof(leaves, index), merkle.root(leaves)
    leaf = merkle.leaf_hash(leaves[index])
    merkle.verify_inclusion(leaf, index, len(leaves), proof, root)
    for bad in mutations(proof):
        with pytest.raises(BadProof):
            merkle.verify_inclusion(leaf, index, len(leaves), bad, root)
    with pytest.raises(BadProof):
        merkle.verify_inclusion(
            merkle.leaf_hash(b"another record"), index, len(leaves), proof, root
        )
    with pytest.raises(BadProof):
        merkle.verify_inclusion(leaf, index, len(leaves), proof, hashlib.sha256(root).digest())


@given(st.integers(1, 70), st.data())
def test_a_proof_holds_at_no_other_index(size, data):
    leaves = [str(i).encode() for i in range(size)]
    index, other = (data.draw(st.integers(0, size - 1)) for _ in range(2))
    proof, root = merkle.inclusion_proof(leaves, index), merkle.root(leaves)
    if other != index:
        with pytest.raises(BadProof):
            merkle.verify_inclusion(merkle.leaf_hash(leaves[index]), other, size, proof, root)


@given(leaf_lists, st.data())
def test_every_earlier_tree_is_a_beginning_and_no_mutated_proof_says_so(leaves, data):
    size1, size2 = data.draw(st.integers(1, len(leaves))), len(leaves)
    proof = merkle.consistency_proof(leaves, size1)
    old, new = merkle.root(leaves[:size1]), merkle.root(leaves)
    merkle.verify_consistency(size1, size2, proof, old, new)
    for bad in mutations(proof):
        with pytest.raises(BadProof):
            merkle.verify_consistency(size1, size2, bad, old, new)
    with pytest.raises(BadProof):
        merkle.verify_consistency(size1, size2, proof, hashlib.sha256(old).digest(), new)
    with pytest.raises(BadProof):
        merkle.verify_consistency(size1, size2, proof, old, hashlib.sha256(new).digest())


@given(leaf_lists, st.data())
def test_a_changed_old_leaf_cannot_be_shown_consistent(leaves, data):
    changed = data.draw(st.integers(0, len(leaves) - 1))
    rewritten = [*leaves[:changed], leaves[changed] + b"!", *leaves[changed + 1 :]]
    size1 = data.draw(st.integers(changed + 1, len(leaves)))
    old, new = merkle.root(leaves[:size1]), merkle.root(rewritten)
    for source in (leaves, rewritten):
        with pytest.raises(BadProof):
            merkle.verify_consistency(
                size1, len(leaves), merkle.consistency_proof(source, size1), old, new
            )


def test_consistency_from_an_empty_tree_is_refused():
    with pytest.raises(BadProof, match="empty tree"):
        merkle.consistency_proof(LEAVES, 0)
    with pytest.raises(BadProof, match="empty tree"):
        merkle.verify_consistency(0, 8, [], merkle.root([]), merkle.root(LEAVES))
    with pytest.raises(BadProof):
        merkle.verify_consistency(0, 0, [], merkle.root([]), merkle.root([]))


def test_equal_sizes_need_equal_roots_and_an_empty_proof():
    root = merkle.root(LEAVES)
    merkle.verify_consistency(8, 8, [], root, root)
    for proof, other in (([], merkle.root(LEAVES[:7])), ([root], root)):
        with pytest.raises(BadProof):
            merkle.verify_consistency(8, 8, proof, root, other)


@pytest.mark.parametrize("index", [-1, 8, 2**70, True, None, "0", 1.0])
def test_an_index_outside_the_tree_is_refused(index):
    proof, root = merkle.inclusion_proof(LEAVES, 1), merkle.root(LEAVES)
    with pytest.raises(BadProof):
        merkle.verify_inclusion(merkle.leaf_hash(LEAVES[1]), index, 8, proof, root)
    with pytest.raises(BadProof):
        merkle.inclusion_proof(LEAVES, index)


@pytest.mark.parametrize("size1", [-1, 9, True, None, "3"])
def test_an_earlier_size_outside_the_tree_is_refused(size1):
    root = merkle.root(LEAVES)
    with pytest.raises(BadProof):
        merkle.consistency_proof(LEAVES, size1)
    with pytest.raises(BadProof):
        merkle.verify_consistency(size1, 8, [root], root, root)


@pytest.mark.parametrize("wrong", [b"", bytes(31), bytes(33), "00" * 32, None, bytearray(32)])
def test_a_hash_that_is_not_32_bytes_is_refused(wrong):
    leaf, root = merkle.leaf_hash(LEAVES[0]), merkle.root(LEAVES)
    proof = merkle.inclusion_proof(LEAVES, 0)
    for arguments in (
        (wrong, 0, 8, proof, root),
        (leaf, 0, 8, proof, wrong),
        (leaf, 0, 8, [wrong, *proof[1:]], root),
    ):
        with pytest.raises(BadProof):
            merkle.verify_inclusion(*arguments)
    steps = merkle.consistency_proof(LEAVES, 6)
    old = merkle.root(LEAVES[:6])
    for more in ((steps, wrong, root), (steps, old, wrong), ([wrong, *steps[1:]], old, root)):
        with pytest.raises(BadProof):
            merkle.verify_consistency(6, 8, *more)


@pytest.mark.parametrize("leaf", ["text", None, bytearray(b"x"), 3])
def test_a_leaf_that_is_not_bytes_is_refused(leaf):
    with pytest.raises(BadProof):
        merkle.leaf_hash(leaf)
    with pytest.raises(BadProof):
        merkle.root([b"x", leaf])


def test_a_proof_given_as_one_string_of_bytes_is_refused():
    with pytest.raises(BadProof):
        merkle.verify_inclusion(merkle.leaf_hash(b""), 0, 1, b"", merkle.root([b""]))


def test_an_inner_node_cannot_pass_as_a_leaf():
    left, right = merkle.leaf_hash(LEAVES[0]), merkle.leaf_hash(LEAVES[1])
    assert merkle.root([left + right]) != merkle.root(LEAVES[:2])


@given(st.lists(st.binary(max_size=6), max_size=70), st.data())
def test_a_frontier_reaches_the_same_root_and_survives_being_stored(leaves, data):
    stop = data.draw(st.integers(0, len(leaves)))
    frontier = Frontier()
    for leaf in leaves[:stop]:
        frontier.append(merkle.leaf_hash(leaf))
    again = Frontier(frontier.size, frontier.hashes)
    for leaf in leaves[stop:]:
        again.append(merkle.leaf_hash(leaf))
    assert (again.size, again.root()) == (len(leaves), merkle.root(leaves))


@pytest.mark.parametrize(("size", "count"), [(0, 1), (3, 1), (4, 2), (-1, 0)])
def test_a_frontier_that_does_not_fit_its_size_is_refused(size, count):
    with pytest.raises(BadProof):
        Frontier(size, [bytes(32)] * count)


def test_twice_the_leaves_take_about_twice_the_work():
    def seconds(count):
        leaves = [b"%d" % i for i in range(count)]
        start = time.process_time()
        merkle.inclusion_proof(leaves, count // 3)
        merkle.consistency_proof(leaves, count // 3)
        return time.process_time() - start

    seconds(1000)
    assert seconds(80_000) < 40 * max(seconds(10_000), 0.005)
