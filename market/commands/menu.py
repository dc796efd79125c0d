"""How a command is declared, and what one answers."""

from __future__ import annotations

import argparse
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from listings.errors import N_, Refused
from listings.words import gettext as _
from market import running


@dataclass(frozen=True, slots=True)
class Answer:
    """One JSON document, the same for people as ``text``, and the exit status.

    ``document`` None is a command without one, which has said what it had to say by itself.
    """

    document: Mapping[str, object] | None
    text: str = ""
    status: int = 0


class FileUnreadable(Refused):
    """There is no such file, or it cannot be opened."""

    message = N_("The file %(file)s cannot be read: %(reason)s")


Action = Callable[[argparse.Namespace], Answer]


class Menu:
    """Commands of one level: of ``packbourse`` itself or of a word such as ``health``."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._commands = parser.add_subparsers(
            metavar=_("COMMAND"), required=True, title=_("commands"), dest=argparse.SUPPRESS
        )

    def group(self, name: str, purpose: str) -> Menu:
        """A word with commands of its own."""
        return Menu(self._commands.add_parser(name, help=purpose, description=purpose))

    def add(
        self, name: str, purpose: str, action: Action, *, has_json: bool = True
    ) -> argparse.ArgumentParser:
        """A command; what it takes is added to the parser that comes back."""
        parser = self._commands.add_parser(name, help=purpose, description=purpose)
        if has_json:
            json_help = _("print one JSON document (docs/commands describes it)")
            parser.add_argument("--json", action="store_true", help=json_help)
        parser.set_defaults(action=action)
        return parser


def takes_data(parser: argparse.ArgumentParser) -> None:
    """The option that says where the data of the market stand."""
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        default=running.default_data_dir(),
        help=_("the data directory (default: PACKBOURSE_DATA, else %(default)s)"),
    )


def content(path: Path) -> bytes:
    """The bytes of a file that was named; refuses one that cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileUnreadable(file=path, reason=error.strerror or error) from None


def demand_file(path: Path) -> Path:
    """The path of a file that was named; refuses one that cannot be opened."""
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise FileUnreadable(file=path, reason=error.strerror or error) from None


def whole(low: int, high: int) -> Callable[[str], int]:
    """A reader of whole numbers from ``low`` to ``high`` for an option."""

    def read(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(
                _("%(number)s is not from %(low)s to %(high)s", number=number, low=low, high=high)
            )
        return number

    read.__name__ = _("number")
    return read


def rows(pairs: Mapping[str, object]) -> str:
    """Names and values, one a line, the values under each other."""
    widest = max((width(name) for name in pairs), default=0)
    return "\n".join(
        f"{name}{' ' * (widest - width(name) + 2)}{'–' if value is None else value}"
        for name, value in pairs.items()
    )


def table(head: list[str], body: list[list[object]]) -> str:
    """A table for a terminal; columns of numbers are its reader's concern."""
    lines = [head, *[["–" if cell is None else str(cell) for cell in row] for row in body]]
    widths = [max(width(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            f"{cell}{' ' * (widths[column] - width(cell))}" for column, cell in enumerate(line)
        ).rstrip()
        for line in lines
    )


def width(text: str) -> int:
    """Columns on a terminal: Chinese characters and their punctuation take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def yes(value: object) -> str:
    """Yes or no in words."""
    return _("yes") if value else _("no")
