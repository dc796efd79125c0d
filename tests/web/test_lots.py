"""The way of a lot on pages: draft, terms, confirmation, bids, deposit."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from make import NOW

from listings import db
from listings.lots import Lot, LotState
from listings.money import Money
from listings.parties import Kind, Organisation, Role
from market import bids, deposits
from market.auctions import Auction
from market.bids import Bid


@pytest.fixture
def market(made):
    """A seller's trader, two buyers' traders, and an open sale of one pack."""
    with made() as make:
        make.organisation(
            Kind.OPERATOR, name="运营方", bank_name="工商银行", bank_account="6222000011"
        )
        seller = make.organisation(Kind.FLEET_OWNER, name_en="Hefei Bus")
        lot = make.lot(seller, title="一包磷酸铁锂")
        auction = make.auction(lot, deposit_minor=0, reserve_minor=500_00)
        people = [make.member(make.recycler(), Role.TRADER) for _ in range(2)]
        return {
            "lot": lot.id,
            "auction": auction.id,
            "seller": make.member(seller, Role.TRADER),
            "buyers": people,
            "packs": [make.pack(seller).id, make.pack(seller).id],
        }


def place(market, who, yuan, key="k"):
    with db.transaction() as session:
        bids.place(
            session,
            market["buyers"][who],
            market["auction"],
            Money.parse(yuan),
            clock=lambda: NOW,
            form_key=f"{who}{yuan}",
        )


def sent(page, **changed):
    """The hidden fields of a confirmation page, as a browser would send them."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
    return dict(fields) | changed


def bidding(client, market, yuan):
    return client.post(
        f"/lots/{market['lot']}/bid/check", data={"maximum": yuan, "form_key": "form-1"}
    )


def test_a_visitor_reads_the_lot_and_is_asked_to_sign_in(client, market):
    page = client.get(f"/lots/{market['lot']}")
    assert page.status_code == 200
    for said in ("一包磷酸铁锂", "Hefei Bus", "¥10.00", "Reserve not met", "Sign in to bid"):
        assert said in page.text
    assert "500.00" not in page.text


def test_a_draft_is_its_sellers_own(client, sign_in, made):
    with made() as make:
        seller = make.organisation(Kind.FLEET_OWNER)
        lot = make.lot(seller, state=LotState.DRAFT).id
        trader, stranger = make.member(seller), make.member(make.organisation(Kind.FLEET_OWNER))
    assert client.get(f"/lots/{lot}").status_code == 404
    assert sign_in(stranger).get(f"/lots/{lot}").status_code == 404
    assert "Only your organisation sees this draft" in sign_in(trader).get(f"/lots/{lot}").text
    for address in (f"/lots/{lot}/terms", f"/lots/{lot}/edit"):
        assert sign_in(stranger).get(address).status_code == 404


def test_a_seller_goes_from_packs_to_a_sale(sign_in, market):
    browser = sign_in(market["seller"])
    form = {"title": "两包", "route": "cascade", "pack_ids": market["packs"]}
    assert "Choose" in browser.get("/lots/new").text

    made = browser.post("/lots/new", data=form)
    assert made.status_code == 303
    address = made.headers["Location"]
    assert browser.get(address).status_code == 200
    terms = {
        "price_basis": "per_kwh",
        "start": "150",
        "increments": "0 1.00\n200 2.00",
        "is_tax_included": "1",
        "tax_percent": "13",
        "deposit": "5000",
        "payment_term": "before_pickup",
        "payment_days": "5",
        "delivery": "collected",
        "window": "5",
        "extension": "5",
        "closes_at": "2026-06-11T16:00",
    }
    confirm = browser.post(address, data=terms)
    assert confirm.status_code == 200
    for said in ("¥150.00", "128 kWh", "¥19,200.00 in total", "26.0 %"):
        assert said in confirm.text
    with db.transaction() as session:
        assert session.scalar(sa.select(sa.func.count(Auction.id))) == 1

    published = browser.post(
        address.replace("terms", "publish"), data=sent(confirm, increments="0 1.00\n200 2.00")
    )
    assert published.status_code == 303
    with db.transaction() as session:
        auction = session.scalars(sa.select(Auction).order_by(Auction.id.desc())).first()
        assert auction.increments == [[0, 100], [20_000, 200]]
        assert auction.opens_at == NOW
        assert session.get(Lot, auction.lot_id).state is LotState.CATALOGUED
    assert "两包" in browser.get("/catalogue").text
    assert "On sale" in browser.get("/lots").text


def test_wrong_terms_are_said_by_field_and_stay_typed(sign_in, market):
    browser = sign_in(market["seller"])
    address = browser.post(
        "/lots/new", data={"title": "两包", "route": "cascade", "pack_ids": market["packs"]}
    ).headers["Location"]
    page = browser.post(
        address,
        data={
            "price_basis": "lump_sum",
            "start": "abc",
            "increments": "1 2 3",
            "closes_at": "soon",
            "payment_term": "before_pickup",
            "payment_days": "5",
            "delivery": "collected",
        },
    )
    assert page.status_code == 422
    for said in ("“abc” is not an amount", "Write one line for each band", "“soon” is not"):
        assert said in page.text
    assert 'value="abc"' in page.text


