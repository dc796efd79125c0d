"""A lab's way from module files or a table of cells to a signed report with its parts."""

from __future__ import annotations

import io
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from listings import db, sheets
from listings.custody import canonical
from listings.health.reports import HealthReport
from listings.health.synthetic import write_bdf
from listings.parties import Kind

HEADER = ["位置", "容量(Ah)", "静置电压(V)", "直流内阻(mΩ)"]
CELLS = [[f"S{i}P{k}", 2.3 + 0.01 * i, 3.3 + 0.001 * i, 1.5] for i in range(1, 9) for k in (1, 2)]


@pytest.fixture
def place(made):
    class Place:
        pass

    with made() as make:
        here = Place()
        here.type = make.pack_type(
            rated_capacity_ah=Decimal(5),
            rated_voltage_v=Decimal("28.8"),
            rated_energy_kwh=Decimal("0.144"),
            cell_rated_capacity_ah=Decimal("2.5"),
            lower_cutoff_v=Decimal("2.5"),
            upper_cutoff_v=Decimal("4.2"),
            cells_in_series=8,
            cells_in_parallel=2,
            modules_in_series=2,
        )
        here.fleet = make.organisation(Kind.FLEET_OWNER)
        here.lab = make.member(make.organisation(Kind.LAB, accreditation_number="CNAS L1"))
        here.pack = make.pack(here.fleet, here.type)
    return here


@pytest.fixture(scope="module")
def module_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modules")
    files = {}
    for name, soh in (("M1", 0.86), ("M2", 0.83)):
        path = folder / f"{name} synthetic.csv"
        write_bdf(path, rated_ah=5, soh=soh, cycles=1, cutoffs=(10, 16.8))
        files[path.name] = path.read_bytes()
    return files


def table(rows, header=HEADER):
    return io.BytesIO(sheets.write_xlsx(header, rows)), "电芯.xlsx"


def sent(browser, place, **files):
    data = {"pack": place.pack.name, "subject": "pack", "subject_position": ""} | files
    return browser.post("/reports/parts", data=data)


def signed(browser, review):
    where = urlsplit(review)
    data = {"examined_on": "2026-05-30", "coverage": "全部模块", "safety_check": "passed"}
    answer = browser.post(f"{where.path}?{where.query}", data=data)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def report():
    with db.transaction() as session:
        return session.scalars(sa.select(HealthReport)).one()


def test_files_of_modules_become_one_signed_report(place, sign_in, module_files):
    browser = sign_in(place.lab)
    files = [(io.BytesIO(content), name) for name, content in module_files.items()]
    answer = sent(browser, place, modules=files)
    assert answer.status_code == 303, answer.text
    review = browser.get(answer.headers["Location"])
    assert "M2" in review.text
    assert 'name="capacity_spread"' not in review.text
    page = browser.get(signed(browser, answer.headers["Location"])).text
    assert page.count('class="pic pic-strip"') == 1
    assert float(report().soh_q) == pytest.approx(0.83, abs=0.004)
    assert report().grade == "A"
    paper = browser.get(f"/reports/{report().id}.pdf")
    assert paper.data.startswith(b"%PDF-")


def test_a_table_of_cells_shows_strip_histogram_and_every_row(place, sign_in):
    browser = sign_in(place.lab)
    answer = sent(browser, place, parts=table(CELLS))
    page = browser.get(signed(browser, answer.headers["Location"])).text
    assert page.count("S8P2") == 1
    assert 'class="pic pic-histogram"' in page
    record = canonical.parse(report().record)
    assert (report().grade, report().evidence_level) == (None, "L5")
    assert record["capacity_ah"] == "4.620000"
    assert record["composition"]["levels"][0]["weakest"][0]["group"] == "S1"


def test_missing_cells_are_named_on_page_and_in_the_record(place, sign_in):
    browser = sign_in(place.lab)
    page = browser.get(
        signed(browser, sent(browser, place, parts=table(CELLS[:-3])).headers["Location"])
    )
    assert "S7P2, S8P1, S8P2" in page.text
    assert report().soh_q is None


def test_a_wrong_table_is_refused_row_by_row_and_nothing_is_written(place, sign_in):
    rows = [*CELLS[:2], ["S9P1", 2.3, 3.3, 1.5], ["S2P1", 2400, 3.3, 1.5]]
    answer = sent(sign_in(place.lab), place, parts=table(rows))
    assert answer.status_code == 422
    assert "S9P1" in answer.text
    assert "容量(Ah)" in answer.text
    assert "2400" in answer.text


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"parts": (io.BytesIO(b"%PDF-1.7"), "x.xlsx")},
        {"modules": [(io.BytesIO(b"nonsense"), "M1.csv")]},
        {"modules": [(io.BytesIO(b"nonsense"), "cell.csv")]},
    ],
)
def test_what_is_no_file_of_a_part_is_refused_with_a_sentence(place, sign_in, files):
    answer = sent(sign_in(place.lab), place, **files)
    assert answer.status_code == 422
    assert "problems" in answer.text


@pytest.mark.parametrize(("language", "name"), [("zh", "位置"), ("en", "Position")])
def test_the_template_comes_in_both_languages(place, sign_in, language, name):
    file = sign_in(place.lab).get(f"/reports/parts/template/{language}.xlsx")
    assert sheets.read(file.data, "t.xlsx").header[0] == name
