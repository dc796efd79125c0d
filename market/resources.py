"""Where the files that are not Python stand: in a checkout, or inside the installed package."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Kind = Literal["templates", "static", "migrations"]


def checkout() -> Path | None:
    """The top folder of the checkout this runs from, or None where a wheel is installed."""
    top = Path(__file__).resolve().parent.parent
    return top if (top / "pyproject.toml").is_file() else None


def root(kind: Kind) -> Path:
    """The folder of the templates, the static files or the migrations.

    The wheel carries them as ``market/_files/<kind>``, so that no generic name is installed.
    """
    top = checkout()
    return top / kind if top else Path(__file__).resolve().parent / "_files" / kind