def test_a_lot_without_packs_is_refused_with_its_field(sign_in, market):
    page = sign_in(market["seller"]).post("/lots/new", data={"title": "x", "route": "cascade"})
    assert page.status_code == 422
    assert 'href="#f-pack_ids"' in page.text


def test_a_bid_is_confirmed_with_the_amount_in_words_and_then_stands(sign_in, market):
    browser = sign_in(market["buyers"][0])
    confirm = bidding(browser, market, "1,234.50")
    assert "人民币壹仟贰佰叁拾肆元伍角整" in confirm.text

    answer = browser.post(f"/lots/{market['lot']}/bid", data=sent(confirm))

    assert answer.status_code == 303
    page = browser.get(answer.headers["Location"]).text
    for said in ("Your organisation leads", "your maximum ¥1,234.50", "Reserve met", "¥500.00"):
        assert said in page
    assert "Leading" in browser.get("/bids").text


def test_nobody_else_reads_a_maximum(client, sign_in, market):
    place(market, 0, "1234.50")
    for browser in (client, sign_in(market["buyers"][1]), sign_in(market["seller"])):
        for address in (f"/lots/{market['lot']}", f"/lots/{market['lot']}/status", "/catalogue"):
            assert "1,234.50" not in browser.get(address).text


def test_a_double_click_on_the_confirmation_is_one_bid(sign_in, market):
    browser = sign_in(market["buyers"][0])
    fields = sent(bidding(browser, market, "80"))
    for _ in range(2):
        assert browser.post(f"/lots/{market['lot']}/bid", data=fields).status_code == 303
    with db.transaction() as session:
        assert session.scalar(sa.select(sa.func.count(Bid.id))) == 1


def test_a_bid_that_is_too_low_is_said_beside_the_field_and_stays_typed(sign_in, market):
    page = bidding(sign_in(market["buyers"][0]), market, "9.99")
    assert page.status_code == 422
    assert "Your maximum must be at least 10.00 CNY" in page.text
    assert 'value="9.99"' in page.text


def test_a_bid_overtaken_on_the_confirmation_page_is_refused(sign_in, market):
    browser = sign_in(market["buyers"][0])
    confirm = bidding(browser, market, "20")
    place(market, 1, "600")
    page = browser.post(f"/lots/{market['lot']}/bid", data=sent(confirm))
    assert page.status_code == 422
    assert "must be at least" in page.text


def test_a_bid_after_the_end_is_a_conflict(sign_in, market, clock):
    browser = sign_in(market["buyers"][0])
    confirm = bidding(browser, market, "20")
    clock.at = NOW + timedelta(hours=1)
    page = browser.post(f"/lots/{market['lot']}/bid", data=sent(confirm) | {"password": "x"})
    assert page.status_code in {409, 422}
    with db.transaction() as session:
        assert session.scalar(sa.select(sa.func.count(Bid.id))) == 0


def test_an_old_sign_in_is_asked_for_the_password(sign_in, market):
    browser = sign_in(market["buyers"][0], is_recent=False)
    confirm = bidding(browser, market, "20")
    assert 'name="password"' in confirm.text
    page = browser.post(f"/lots/{market['lot']}/bid", data=sent(confirm))
    assert page.status_code == 422
    assert "Enter your password" in page.text


def test_the_live_part_follows_the_sale(client, market):
    before = client.get(f"/lots/{market['lot']}/status").text
    place(market, 0, "80")
    place(market, 1, "90")
    after = client.get(f"/lots/{market['lot']}/status").text
    assert 'data-price="1000"' in before
    assert 'data-price="8100"' in after
    assert "<html" not in after
    assert "Bidder 2" in after


def test_what_is_lacking_is_said_instead_of_the_form(sign_in, made, market):
    with made() as make:
        stranger = make.member(make.organisation(Kind.SECOND_LIFE))
    page = sign_in(stranger).get(f"/lots/{market['lot']}").text
    assert "Before you can bid" in page
    assert 'name="maximum"' not in page


def test_the_deposit_page_shows_where_to_send_it(sign_in, made, market):
    with made() as make:
        sale = make.auction(make.lot(make.organisation()), deposit_minor=200_00)
        lot, ident = sale.lot_id, sale.id
    buyer = market["buyers"][0]
    browser = sign_in(buyer)
    assert "Deposit of ¥200.00" in browser.get(f"/lots/{lot}").text
    assert "6222000011" not in browser.get(f"/lots/{lot}/deposit").text

    assert browser.post(f"/lots/{lot}/deposit").status_code == 303

    with db.transaction() as session:
        found = deposits.of(session, ident, buyer.organisation_id)
    page = browser.get(f"/lots/{lot}/deposit").text
    for said in ("¥200.00", found.reference, "工商银行", "6222000011"):
        assert said in page
    assert found.reference in browser.get("/deposits").text
    assert found.reference not in sign_in(market["buyers"][1]).get("/deposits").text


