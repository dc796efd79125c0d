"""Reading in a confined process: the same answer, and every bad end a refusal of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from listings import confined
from listings.confined import Limits
from listings.health.readers import read
from listings.health.readers.child import read_in_child
from listings.health.recording import (
    DamagedFile,
    FileTooLarge,
    ReaderOutOfMemory,
    ReaderOutOfTime,
    ReaderStopped,
)
from listings.health.synthetic import write_bdf


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "synthetic.bdf.csv"
    write_bdf(path, rated_ah=5, soh=0.9)
    return path


def test_the_child_answers_what_the_reader_answers(good: Path) -> None:
    here, there = read(good), read_in_child(good)
    assert there.frame.equals(here.frame)
    assert (there.reader, there.reader_version, there.sha256, there.program, there.is_sums) == (
        here.reader,
        here.reader_version,
        here.sha256,
        here.program,
        here.is_sums,
    )


def test_a_refusal_crosses_with_its_values(tmp_path: Path, good: Path) -> None:
    cut = tmp_path / "cut.csv"
    cut.write_bytes(good.read_bytes()[:-12])
    with pytest.raises(DamagedFile, match="last line is cut off") as caught:
        read_in_child(cut)
    assert caught.value.field == "file"
    with pytest.raises(FileTooLarge, match="at most 0 MB"):
        read_in_child(good, max_bytes=1000)


@pytest.mark.parametrize(
    ("stopped", "refusal", "sentence"),
    [
        (confined.OutOfTime(""), ReaderOutOfTime, "more than 7 seconds"),
        (confined.OutOfMemory(""), ReaderOutOfMemory, "more than 500 MB"),
        (confined.Stopped("signal 11"), ReaderStopped, "signal 11"),
    ],
)
def test_every_bad_end_is_a_sentence_about_the_file(
    monkeypatch: pytest.MonkeyPatch,
    good: Path,
    stopped: confined.Stopped,
    refusal: type[ReaderStopped],
    sentence: str,
) -> None:
    def ends(*_: object) -> confined.Answer:
        raise stopped

    monkeypatch.setattr(confined, "call", ends)
    with pytest.raises(refusal, match=sentence) as caught:
        read_in_child(good, limits=Limits(memory_mb=500, cpu_s=7))
    assert caught.value.field == "file"
