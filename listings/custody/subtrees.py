"""Which inner nodes of the Merkle tree a log keeps, so that appending and proving stay short.

A node ``(level, position)`` is the root of the perfect subtree over the leaves from
``position << level`` to ``(position + 1) << level``. Perfect subtrees never change once they are
whole, so a log may keep each as one row and needs O(log n) of them for a root or a proof of any
size (RFC 6962 section 2.1). Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from listings.custody import merkle

Node = tuple[int, int]


def cover(start: int, end: int) -> list[Node]:
    """The perfect subtrees that make up the leaves from ``start`` to ``end``, widest first.

    ``start`` is where a subtree of that width may begin, as every range of this module does.
    """
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def siblings(index: int, size: int) -> list[tuple[int, int]]:
    """The ranges of leaves whose roots are the inclusion proof of a leaf, from the leaf upward."""
    start, end, found = 0, size, []
    while end - start > 1:
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    return found[::-1]


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over a cover's hashes, widest first; of none it is the empty root."""
    if not hashes:
        return merkle.EMPTY_ROOT
    node = hashes[-1]
    for left in reversed(hashes[:-1]):
        node = merkle.node_hash(left, node)
    return node


def inclusion_path(index: int, size: int, known: Mapping[Node, bytes]) -> list[bytes]:
    """The inclusion proof of a leaf in a tree of ``size``, from kept nodes (`needed_for`)."""
    return [fold([known[node] for node in cover(*span)]) for span in siblings(index, size)]


def needed_for(index: int, size: int) -> list[Node]:
    """The nodes that `inclusion_path` looks up."""
    return [node for span in siblings(index, size) for node in cover(*span)]


def grown(size: int, edge: Sequence[bytes], leaf_hash: bytes) -> Iterator[tuple[Node, bytes]]:
    """The nodes that become whole when a leaf joins a tree of ``size``, from the leaf upward.

    ``edge`` are the hashes of ``cover(0, size)``.
    """
    level, position, node, lefts = 0, size, leaf_hash, list(edge)
    yield (level, position), node
    while position & 1:
        node = merkle.node_hash(lefts.pop(), node)
        level, position = level + 1, position >> 1
        yield (level, position), node
