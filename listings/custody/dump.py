"""The whole log as one file that anyone can verify without the application or its database.

JSON lines: a header, every leaf in order, the signed head. `verify` rebuilds the tree, checks the
head against a key from outside (a dump that brings its own key proves nothing), every signature
inside the records, and that each receipt's head is one the same leaves led to. It reads the file
once, holding one line at a time. Format: docs/custody-formats.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from listings.custody import canonical, merkle, receipts
from listings.custody import checkpoint as checkpoints
from listings.custody.checkpoint import Checkpoint
from listings.custody.receipts import Receipt
from listings.errors import N_, DomainError, Refused

FORMAT = "packbourse-log-v1"
MAX_LINE_BYTES = 16 * 2**20
MAX_PROBLEMS = 100


class BadDump(Refused):
    """A dump that is not a whole and unchanged log."""

    message = N_("The dump is not a whole and unchanged log.")


class LineWrong(BadDump):
    """A line that is not what the format has at that place."""

    message = N_("Line %(line)s of the dump is not a %(expected)s.")


class EndMissing(BadDump):
    """The file stops before the signed head."""

    message = N_("The dump ends without its checkpoint. It may have been cut off.")


class OriginsDiffer(BadDump):
    """The head belongs to another log than the header names."""

    message = N_("The dump is of the log %(stated)s, its checkpoint of %(signed)s.")


class LeavesMissing(BadDump):
    """The signed head counts other than the leaves that are there."""

    message = N_("The checkpoint counts %(signed)s records, the dump holds %(held)s.")


class LeavesChanged(BadDump):
    """The leaves do not lead to the signed root."""

    message = N_("The records of the dump do not lead to the root that was signed.")


class LeafWrong(BadDump):
    """A leaf that is not canonical or whose signatures do not hold."""

    message = N_("Record %(index)s of the dump: %(reason)s")


class ReceiptLogDiffers(BadDump):
    """A receipt of another log."""

    message = N_("The receipt is of the log %(receipt)s, the dump of %(dump)s.")


class ReceiptNewer(BadDump):
    """The receipt proves more records than the dump holds: the newest were dropped."""

    message = N_("The receipt proves %(proven)s records, the dump holds only %(held)s.")


class ReceiptContradicts(BadDump):
    """The leaves led to another root when the log had the receipt's size: it was rewritten."""

    message = N_("The first %(size)s records of the dump are not those that the receipt proves.")


class NotCompared(BadDump):
    """A receipt that holds by itself beside a dump that could not be read to its end."""

    message = N_("The receipt was not compared, because the dump cannot be read to its end.")


class FileUnreadable(Refused):
    """A file that cannot be opened."""

    message = N_("The file %(file)s cannot be read.")


@dataclass(frozen=True)
class Verification:
    """What held: `size` leaves under `root`; proofs in records that were checked,
    those by devices of people among them, and receipts."""

    origin: str
    size: int
    root: bytes
    signatures_checked: int
    signed_by_devices: int
    receipts_checked: int


@dataclass
class _Reading:
    """What one pass over the file found. Problems beyond the first hundred are not kept."""

    frontier: merkle.Frontier = field(default_factory=merkle.Frontier)
    origin: str = ""
    is_complete: bool = False
    signatures: int = 0
    by_devices: int = 0
    roots: dict[int, bytes] = field(default_factory=dict)
    problems: list[DomainError] = field(default_factory=list)

    def note(self, problem: DomainError) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)


def write(stream: BinaryIO, origin: str, leaves: Iterable[bytes], checkpoint: str) -> int:
    """Write a dump and return the number of leaves, each given as its exact bytes.

    Refuses a head that is not that of these leaves, but only after they were written: discard
    the file then. Who signed the head is for the reader to verify.
    """
    head, frontier = checkpoints.read_unverified(checkpoint), merkle.Frontier()
    _write_line(stream, {"format": FORMAT, "origin": origin})
    for leaf in leaves:
        frontier.append(merkle.leaf_hash(leaf))
        _write_line(stream, {"leaf": canonical.to_base64(leaf)})
    _write_line(stream, {"checkpoint": checkpoint})
    for problem in _head_problems(origin, frontier, head):
        raise problem
    return frontier.size


