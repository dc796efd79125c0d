"""The two machines that can do the computation: DuckDB in this process, or a Spark session."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from listings.errors import N_, Refused
from listings.telemetry.heads import Head
from listings.telemetry.refusals import RowMalformed, TelemetryDamaged

DUCKDB_MEMORY_MB: Final = 600
"""Of the engine's own buffers; the process around it takes some 300 MB more."""
AT_ONCE: Final = 4_000_000
"""Rows whose neighbours are looked up at once, so that memory does not grow with the fleet."""

if TYPE_CHECKING:
    from ibis import Table

_LINE = re.compile(r"\bLine: (\d+)")


class SparkMissing(Refused):
    """The optional engine was asked for and is not installed."""

    message = N_("Spark is not installed here. Install requirements/spark.txt, or use DuckDB.")


class JavaMissing(Refused):
    """Spark runs on Java, and there is none."""

    message = N_("Spark needs Java 17 or newer. Install one and put it on PATH, or use DuckDB.")


class Engine(Protocol):
    """What the computation asks of a machine. ``at_once`` is None where it bounds itself."""

    at_once: int | None

    def load(self, head: Head) -> Table:
        """The file as it is; text columns are named c0, c1 ... as in ``place``."""
        ...

    def view(self, name: str, rows: Table) -> Table:
        """A name for a table that is computed when it is asked, apart from what asks."""
        ...

    def keep(self, name: str, rows: Table) -> Table:
        """Compute a table now, and keep it for several uses."""
        ...

    def extend(self, name: str, rows: Table) -> None:
        """Compute more rows of a kept table of the same columns."""
        ...

    def frame(self, rows: Table) -> Any:
        """A small result as an Arrow table."""
        ...


def place(head: Head, column: int) -> str:
    """The name under which an engine knows a column of a file."""
    return head.header[column] if head.kind == "parquet" else f"c{column}"


class DuckDB:
    """Embedded: bounded memory, spills to ``folder``, reads ``files`` and nothing else."""

    at_once: int | None = AT_ONCE

    def __init__(
        self,
        folder: Path,
        files: Sequence[Path],
        *,
        memory_mb: int = DUCKDB_MEMORY_MB,
        threads: int | None = None,
        at_once: int = AT_ONCE,
    ) -> None:
        import ibis

        self.at_once = at_once
        self._connection = ibis.duckdb.connect(
            folder / "telemetry.duckdb",
            threads=threads or os.cpu_count() or 1,
            memory_limit=f"{memory_mb}MB",
            temp_directory=str(folder / "spill"),
            preserve_insertion_order=False,
            autoinstall_known_extensions=False,
            autoload_known_extensions=False,
        )
        allowed = ", ".join(_quoted(str(path.resolve())) for path in files)
        spill = _quoted(str(folder))
        self._connection.raw_sql(f"SET allowed_paths = [{allowed}]")
        self._connection.raw_sql(f"SET allowed_directories = [{spill}]")
        self._connection.raw_sql("SET enable_external_access = false")
        self._connection.raw_sql("SET lock_configuration = true")

    def load(self, head: Head) -> Table:
        """As ``Engine.load``; what is wrong with the file shows when it is used."""
        if head.kind == "parquet":
            with damage(head):
                return self._connection.read_parquet(head.path)
        names = {f"c{number}": "VARCHAR" for number in range(len(head.header))}
        with damage(head):
            return self._connection.read_csv(
                str(head.path),
                columns=names,
                auto_detect=False,
                header=False,
                skip=1,
                delim=head.delimiter,
                quote='"',
                escape='"',
                strict_mode=True,
            )

    def view(self, name: str, rows: Table) -> Table:
        """As ``Engine.view``."""
        return self._connection.create_view(name, rows, overwrite=True)

    def keep(self, name: str, rows: Table) -> Table:
        """As ``Engine.keep``, in a file of the folder."""
        return self._connection.create_table(name, rows)

    def extend(self, name: str, rows: Table) -> None:
        """As ``Engine.extend``."""
        self._connection.insert(name, rows)

    def frame(self, rows: Table) -> Any:
        """As ``Engine.frame``."""
        return self._connection.to_pyarrow(rows)


class Spark:
    """A Spark session: ``local[*]``, or the cluster that spark-submit or its settings name."""

    at_once: int | None = None

    def __init__(self) -> None:
        try:
            from pyspark.errors import PySparkRuntimeError
            from pyspark.sql import SparkSession
        except ImportError:
            raise SparkMissing from None
        import ibis

        builder = SparkSession.builder.appName("packbourse telemetry")
        builder = (
            builder.config("spark.sql.session.timeZone", "UTC")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.ansi.enabled", "true")
        )
        try:
            session = builder.getOrCreate()
        except PySparkRuntimeError as error:
            raise JavaMissing from error
        if str(session.sparkContext.master).startswith("local"):
            # The default of 200 is for clusters; here every one is a task of its own.
            session.conf.set("spark.sql.shuffle.partitions", str(os.cpu_count() or 1))
        self._connection = ibis.pyspark.connect(session)

    def load(self, head: Head) -> Table:
        """As ``Engine.load``."""
        if head.kind == "parquet":
            return self._connection.read_parquet(str(head.path))
        names = ", ".join(f"c{number} STRING" for number in range(len(head.header)))
        return self._connection.read_csv(
            str(head.path), schema=names, header=True, enforceSchema=True, sep=head.delimiter,
            quote='"', escape='"', mode="FAILFAST",
        )  # fmt: skip

    def view(self, name: str, rows: Table) -> Table:
        """As ``Engine.view``."""
        return self._connection.create_view(name, rows, overwrite=True)

    def keep(self, name: str, rows: Table) -> Table:
        """As ``Engine.keep``, in the executors' memory and disks."""
        del name
        return rows.cache()

    def extend(self, name: str, rows: Table) -> None:
        """Never asked: a table is computed in one go."""
        raise NotImplementedError(name)

    def frame(self, rows: Table) -> Any:
        """As ``Engine.frame``."""
        return self._connection.to_pyarrow(rows)


@contextlib.contextmanager
def damage(head: Head) -> Iterator[None]:
    """An engine's complaint about a file, as a refusal of the file."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise MemoryError from error
    except duckdb.Error as error:
        line = _LINE.search(str(error))
        if line:
            raise RowMalformed(
                file=head.name, row=int(line[1]), columns=len(head.header)
            ) from error
        raise TelemetryDamaged(file=head.name, detail=type(error).__name__) from error


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
