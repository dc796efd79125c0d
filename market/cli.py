"""The command ``packbourse``: what was typed becomes one action, its answer JSON or sentences."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

import sqlalchemy as sa

import market
from listings import words
from listings.errors import DomainError, Several
from listings.words import gettext as _
from market.commands import (
    auction,
    codes,
    custody,
    database,
    deployment,
    health,
    people,
    pricing,
    processes,
    reports,
    values,
)
from market.commands.menu import Answer, Menu


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1 after an error, 2 where it was mistyped."""
    words.speak(language())
    arguments = parser().parse_args(argv)
    try:
        answer: Answer = arguments.action(arguments)
        _print(answer, as_json=getattr(arguments, "json", False))
    except DomainError as refusal:
        for sentence in sentences(refusal):
            print(f"packbourse: {sentence}", file=sys.stderr)
        return 1
    except sa.exc.OperationalError as error:
        sentence = _("The database does not answer: %(reason)s", reason=str(error.orig).strip())
        print(f"packbourse: {sentence}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Who read the output has enough; Python must not write to it again on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return answer.status


def parser() -> argparse.ArgumentParser:
    """All commands with what they take."""
    top = argparse.ArgumentParser(
        prog="packbourse",
        description=_("A marketplace for the residual value of retired traction batteries."),
    )
    top.add_argument("--version", action="version", version=f"packbourse {market.__version__}")
    menu = Menu(top)
    for module in (
        processes,
        database,
        people,
        codes,
        health,
        reports,
        pricing,
        values,
        auction,
        custody,
        deployment,
    ):
        module.add(menu)
    return top


def language() -> str:
    """The locale of LC_ALL, LC_MESSAGES or LANG, the first that is set, as one of ours."""
    named = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    said = next((value for value in named if value), "")
    return "zh_Hans_CN" if said.startswith("zh") else "en"


def sentences(refusal: DomainError) -> list[str]:
    """Each thing that is wrong, as a sentence."""
    if isinstance(refusal, Several):
        return [line for error in refusal.errors for line in sentences(error)]
    return [words.say(refusal)]


def _print(answer: Answer, *, as_json: bool) -> None:
    if as_json and answer.document is not None:
        print(json.dumps(answer.document, ensure_ascii=False, indent=2))
    elif answer.text:
        print(answer.text)
    sys.stdout.flush()
