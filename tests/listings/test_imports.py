from __future__ import annotations

import time
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa
from make import NOW

from listings import blobs, imports, sheets, words
from listings.errors import Forbidden
from listings.identity.gbt34014 import DAYS
from listings.identity.vin import check_digit
from listings.import_columns import BY_HEADER, COLUMNS, plain, template
from listings.import_reading import ImportRefused, TooManyPacks, read
from listings.packs import Mounting, Origin, Pack
from listings.parties import Kind
from listings.vehicles import Vehicle

CHINESE = ("车辆自编号", "电池编码", "厂家编号", "电池型号", "安装状态", "来源", "来源日期")


def code(number: int) -> str:
    return f"001PB240000003B3{list(DAYS)[number % 28]}{number:07d}"


def vin(number: int) -> str:
    bare = f"LZYTAGBW0F1{number:06d}"
    return bare[:8] + check_digit(bare) + bare[9:]


@pytest.fixture
def fleet(make):
    return make.organisation(Kind.FLEET_OWNER)


@pytest.fixture
def acting(make, fleet):
    return make.member(fleet)


@pytest.fixture
def pack_type(make):
    return make.pack_type(maker="宁德时代", model="P-108")


@pytest.fixture
def take(session, acting, pack_type):
    def take(header, *rows, file=sheets.write_xlsx):
        return imports.apply(session, acting, file(header, rows), "车辆.xlsx", at=NOW)

    return take


def problems(take, header, *rows):
    with pytest.raises(ImportRefused) as refusal:
        take(header, *rows)
    return refusal.value.problems


def test_two_boxes_of_one_bus_become_one_vehicle_and_two_packs(take, fleet):
    imported = take(
        CHINESE,
        ["K-101", code(1), "", "P-108", "在车", "", ""],
        ["K-101", "", "M-77", "P-108", "已拆", "维修更换", date(2026, 5, 2)],
    )
    coded, uncoded = imported.packs
    assert coded.vehicle_id == uncoded.vehicle_id is not None
    assert (coded.code, coded.mounting) == (code(1), Mounting.MOUNTED)
    assert uncoded.provisional_id.startswith("PB-")
    assert uncoded.maker_number == "M-77"
    assert uncoded.origin.kind is Origin.REPAIR_REPLACEMENT
    assert {coded.owner_id, coded.holder_id} == {fleet.id}
    assert (imported.summary.packs, imported.summary.vehicles, imported.summary.coded) == (2, 1, 1)


def test_english_headers_in_a_semicolon_csv_are_read_as_well(take):
    text = (
        "Fleet No;Battery Type;Mounted or removed;Origin;Origin date;Mass (kg)\n"
        "7;P-108;Removed;Dismantling;2026/5/2;412,5\n"
    )
    imported = take((), file=lambda _header, _rows: text.replace(",", ".").encode())
    assert imported.packs[0].mass_kg == Decimal("412.5")
    assert imported.packs[0].origin.occurred_on == date(2026, 5, 2)


def test_the_templates_of_both_languages_name_every_column():
    for locale in words.LOCALES:
        header = sheets.read(template(locale), "template").header
        assert [BY_HEADER[plain(name)] for name in header] == list(COLUMNS)


def test_no_spelling_means_two_columns():
    spelled = [
        plain(name)
        for column in COLUMNS
        for name in {
            plain(n) for n in (column.chinese, column.english, column.key, *column.spellings)
        }
    ]
    assert len(spelled) == len(set(spelled))


def test_all_problems_of_all_rows_are_told_and_nothing_is_written(take, session):
    header = (*CHINESE, "车架号", "质量")
    found = problems(
        take,
        header,
        ["K-1", "001XB2400000", "", "P-108", "在车", "", "", vin(1), 400],
        ["K-2", "", "", "P-999", "悬空", "", "", "LX", "heavy"],
        ["", "", "", "P-108", "", "来自火星", "2026-13-01", "", 400],
        ["K-4", code(4), "", "P-108", "在车", "", "", vin(4), 400],
    )
    assert {(problem.row, problem.column) for problem in found} == {
        (2, "电池编码"),
        (3, "电池型号"),
        (3, "安装状态"),
        (3, "来源"),
        (3, "车架号"),
        (3, "质量"),
        (4, "来源"),
        (4, "来源日期"),
    }
    assert [problem.value for problem in found if problem.column == "质量"] == ["heavy"]
    assert session.scalar(sa.select(sa.func.count()).select_from(Pack)) == 0
    assert session.scalar(sa.select(sa.func.count()).select_from(Vehicle)) == 0


def test_a_file_without_the_type_column_is_told_which(take):
    (problem,) = problems(take, ("车辆自编号", "电池编码"), ["K-1", code(1)])
    assert (problem.row, problem.column) == (0, "Battery type")


def test_two_columns_of_one_meaning_are_refused(take):
    found = problems(take, ("电池型号", "型号"), ["P-108", "P-108"])
    assert (found[0].row, found[0].column) == (0, "型号")


def test_a_code_twice_in_the_file_names_the_first_row(take):
    row = ["K-1", code(1), "", "P-108", "在车", "", ""]
    (problem,) = problems(take, CHINESE, row, row)
    assert (problem.row, problem.column, problem.error.values) == (3, "电池编码", {"row": 2})


def test_a_code_in_the_register_is_refused(take):
    take(CHINESE, ["K-1", code(1), "", "P-108", "在车", "", ""])
    (problem,) = problems(take, CHINESE, ["K-2", code(1), "", "P-108", "在车", "", ""])
    assert (problem.column, problem.value) == ("电池编码", code(1))


