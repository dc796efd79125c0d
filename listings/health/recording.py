"""What a tester recorded, in one shape for every maker's file, and why a file may be refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from listings.errors import N_, Refused

if TYPE_CHECKING:
    import polars as pl

REQUIRED: Final = ("test_time_second", "voltage_volt", "current_ampere")
OPTIONAL: Final = ("cycle", "step", "temperature_celsius", "tester_ah", "tester_wh")

ChargeKind = Literal["cccv", "cc"]


@dataclass(frozen=True)
class Program:
    """What the file's own test program says, as far as it was executed.

    ``low`` and ``high`` are the cut-offs in volts, ``taper_ampere`` the current at which the
    program ends its charge, ``charge`` its form and ``starts_full`` whether the program states
    that the test object was full when the test began.
    """

    low: float | None = None
    high: float | None = None
    taper_ampere: float | None = None
    charge: ChargeKind | None = None
    starts_full: bool = False


@dataclass(frozen=True)
class Recording:
    """One tester file as read.

    ``frame`` holds float64 columns ``test_time_second``, ``voltage_volt`` and ``current_ampere``
    (charging positive), and where the file has them ``cycle`` (the tester's count), ``step``
    (changes whenever the program goes to another step), ``temperature_celsius``, ``tester_ah``
    and ``tester_wh`` (the tester's own counts; differences within a step are meaningful).
    ``is_sums``: the file is a sheet of steps without a series; the frame holds each step's first
    and last row, and only the counters tell what the step moved.
    ``sha256`` is that of the raw file. ``network_isolated`` says whether the reader ran without
    a network; it is false in the calling process.
    """

    frame: pl.DataFrame
    reader: str
    reader_version: str
    sha256: str
    program: Program | None = None
    network_isolated: bool = False
    is_sums: bool = False


class FileRefused(Refused):
    """A tester file that cannot become a report. The upload itself is kept."""


class EmptyFile(FileRefused):
    """Nothing was uploaded, or the copy failed."""

    message = N_("The tester file is empty. Export it again and upload the new copy.")


class UnknownFile(FileRefused):
    """No reader knows the content, whatever the file's name says."""

    message = N_(
        "The content of this file is of no kind that can be read here. Upload the tester's own "
        "file: Neware .ndax, .nda or BTSDA .csv, Arbin .res, Maccor text, PEC .csv, a NEBULA step "
        "sheet (.xlsx) or Battery Data Format .csv."
    )


class DamagedFile(FileRefused):
    """A known kind of file whose content does not hold together."""

    message = N_(
        "The tester file is damaged and was not read (the reader says: %(detail)s). Export it "
        "again from the tester and upload the new copy."
    )


class FileTooLarge(FileRefused):
    """More bytes than the reader takes, as stored or when unpacked."""

    message = N_(
        "The tester file holds %(size_mb)s MB and at most %(limit_mb)s MB are read. Export only "
        "the capacity test and upload that."
    )


class SeveralTests(FileRefused):
    """One file with the tests of several objects, which cannot be one capacity."""

    message = N_(
        "The tester file holds the tests of %(count)s test objects. Export each one by itself and "
        "upload the one that was examined."
    )


class OnlySums(FileRefused):
    """A sheet of steps where measurements are needed."""

    message = N_(
        "The tester file holds only sums per step and no measurements. Export the detailed data of "
        "the same test."
    )


class NoDischarge(FileRefused):
    """A readable file without anything to measure."""

    message = N_(
        "The tester file holds no discharge, so no capacity can be measured from it. Upload the "
        "file of a capacity test."
    )


class DischargesTooSmall(NoDischarge):
    """Only pulses, or a rated capacity in the wrong unit."""

    message = N_(
        "No discharge in the tester file moves 1 %% of the rated %(rated_ah)s Ah. Check that the "
        "rated capacity is given in Ah, and upload the file of a capacity test."
    )


class ReaderStopped(FileRefused):
    """The child process that read the file ended without an answer."""

    message = N_(
        "The reader stopped while it read the tester file (%(detail)s). The file is kept; export "
        "it again from the tester and upload the new copy."
    )


class ReaderOutOfTime(ReaderStopped):
    """Processor or wall-clock time ran out."""

    message = N_(
        "Reading the tester file took more than %(seconds)s seconds and was stopped. Export only "
        "the capacity test and upload that."
    )


class ReaderOutOfMemory(ReaderStopped):
    """The address space given to the reader was not enough."""

    message = N_(
        "Reading the tester file took more than %(memory_mb)s MB of memory and was stopped. Export "
        "only the capacity test and upload that."
    )


REFUSALS: Final[dict[str, type[FileRefused]]] = {
    refusal.__name__: refusal
    for refusal in (
        EmptyFile,
        UnknownFile,
        DamagedFile,
        FileTooLarge,
        SeveralTests,
        OnlySums,
        NoDischarge,
        DischargesTooSmall,
        ReaderStopped,
        ReaderOutOfTime,
        ReaderOutOfMemory,
    )
}
"""Every refusal by its name, so that one can cross from the reading process to the asking one."""
