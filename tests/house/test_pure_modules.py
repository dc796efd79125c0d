"""Pure modules compute and nothing else: what each may import is listed here and held."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]

# Of the standard library: what neither reads nor writes anything nor asks for the time.
STANDARD = {
    "__future__", "base64", "binascii", "bisect", "calendar", "collections", "dataclasses",
    "datetime", "decimal", "enum", "fractions", "functools", "hashlib", "hmac", "itertools",
    "json", "math", "operator", "re", "statistics", "types", "typing", "unicodedata", "uuid",
}  # fmt: skip
WORDS = {"listings.errors", "listings.money"}
CUSTODY = {
    f"listings.custody.{name}"
    for name in ("canonical", "checkpoint", "merkle", "multikey", "signing")
}
RULES = {
    f"market.rules.{name}"
    for name in ("deposits", "english", "increments", "proxy", "softclose", "split")
}
PRICES = {
    f"pricing.{name}"
    for name in (
        "bases",
        "coefficients",
        "columns",
        "intervals",
        "kernel",
        "levels",
        "lines",
        "materials",
        "rates",
        "valuation",
    )
}
HEALTH = {
    f"listings.health.{name}"
    for name in (
        "capacity", "consistency", "cycles", "fade", "grade", "incremental", "measures", "quantities",
        "recording", "resistance", "segments", "self_discharge", "sums", "track", "uncertainty",
    )
}  # fmt: skip

PURE: dict[str, set[str]] = {
    "listings.money": WORDS,
    "listings.capitals": WORDS,
    "listings.identity.problems": WORDS,
    "listings.identity.gbt34014": WORDS | {"listings.identity.problems"},
    "listings.identity.vin": WORDS | {"listings.identity.problems"},
    "listings.identity.uscc": WORDS | {"listings.identity.problems", "stdnum"},
    "listings.health.capacity": WORDS | HEALTH | {"numpy", "polars"},
    "listings.health.sums": WORDS | {"numpy"},
    "listings.health.segments": WORDS | HEALTH | {"numpy", "polars"},
    "listings.health.grade": WORDS | HEALTH,
    "listings.health.policy_tables": WORDS | HEALTH,
    "listings.health.declared": set(),
    **{
        f"listings.health.{name}": WORDS | HEALTH | {"numpy", "polars"}
        for name in ("incremental", "measures", "resistance", "self_discharge", "track")
    },
    **{
        f"listings.health.{name}": WORDS | HEALTH
        for name in ("consistency", "cycles", "fade", "figures", "quantities", "uncertainty")
    },
    "listings.health.composition": WORDS | {"listings.identity.problems"},
    "listings.health.rapid": WORDS | {"numpy"},
    "listings.health.life": WORDS,
    "listings.telemetry.windows": WORDS,
    "listings.telemetry.refusals": WORDS,
    "listings.telemetry.columns": WORDS | {"listings.telemetry.refusals"},
    "listings.telemetry.charges": WORDS | {"listings.telemetry.windows", "ibis"},
    "listings.telemetry.rows": WORDS | {"listings.telemetry.charges", "ibis"},
    "listings.telemetry.findings": WORDS | HEALTH,
    "listings.telemetry.synthetic": WORDS | {"numpy", "polars"},
    "listings.custody.merkle": WORDS,
    "listings.custody.canonical": WORDS | {"rfc8785"},
    "listings.custody.multikey": WORDS | {"cryptography"},
    "listings.custody.checkpoint": WORDS | CUSTODY | {"cryptography"},
    "listings.custody.signing": WORDS | CUSTODY | {"cryptography"},
    "listings.custody.receipts": WORDS | CUSTODY,
    "pricing.bases": WORDS,
    "pricing.materials": WORDS | PRICES,
    "pricing.levels": WORDS | PRICES,
    "pricing.coefficients": WORDS | PRICES,
    "pricing.spellings": WORDS | PRICES,
    "pricing.roundings": {"numpy"},
    "pricing.pack_columns": WORDS | PRICES | {"pricing.spellings", "numpy"},
    "pricing.columns": WORDS | PRICES | {"numpy"},
    "pricing.intervals": WORDS | PRICES | {"numpy"},
    "pricing.kernel": WORDS | PRICES | {"numpy"},
    "pricing.lines": WORDS | PRICES | {"numpy"},
    "pricing.rates": WORDS | PRICES | {"numpy"},
    "pricing.valuation": WORDS | PRICES | {"numpy"},
    "pricing.moves": WORDS | PRICES,
    "pricing.what_if": WORDS | PRICES,
    "pricing.waterfalls": WORDS | PRICES | {"numpy"},
    "pricing.parameters": WORDS,
    "pricing.screens": set(),
    "pricing.mixes": {"pricing.parameters", "pricing.screens"},
    "pricing.distances": set(),
    "pricing.landed_cost": WORDS,
    "pricing.market_index": WORDS | {"numpy"},
    "pricing.outlook": WORDS | {"numpy"},
    "pricing.consensus": WORDS | {"numpy"},
    "pricing.scores": WORDS | {"numpy"},
    "market.rules.proxy": WORDS | RULES,
    "market.rules.dangerous_goods": WORDS,
    "market.rules.increments": WORDS | RULES,
    "market.rules.softclose": WORDS,
    "market.rules.english": WORDS | RULES,
    "market.rules.deposits": WORDS,
    "market.rules.split": WORDS,
}  # fmt: skip
CLOCKS = {"now", "utcnow", "today", "fromtimestamp"}


def source_of(module: str) -> Path:
    return TOP / (module.replace(".", "/") + ".py")


def imports_of(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            ours = {name for name in inside if source_of(name).is_file()}
            found |= ours or {node.module}
    return found


def foreign(module: str, text: str) -> set[str]:
    """What a pure module imports or calls and may not."""
    tree = ast.parse(text)
    allowed = PURE[module]
    strange = {
        name
        for name in imports_of(tree)
        if name.split(".")[0] not in STANDARD
        and not any(name == one or name.startswith(f"{one}.") for one in allowed)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in {"open", "print", "input"}:
                strange.add(f"{called.id}()")
            if isinstance(called, ast.Attribute) and called.attr in CLOCKS:
                strange.add(f"{called.attr}()")
    return strange


@pytest.mark.parametrize("module", sorted(PURE))
def test_a_pure_module_imports_only_what_is_listed(module):
    assert foreign(module, source_of(module).read_text(encoding="utf-8")) == set()


def test_every_rule_of_the_trade_is_on_the_list():
    rules = {f"market.rules.{path.stem}" for path in (TOP / "market/rules").glob("*.py")}
    assert rules - {"market.rules.__init__"} <= set(PURE)


@pytest.mark.parametrize(
    ("line", "strange"),
    [
        ("import sqlalchemy", "sqlalchemy"),
        ("from listings import db", "listings.db"),
        ("import time", "time"),
        ("from datetime import datetime\nat = datetime.now()", "now()"),
        ("text = open('x').read()", "open()"),
    ],
)
def test_a_planted_violation_is_found(line, strange):
    assert strange in foreign("market.rules.proxy", line)
