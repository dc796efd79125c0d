"""Every command and every setting is documented, or a test here fails."""

from __future__ import annotations

import argparse
import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from market import cli

TOP = Path(__file__).parents[2]
OPERATE = TOP / "docs" / "operate"
SCHEMAS = TOP / "docs" / "commands"
PACKAGES = ("listings", "pricing", "market", "migrations", "tools", "bench")
VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
# Names of that look which no person sets: a file of PostgreSQL, and what a reader's process is given.
NO_SETTINGS = {"PG_VERSION", "POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS", "SC_CLK_TCK"}
WITHOUT_JSON = {"run", "serve", "worker"}


def commands(
    parser: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command that can be typed, with its parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from commands(below, (*words, name))
            return
    yield " ".join(words), parser


COMMANDS = dict(commands(cli.parser()))


def section(text: str, command: str) -> str:
    """What stands under a command's heading."""
    found = re.search(
        rf"^#+ `packbourse {re.escape(command)}`$(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL
    )
    return found[1] if found else ""


@pytest.fixture(scope="module")
def text() -> str:
    return (OPERATE / "commands.md").read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented_with_what_it_takes(command: str, text: str) -> None:
    said = section(text, command)
    assert said, f"docs/operate/commands.md has no section `packbourse {command}`"
    for action in COMMANDS[command]._actions:
        if action.dest in {"help", "json"}:
            continue
        names = action.option_strings or [str(action.metavar)]
        assert any(name in said for name in names), f"{command} does not explain {names[0]}"


def test_no_command_is_documented_that_does_not_exist(text: str) -> None:
    documented = set(re.findall(r"^#+ `packbourse ([^`]+)`$", text, re.MULTILINE))
    assert documented == set(COMMANDS)


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - WITHOUT_JSON))
def test_every_command_with_a_document_has_a_schema_that_its_section_names(
    command: str, text: str
) -> None:
    name = f"{command.replace(' ', '-')}.json"
    assert name in section(text, command)
    schema = json.loads((SCHEMAS / name).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"].startswith(f"packbourse {command}")
    assert "--json" in COMMANDS[command].format_help()


def test_no_schema_stands_there_for_nothing() -> None:
    names = {path.stem for path in SCHEMAS.glob("*.json")}
    wanted = {command.replace(" ", "-") for command in COMMANDS if command not in WITHOUT_JSON}
    assert names == wanted | {"scenario"}


def test_the_commands_that_run_on_have_no_document() -> None:
    for command in WITHOUT_JSON:
        assert "--json" not in COMMANDS[command].format_help()


def sources() -> list[Path]:
    files = [path for name in PACKAGES for path in (TOP / name).rglob("*.py")]
    return [path for path in [*files, TOP / "hatch_build.py"] if "os.environ" in path.read_text()]


def variables(source: str) -> set[str]:
    """Environment variables that a module names: keys of `os.environ`, and what looks like one."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= {node.value} if VARIABLE.fullmatch(node.value) else set()
        key: ast.expr | None = None
        if isinstance(node, ast.Subscript) and _is_environ(node.value):
            key = node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            is_key = _is_environ(node.func.value) or node.func.attr == "getenv"
            key = node.args[0] if is_key else None
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            found.add(key.value)
    return found - NO_SETTINGS


def _is_environ(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "environ"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(TOP)))
def test_every_environment_variable_is_documented(path: Path) -> None:
    documented = (OPERATE / "settings.md").read_text()
    missing = {name for name in variables(path.read_text()) if f"`{name}`" not in documented}
    assert not missing, f"docs/operate/settings.md does not explain {sorted(missing)}"


def test_no_setting_is_documented_that_nothing_reads() -> None:
    documented = set(
        re.findall(r"^\| `([A-Z_]+)`", (OPERATE / "settings.md").read_text(), re.MULTILINE)
    )
    read = {name for path in sources() for name in variables(path.read_text())}
    assert documented <= read | {"LANG", "LC_ALL", "LC_MESSAGES"}
    assert documented


def test_an_undocumented_variable_would_be_found() -> None:
    planted = (
        'import os\nNAMES = ("NEW_SETTING",)\na = os.environ.get("OTHER")\nb = os.environ["C"]\n'
    )
    assert variables(planted) == {"NEW_SETTING", "OTHER", "C"}
