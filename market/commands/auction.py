"""``packbourse auction replay``: a sale recomputed from its terms and its bids."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from listings.errors import N_, Refused
from listings.words import gettext as _
from market import replay
from market.commands.menu import Answer, Menu, content, table


class ScenarioUnreadable(Refused):
    """The file holds no JSON."""

    message = N_("The file %(file)s holds no scenario: %(reason)s")


def add(menu: Menu) -> None:
    """Declare the command."""
    group = menu.group("auction", _("recompute sales"))
    parser = group.add("replay", _("replay a sale from its terms and its bids"), _replay)
    parser.add_argument("scenario", metavar="SCENARIO.json", type=Path)


def _replay(arguments: argparse.Namespace) -> Answer:
    scenario = _scenario(arguments.scenario)
    outcome = replay.replay(scenario)
    head = [_("bidder"), _("accepted"), _("leader"), _("price"), _("next minimum"), _("ends at")]
    body: list[list[object]] = [
        [
            bid["bidder"],
            entry["reason"] or _("yes"),
            entry["leader"],
            entry["price"],
            entry["next_minimum"],
            entry["ends_at"],
        ]
        for bid, entry in zip(scenario["bids"], outcome["bids"], strict=True)
    ]
    result = (
        _("Sold to %(winner)s at %(price)s.", winner=outcome["winner"], price=_price(outcome))
        if outcome["sold"]
        else _("Passed.")
    )
    return Answer(outcome, f"{table(head, body)}\n\n{result}")


def _price(outcome: dict[str, Any]) -> str:
    return str(outcome["hammer_price"])


def _scenario(path: Path) -> Any:
    try:
        return json.loads(content(path).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ScenarioUnreadable(file=path, reason=error) from None
