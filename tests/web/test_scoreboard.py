"""The scoreboard, disputes of its lines, and reference values, through the browser's eyes."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import date, timedelta
from html import unescape

import pytest
import scored
from make import NOW

from listings import db
from listings.parties import Acting, Kind, Role
from pricing import forecasts, indices, outcomes, references
from pricing.references import ReferenceValue

START = NOW - timedelta(days=60)


@dataclass
class Board:
    """Three valuers with editions in force, two sales that were scored, a lot on sale."""

    valuer: Acting
    other: Acting
    operator: Acting
    seller: Acting
    lot_id: int
    pack_id: int
    guide_id: int
    line_id: int
    conflicted_id: int


@pytest.fixture
def board(made) -> Board:
    with made() as make:
        session = make.session
        indices.seed(session, at=START)
        valuers = [make.organisation(Kind.VALUER) for _ in range(3)]
        first = scored.issue(make, valuers[0], at=START)
        for valuer, factor in zip(valuers[1:], (1.4, 0.8), strict=True):
            scored.issue(make, valuer, factor, at=START)
        scored.issue(make, valuers[0], 1.1, at=NOW - timedelta(days=30), guide=first.guide)
        seller, buyer = make.organisation(Kind.FLEET_OWNER), make.recycler()
        scored.sell(make, seller, buyer, 11_000, at=NOW - timedelta(days=2))
        scored.sell(make, seller, valuers[0], 11_000, at=NOW - timedelta(days=1))
        outcomes.keep_due(session, at=NOW)
        mine = [f for f in forecasts.known(session, at=NOW) if f.guide_id == first.guide_id]
        pack = make.pack(seller, made_on=date(2018, 3, 1))
        lot = make.lot(seller, [pack])
        return Board(
            valuer=make.member(valuers[0]),
            other=make.member(valuers[1]),
            operator=make.member(make.organisation(Kind.OPERATOR)),
            seller=make.member(seller, Role.ADMIN),
            lot_id=lot.id,
            pack_id=pack.id,
            guide_id=first.guide_id,
            line_id=next(f.id for f in mine if f.said),
            conflicted_id=next(f.id for f in mine if not f.said),
        )


def text(answer) -> str:
    assert answer.status_code == 200, answer.status
    return " ".join(unescape(answer.get_data(as_text=True)).split())


def test_the_scoreboard_ranks_nobody_on_few_sales_and_counts_conflicts(board, client):
    page = text(client.get("/scoreboard"))
    assert "1 of 20" in page
    assert "2 of 20" in page  # the others were strangers to both sales
    assert "conflicts: 1" in page


def test_a_cell_holds_its_own_sales_and_an_unknown_one_none(board, client):
    assert "1 of 20" in text(client.get("/scoreboard?chemistry=LFP&route=cascade&quarter=2026Q2"))
    assert "No sale of this kind" in text(client.get("/scoreboard?chemistry=NMC622"))


def test_a_record_shows_every_line_and_why_one_is_left_out(board, client):
    page = text(client.get(f"/scoreboard/guides/{board.guide_id}"))
    assert "1 of the 20 sales that a rank takes" in page
    assert "conflict of interest" in page
    line = text(client.get(f"/scoreboard/lines/{board.conflicted_id}"))
    assert "it or its group owns, sells or bids for it" in line


def test_the_csv_has_every_line_with_amounts_as_decimals(board, client):
    answer = client.get(f"/scoreboard/guides/{board.guide_id}.csv")
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    said, conflicted = sorted(rows, key=lambda row: row["state"], reverse=True)
    assert (said["state"], said["counts"], said["price"]) == ("said", "yes", "11000.00")
    assert float(said["interval_score"]) > 0
    assert said["edition_before"]
    assert (conflicted["state"], conflicted["value"], conflicted["counts"]) == (
        "conflicted",
        "",
        "no",
    )
    assert len(list(csv.reader(io.StringIO(client.get("/scoreboard.csv").text)))) == 1 + 6


def test_the_evidence_of_a_line_computes_it_again(board, client):
    from pricing import values
    from pricing.coefficients import GuideCoefficients

    found = json.loads(client.get(f"/scoreboard/lines/{board.line_id}.json").text)
    for said, edition in (
        (found["said"], found["edition"]),
        (found["before"]["said"], found["before"]["edition"]),
    ):
        result = values.compute(
            found["inputs"], GuideCoefficients.from_json(edition["coefficients"])
        )
        [route] = [r for r in result["routes"] if r["name"] == found["sale"]["route"]]
        assert route["total_minor"] == said["value_minor"]
        assert route["low_minor"] == said["low_minor"]
    assert client.get(f"/scoreboard/lines/{board.conflicted_id}.json").status_code == 200


def test_a_valuer_disputes_its_line_and_the_operator_answers(board, client, sign_in):
    address = f"/scoreboard/lines/{board.line_id}"
    valuer, operator = sign_in(board.valuer), sign_in(board.operator)
    assert "Dispute this line" in text(valuer.get(address))
    assert "Dispute this line" not in text(client.get(address))
    assert valuer.post(f"{address}/dispute", data={"reason": " "}).status_code == 422
    assert valuer.post(f"{address}/dispute", data={"reason": "Sold with a bus."}).status_code == 303
    assert valuer.post(f"{address}/dispute", data={"reason": "Again."}).status_code == 409
    assert "1 disputed line waits" in text(operator.get("/scoreboard"))
    with db.transaction() as session:
        [row] = references.scoreboard.score_disputes.waiting(session)
    decision = {"outcome": "upheld", "answer": "So it was."}
    assert valuer.post(f"{address}/disputes/{row.id}", data=decision).status_code == 403
    other = f"/scoreboard/lines/{board.conflicted_id}/disputes/{row.id}"
    assert operator.post(other, data=decision).status_code == 404
    silent = operator.post(f"{address}/disputes/{row.id}", data={"outcome": "upheld"})
    assert silent.status_code == 422
    assert "What the guide had said" in silent.text
    assert operator.post(f"{address}/disputes/{row.id}", data=decision).status_code == 303
    page = text(client.get(address))
    assert "Sold with a bus." in page
    assert "So it was." in page
    assert "0 of the 20" in text(client.get(f"/scoreboard/guides/{board.guide_id}"))


def test_another_valuer_cannot_dispute_the_line(board, sign_in):
    other = sign_in(board.other)
    address = f"/scoreboard/lines/{board.line_id}"
    assert "Dispute this line" not in text(other.get(address))
    assert other.post(f"{address}/dispute", data={"reason": "Not mine."}).status_code == 403


def test_a_lot_shows_what_three_valuers_agree_on_and_who_weighs_what(board, client, sign_in):
    page = text(client.get(f"/values/lot/{board.lot_id}"))
    assert "Agreed by 3 independent valuers" in page
    assert "33.3" in page
    assert "All weigh the same" in page
    assert "of 19 sales that it takes are known" in page
    own = text(sign_in(board.seller).get(f"/lots/{board.lot_id}"))
    assert "Reference value of 3 independent valuers" in own
    with db.transaction() as session:
        ident = session.query(ReferenceValue.id).scalar()
    record = json.loads(client.get(f"/values/reference/{ident}.json").text)
    assert len(record["voices"]) == 3
    assert record["value_minor"] == sorted(v["value_minor"] for v in record["voices"])[1]


def test_a_pack_shows_the_reference_value_too(board, sign_in):
    seller = sign_in(board.seller)
    assert "Reference value of 3 independent valuers" in text(seller.get(f"/packs/{board.pack_id}"))
    assert "Agreed by 3 independent valuers" in text(seller.get(f"/packs/{board.pack_id}/value"))


def test_a_conflicted_valuer_leaves_too_few(board, client, made):
    with made() as make:
        owner = make.session.get_one(type(make.organisation()), board.valuer.organisation_id)
        lot_id = make.lot(owner, [make.pack(owner)]).id
    page = text(client.get(f"/values/lot/{lot_id}"))
    assert "2 valuers give a value; a reference value needs at least 3." in page
