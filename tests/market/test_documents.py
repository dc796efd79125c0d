from __future__ import annotations

import re
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from listings import words
from listings.money import Money
from market import documents, resources
from market.auctions import Delivery, PaymentTerm, PriceBasis
from market.documents import figures, glyphs
from market.handovers import Finding

AT = datetime(2026, 11, 21, 7, 0, 0, tzinfo=UTC)
FONTS = resources.root("static") / "vendor" / "fonts"
LONG = "中国石油化工集团新能源汽车动力蓄电池梯次利用与再生利用综合服务（广东省深圳市龙岗区）股份有限公司第二分公司"
HOSTILE = '#import "x": * *bold* _it_ $x^2$ @ref \\n `raw` <label> // c ~ -- #sys.inputs = head'
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="120" viewBox="0 0 400 120">'
    '<polyline points="0,20 100,30 200,60 300,65 400,90" fill="none" stroke="#0d5c63"/></svg>'
)


def party(name: str = "深圳巴士集团股份有限公司") -> documents.Party:
    return documents.Party(
        name=name,
        credit_code="91440300192186544T",
        address="广东省深圳市福田区莲花支路1001号",
        representative="张三",
        bank_name="中国工商银行深圳分行",
        bank_account="4000 0212 1920 0123 456",
    )


def terms() -> documents.Terms:
    return documents.Terms(
        price_basis=PriceBasis.PER_KWH,
        hammer_price=Money(15_250),
        quantity=Decimal("178150.2000"),
        is_quantity_provisional=True,
        amount=Money(2_716_790_550),
        is_tax_included=True,
        tax_rate=Decimal("0.1300"),
        payment_term=PaymentTerm.BEFORE_PICKUP,
        pay_until=AT + timedelta(days=5),
        delivery=Delivery.COLLECTED,
        pickup_until=date(2026, 12, 31),
        deposit=Money(260_000_000),
    )


def award_letter() -> documents.AwardLetter:
    return documents.AwardLetter(
        number="PB-A-2026-000123",
        seller=party(),
        buyer=party(LONG),
        lot_number="L-000045",
        lot_title="480 台退役公交车磷酸铁锂电池包",
        packs=[
            documents.PackGroup("LFP", 300, Decimal("105300.5"), "CATL-350"),
            documents.PackGroup("NCM", 12),
        ],
        terms=terms(),
        closed_at=AT,
        awarded_at=AT,
        operator="Packbourse",
        address="https://example.org/a/7f3k9",
    )


def contract(count: int = 300) -> documents.Contract:
    return documents.Contract(
        number="PB-C-2026-000123",
        award_number="PB-A-2026-000123",
        seller=party(),
        buyer=party(LONG),
        lot_number="L-000045",
        lot_title="480 台退役公交车磷酸铁锂电池包",
        assets=[
            documents.Asset(
                name=f"04QPE0F0{i:04d}AA8B50000{i:03d}" if i % 3 else f"TMP-{i:06d}",
                chemistry="LFP",
                model="CATL-350" if i % 2 else "",
                vehicle=f"粤B{i:05d}D",
                energy_kwh=Decimal("35.112"),
                mass_kg=Decimal("312.5") if i % 5 else None,
                grade="B",
            )
            for i in range(count)
        ],
        terms=terms(),
        drawn_up_on=date(2026, 11, 22),
        site="深圳市龙岗区坪地街道充电场 3 号库",
        seller_signer="李四, 授权委托书 2026-11",
    )


