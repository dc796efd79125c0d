"""Uploads of telemetry are read one after the other, beside what the worker's sweeps do.

A reading may take minutes, so it has a thread of its own and runs outside of any transaction. What
it tells of its progress is kept at once, and watchers of ``telemetry:<id>`` hear of it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from listings import blobs, db
from listings.errors import DomainError
from listings.telemetry import reading, uploads
from listings.telemetry.reading import File
from listings.telemetry.refusals import TelemetryStopped
from listings.telemetry.uploads import TelemetryUpload
from market import notices

EVERY_S = 1.0
BEAT_S = 20.0

_log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The clock of the machine, in UTC."""
    return datetime.now(UTC)


def topic(upload_id: int) -> str:
    """What watchers of an upload listen to."""
    return f"telemetry:{upload_id}"


def worker(stop: threading.Event, *, clock: Clock = utc_now, every_s: float = EVERY_S) -> None:
    """Read what was sent in until told to stop. Nothing that goes wrong ends it."""
    while not stop.is_set():
        try:
            has_read = read_next(clock)
        except Exception:  # noqa: BLE001 - what fails is tried again, and the others are not held up
            _log.exception("a reading of telemetry failed")
            has_read = False
        if not has_read:
            stop.wait(every_s)


@dataclass(frozen=True, slots=True)
class Claim:
    """An upload that this process reads: which attempt it is, and its files in the store."""

    upload_id: int
    attempt: int
    files: tuple[File, ...]
    clock: Clock

    def tell(self, act: Callable[[TelemetryUpload], None]) -> None:
        """Change the upload in a transaction of its own, unless another reader has it now."""
        at = self.clock()
        with db.transaction() as session:
            upload = uploads.claimed(session, self.upload_id, self.attempt)
            if upload is not None:
                upload.beat_at = at
                act(upload)
                notices.changed(session, topic(upload.id), at=at)

    def progress(self, stage: str, done: int, of: int) -> None:
        """Write down how far the reading is."""

        def note(upload: TelemetryUpload) -> None:
            upload.stage, upload.done, upload.of = stage, min(done, of), of

        self.tell(note)


def read_next(clock: Clock = utc_now) -> bool:
    """Read the oldest upload that waits, and keep what it says or why it is refused.

    Answers False where nothing waits. What fails without a sentence of ours is left as it is, and
    taken up again when its lease is over.
    """
    with db.transaction() as session:
        upload = uploads.claim(session, at=clock())
        if upload is None:
            return False
        files = tuple(File(blobs.path(one.blob_sha256), one.name) for one in upload.files)
        claim = Claim(upload.id, upload.attempts, files, clock)
        notices.changed(session, topic(upload.id), at=clock())
    try:
        with _beating(claim):
            found = reading.read(claim.files, progress=claim.progress)
    except DomainError as refusal:
        said = refusal
        claim.tell(lambda upload: uploads.refuse(upload, said, at=clock()))
        return True
    except FileNotFoundError:
        lost = TelemetryStopped(field="file", detail="not in the store")
        claim.tell(lambda upload: uploads.refuse(upload, lost, at=clock()))
        return True
    _keep(claim, found)
    return True


def _keep(claim: Claim, found: reading.Reading) -> None:
    at = claim.clock()
    with db.transaction() as session:
        upload = uploads.claimed(session, claim.upload_id, claim.attempt)
        if upload is not None:
            uploads.keep(session, upload, found, at=at)
            notices.changed(session, topic(upload.id), at=at)


@contextmanager
def _beating(claim: Claim) -> Iterator[None]:
    """Give a sign of life while the block runs, so that no other worker takes the upload up."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(BEAT_S):
            try:
                claim.tell(lambda _upload: None)
            except Exception:  # noqa: BLE001 - the next beat may come through
                _log.exception("a sign of life was not written")

    beating = threading.Thread(target=beat, daemon=True)
    beating.start()
    try:
        yield
    finally:
        stop.set()
        beating.join()
