"""A cheap look into a zip archive before anything is unpacked: names, sizes, checksums."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Final

from listings.health.readers.limits import too_large
from listings.health.recording import DamagedFile, FileRefused, UnknownFile

MAX_MEMBERS: Final = 1000
ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")


def looks_like_zip(head: bytes) -> bool:
    """Whether the first bytes are those of a zip archive, whole or cut off."""
    return head.startswith(ZIP)


def names(path: Path) -> frozenset[str]:
    """The members' names; none where the file is no zip archive or has no directory."""
    try:
        with zipfile.ZipFile(path) as archive:
            return frozenset(archive.namelist())
    except Exception:  # noqa: BLE001 - zipfile raises whatever a broken directory breaks
        return frozenset()


def check(
    path: Path, max_bytes: int, *, read_whole: frozenset[str] = frozenset()
) -> frozenset[str]:
    """Check directory, unpacked size and every checksum, and answer the members' names.

    The checksums of ``read_whole`` are left to whoever reads those members to their end.

    Refuses what unpacks to more than ``max_bytes`` (``FileTooLarge``), more than 1000 members
    (``UnknownFile``) and whatever does not hold together (``DamagedFile``).
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            unpacked = sum(member.file_size for member in members)
            if unpacked > max_bytes:
                raise too_large(unpacked, max_bytes)
            if len(members) > MAX_MEMBERS:
                raise UnknownFile(field="file")
            for name in {member.filename for member in members} - read_whole:
                archive.read(name)
    except (FileRefused, MemoryError):
        raise
    except Exception as error:  # zipfile and four decompressors, each with errors of its own
        raise damaged(error) from error
    return frozenset(member.filename for member in members)


def damaged(error: BaseException) -> DamagedFile:
    """The refusal that tells what a library said, without paths of the server."""
    reason = re.sub(r"\s+", " ", str(error)).strip() or type(error).__name__
    return DamagedFile(field="file", detail=re.sub(r"'?/\S+", "", reason)[:160])
