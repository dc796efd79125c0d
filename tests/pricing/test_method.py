"""The method note's worked examples, run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

METHOD = Path(__file__).parents[2] / "docs/method/pricing.md"


def test_the_worked_examples_of_the_method_note_hold():
    text = METHOD.read_text(encoding="utf-8")
    blocks = list(re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    assert len(blocks) > 10
    names: dict[str, object] = {}
    for block in blocks:
        lines_before = "\n" * text.count("\n", 0, block.start(1))
        exec(compile(lines_before + block[1], str(METHOD), "exec"), names)


def test_the_note_s_table_of_cathodes_is_the_one_in_use():
    from pricing.materials import _CATHODES

    rows = [
        [cell.strip() for cell in line.split("|")[2:-1]]
        for line in METHOD.read_text(encoding="utf-8").splitlines()
        if line.startswith("| ")
    ]
    names, capacities, voltages = rows
    written = {
        name.removesuffix(" cell"): (float(q), float(v))
        for name, q, v in zip(names, capacities, voltages, strict=True)
    }
    assert written == _CATHODES