def handover_note(count: int = 300) -> documents.HandoverNote:
    found = [Finding.ACCEPTED, Finding.ACCEPTED, Finding.REJECTED, Finding.MISSING, None]
    return documents.HandoverNote(
        number="PB-H-2026-000777",
        award_number="PB-A-2026-000123",
        state="accepted",
        owner=party(),
        releaser=party("深圳换电运营有限公司"),
        carrier=party("粤港危险品运输有限公司"),
        receiver=party(LONG),
        lines=[
            documents.Line(
                f"04QPE0F0{i:04d}AA8B50000{i:03d}",
                "LFP",
                Decimal("312.5"),
                found[i % 5],
                "外壳凹陷" * (i % 5 == 2),
            )
            for i in range(count)
        ],
        site="深圳市龙岗区坪地街道充电场 3 号库",
        vehicle_plate="粤B12345D",
        un_number="UN3480",
        packing_instruction="P903",
        condition="intact",
        checklist={
            "外壳完好 Case intact": True,
            "无漏液 No leak": True,
            "电压正常 Voltage in range": None,
        },
        gross_kg=Decimal("32450.000"),
        tare_kg=Decimal("13700.500"),
        ticket="WB-8891",
        released_at=AT,
        attestations=[
            documents.Attestation("release", "深圳换电运营有限公司", "王五", AT, "device key")
        ],
        log_indexes=[128, 131],
        checkpoint="packbourse.example/log\n132\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— packbourse.example/log Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=",
        address="https://example.org/p/7f3k9s2m",
    )


def health_sheet() -> documents.HealthReportSheet:
    return documents.HealthReportSheet(
        number="PB-R-2026-000042",
        pack="04QPE0F01234AA8B50000123",
        subject="cell M03-C07",
        coverage="1 of 24 cells",
        lab="广东省动力电池检测中心",
        accreditation_number="CNAS L12345",
        accreditation_scope="GB/T 34015-2017",
        accreditation_until=date(2028, 5, 31),
        examined_on=date(2026, 11, 3),
        valid_until=date(2027, 5, 3),
        reported_at=AT,
        policy="1",
        grade="A",
        evidence_level="L2",
        is_provisional=True,
        rated_capacity_ah=Decimal("5.0000"),
        capacity_ah=Decimal("4.719432"),
        soh_q=Decimal("0.943886"),
        reasons=["Capacity from one discharge only.", "Temperature not recorded."],
        discharges=[
            documents.Discharge(
                i,
                Decimal("4.7194"),
                None if i % 2 else Decimal("17.2"),
                i > 1,
                "" if i > 1 else "Starts below full charge.",
            )
            for i in range(1, 9)
        ],
        picture=PICTURE,
        reader="neware 1.0",
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        address="https://example.org/r/42",
    )


def label(i: int = 1) -> documents.Label:
    return documents.Label(
        f"https://example.org/p/7f3k9s2m{i:04d}", f"P-{i:06d}", "LFP", "35.1 kWh"
    )


def receipt() -> documents.Receipt:
    return documents.Receipt(
        holder=LONG,
        event="release",
        subject="PB-H-2026-000777",
        recorded_at=AT,
        origin="packbourse.example/log",
        index=128,
        size=132,
        leaf_hash="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        root="60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
        checkpoint=handover_note().checkpoint,
        address="https://example.org/p/7f3k9s2m",
    )


SAMPLES: dict[str, documents.Document] = {
    "award_letter": award_letter(),
    "contract": contract(),
    "handover_note": handover_note(),
    "health_sheet": health_sheet(),
    "label": label(),
    "labels": documents.LabelSheet([label(i) for i in range(30)]),
    "receipt": receipt(),
}


def streams(pdf: bytes) -> dict[int, bytes]:
    found = {}
    for m in re.finditer(rb"(\d+) 0 obj\s*<<((?:(?!endobj).)*?)>>\s*stream\n", pdf, re.DOTALL):
        length = re.search(rb"/Length (\d+)", m[2])
        assert length
        body = pdf[m.end() : m.end() + int(length[1])]
        found[int(m[1])] = zlib.decompress(body) if b"/FlateDecode" in m[2] else body
    return found


def literal(body: bytes, at: int) -> tuple[bytes, int]:
    """The string that opens before ``at``, with its nested brackets and escapes, and its end."""
    names = dict(zip(b"nrtbf", b"\n\r\t\b\f", strict=True))
    out, depth = bytearray(), 1
    while True:
        byte = body[at]
        at += 1
        if byte == ord("\\"):
            octal = re.compile(rb"[0-7]{1,3}").match(body, at)
            out.append(int(octal[0], 8) if octal else names.get(body[at], body[at]))
            at = octal.end() if octal else at + 1
            continue
        depth += (byte == ord("(")) - (byte == ord(")"))
        if not depth:
            return bytes(out), at
        out.append(byte)