def export_document(
    origin: str, leaves: Iterable[bytes], checkpoint: str, file: str | None = None
) -> dict[str, object]:
    """What `packbourse log export --json` answers: docs/commands/log-export.json.

    With `file`, the dump was written there and the leaves are not repeated.
    """
    head = checkpoints.read_unverified(checkpoint)
    return {
        "format": FORMAT,
        "origin": origin,
        "size": head.size,
        "root": canonical.to_base64(head.root),
        "checkpoint": checkpoint,
        "file": file,
        "leaves": [canonical.to_base64(leaf) for leaf in leaves] if file is None else None,
    }


def verify(
    stream: BinaryIO, vkey: str | Iterable[str], documents: Iterable[bytes] = ()
) -> Verification:
    """Verify a dump against the log's key and against receipt documents, or refuse at the first
    thing that does not hold.

    `vkey` is the verifier key (or several, after a rotation), from anywhere but the dump. Raises
    `BadDump`, `receipts.BadReceipt` or what a wrong key raises.
    """
    keys = _keys(vkey)
    held = [receipts.verify(document, keys) for document in documents]
    reading = _read(stream, keys, held)
    for problem in [*reading.problems, *(_against(receipt, reading) for receipt in held)]:
        if problem is not None:
            raise problem
    frontier = reading.frontier
    return Verification(
        reading.origin,
        frontier.size,
        frontier.root(),
        reading.signatures,
        reading.by_devices,
        len(held),
    )


def verify_command(
    dump_path: str | Path, vkey: str | Iterable[str], receipt_paths: Sequence[str | Path] = ()
) -> dict[str, object]:
    """What `packbourse log verify` answers: docs/commands/log-verify.json. Never raises for what
    it finds in the files; a verifier key that is not one is refused."""
    keys = _keys(vkey)
    found = [_receipt_file(path, keys) for path in receipt_paths]
    held = [receipt for receipt in found if isinstance(receipt, Receipt)]
    reading = _read_file(dump_path, keys, held)
    answers = [
        _receipt_answer(path, _against(one, reading) if isinstance(one, Receipt) else one)
        for path, one in zip(receipt_paths, found, strict=True)
    ]
    return {
        "valid": not reading.problems and all(answer["valid"] for answer in answers),
        "origin": reading.origin or None,
        "size": reading.frontier.size if reading.is_complete else None,
        "root": _root(reading) if reading.is_complete else None,
        "signatures_checked": reading.signatures,
        "signed_by_devices": reading.by_devices,
        "receipts": answers,
        "problems": [str(problem) for problem in reading.problems],
    }


def _root(reading: _Reading) -> str:
    return canonical.to_base64(reading.frontier.root())


def _read_file(path: str | Path, keys: list[str], held: Sequence[Receipt]) -> _Reading:
    try:
        with Path(path).open("rb") as stream:
            return _read(stream, keys, held)
    except OSError:
        return _Reading(problems=[FileUnreadable(file=path)])


def _read(stream: BinaryIO, keys: list[str], held: Sequence[Receipt]) -> _Reading:
    reading = _Reading()
    try:
        note = _read_lines(stream, reading, {receipt.tree_size for receipt in held})
        reading.is_complete = True
        head = checkpoints.open(note, keys)
    except (BadDump, checkpoints.BadCheckpoint) as problem:
        reading.note(problem)
        return reading
    for mismatch in _head_problems(reading.origin, reading.frontier, head):
        reading.note(mismatch)
    return reading