def test_four_eyes_from_the_confirmation_to_the_bid(sign_in, made, market):
    with made() as make:
        firm = make.recycler(has_four_eyes=True)
        clerk, approver = make.member(firm, Role.CLERK), make.member(firm, Role.APPROVER)
    preparing, approving = sign_in(clerk), sign_in(approver)
    confirm = bidding(preparing, market, "80")
    assert "Send to the second person" in confirm.text
    preparing.post(f"/lots/{market['lot']}/bid", data=sent(confirm))
    assert "Approve: this places the bid" not in preparing.get("/bids").text
    page = approving.get("/bids").text
    address = re.search(r'action="(/proposals/\d+/approve)"', page).group(1)

    assert approving.post(address).status_code == 303

    with db.transaction() as session:
        bid = session.scalars(sa.select(Bid)).one()
        assert (bid.user_id, bid.approved_by) == (clerk.user_id, approver.user_id)


def test_a_seller_withdraws_while_nobody_bid(sign_in, market):
    browser = sign_in(market["seller"])
    assert "Withdraw" in browser.get(f"/lots/{market['lot']}/withdraw").text
    assert browser.post(f"/lots/{market['lot']}/withdraw").status_code == 303
    assert "一包磷酸铁锂" not in browser.get("/catalogue").text


def test_another_seller_withdraws_nothing(sign_in, made, market):
    with made() as make:
        stranger = make.member(make.organisation(Kind.FLEET_OWNER))
    assert sign_in(stranger).post(f"/lots/{market['lot']}/withdraw").status_code == 404


def test_empty_lists_say_what_will_stand_there(sign_in, made):
    with made() as make:
        seller = make.member(make.organisation(Kind.FLEET_OWNER))
        buyer = make.member(make.recycler())
    assert "Your lots stand here" in sign_in(seller).get("/lots").text
    assert "Packs with an origin event" in sign_in(seller).get("/lots/new").text
    assert "It has not bid yet" in sign_in(buyer).get("/bids").text
    assert "There are none yet" in sign_in(buyer).get("/deposits").text
    assert "Lots on sale stand here" in sign_in(buyer).get("/catalogue").text


def test_the_catalogue_filters_by_its_address(client, market):
    lot = f"/lots/{market['lot']}"
    assert lot in client.get("/catalogue?chemistry=LFP&kwh_from=10&price_to=10.00").text
    assert lot not in client.get("/catalogue?chemistry=NCA").text
    assert lot not in client.get("/catalogue?stage=closed").text
    assert lot in client.get("/catalogue?stage=all&q=Hefei&sort=price").text


def test_a_filter_that_cannot_be_read_is_said_and_left_out(client, market):
    page = client.get("/catalogue?kwh_from=many&sort=nonsense")
    assert page.status_code == 200
    assert "“many” is not a number" in page.text
    assert f"/lots/{market['lot']}" in page.text


def test_the_catalogue_as_csv_has_a_line_for_each_lot(client, market):
    answer = client.get("/catalogue.csv")
    assert answer.mimetype == "text/csv"
    head, *lines = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    [line] = [dict(zip(head, line, strict=True)) for line in lines]
    assert line["title"] == "一包磷酸铁锂"
    assert (line["lot"], line["chemistry"], line["kwh"]) == (str(market["lot"]), "LFP", "64.0000")
    assert (line["price"], line["currency"], line["grade"]) == ("10.00", "CNY", "")
    assert "500.00" not in answer.text


def test_a_visitor_sees_only_the_ends_of_pack_codes(client, sign_in, market):
    with db.transaction() as session:
        names = [pack.name for pack in session.get_one(Lot, market["lot"]).packs]
    address = f"/lots/{market['lot']}"
    visited, signed_in = client.get(address).text, sign_in(market["buyers"][0]).get(address).text
    for name in names:
        assert name not in visited
        assert name in signed_in


def test_neither_reserve_nor_maxima_nor_bidders_are_said_to_rivals(client, sign_in, market, made):
    place(market, 0, "87.65")
    place(market, 1, "43.21")
    with made() as make:
        regulator = make.member(make.organisation(Kind.REGULATOR))
    with db.transaction() as session:
        leader = session.get_one(Organisation, market["buyers"][0].organisation_id)
    browsers = [client, *(sign_in(one) for one in (market["buyers"][1], regulator))]
    browsers.append(sign_in(market["seller"]))
    paths = [f"/lots/{market['lot']}{more}" for more in ("", "/status")]
    for number, browser in enumerate(browsers):
        for path in [*paths, "/catalogue", "/catalogue.csv", "/"]:
            text = browser.get(path).text
            assert "87.65" not in text
            assert leader.name not in text
            assert str(leader.name_en) not in text
            assert "500.00" not in text or number == len(browsers) - 1
