"""A file to be read: how much of it may be read, and what it is by its bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from listings.health.recording import FileTooLarge

MEGABYTE: Final = 1024 * 1024
HEAD_BYTES: Final = 64 * 1024
MAX_BYTES: Final = 512 * MEGABYTE
"""Largest raw file, and largest sum of an archive's unpacked members."""


def too_large(size: int, limit: int) -> FileTooLarge:
    """The refusal of ``size`` bytes where ``limit`` bytes are allowed."""
    return FileTooLarge(
        field="file", size_mb=f"{size / MEGABYTE:.1f}", limit_mb=f"{limit / MEGABYTE:.0f}"
    )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, as lower-case hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True)
class Upload:
    """A file to be read: where it is, how it begins (64 KB) and how much may be unpacked of it."""

    path: Path
    head: bytes
    max_bytes: int

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of its bytes."""
        return sha256_of(self.path)
