"""Tester files in: one reader per kind of file, chosen by content and never by the file's name.

A reader is a module of this package with ``knows(upload)`` (from the file's first 64 KB and, for a
container, a cheap look inside) and ``read(upload)``. ``read`` here runs in the calling process;
files of strangers go through ``child.read_in_child``. The modules that parse are imported when they
are needed: a child process must give up its network before a library starts threads.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Final, Protocol, cast

from listings.health.readers import containers
from listings.health.readers.limits import HEAD_BYTES, MAX_BYTES, Upload, sha256_of, too_large
from listings.health.recording import (
    DamagedFile,
    EmptyFile,
    FileRefused,
    NoDischarge,
    Recording,
    UnknownFile,
)

__all__ = ["MAX_BYTES", "READERS", "Reader", "knower", "read", "sha256_of", "too_large"]

READERS: Final = (
    "neware",
    "neware_nda",
    "arbin",
    "nebula",
    "bdf",
    "neware_csv",
    "maccor",
    "pec",
)
"""The modules, those that look at a few bytes first; no two know the same content."""


class Reader(Protocol):
    """What every reader's module offers."""

    def knows(self, upload: Upload) -> bool:
        """Whether the content is this reader's."""

    def read(self, upload: Upload) -> Recording:
        """The recording, or a ``FileRefused``."""


def read(path: Path, *, max_bytes: int = MAX_BYTES) -> Recording:
    """Read one tester file.

    Refuses an empty file (``EmptyFile``), one over ``max_bytes`` raw or unpacked
    (``FileTooLarge``), a kind that no reader knows (``UnknownFile``), one that does not hold
    together (``DamagedFile``), the tests of several objects (``SeveralTests``) and one in which
    nothing was discharged (``NoDischarge``).
    """
    size = path.stat().st_size
    if size == 0:
        raise EmptyFile(field="file")
    if size > max_bytes:
        raise too_large(size, max_bytes)
    recording = _guarded(path, max_bytes)
    if not bool((recording.frame["current_ampere"] < 0).any()):
        raise NoDischarge(field="file")
    return recording


def knower(upload: Upload) -> Reader | None:
    """The reader that knows the content, None where there is none."""
    for name in READERS:
        reader = cast("Reader", importlib.import_module(f"{__name__}.{name}"))
        if reader.knows(upload):
            return reader
    return None


def _guarded(path: Path, max_bytes: int) -> Recording:
    """Whatever a parser raises about strange bytes means: damaged."""
    try:
        with path.open("rb") as stream:
            upload = Upload(path, stream.read(HEAD_BYTES), max_bytes)
        reader = knower(upload)
        if reader is None:
            _refuse_damaged_archive(upload)
            raise UnknownFile(field="file")
        return reader.read(upload)
    except (FileRefused, MemoryError):
        raise
    except Exception as error:
        raise containers.damaged(error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # a parser in Rust gave up
            raise
        raise DamagedFile(field="file", detail="the parser gave up") from error


def _refuse_damaged_archive(upload: Upload) -> None:
    """Tell a broken archive, of which nobody knows what it was, from one of something else."""
    if containers.looks_like_zip(upload.head):
        containers.check(upload.path, upload.max_bytes)
