"""Why a telemetry file cannot be read or says nothing. The upload itself is kept."""

from __future__ import annotations

from typing import Final

from listings.errors import N_, Refused


class TelemetryRefused(Refused):
    """A telemetry file that cannot become findings."""


class EmptyTelemetry(TelemetryRefused):
    """No bytes, or a header and nothing under it."""

    message = N_("“%(file)s” holds no rows. Export it again and upload the new copy.")


class NotTelemetry(TelemetryRefused):
    """Neither delimited text with a header, nor Parquet, nor a workbook."""

    message = N_(
        "“%(file)s” is not a table of telemetry. Export it as .csv, .parquet or .xlsx with column "
        "names in its first row."
    )


class ColumnMissing(TelemetryRefused):
    """No column of a needed meaning."""

    message = N_(
        "“%(file)s” has no column for the %(meaning)s. Give it one named, for example, “%(name)s”."
    )


class ColumnTwice(TelemetryRefused):
    """Two columns of one meaning, so that it is open which one counts."""

    message = N_(
        "The columns “%(column)s” and “%(other)s” of “%(file)s” both look like the %(meaning)s. "
        "Rename or remove one."
    )


class ValueUnreadable(TelemetryRefused):
    """A cell that is neither a value of its column nor a known mark for a missing one."""

    message = N_(
        "Row %(row)s, column “%(column)s” of “%(file)s” holds “%(value)s”, which cannot be read as "
        "the %(meaning)s. Correct it or leave the cell empty."
    )


class RowMalformed(TelemetryRefused):
    """A row with more or fewer cells than the header, or an open quotation mark."""

    message = N_(
        "Row %(row)s of “%(file)s” does not have the %(columns)s cells of the header. Export it "
        "again."
    )


class TelemetryDamaged(TelemetryRefused):
    """A known kind of file that does not hold together."""

    message = N_(
        "“%(file)s” is damaged and was not read (%(detail)s). Export it again and upload the new "
        "copy."
    )


class NoCharge(TelemetryRefused):
    """Rows without one charge that could be measured."""

    message = N_(
        "No charge over at least %(window)s %% of the state of charge was found in %(rows)s rows. "
        "A charge needs rows at most %(gap)s seconds apart while the vehicle stands."
    )


class TelemetryOutOfTime(TelemetryRefused):
    """Processor or wall-clock time ran out."""

    message = N_(
        "Reading the telemetry took more than %(seconds)s seconds and was stopped. Divide the "
        "export by vehicle or by month."
    )


class TelemetryOutOfMemory(TelemetryRefused):
    """More memory was resident than allowed."""

    message = N_(
        "Reading the telemetry took more than %(memory_mb)s MB of memory and was stopped. Divide "
        "the export by vehicle or by month."
    )


class TelemetryStopped(TelemetryRefused):
    """The process that read the file ended without an answer."""

    message = N_(
        "The reader stopped while it read the telemetry (%(detail)s). The file is kept; export it "
        "again and upload the new copy."
    )


REFUSALS: Final[dict[str, type[TelemetryRefused]]] = {
    refusal.__name__: refusal
    for refusal in (
        EmptyTelemetry,
        NotTelemetry,
        ColumnMissing,
        ColumnTwice,
        ValueUnreadable,
        RowMalformed,
        TelemetryDamaged,
        NoCharge,
    )
}
"""Those that cross from the reading process, by name."""