def read(pdf: bytes) -> str:
    """The text of a PDF in the order drawn, glyph by glyph through its own character maps."""
    bodies = streams(pdf)
    plain = dict(re.findall(rb"\n(\d+) 0 obj\s*(<<(?:(?!endobj).)*?>>)\s*endobj", pdf, re.DOTALL))
    text = []
    for page in plain.values():
        if parts := re.search(
            rb"/Type/Page/Resources (\d+) 0 R.*/Contents (\d+) 0 R", page, re.DOTALL
        ):
            maps = {}
            for name, number in re.findall(rb"/(f\d+) (\d+) 0 R", plain[parts[1]]):
                font = re.search(rb"/ToUnicode (\d+) 0 R", plain[number])
                assert font
                maps[name] = character_map(bodies[int(font[1])])
            text.append(drawn(bodies[int(parts[2])], maps))
    return "".join(text)


def character_map(body: bytes) -> dict[int, str]:
    pairs = re.findall(rb"<(\w{4})> <(\w+)>", body.split(b"endcodespacerange")[1])
    return {int(a, 16): bytes.fromhex(b.decode()).decode("utf-16-be") for a, b in pairs}


def drawn(body: bytes, maps: dict[bytes, dict[int, str]]) -> str:
    words, font, at = [], b"", 0
    token = re.compile(rb"/(f\d+) [\d.]+ Tf|\(|(?<!ActualText)<([0-9A-Fa-f]+)>")
    while m := token.search(body, at):
        at = m.end()
        if m[1]:
            font = m[1]
            continue
        codes = bytes.fromhex(m[2].decode()) if m[2] else b""
        if m[0] == b"(":
            codes, at = literal(body, at)
        words += [
            maps.get(font, {}).get(a << 8 | b, "")
            for a, b in zip(codes[::2], codes[1::2], strict=False)
        ]
    return "".join(words)


@pytest.mark.parametrize("locale", words.LOCALES)
@pytest.mark.parametrize("name", SAMPLES)
def test_every_document_is_an_archivable_pdf_in_both_languages(name: str, locale: str) -> None:
    pdf = documents.render(SAMPLES[name], locale=locale, at=AT)
    assert pdf.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>3</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in pdf


@pytest.mark.parametrize("name", SAMPLES)
def test_the_same_input_gives_the_same_bytes_and_another_instant_does_not(name: str) -> None:
    first = documents.render(SAMPLES[name], locale="en", at=AT)
    assert documents.render(SAMPLES[name], locale="en", at=AT) == first
    other_zone = AT.astimezone(timezone(timedelta(hours=8)))
    assert documents.render(SAMPLES[name], locale="en", at=other_zone) == first
    assert documents.render(SAMPLES[name], locale="en", at=AT + timedelta(seconds=1)) != first


def test_words_of_users_are_never_markup() -> None:
    text = read(documents.render(replace(award_letter(), lot_title=HOSTILE), locale="en", at=AT))
    assert HOSTILE.replace(" ", "") in text.replace(" ", "")


@pytest.mark.parametrize("mark", ["\u202e", "\x00", "\x07", "\u200b", "\u2066", "\ufeff"])
def test_marks_that_hide_or_reorder_text_are_left_out(mark: str) -> None:
    text = read(
        documents.render(replace(award_letter(), lot_title=f"ab{mark}cd"), locale="en", at=AT)
    )
    assert "abcd" in text


def test_what_the_font_lacks_is_named_and_does_not_stop_the_document() -> None:
    text = read(documents.render(replace(award_letter(), lot_title="a😀b"), locale="en", at=AT))
    assert "a〔U+1F600〕b" in text


def test_the_fonts_draw_every_character_of_gb2312() -> None:
    rows = range(0xB0, 0xF8)
    pairs = [bytes([row, cell]) for row in rows for cell in range(0xA1, 0xFF)]
    hanzi = [pair.decode("gb2312") for pair in pairs if not (pair[0] == 0xD7 and pair[1] > 0xF9)]
    assert len(hanzi) == 6763
    for font in FONTS.glob("*.ttf"):
        assert not [c for c in hanzi if ord(c) not in glyphs.covered(font)], font.name


