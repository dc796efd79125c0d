"""How long `packbourse run` takes to open on a data folder that is there, beside a bare PostgreSQL.

The reference is the start and stop of the same embedded PostgreSQL without anything of ours.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from listings import embedded


def main() -> None:
    """Print seconds of a second start, and their ratio to the reference."""
    with tempfile.TemporaryDirectory(prefix="packbourse-bench-") as name:
        data = Path(name) / "data"
        first, second = _opened(data), _opened(data)
        reference = _bare(data)
    print(f"start: first {first:.1f} s, second {second:.1f} s", end="")
    print(f", PostgreSQL alone {reference:.1f} s, ratio {second / reference:.1f}")


def _opened(data: Path) -> float:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.perf_counter()
    command = [sys.executable, "-P", "-m", "market", "run", "--port", str(port)]
    with subprocess.Popen(
        [*command, "--data", str(data)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if f":{port}/" in line:
                break
        took = time.perf_counter() - begun
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    return took


def _bare(data: Path) -> float:
    begun = time.perf_counter()
    embedded.open(data / "postgres").stop()
    return time.perf_counter() - begun
