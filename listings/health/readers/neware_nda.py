"""Neware .nda files (BTS 7 and 8), through fastnda; no test program is taken from them.

fastnda knows some versions of the format only from descriptions; the version that was read stands
in ``reader_version``.
"""

from __future__ import annotations

import warnings
from typing import Final

import fastnda

from listings.health.readers import neware
from listings.health.readers.limits import Upload
from listings.health.recording import Recording

MAGIC: Final = b"NEWARE"
VERSION_BYTE: Final = 14


def knows(upload: Upload) -> bool:
    """Whether the file begins with Neware's mark."""
    return upload.head.startswith(MAGIC)


def read(upload: Upload) -> Recording:
    """Read an .nda file. Refuses what fastnda cannot make sense of (``DamagedFile``)."""
    form = upload.head[VERSION_BYTE : VERSION_BYTE + 1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = neware.parsed(upload.path, "nda")
    return Recording(
        frame=neware.canonical(rows),
        reader="neware-nda",
        reader_version=f"fastnda {fastnda.__version__}, nda {int.from_bytes(form, 'little')}",
        sha256=upload.sha256,
    )
