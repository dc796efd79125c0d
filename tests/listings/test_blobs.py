"""Uploads: kept by hash, in bounded memory, whole or not at all."""

from __future__ import annotations

import hashlib
import tracemalloc

import pytest

from listings import blobs

MEGABYTE = 1024 * 1024


class Made:
    """A stream of this many megabytes that are made as they are read."""

    def __init__(self, megabytes: int) -> None:
        self.left = megabytes * MEGABYTE

    def read(self, size: int) -> bytes:
        piece = bytes([self.left // MEGABYTE % 251]) * min(size, self.left)
        self.left -= len(piece)
        return piece


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PACKBOURSE_DATA", str(tmp_path))
    return tmp_path / "uploads"


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def peak(megabytes):
    """The most memory that keeping a stream takes, in bytes."""
    tracemalloc.start()
    try:
        blobs.keep_stream(Made(megabytes), most=megabytes * MEGABYTE)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_stream_is_kept_under_the_hash_of_its_bytes(folder):
    kept = blobs.keep_stream(Made(3), most=3 * MEGABYTE)
    content = Made(3).read(MEGABYTE) + b"\x02" * MEGABYTE + b"\x01" * MEGABYTE
    assert kept == blobs.Kept(hashlib.sha256(content).hexdigest(), 3 * MEGABYTE)
    assert blobs.read(kept.sha256) == content
    assert files(folder) == [blobs.path(kept.sha256)]


def test_the_memory_that_an_upload_takes_does_not_grow_with_it():
    small, large = peak(4), peak(64)
    assert large < small + MEGABYTE
    assert large < 8 * MEGABYTE


def test_a_stream_over_the_limit_is_refused_and_leaves_nothing(folder):
    blobs.keep_stream(Made(2), most=2 * MEGABYTE)
    before = files(folder)
    stream = Made(64)
    with pytest.raises(blobs.FileOverLimit, match="larger than 2 MB"):
        blobs.keep_stream(stream, most=2 * MEGABYTE)
    assert files(folder) == before
    assert stream.left > 60 * MEGABYTE


def test_the_same_bytes_are_kept_once(folder):
    kept = {blobs.keep(b"the same") for _ in range(2)}
    assert kept == {hashlib.sha256(b"the same").hexdigest()}
    assert len(files(folder)) == 1


def test_a_stream_that_breaks_leaves_nothing(folder):
    class Broken(Made):
        def read(self, size):
            if self.left < 2 * MEGABYTE:
                raise OSError("gone")
            return super().read(size)

    with pytest.raises(OSError, match="gone"):
        blobs.keep_stream(Broken(3), most=9 * MEGABYTE)
    assert files(folder) == []