def test_the_character_map_agrees_with_what_is_drawn() -> None:
    title = "镕喆堃磷酸铁锂々㎏"
    points = glyphs.covered(FONTS / "NotoSansSC-Regular.ttf")
    text = read(documents.render(replace(award_letter(), lot_title=title), locale="en", at=AT))
    assert glyphs.drawable(title, points) in text


def test_a_long_asset_list_repeats_its_head_and_ends_with_its_sum() -> None:
    text = read(documents.render(contract(300), locale="en", at=AT))
    assert text.count("Pack code") > 5
    assert "Sum of 300 packs10,533.6" in text.replace("—", "")
    assert all(f"TMP-{i:06d}" in text for i in range(0, 300, 3))


def test_a_sum_with_an_unknown_part_is_not_given() -> None:
    assert figures.total([Decimal(1), None]) is None
    assert figures.total([Decimal(1), Decimal("2.5")]) == Decimal("3.5")


def test_a_contract_in_chinese_has_its_amount_in_capitals() -> None:
    assert "人民币贰仟柒佰壹拾陆万柒仟玖佰零伍元伍角整" in read(
        documents.render(contract(1), locale="zh_Hans_CN", at=AT)
    )
    assert "人民币" not in read(documents.render(contract(1), locale="en", at=AT))


@pytest.mark.parametrize("basis", PriceBasis)
@pytest.mark.parametrize("payment", PaymentTerm)
def test_every_basis_and_payment_term_is_said(basis: PriceBasis, payment: PaymentTerm) -> None:
    other = replace(
        terms(), price_basis=basis, payment_term=payment, deposit=None, delivery=Delivery.DELIVERED
    )
    text = read(documents.render(replace(contract(1), terms=other), locale="en", at=AT))
    unit = {
        "lump_sum": "forthewholelot",
        "per_kwh": "perkWh",
        "per_tonne": "pertonne",
        "per_pack": "perpack",
    }
    assert f"CNY152.50{unit[basis]}" in text.replace(" ", "")
    assert ("clientaccount" in text.replace(" ", "")) == (payment is PaymentTerm.ON_ACCEPTANCE)


def test_a_negative_amount_says_who_pays() -> None:
    other = replace(terms(), hammer_price=Money(-15_000), amount=Money(-1_200_000), deposit=None)
    text = read(documents.render(replace(contract(1), terms=other), locale="zh_Hans_CN", at=AT))
    assert "人民币负壹万贰仟元整" in text


def test_a_handover_note_counts_what_was_found_and_weighs_net() -> None:
    text = read(documents.render(handover_note(10), locale="en", at=AT))
    assert "32,45013,700.518,749.5" in text
    assert "104222" in text  # declared, accepted, rejected, missing, not yet looked at


def test_empty_optional_fields_are_dashes_and_absent_rows_are_said() -> None:
    note = documents.HandoverNote(
        number="H",
        award_number="A",
        state="draft",
        owner=party(),
        releaser=party(),
        receiver=party(),
        lines=[],
    )
    text = read(documents.render(note, locale="en", at=AT))
    for said in (
        "Not weighed.",
        "Not yet signed.",
        "Not yet checked.",
        "No pack is declared.",
        "—",
    ):
        assert said.replace(" ", "") in text.replace(" ", "")


def test_an_instant_names_its_zone() -> None:
    with words.speaking("en"):
        assert figures.instant(AT) == "21 November 2026 15:00:00 (Asia/Shanghai)"
    with words.speaking("zh_Hans_CN"):
        assert figures.instant(AT) == "2026年11月21日 15:00:00 (Asia/Shanghai)"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("178150.2000"), "178,150.2"),
        (Decimal(1000), "1,000"),
        (0, "0"),
        (Decimal("1E+3"), "1,000"),
        (None, "—"),
    ],
)
def test_numbers_have_thousands_and_no_empty_places(
    value: Decimal | int | None, shown: str
) -> None:
    assert figures.number(value) == shown


def test_a_label_shows_neither_code_nor_name_of_the_customer() -> None:
    text = read(documents.render(label(), locale="en", at=AT))
    assert "P-000001" in text
    assert "class 9" in text


def test_missing_fonts_are_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "root", lambda kind: tmp_path)
    with pytest.raises(documents.FontsMissing, match="front-end packages"):
        documents.render(label(), locale="en", at=AT)
