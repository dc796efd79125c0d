"""Many tester files at once: one line for each, and what was done is not done again.

What each file gave is written to a journal beside the result as soon as it is known. A run that was
stopped goes on where it ended; a file that was changed since is read anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from listings.confined import Limits
from listings.errors import N_, Refused
from listings.health.readers.child import called, refusal_document
from listings.health.recording import FileRefused

if TYPE_CHECKING:
    import polars as pl

COLUMNS: Final[dict[str, type]] = {
    "file": str,
    "sha256": str,
    "reader": str,
    "reader_version": str,
    "rated_ah": float,
    "capacity_ah": float,
    "soh": float,
    "grade": str,
    "provisional": bool,
    "policy": int,
    "complete": int,
    "rejected": int,
    "refusal": str,
    "sentence": str,
}
"""The result's columns: ampere hours, SoH a fraction, counts of discharges; ``refusal`` is the
name and ``sentence`` the words of why a file gave nothing."""


class NothingToRead(Refused):
    """A folder without files."""

    message = N_("There is no file in %(folder)s.")


class OtherKindOfTable(Refused):
    """A result of a kind that is not written."""

    message = N_("The result is written as .csv or .parquet; %(out)s is neither.")


class OtherBatch(Refused):
    """A journal of a run with other numbers stands beside the result."""

    message = N_(
        "%(journal)s was begun with other ratings or cut-offs. Remove it to begin anew, or name "
        "another result."
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """Every file under ``folder``, against one rating, into ``out``."""

    folder: Path
    out: Path
    rated_ah: float
    cutoffs: tuple[float, float] | None = None

    @property
    def journal(self) -> Path:
        """Where each line is kept until the result is whole."""
        return self.out.with_name(f"{self.out.name}.journal")

    @property
    def terms(self) -> dict[str, object]:
        """What every line of one journal has in common."""
        return {"rated_ah": self.rated_ah, "cutoffs": list(self.cutoffs or ()) or None}

    def files(self) -> list[Path]:
        """The files to read, in order, without hidden ones and what this batch writes."""
        own = {self.out.resolve(), self.journal.resolve()}
        return sorted(
            path
            for path in self.folder.rglob("*")
            if path.is_file()
            and path.resolve() not in own
            and not any(part.startswith(".") for part in path.relative_to(self.folder).parts)
        )


def run(batch: Batch, *, progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Read every file of the batch, each in a confined process, and write the result.

    ``progress`` is told how many of how many files are done. A file that is refused is a line with
    the reason and stops nothing. Answers the document of ``packbourse health batch``. Refuses a
    folder without files, a result that is no .csv or .parquet, and the journal of another run.
    """
    if batch.out.suffix not in {".csv", ".parquet"}:
        raise OtherKindOfTable(field="out", out=batch.out.name)
    files = batch.files()
    if not files:
        raise NothingToRead(field="folder", folder=batch.folder)
    done = _resumed(batch)
    waiting = [path for path in files if _key(batch, path) not in done]
    kept = len(files) - len(waiting)
    progress(kept, len(files))
    with batch.journal.open("a", encoding="utf-8") as journal:
        if journal.tell() == 0:
            journal.write(json.dumps(batch.terms) + "\n")
        for number, (key, line) in enumerate(_read(batch, waiting), start=kept + 1):
            journal.write(json.dumps({"key": key, "line": line}, ensure_ascii=False) + "\n")
            journal.flush()
            done[key] = line
            progress(number, len(files))
    lines = [done[_key(batch, path)] for path in files]
    _write(batch.out, lines)
    batch.journal.unlink()
    return _document(batch, lines, kept)


def answer(order: dict[str, Any]) -> dict[str, object]:
    """Read and grade one file. Runs in the confined process only."""
    from listings.health import examine
    from listings.health.readers import read

    try:
        recording = read(Path(order["path"]))
        cutoffs = None if order["cutoffs"] is None else tuple(order["cutoffs"])
        return examine.graded(recording, order["rated_ah"], cutoffs)
    except FileRefused as refusal:
        return refusal_document(refusal)


def _read(batch: Batch, files: list[Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            yield from pool.map(lambda path: (_key(batch, path), _line(batch, path)), files)
        finally:
            pool.shutdown(cancel_futures=True)


def _line(batch: Batch, path: Path) -> dict[str, Any]:
    order: dict[str, object] = {"path": str(path.resolve()), **batch.terms}
    line: dict[str, Any] = dict.fromkeys(COLUMNS) | {
        "file": path.relative_to(batch.folder).as_posix(),
        "rated_ah": batch.rated_ah,
    }
    try:
        found = called("listings.health.batch:answer", order, Limits()).value
    except FileRefused as refusal:
        return line | {"refusal": type(refusal).__name__, "sentence": str(refusal)}
    complete = sum(one["complete"] for one in found["discharges"])
    return line | {
        **{name: found[name] for name in COLUMNS if name in found},
        "complete": complete,
        "rejected": len(found["discharges"]) - complete,
    }


def _key(batch: Batch, path: Path) -> str:
    """What a line holds for: this file, as it is now."""
    facts = path.stat()
    return f"{path.relative_to(batch.folder).as_posix()}|{facts.st_size}|{facts.st_mtime_ns}"


def _resumed(batch: Batch) -> dict[str, dict[str, Any]]:
    """The lines of a run that was stopped; a last line that was cut off is forgotten."""
    if not batch.journal.exists():
        return {}
    terms, *entries = [*_whole_lines(batch.journal)] or [batch.terms]
    if terms != batch.terms:
        raise OtherBatch(field="out", journal=batch.journal.name)
    return {entry["key"]: entry["line"] for entry in entries}


def _whole_lines(journal: Path) -> Iterator[dict[str, Any]]:
    text = journal.read_text("utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        journal.write_text(whole, "utf-8")
    yield from (json.loads(line) for line in whole.splitlines())


def _write(out: Path, lines: list[dict[str, Any]]) -> None:
    import polars as pl

    frame = pl.DataFrame(lines, schema=_schema())
    part = out.with_name(f"{out.name}.part")
    if out.suffix == ".csv":
        frame.write_csv(part, include_bom=True)
    else:
        frame.write_parquet(part)
    part.rename(out)


def _schema() -> dict[str, pl.DataType]:
    import polars as pl

    kinds = {str: pl.String(), float: pl.Float64(), int: pl.Int64(), bool: pl.Boolean()}
    return {name: kinds[kind] for name, kind in COLUMNS.items()}


def _document(batch: Batch, lines: list[dict[str, Any]], kept: int) -> dict[str, Any]:
    graded = [line for line in lines if line["refusal"] is None]
    letters = [line["grade"] for line in graded if line["grade"] is not None]
    return {
        **asdict(batch),
        "folder": str(batch.folder),
        "out": str(batch.out),
        "cutoffs": batch.terms["cutoffs"],
        "files": len(lines),
        "read_before": kept,
        "refused": len(lines) - len(graded),
        "without_capacity": sum(line["capacity_ah"] is None for line in graded),
        "letters": {letter: letters.count(letter) for letter in sorted(set(letters))},
    }