def _read_lines(stream: BinaryIO, reading: _Reading, sizes: set[int]) -> str:
    """Take in every line, remembering the root at each of `sizes`, and return the head's note."""
    lines = _lines(stream)
    reading.origin = _header(next(lines, (1, {})))
    for number, members in lines:
        if set(members) == {"checkpoint"}:
            for extra, _ in lines:
                raise LineWrong(line=extra, expected=N_("last line"))
            return _text(members["checkpoint"], number, "checkpoint")
        _take(_leaf(number, members), reading)
        if reading.frontier.size in sizes:
            reading.roots[reading.frontier.size] = reading.frontier.root()
    raise EndMissing


def _take(leaf: bytes, reading: _Reading) -> None:
    try:
        proofs = receipts.check_record(leaf)
        reading.signatures += len(proofs)
        reading.by_devices += sum(receipts.is_by_device(proof) for proof in proofs)
    except receipts.BadReceipt as problem:
        reading.note(LeafWrong(index=reading.frontier.size, reason=problem))
    reading.frontier.append(merkle.leaf_hash(leaf))


def _lines(stream: BinaryIO) -> Iterator[tuple[int, dict[str, object]]]:
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        try:
            if len(line) > MAX_LINE_BYTES:
                raise canonical.BadRecord
            yield number, canonical.parse(line.removesuffix(b"\n"))
        except canonical.BadRecord:
            raise LineWrong(line=number, expected=N_("JSON object")) from None


def _header(line: tuple[int, dict[str, object]]) -> str:
    number, members = line
    if set(members) != {"format", "origin"} or members["format"] != FORMAT:
        raise LineWrong(line=number, expected=f"header of the format {FORMAT}")
    return _text(members["origin"], number, "origin")


def _leaf(number: int, members: dict[str, object]) -> bytes:
    try:
        if set(members) == {"leaf"}:
            return canonical.from_base64(members["leaf"], "leaf")
    except canonical.NotBase64:
        pass
    raise LineWrong(line=number, expected=N_("leaf in base64"))


def _text(value: object, number: int, expected: str) -> str:
    if not isinstance(value, str) or not value:
        raise LineWrong(line=number, expected=expected)
    return value


def _head_problems(
    origin: str, frontier: merkle.Frontier, head: Checkpoint
) -> Iterator[DomainError]:
    if head.origin != origin:
        yield OriginsDiffer(stated=origin, signed=head.origin)
    if head.size != frontier.size:
        yield LeavesMissing(signed=head.size, held=frontier.size)
    elif head.root != frontier.root():
        yield LeavesChanged()


def _against(receipt: Receipt, reading: _Reading) -> DomainError | None:
    """What speaks against the dump and the receipt being of one log, if anything does."""
    if not reading.is_complete:
        return NotCompared()
    if receipt.checkpoint.origin != reading.origin:
        return ReceiptLogDiffers(receipt=receipt.checkpoint.origin, dump=reading.origin)
    if receipt.tree_size > reading.frontier.size:
        return ReceiptNewer(proven=receipt.tree_size, held=reading.frontier.size)
    # Equal roots at the receipt's size mean equal leaves up to there, the receipt's among them.
    if reading.roots[receipt.tree_size] != receipt.checkpoint.root:
        return ReceiptContradicts(size=receipt.tree_size)
    return None


def _receipt_file(path: str | Path, keys: list[str]) -> Receipt | DomainError:
    try:
        return receipts.verify(Path(path).read_bytes(), keys)
    except OSError:
        return FileUnreadable(file=path)
    except receipts.BadReceipt as problem:
        return problem


def _receipt_answer(path: str | Path, problem: DomainError | None) -> dict[str, object]:
    return {
        "file": str(path),
        "valid": problem is None,
        "problem": None if problem is None else str(problem),
    }


def _keys(vkey: str | Iterable[str]) -> list[str]:
    keys = [vkey] if isinstance(vkey, str) else list(vkey)
    for key in keys:
        checkpoints.read_verifier(key)
    return keys


def _write_line(stream: BinaryIO, members: dict[str, object]) -> None:
    stream.write(canonical.dumps(members) + b"\n")
