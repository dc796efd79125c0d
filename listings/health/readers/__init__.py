"""Tester files in: one reader per kind of file, chosen by content and never by the file's name.

``read`` runs in the calling process. Files of strangers go through ``child.read_in_child``.
The modules that parse are imported when they are needed: a child process must give up its network
before a library starts threads.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from listings.health.recording import (
    EmptyFile,
    FileTooLarge,
    NoDischarge,
    Recording,
    UnknownFile,
)

MEGABYTE: Final = 1024 * 1024
MAX_BYTES: Final = 512 * MEGABYTE
"""Largest raw file, and largest sum of an archive's unpacked members."""


def read(path: Path, *, max_bytes: int = MAX_BYTES) -> Recording:
    """Read one tester file.

    Refuses an empty file (``EmptyFile``), one over ``max_bytes`` raw or unpacked
    (``FileTooLarge``), a kind that no reader knows (``UnknownFile``), one that does not hold
    together (``DamagedFile``) and one in which nothing was discharged (``NoDischarge``).
    """
    size = path.stat().st_size
    if size == 0:
        raise EmptyFile(field="file")
    if size > max_bytes:
        raise too_large(size, max_bytes)
    recording = _read_known(path, sha256_of(path), max_bytes)
    if not bool((recording.frame["current_ampere"] < 0).any()):
        raise NoDischarge(field="file")
    return recording


def too_large(size: int, limit: int) -> FileTooLarge:
    """The refusal of ``size`` bytes where ``limit`` bytes are allowed."""
    return FileTooLarge(
        field="file", size_mb=f"{size / MEGABYTE:.1f}", limit_mb=f"{limit / MEGABYTE:.0f}"
    )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, as lower-case hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_known(path: Path, sha256: str, max_bytes: int) -> Recording:
    from listings.health.readers import bdf, neware

    with path.open("rb") as stream:
        head = stream.read(64 * 1024)
    if neware.looks_like_zip(head):
        return neware.read(path, sha256, max_bytes=max_bytes)
    if bdf.columns_of(head) is not None:
        return bdf.read(path, sha256)
    raise UnknownFile(field="file")
