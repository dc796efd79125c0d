"""A folder of tester files: a line for each, and nothing is read twice."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from listings.health import batch
from listings.health.batch import Batch, NothingToRead, OtherBatch, OtherKindOfTable, run
from listings.health.synthetic import write_bdf


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good files, one that is none, and a hidden one."""
    top = tmp_path / "files"
    (top / "rack 2").mkdir(parents=True)
    write_bdf(top / "one-synthetic.csv", rated_ah=5, soh=0.9)
    write_bdf(top / "rack 2" / "two-synthetic.csv", rated_ah=5, soh=0.65)
    (top / "notes.txt").write_text("not a tester's file")
    (top / ".hidden").write_text("x")
    return top


def told(done: list[tuple[int, int]]):
    return lambda number, of: done.append((number, of))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_every_file_is_a_line(folder: Path, kind: str) -> None:
    progress: list[tuple[int, int]] = []
    out = folder.parent / f"result.{kind}"
    document = run(Batch(folder, out, 5.0), progress=told(progress))
    lines = pl.read_csv(out) if kind == "csv" else pl.read_parquet(out)
    assert lines.columns == list(batch.COLUMNS)
    assert lines["file"].to_list() == ["notes.txt", "one-synthetic.csv", "rack 2/two-synthetic.csv"]
    assert lines["grade"].to_list() == [None, "A", "C"]
    assert lines["soh"].to_list()[1:] == pytest.approx([0.9, 0.65], abs=1e-3)
    assert lines["refusal"].to_list() == ["UnknownFile", None, None]
    assert lines["sentence"].to_list()[0]
    assert document["files"] == 3
    assert document["refused"] == 1
    assert document["letters"] == {"A": 1, "C": 1}
    assert progress[-1] == (3, 3)
    assert not Batch(folder, out, 5.0).journal.exists()


class Interrupted(Exception):
    """Somebody stopped the run."""


def interrupted(batch_: Batch, after: int) -> None:
    def stop(number: int, of: int) -> None:
        if number == after:
            raise Interrupted

    with pytest.raises(Interrupted):
        run(batch_, progress=stop)


def test_a_run_that_was_stopped_goes_on_and_ends_in_the_same_result(folder: Path) -> None:
    whole, later = Batch(folder, folder / "a.csv", 5.0), Batch(folder, folder / "b.csv", 5.0)
    run(whole, progress=told([]))
    whole.out.rename(folder.parent / "a.csv")
    interrupted(later, after=2)
    assert not later.out.exists()
    with later.journal.open("a") as journal:
        journal.write('{"key": "cut o')  # the machine went down while it wrote
    document = run(later, progress=told([]))
    assert document["read_before"] == 2
    assert later.out.read_bytes() == (folder.parent / "a.csv").read_bytes()


def test_a_file_that_was_changed_meanwhile_is_read_anew(folder: Path) -> None:
    this = Batch(folder, folder.parent / "r.csv", 5.0)
    interrupted(this, after=3)
    write_bdf(folder / "one-synthetic.csv", rated_ah=5, soh=0.75)
    document = run(this, progress=told([]))
    assert document["read_before"] == 2
    assert document["letters"] == {"B": 1, "C": 1}


def test_a_journal_of_other_terms_is_not_mixed_in(folder: Path) -> None:
    out = folder.parent / "r.csv"
    interrupted(Batch(folder, out, 5.0), after=2)
    with pytest.raises(OtherBatch):
        run(Batch(folder, out, 4.0), progress=told([]))
    assert json.loads(Batch(folder, out, 5.0).journal.read_text().splitlines()[0]) == {
        "rated_ah": 5.0,
        "cutoffs": None,
    }


def test_an_empty_folder_and_another_kind_of_table_are_refused(folder: Path, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToRead, match="empty"):
        run(Batch(tmp_path / "empty", tmp_path / "r.csv", 5.0), progress=told([]))
    with pytest.raises(OtherKindOfTable, match=r"r\.xls"):
        run(Batch(folder, tmp_path / "r.xls", 5.0), progress=told([]))
