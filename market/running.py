"""What ``packbourse run`` does: database, web server and worker under one command."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TypeVar

from listings import embedded, words
from listings.errors import N_, Conflict, DomainError
from listings.words import gettext as _
from market import resources

READY_SECONDS = 60.0
STOP_SECONDS = 10.0
HOST = "127.0.0.1"
Result = TypeVar("Result")


class PortTaken(Conflict):
    """Another program listens there."""

    message = N_("Port %(port)s is taken by another program. Take another: --port %(other)s")


class ChildEnded(Conflict):
    """The web server, the worker or the database ended by itself."""

    message = N_("%(name)s ended by itself (%(status)s). Its last words stand above.")


class NotAnswering(Conflict):
    """The web server did not become ready."""

    message = N_("The web server did not answer at %(address)s within %(seconds)s seconds.")


class Interrupted(Exception):
    """Ctrl-C or SIGTERM."""


def default_data_dir() -> Path:
    """PACKBOURSE_DATA, else ``.data`` in a checkout, else the folder of XDG for this account."""
    named = os.environ.get("PACKBOURSE_DATA")
    if named:
        return Path(named)
    top = resources.checkout()
    if top is not None:
        return top / ".data"
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "packbourse"


def run(data_dir: Path, port: int, *, reload: bool = False) -> int:
    """Open the market at 127.0.0.1:``port`` until Ctrl-C or SIGTERM; returns the exit status.

    Everything the market keeps stands in ``data_dir``, except the database where DATABASE_URL
    names an external one. ``reload`` restarts the web server when a file changes.
    """
    try:
        with interruptible():
            _check_port(port)
            _open(data_dir.absolute(), port, reload=reload)
    except Interrupted:
        say(_("Stopped."))
        return 0
    except DomainError as refusal:
        print(f"packbourse: {words.say(refusal)}", file=sys.stderr)
        return 1
    return 0


def reset(data_dir: Path) -> int:
    """Stop the database found in the data directory and remove the directory."""
    data_dir = data_dir.absolute()
    database = data_dir / "postgres"
    if (database / "cluster").exists():
        embedded.find(database).halt()
    if data_dir.exists():
        shutil.rmtree(data_dir)
        say(_("Removed %(folder)s.", folder=data_dir))
    else:
        say(_("There is nothing in %(folder)s.", folder=data_dir))
    return 0


def say(sentence: str) -> None:
    """One line for the person at the terminal, at once."""
    print(sentence, flush=True)


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into `Interrupted`; while stopping, further ones are ignored."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise Interrupted

    before = {n: signal.signal(n, interrupt) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def database(
    data_dir: Path, *, is_quiet: bool = False
) -> Iterator[tuple[str, embedded.Server | None]]:
    """The URL to work with: DATABASE_URL, else an embedded server that ends with the block.

    One that somebody else runs is used and left alone. ``is_quiet`` says nothing at the terminal.
    """
    external = os.environ.get("DATABASE_URL")
    if external:
        yield external, None
        return
    # Others may pass through, since as root the database runs under an account of its own;
    # what stands beside it keeps itself closed.
    data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    server = embedded.find(data_dir / "postgres")
    try:
        if is_quiet:
            server.start()
        else:
            _stage(_("Database"), server.start)
        yield server.url, server
    finally:
        server.stop()


def _open(data_dir: Path, port: int, *, reload: bool) -> None:
    from market import schema, seed

    with database(data_dir) as (url, server):
        os.environ["PACKBOURSE_DATA"] = str(data_dir)
        os.environ["DATABASE_URL"] = url
        _stage(_("Tables"), lambda: schema.upgrade(url))
        _stage(_("Seed market"), lambda: seed.ensure(url))
        with _children(port, reload=reload) as children:
            address = f"http://{HOST}:{port}/"
            _stage(_("Web server and worker"), lambda: _await_ready(address, children))
            say("\n" + _("Packbourse is open at %(address)s", address=address))
            say(_("Ctrl-C stops it.") + "\n")
            for role, email, password in seed.sign_ins():
                say(f"  {role:<34} {email:<34} {password}")
            while True:
                time.sleep(0.5)
                _check_alive(children, server)


def _stage(name: str, work: Callable[[], Result]) -> Result:
    """Do one stage and say how long it took."""
    print(f"{name} …", end="", flush=True)
    begun = time.monotonic()
    try:
        result = work()
    except BaseException:
        say("")
        raise
    say(f" {time.monotonic() - begun:.1f} s")
    return result


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            other = port + 1 if port < 65535 else 8000  # noqa: PLR2004 - the highest port
            raise PortTaken(field="port", port=port, other=other) from error


@contextmanager
def _children(port: int, *, reload: bool) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """The web server and the worker, both gone when the block ends, however it ends."""
    serve = ["serve", "--port", str(port), *(["--reload"] if reload else [])]
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, arguments in ((_("The web server"), serve), (_("The worker"), ["worker"])):
            children[name] = subprocess.Popen(
                [sys.executable, "-P", "-m", "market", *arguments],
                env=_with_checkout(),
                stdin=subprocess.DEVNULL,
                # A Ctrl-C at the terminal reaches this process alone, which then stops them.
                process_group=0,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - one thread here
            )
        yield children
    finally:
        _stop(list(children.values()))


def _with_checkout() -> dict[str, str]:
    """This environment, in which children find the packages of the checkout this runs from."""
    top = resources.checkout()
    paths = [str(top)] if top else []
    paths += filter(None, [os.environ.get("PYTHONPATH")])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _end_with_parent() -> None:
    """Ask Linux to end this child with its parent, even where that one is killed."""
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _check_alive(
    children: dict[str, subprocess.Popen[bytes]], server: embedded.Server | None = None
) -> None:
    for name, child in children.items():
        status = child.poll()
        if status is not None:
            raise ChildEnded(name=name, status=status)
    if server is not None and not server.is_running():
        raise ChildEnded(name=_("The database"), status=server.log)


def _await_ready(address: str, children: dict[str, subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        _check_alive(children)
        try:
            with urllib.request.urlopen(address + "healthz", timeout=2):  # noqa: S310 - loopback
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise NotAnswering(address=address, seconds=round(READY_SECONDS))


def main(arguments: list[str]) -> int:
    """``python -m market.running reset DIR``, for `make reset`."""
    match arguments:
        case ["reset", data_dir]:
            return reset(Path(data_dir))
    print("usage: python -m market.running reset DIR", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
