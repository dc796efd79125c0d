"""The worked examples of the note on past sales, run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

NOTE = Path(__file__).parents[2] / "docs/method/past-sales.md"


def test_the_worked_examples_of_the_note_on_past_sales_hold():
    blocks = re.findall(r"```python\n(.*?)```", NOTE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, NOTE.name, "exec"), names)