def test_an_uncoded_pack_is_known_again_by_its_makers_number(take):
    row = ["K-1", "", "M-1", "P-108", "在车", "", ""]
    take(CHINESE, row)
    (problem,) = problems(take, CHINESE, row, ["K-1", "", "M-2", "P-108", "在车", "", ""])
    assert (problem.row, problem.column) == (2, "厂家编号")


def test_rows_of_one_bus_do_not_contradict_each_other(take):
    header = ("车辆自编号", "车架号", "电池型号", "安装状态")
    (problem,) = problems(
        take, header, ["K-1", vin(1), "P-108", "在车"], ["K-1", vin(2), "P-108", "在车"]
    )
    assert (problem.row, problem.column) == (3, "车架号")


def test_a_bus_in_the_register_takes_another_box(take):
    row = ["K-1", code(1), "", "P-108", "在车", "", ""]
    first = take(CHINESE, row).packs[0]
    second = take(CHINESE, ["K-1", code(2), "", "P-108", "在车", "", ""])
    assert second.packs[0].vehicle_id == first.vehicle_id
    assert second.summary.vehicles == 0


def test_a_holder_is_named_or_given_by_its_credit_code(take, make):
    workshop = make.organisation(Kind.REPAIR_SHOP)
    header = ("电池型号", "来源", "来源日期", "持有单位")
    imported = take(
        header,
        ["P-108", "维修", "2026-05-02", workshop.name],
        ["P-108", "维修", "2026-05-02", workshop.credit_code.lower()],
    )
    assert {pack.holder_id for pack in imported.packs} == {workshop.id}
    (problem,) = problems(take, header, ["P-108", "维修", "2026-05-02", "某修理厂"])
    assert (problem.column, problem.value) == ("持有单位", "某修理厂")


def test_a_model_of_two_makers_asks_for_the_maker(take, make):
    other = make.pack_type(maker="亿纬锂能", model="P-108")
    header = ("车辆自编号", "电池厂家", "电池型号", "安装状态")
    (problem,) = problems(take, header, ["K-1", "", "P-108", "在车"])
    assert problem.column == "电池型号"
    assert take(header, ["K-1", "亿纬锂能", "P-108", "在车"]).packs[0].type_id == other.id


def test_a_new_yard_is_registered_and_named_before(take, session, acting, fleet, pack_type):
    header = ("车辆自编号", "电池型号", "安装状态", "停放场地")
    content = sheets.write_xlsx(header, [["K-1", "P-108", "在车", "东郊"]])
    summary = imports.check(session, acting, read(content, "x.xlsx"), at=NOW)
    assert summary.sites == ("东郊",)
    imported = imports.apply(session, acting, content, "x.xlsx", at=NOW)
    pack = imported.packs[0]
    assert (pack.site.name, pack.site.province) == ("东郊", fleet.province)
    assert pack.vehicle.site_id == pack.site_id


def test_a_conflict_of_code_and_type_is_counted_and_goes_on(take, make):
    make.pack_type(chemistry="NMC532", model="N-50")
    imported = take(CHINESE, ["K-1", code(1), "", "N-50", "在车", "", ""])
    assert imported.summary.warnings == 1
    assert imported.packs[0].warnings == ["chemistry_conflict"]


def test_a_code_from_the_future_is_told_at_its_row(take):
    (problem,) = problems(
        take, CHINESE, ["K-1", "001PB240000003H3C0221953", "", "P-108", "在车", "", ""]
    )
    assert problem.error.problem.code == "in_the_future"


def test_the_same_file_is_imported_once(take, session, acting):
    content = sheets.write_xlsx(("车辆自编号", "电池型号", "安装状态"), [["K-1", "P-108", "在车"]])
    imports.apply(session, acting, content, "x.xlsx", at=NOW)
    with pytest.raises(imports.AlreadyImported):
        imports.apply(session, acting, content, "again.xlsx", at=NOW)


def test_the_upload_is_kept_by_its_hash(take, session, acting):
    content = sheets.write_xlsx(("车辆自编号", "电池型号", "安装状态"), [["K-1", "P-108", "悬空"]])
    with pytest.raises(ImportRefused):
        imports.apply(session, acting, content, "x.xlsx", at=NOW)
    assert blobs.read(blobs.keep(content)) == content


def test_a_buyer_without_vehicles_imports_nothing(session, make):
    valuer = make.member(make.organisation(Kind.VALUER))
    content = sheets.write_xlsx(("电池型号",), [["P-108"]])
    with pytest.raises(Forbidden):
        imports.apply(session, valuer, content, "x.xlsx", at=NOW)


def test_more_rows_than_one_import_takes_are_refused():
    content = sheets.write_csv(("电池型号",), [["P-108"]] * 5001)
    with pytest.raises(TooManyPacks):
        read(content, "x.csv")


def test_unknown_columns_are_named_not_swallowed():
    reading = read(sheets.write_xlsx(("电池型号", "心情"), [["P-108", "好"]]), "x.xlsx")
    assert reading.ignored == ["心情"]


def test_reasons_are_told_in_the_readers_language(take):
    (problem,) = problems(take, ("车辆自编号", "电池型号", "安装状态"), ["K-1", "P-999", "在车"])
    assert "P-999" in problem.reason


def test_three_hundred_packs_are_imported_quickly(take):
    rows = [
        [f"K-{number // 4}", code(number), "", "P-108", "已拆", "维修更换", "2026-05-02"]
        for number in range(300)
    ]
    began = time.perf_counter()
    imported = take(CHINESE, *rows)
    took = time.perf_counter() - began
    assert (imported.summary.packs, imported.summary.vehicles) == (300, 75)
    assert took < 20  # a wide margin over about two seconds: it finds only what is quadratic
