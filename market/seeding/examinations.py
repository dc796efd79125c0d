"""Health reports of the seeded market: made-up tester files, read and graded like any other."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from listings import blobs, days
from listings.health import examinations, reports
from listings.health.examinations import Examination
from listings.health.reports import Subject
from listings.health.synthetic import write_bdf
from listings.pack_types import PackType
from market.seeding.goods import MAKER, TYPES
from market.seeding.stage import Stage

AT_ONCE: Final = 2
MADE_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wish:
    """A report to make: on the pack at this place among those of its type, with this SoH."""

    type: str
    place: int
    soh: float
    subject: Subject = Subject.PACK
    spread: str = "0.02"
    is_safe: bool = True


WISHES: Final[tuple[Wish, ...]] = (
    Wish("TM-LFP-200", 0, 0.862),
    Wish("TM-LFP-200", 1, 0.845),
    Wish("TM-LFP-200", 6, 0.781),
    Wish("TM-LFP-200", 7, 0.774),
    Wish("TM-LFP-228", 0, 0.918),
    Wish("TM-LFP-228", 1, 0.905),
    Wish("TM-LFP-228", 5, 0.688, spread="0.06"),
    Wish("TM-N6-150", 0, 0.803),
    Wish("TM-LFP-200", 12, 0.83, subject=Subject.CELL),
    Wish("TM-N6-150", 5, 0.76, subject=Subject.CELL),
)


@contextmanager
def examined(
    wishes: Sequence[Wish] = WISHES,
) -> Iterator[Iterator[tuple[Wish, Path, Examination]]]:
    """Make the files and read each in a child process, while the block does something else.

    What is yielded waits for a file when it is asked for it; the files go with the block.
    """
    with (
        tempfile.TemporaryDirectory(prefix="packbourse-seed-") as folder,
        ThreadPoolExecutor(AT_ONCE) as readers,
    ):
        numbered = enumerate(wishes, start=1)
        yield readers.map(lambda wish: _examine(Path(folder), *wish), numbered)


def _examine(folder: Path, number: int, wish: Wish) -> tuple[Wish, Path, Examination]:
    path = folder / f"synthetic-{number:02d}.bdf.csv"
    entered = PackType(maker=MAKER, model=wish.type, created_at=MADE_AT, **vars(TYPES[wish.type]))
    wanted = examinations.rated(entered, wish.subject.value)
    if wanted.cutoffs is None:
        raise ValueError("types of the seed have cut-offs")
    write_bdf(
        path, rated_ah=wanted.capacity_ah, soh=wish.soh, cycles=2, seed=number,
        cutoffs=wanted.cutoffs,
    )  # fmt: skip
    return wish, path, examinations.examine(path, wanted)


def store(
    stage: Stage,
    packs: dict[str, list[int]],
    found: Iterable[tuple[Wish, Path, Examination]],
    *,
    at: datetime,
) -> int:
    """Keep the files and let the lab sign its reports; how many."""
    lab, count = stage.by("lab"), 0
    for wish, path, examination in found:
        count += 1
        is_pack = wish.subject is Subject.PACK
        with stage.begin() as session:
            blob = blobs.store(
                session,
                path.read_bytes(),
                name=path.name,
                media_type="text/csv",
                at=at,
                organisation_id=lab.organisation_id,
            )
            reports.store(
                session,
                lab,
                pack_id=packs[wish.type][wish.place],
                examination=examination,
                blob_sha256=blob.sha256,
                examined_on=days.of(at) - timedelta(days=2),
                at=at,
                subject=wish.subject,
                subject_position="" if is_pack else "3-07",
                coverage="整包" if is_pack else "抽检一支电芯",
                capacity_spread=Decimal(wish.spread) if is_pack else None,
                safety_check_passed=wish.is_safe if is_pack else None,
                temperature_c=Decimal(25),
            )
    return count
