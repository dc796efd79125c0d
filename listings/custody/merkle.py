"""The Merkle tree of the custody log: roots, proofs and their verification.

Hashing and proofs follow RFC 6962 section 2.1 (the same tree as RFC 9162 section 2.1): SHA-256 with
the prefix 0x00 before a leaf and 0x01 before two children, the left subtree holding the largest
power of two of leaves below the size. Leaves are raw bytes, hashes 32 bytes, proofs lists of
hashes from the leaf upward. Pure: no storage, no clock. Everything here is linear in the number
of leaves or better.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from listings.errors import N_, Refused

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


class BadProof(Refused):
    """A Merkle proof does not prove what it is offered for, or is not a proof at all."""

    message = N_("The Merkle proof does not hold: %(reason)s.")


def leaf_hash(data: bytes) -> bytes:
    """Hash of one leaf: SHA-256 of 0x00 and the leaf's exact bytes. Refuses anything but bytes."""
    if not isinstance(data, bytes):
        raise BadProof(field="leaf", reason=N_("a leaf must be bytes"))
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256 of 0x01 and the hashes of its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Root over raw leaves; of no leaves it is SHA-256 of nothing."""
    return root_of_hashes([leaf_hash(leaf) for leaf in leaves])


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Proof that the leaf at `index`, counted from 0, belongs to the tree over all `leaves`."""
    return inclusion_path([leaf_hash(leaf) for leaf in leaves], index)


def consistency_proof(leaves: Sequence[bytes], size1: int) -> list[bytes]:
    """Proof that the tree over the first `size1` leaves is the beginning of the one over all.

    Refuses a `size1` of 0, which anything would follow, and one beyond the tree. Empty where
    `size1` is the whole tree.
    """
    return consistency_path([leaf_hash(leaf) for leaf in leaves], size1)


def root_of_hashes(hashes: Sequence[bytes]) -> bytes:
    """Root over leaf hashes, for a log that keeps them beside its leaves."""
    level = _hashes(hashes)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def inclusion_path(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """`inclusion_proof` over leaf hashes."""
    level = _hashes(hashes)
    position = _number(index, "index")
    if position >= len(level):
        raise BadProof(field="index", reason=N_("the index lies outside the tree"))
    path = []
    while len(level) > 1:
        sibling = position ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        level, position = _parents(level), position // 2
    return path


def consistency_path(hashes: Sequence[bytes], size1: int) -> list[bytes]:
    """`consistency_proof` over leaf hashes."""
    level = _hashes(hashes)
    _check_sizes(size1, len(level))
    return _subproof(level, size1, whole=True)


def verify_inclusion(
    leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Accept silently that a leaf stands at `index` in the tree of `size` leaves under `root`.

    RFC 9162 section 2.1.3.2. Raises `BadProof` for a proof that is too long, too short or leads to
    another root, for an index outside the tree and for hashes that are not 32 bytes.
    """
    node, expected, path = _hash(leaf_hash, "leaf_hash"), _hash(root, "root"), _hashes(proof)
    position, last = _number(index, "index"), _number(size, "size") - 1
    if position > last:
        raise BadProof(field="index", reason=N_("the index lies outside the tree"))
    for sibling in path:
        if last == 0:
            raise BadProof(field="proof", reason=N_("it has more hashes than the tree has levels"))
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while not position & 1:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise BadProof(field="proof", reason=N_("it has fewer hashes than the tree has levels"))
    if node != expected:
        raise BadProof(field="proof", reason=N_("it leads to another root"))


def verify_consistency(
    size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes
) -> None:
    """Accept silently that the tree under `root2` only appended to the one under `root1`.

    RFC 9162 section 2.1.4.2. Raises `BadProof`; also for a `size1` of 0 or above `size2`, and for
    equal sizes unless the proof is empty and the roots are equal.
    """
    old, new, path = _hash(root1, "root1"), _hash(root2, "root2"), _hashes(proof)
    _check_sizes(size1, size2)
    if size1 == size2:
        if path or old != new:
            raise BadProof(
                field="proof", reason=N_("trees of one size need equal roots and an empty proof")
            )
        return
    if size1 & (size1 - 1) == 0:
        path = [old, *path]
    if not path:
        raise BadProof(field="proof", reason=N_("it is empty, but the trees differ in size"))
    if _climb(size1 - 1, size2 - 1, path) != (old, new):
        raise BadProof(field="proof", reason=N_("it leads to other roots"))


class Frontier:
    """The right edge of a tree: enough to append leaf hashes and know the root in O(log n).

    `hashes` are the roots of the perfect subtrees from left to right, one for each bit set in
    `size`: what a log stores instead of all its inner nodes. Refuses any other number of them.
    """

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        self.size = _number(size, "size")
        self._stack = _hashes(hashes)
        if len(self._stack) != self.size.bit_count():
            raise BadProof(field="hashes", reason=N_("the frontier does not fit the tree's size"))

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """Roots of the perfect subtrees, widest first: what to store."""
        return tuple(self._stack)

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf by its hash."""
        node, size = _hash(leaf_hash, "leaf_hash"), self.size
        while size & 1:
            node, size = node_hash(self._stack.pop(), node), size >> 1
        self._stack.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Root of the tree as it stands."""
        if not self._stack:
            return EMPTY_ROOT
        node = self._stack[-1]
        for left in reversed(self._stack[:-1]):
            node = node_hash(left, node)
        return node


def _parents(level: list[bytes]) -> list[bytes]:
    # A last node without a sibling rises unchanged: this gives the tree of RFC 6962 for any size.
    paired = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return paired + level[len(level) - len(level) % 2 :]


def _subproof(hashes: list[bytes], size1: int, *, whole: bool) -> list[bytes]:
    if size1 == len(hashes):
        return [] if whole else [root_of_hashes(hashes)]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    if size1 <= split:
        return [*_subproof(hashes[:split], size1, whole=whole), root_of_hashes(hashes[split:])]
    right = _subproof(hashes[split:], size1 - split, whole=False)
    return [*right, root_of_hashes(hashes[:split])]


def _climb(first: int, last: int, path: list[bytes]) -> tuple[bytes, bytes]:
    while first & 1:
        first, last = first >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise BadProof(field="proof", reason=N_("it has more hashes than the tree has levels"))
        if first & 1 or first == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        first, last = first >> 1, last >> 1
    if last:
        raise BadProof(field="proof", reason=N_("it has fewer hashes than the tree has levels"))
    return old, new


def _check_sizes(size1: int, size2: int) -> None:
    if _number(size1, "size1") == 0:
        raise BadProof(field="size1", reason=N_("anything follows from an empty tree"))
    if size1 > _number(size2, "size2"):
        raise BadProof(field="size1", reason=N_("the earlier tree is larger than the later one"))


def _number(value: int, field: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadProof(field=field, reason=N_("sizes and indices must be whole numbers from 0 up"))
    return value


def _hash(value: bytes, field: str) -> bytes:
    if not isinstance(value, bytes) or len(value) != HASH_BYTES:
        raise BadProof(field=field, reason=N_("every hash must be 32 bytes"))
    return value


def _hashes(values: Sequence[bytes]) -> list[bytes]:
    if isinstance(values, (bytes, str)):
        raise BadProof(field="proof", reason=N_("a proof is a list of hashes"))
    return [_hash(value, "proof") for value in values]
