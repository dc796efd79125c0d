"""The contracts in pyproject.toml hold, and each finds a violation planted against it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PACKAGES = ("market", "pricing", "listings")
DIRECTION = "market stands on pricing, pricing on listings"
FLASK = "Flask lives under the roof alone"
STRIPE = "payments alone knows Stripe"
TABLES = "sheets alone knows tables' file formats"
TESTERS = "readers alone know testers' file formats"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The three packages and their contracts, to be spoilt."""
    for name in PACKAGES:
        shutil.copytree(
            TOP / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.mo")
        )
    shutil.copy(TOP / "pyproject.toml", tmp_path)
    return tmp_path


def broken_contracts(folder: Path) -> list[str]:
    program = "from importlinter.cli import lint_imports_command as lint; lint()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    kept_or_broken = re.findall(r"^(.+?) (KEPT|BROKEN)\b", done.stdout, re.MULTILINE)
    assert len(kept_or_broken) == 5, done.stdout + done.stderr
    broken = [name for name, state in kept_or_broken if state == "BROKEN"]
    assert bool(broken) == bool(done.returncode)
    return broken


def test_every_import_goes_the_way_of_the_house(copy: Path) -> None:
    assert broken_contracts(copy) == []


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("listings/money.py", "import pricing", DIRECTION),
        ("listings/money.py", "def late():\n    from market import resources", DIRECTION),
        ("pricing/materials.py", "import market.resources", DIRECTION),
        (
            "pricing/materials.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import market",
            DIRECTION,
        ),
        ("market/resources.py", "import flask", FLASK),
        ("market/resources.py", "from flask_babel import gettext", FLASK),
        ("listings/money.py", "from werkzeug.utils import secure_filename", FLASK),
        ("market/resources.py", "from jinja2 import Environment", FLASK),
        ("market/resources.py", "import stripe", STRIPE),
        ("market/web/pay.py", "import stripe.error", STRIPE),
        ("market/resources.py", "import xlsxwriter", TABLES),
        ("market/web/upload.py", "from python_calamine import CalamineWorkbook", TABLES),
        ("listings/health/capacity.py", "import openpyxl", TABLES),
        ("listings/health/capacity.py", "import fastnda", TESTERS),
        ("market/web/upload.py", "import fastnda", TESTERS),
        ("listings/health/capacity.py", "from access_parser import AccessParser", TESTERS),
        ("listings/health/convert.py", "import python_calamine", TABLES),
        ("listings/health/readers/pec.py", "import xlsxwriter", TABLES),
    ],
)
def test_an_import_out_of_its_room_is_found(
    copy: Path, module: str, line: str, contract: str
) -> None:
    path = copy / module
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(f"{text}\n\n{line}\n", encoding="utf-8")
    assert broken_contracts(copy) == [contract]
