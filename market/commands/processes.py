"""``packbourse run``, ``serve`` and ``worker``: the processes of an open market."""

from __future__ import annotations

import argparse
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from listings.words import gettext as _
from market import resources, running
from market.commands import database
from market.commands.menu import Answer, Menu, takes_data, whole

LOOK_S = 0.5
SUFFIXES = {".py", ".html", ".po", ".typ"}


def add(menu: Menu) -> None:
    """Declare the commands."""
    run = menu.add("run", _("open the market: database, web and worker"), _run, has_json=False)
    serve = menu.add("serve", _("the web server alone"), _serve, has_json=False)
    worker = menu.add("worker", _("close sales and send mail"), _worker, has_json=False)
    for parser in (run, serve):
        port_help = _("the port on this machine (default: %(default)s)")
        parser.add_argument(
            "--port", metavar="N", type=whole(1, 65535), default=8000, help=port_help
        )
        reload_help = _("start the web server again whenever a file changes")
        parser.add_argument("--reload", action="store_true", help=reload_help)
    host_help = _("the address to listen at (default: %(default)s)")
    serve.add_argument("--host", metavar="ADDRESS", default=running.HOST, help=host_help)
    for parser in (run, serve, worker):
        takes_data(parser)


def _run(arguments: argparse.Namespace) -> Answer:
    status = running.run(arguments.data, arguments.port, reload=arguments.reload)
    return Answer(None, status=status)


def _serve(arguments: argparse.Namespace) -> Answer:
    if arguments.reload:
        return Answer(None, status=_serve_again(arguments))
    from market.web import serving

    with database.opened(arguments.data) as url:
        serving.serve(url, arguments.port, arguments.host)
    return Answer(None)


def _worker(arguments: argparse.Namespace) -> Answer:
    from market import jobs, rivals, telemetry_queue

    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with database.opened(arguments.data):
        bidding = threading.Thread(target=rivals.worker, args=(stop,), daemon=True)
        bidding.start()
        reading = threading.Thread(target=telemetry_queue.worker, args=(stop,), daemon=True)
        reading.start()
        jobs.worker(stop)
    return Answer(None)


def _serve_again(arguments: argparse.Namespace) -> int:
    """Keep a web server in a child process and replace it after each change of a file."""
    command = [sys.executable, "-P", "-m", "market", "serve", "--port", str(arguments.port)]
    command += ["--host", arguments.host, "--data", str(arguments.data)]
    with suppress(running.Interrupted), running.interruptible():
        while True:
            before = _newest()
            with _child(command):
                while _newest() <= before:
                    time.sleep(LOOK_S)
    return 0


@contextmanager
def _child(command: list[str]) -> Iterator[None]:
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as child:
        try:
            yield
        finally:
            child.terminate()
            try:
                child.wait(running.STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()


def _newest() -> float:
    """The last change [s since 1970] of any file that the web server reads."""
    packages = [Path(__file__).parents[2] / name for name in ("listings", "pricing", "market")]
    return max(
        file.stat().st_mtime
        for folder in [*packages, resources.root("templates")]
        for file in folder.rglob("*")
        if file.suffix in SUFFIXES
    )
