from __future__ import annotations

from datetime import date

from python_calamine import CalamineWorkbook

from listings.identity import gbt34014

TODAY = date(2026, 4, 1)


def test_all_fifty_two_published_codes_of_retired_cells_parse_and_say_lmo(shared):
    sheet = CalamineWorkbook.from_path(shared / "pulsebat/NMC_21Ah_W_5000.xlsx").get_sheet_by_index(
        0
    )
    header, *rows = sheet.to_python()
    texts = {str(row[header.index("ID")]) for row in rows}
    codes = [gbt34014.decode(text, today=TODAY) for text in texts]
    assert len(codes) == 52
    assert [str(problem) for code in codes for problem in code.problems] == []
    assert {(code.maker, code.kind, code.chemistry) for code in codes} == {("02L", "cell", "LMO")}
    for code in codes:
        assert gbt34014.conflicts(code, "NMC")
