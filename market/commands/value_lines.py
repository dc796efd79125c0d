"""What ``packbourse value`` says of a table: its lines, its sums, one pack's waterfall."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from listings import words
from listings.money import Money
from listings.words import gettext as _
from market.commands.menu import rows, table

if TYPE_CHECKING:
    from pricing.batch_consensus import Agreed
    from pricing.batches import Amounts, Valued

    Blocks = Iterator[tuple[Valued, Amounts | Agreed]]

SHOWN = 20


@dataclass(slots=True)
class Sums:
    """What a whole table comes to."""

    rows: int = 0
    valued: int = 0
    minor: int = 0
    cascade: int = 0
    indifferent: int = 0
    currency: str = "CNY"

    def add(self, block: Valued, said: Amounts | Agreed) -> None:
        """Count a block in."""
        from pricing.batch_tables import totals

        self.rows += int((~block.table.blank).sum())
        self.valued += len(said)
        self.minor += int(totals(said).sum())
        self.cascade += int(said.is_cascade.sum())
        self.indifferent += int(said.is_indifferent.sum())
        self.currency = said.currency

    def document(self) -> dict[str, Any]:
        """In plain JSON, the sum as a decimal."""
        return {
            "rows": self.rows,
            "valued": self.valued,
            "refused": self.rows - self.valued,
            "total": str(Money(self.minor, self.currency).decimal),
            "currency": self.currency,
            "cascade": self.cascade,
            "regeneration": self.valued - self.cascade,
            "indifferent": self.indifferent,
        }


def summary(found: Mapping[str, Any], more: Mapping[str, object]) -> str:
    """What a whole table comes to, for people; ``found`` as in its document."""
    over = ", ".join(found["passed_over"])
    facts = {
        _("rows"): found["rows"],
        _("valued"): found["valued"],
        _("without a value"): found["refused"],
        _("sum of the values"): f"{found['total']} {found['currency']}",
        _("second life"): found["cascade"],
        _("recycling"): found["regeneration"],
        _("indifferent"): found["indifferent"],
    }
    return rows({**facts, **({_("columns passed over"): over} if over else {}), **more})


def lines(blocks: Blocks) -> Iterator[dict[str, Any]]:
    """A document for each row that is not blank, in the order of the rows."""
    for block, said in blocks:
        read = block.table
        place = {int(row): i for i, row in enumerate(read.good)}
        for row, number in enumerate(read.numbers):
            if read.blank[row]:
                continue
            head = {"row": number, "id": read.ids[row]}
            if row in place:
                yield head | said.document(place[row])
            else:
                yield head | {"problem": words.say(read.problems[row])}


def stream(
    blocks: Blocks, rest: Callable[[], Mapping[str, Any]], write: Callable[[str], object]
) -> None:
    """One JSON document, a line for each pack, without holding the whole of it; ``rest`` is what it
    comes to, asked for at the end."""
    write('{"values": [')
    for number, line in enumerate(lines(blocks)):
        write(f"{',' if number else ''}\n{json.dumps(line, ensure_ascii=False)}")
    write(f"\n],\n{json.dumps(rest(), ensure_ascii=False)[1:]}\n")


def shown(blocks: Blocks) -> str:
    """The first rows as a table; the others are only counted."""
    first = list(islice(lines(blocks), SHOWN))
    for _rest in blocks:
        pass
    head = [_("row"), "id", _("value"), _("least"), _("greatest"), _("route")]
    body: list[list[object]] = [
        [one["row"], one["id"], one["problem"], None, None, None]
        if "problem" in one
        else [one["row"], one["id"], one["value"], one["low"], one["high"], _route(one["route"])]
        for one in first
    ]
    return table(head, body)


def _route(name: str) -> str:
    return {"cascade": _("second life"), "regeneration": _("recycling")}[name]


def waterfall(found: dict[str, Any], currency: str) -> str:
    """One pack's value taken apart, for people; ``found`` is its document."""
    from pricing.waterfalls import LABELS

    parts = [(part["name"], part["amount"]) for part in found["components"]]
    voices = [(voice["valuer"], voice["value"]) for voice in found.get("voices", [])]
    body: list[list[object]] = [[_(LABELS[name]), amount] for name, amount in parts]
    body += [[valuer, amount] for valuer, amount in voices]
    body.append([_("value"), found["value"]])
    facts: dict[str, object] = {
        _("least"): found["low"],
        _("greatest"): found["high"],
        _("route"): _route(found["route"]),
        _("indifferent"): _("yes") if found["indifferent"] else _("no"),
        _("guide"): _("what %(count)s valuers agree on", count=len(voices))
        if found["guide"] is None
        else f"{found['guide']} {found['edition']}",
        _("methodology"): found["methodology_sha256"],
        _("index values of"): found["index_date"],
    }
    head = _("valuer") if voices else _("part")
    return f"{table([head, currency], body)}\n\n{rows(facts)}"
