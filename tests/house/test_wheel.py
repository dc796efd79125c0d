"""The wheel works in an empty folder, far from any checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import market

TOP = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, TOP],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command, in a virtual environment that borrows the dependencies of this one.

    The checkout's own path is not among what it borrows.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "-qq", "--no-deps",
         "--no-index", wheel],
        check=True,
    )  # fmt: skip
    # A line in a .pth file adds one folder; .pth files inside that folder are not read.
    Path(site, "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "packbourse"


def alone(command: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PACKBOURSE"))
    }
    return subprocess.run(
        [command, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_no_generic_name_is_installed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        top = {name.split("/")[0] for name in archive.namelist()}
    assert top == {"market", "pricing", "listings", f"packbourse-{market.__version__}.dist-info"}


def test_templates_static_files_migrations_and_catalogues_travel_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for kind in ("templates", "static", "migrations"):
        carried = {name.removeprefix("market/_files/") for name in names}
        tracked = subprocess.run(
            ["git", "ls-files", kind], cwd=TOP, check=True, capture_output=True, text=True
        ).stdout.split()
        assert tracked, kind
        assert set(tracked) <= carried
    vendor = "market/_files/static/vendor"
    assert {
        f"{vendor}/htmx.min.js",
        f"{vendor}/hx-sse.min.js",
        f"{vendor}/icons.svg",
        f"{vendor}/fonts/NotoSansSC-Regular.ttf",
        f"{vendor}/fonts/NotoSansSC-Bold.ttf",
        f"{vendor}/fonts/OFL.txt",
    } <= names
    assert not [name for name in names if "__pycache__" in name or "node_modules" in name]
    sources = TOP.glob("listings/translations/*/LC_MESSAGES/messages.po")
    catalogues = {str(path.relative_to(TOP).with_suffix(".mo")) for path in sources}
    assert len(catalogues) == 2
    assert catalogues <= names


def test_the_installed_command_tells_its_version_in_an_empty_folder(
    command: Path, tmp_path: Path
) -> None:
    done = alone(command, "--version", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert market.__version__ in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_installed_package_finds_its_own_files(command: Path, tmp_path: Path) -> None:
    program = (
        "from market import resources, schema; print(schema.head());"
        "print(*(resources.root(k) for k in ('templates', 'static', 'migrations')), sep='\\n')"
    )
    done = alone(command.with_name("python"), "-c", program, cwd=tmp_path)
    assert done.stderr == ""
    head, *folders = done.stdout.splitlines()
    assert head != "None"
    for folder in folders:
        assert Path(folder).is_dir()
        assert str(TOP) not in folder
        assert command.parents[1] in Path(folder).parents
