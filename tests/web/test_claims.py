"""Claiming at a fixed price on pages: from the terms to the award."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from make import NOW

from listings import db
from listings.parties import Kind, Role
from market import claims
from market.auctions import Auction, Format
from market.awards import Award

TERMS = {
    "format": "fixed_price",
    "price_basis": "lump_sum",
    "start": "1234.50",
    "increments": "",
    "is_tax_included": "1",
    "tax_percent": "13",
    "payment_term": "before_pickup",
    "payment_days": "5",
    "delivery": "collected",
    "window": "5",
    "extension": "5",
    "closes_at": "2026-06-11T16:00",
}


@pytest.fixture
def market(made):
    """A seller's trader, two buyers' traders, and a lot for 1,234.50 yuan."""
    with made() as make:
        seller = make.organisation(Kind.FLEET_OWNER)
        lot = make.lot(seller, title="一包磷酸铁锂")
        auction = make.auction(lot, format=Format.FIXED_PRICE, start_minor=1234_50)
        return {
            "lot": lot.id,
            "auction": auction.id,
            "seller": make.member(seller, Role.TRADER),
            "buyers": [make.member(make.recycler(), Role.TRADER) for _ in range(2)],
            "packs": [make.pack(seller).id],
        }


def sent(page, **changed):
    """The hidden fields of a page, as a browser would send them."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
    return dict(fields) | changed


def taken_by(market, who):
    with db.transaction() as session:
        claims.claim(
            session, market["buyers"][who], market["auction"], clock=lambda: NOW, form_key="taken"
        )


def awards():
    with db.transaction() as session:
        return session.scalars(sa.select(Award)).all()


def test_a_seller_sets_a_fixed_price_without_increments(sign_in, market):
    browser = sign_in(market["seller"])
    form = {"title": "标准包", "route": "cascade", "pack_ids": market["packs"]}
    address = browser.post("/lots/new", data=form).headers["Location"]
    assert "Fixed price, first to claim" in browser.get(address).text

    confirm = browser.post(address, data=TERMS)
    assert confirm.status_code == 200
    assert "Fixed price, first to claim" in confirm.text
    assert "Increments" not in confirm.text
    published = browser.post(address.replace("terms", "publish"), data=sent(confirm))

    assert published.status_code == 303
    with db.transaction() as session:
        sale = session.scalars(sa.select(Auction).order_by(Auction.id.desc())).first()
        assert (sale.format, sale.start_minor) == (Format.FIXED_PRICE, 1234_50)
    assert "标准包" in browser.get("/catalogue").text


def test_what_only_bids_have_a_use_for_is_left_aside_at_a_fixed_price(sign_in, market):
    """Without the style sheet these fields are in sight, whatever the format."""
    browser = sign_in(market["seller"])
    form = {"title": "标准包", "route": "cascade", "pack_ids": market["packs"]}
    address = browser.post("/lots/new", data=form).headers["Location"]
    more = {"reserve": "2000", "increments": "nonsense", "window": "a while", "hard_end": "never"}

    confirm = browser.post(address, data=TERMS | more)
    assert confirm.status_code == 200
    assert "the floor and the reserve that you entered do not count" in confirm.text
    assert "Hidden reserve" not in confirm.text
    browser.post(address.replace("terms", "publish"), data=sent(confirm))
    with db.transaction() as session:
        sale = session.scalars(sa.select(Auction).order_by(Auction.id.desc())).first()
        assert (sale.format, sale.reserve_minor, sale.hard_end) == (Format.FIXED_PRICE, None, None)


def test_terms_that_are_refused_keep_the_format_and_what_it_leaves_aside(sign_in, market):
    browser = sign_in(market["seller"])
    form = {"title": "标准包", "route": "cascade", "pack_ids": market["packs"]}
    address = browser.post("/lots/new", data=form).headers["Location"]
    page = browser.post(address, data=TERMS | {"start": "", "reserve": "2000"})
    assert page.status_code == 422
    assert 'value="fixed_price" checked' in page.text
    assert 'name="reserve" type="text" value="2000"' in page.text
    assert 'href="#f-start">Start price or fixed price' in page.text

    bids_ = browser.post(address, data=TERMS | {"format": "english", "reserve": "2000"})
    assert bids_.status_code == 422  # the increments are missing
    assert 'href="#f-increments"' in bids_.text


def test_the_lot_page_names_the_price_and_nothing_of_bids(client, market):
    page = client.get(f"/lots/{market['lot']}").text
    for said in ("¥1,234.50", "For sale at a fixed price", "Sign in to claim it"):
        assert said in page
    for unsaid in ("Start price", "Late bids", "Increments", "No reserve", "Nobody has bid"):
        assert unsaid not in page
    assert "fixed price" in client.get("/catalogue").text


def test_a_buyer_claims_and_arrives_at_the_award(sign_in, market):
    browser = sign_in(market["buyers"][0])
    lot = f"/lots/{market['lot']}"
    assert f'href="{lot}/claim"' in browser.get(lot).text
    confirm = browser.get(f"{lot}/claim")
    assert "人民币壹仟贰佰叁拾肆元伍角整" in confirm.text

    answer = browser.post(f"{lot}/claim", data=sent(confirm))

    assert answer.status_code == 303
    [award] = awards()
    assert answer.headers["Location"] == f"/awards/{award.id}"
    assert "Your organisation bought the lot" in browser.get(answer.headers["Location"]).text
    page = browser.get(lot).text
    assert "Your organisation bought it" in page
    assert "Claim at" not in page
    assert "¥1,234.50" in browser.get("/bids").text


def test_a_double_click_leads_to_the_same_award(sign_in, market):
    browser = sign_in(market["buyers"][0])
    address = f"/lots/{market['lot']}/claim"
    fields = sent(browser.get(address))
    answers = [browser.post(address, data=fields) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert len(awards()) == 1


def test_who_comes_second_is_told_on_the_lot_page(sign_in, market):
    browser = sign_in(market["buyers"][0])
    address = f"/lots/{market['lot']}/claim"
    confirm = browser.get(address)
    taken_by(market, 1)
    for page in (browser.post(address, data=sent(confirm)), browser.get(address)):
        assert page.status_code == 409
        assert "claimed already" in page.text


def test_a_claim_asks_for_the_password_again(sign_in, market):
    address = f"/lots/{market['lot']}/claim"
    fields = sent(sign_in(market["buyers"][0]).get(address))
    page = sign_in(market["buyers"][0], is_recent=False).post(address, data=fields)
    assert page.status_code == 422
    assert "Enter your password" in page.text
    assert f'value="{fields["form_key"]}"' in page.text
    assert awards() == []


def test_a_bid_on_a_fixed_price_is_refused_with_a_sentence(sign_in, market):
    browser = sign_in(market["buyers"][0])
    for address in ("bid", "bid/check"):
        page = browser.post(
            f"/lots/{market['lot']}/{address}", data={"maximum": "2000", "form_key": "k"}
        )
        assert page.status_code == 409
        assert "takes no bids" in page.text


def test_after_the_end_nothing_can_be_claimed(sign_in, market, clock):
    browser = sign_in(market["buyers"][0])
    clock.at = NOW + timedelta(hours=1)
    page = browser.get(f"/lots/{market['lot']}/claim")
    assert page.status_code == 409
    assert "This sale is over" in page.text


# Four eyes


@pytest.fixture
def two(made):
    """The clerk and the approver of a firm with four eyes."""
    with made() as make:
        firm = make.recycler(has_four_eyes=True)
        return make.member(firm, Role.CLERK), make.member(firm, Role.APPROVER)


def prepare(browser, market):
    """Send the form of the first person; the page behind it."""
    address = f"/lots/{market['lot']}/claim"
    confirm = browser.get(address)
    assert "Prepare the claim for approval" in confirm.text
    answer = browser.post(address, data=sent(confirm))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/bids")
    return browser.get("/bids").text


def approval(page):
    """Where the button of the second person sends its form."""
    return re.search(r'action="(/proposals/\d+/claim)"', page).group(1)


def test_one_person_prepares_a_claim_and_another_approves_it(sign_in, market, two):
    clerk, approver = two
    first = sign_in(clerk)
    lot = f"/lots/{market['lot']}"
    assert "Prepare a claim at ¥1,234.50" in first.get(lot).text
    page = prepare(first, market)
    assert "The claim waits for the approval of a second person" in page
    assert "¥1,234.50" in page
    assert "Approve: this buys the lot" not in page
    assert awards() == []
    assert "waits for the approval of a second person" in first.get(lot).text

    second = sign_in(approver)
    assert "Maxima and claims that wait for your approval" in second.get("/").text
    waits = second.get("/bids")
    answer = second.post(approval(waits.text), data=sent(waits))

    assert answer.status_code == 303
    [award] = awards()
    assert answer.headers["Location"] == f"/awards/{award.id}"
    assert award.buyer_id == clerk.organisation_id
    assert "Waiting for a second person" not in second.get("/bids").text


def test_an_approval_of_a_claim_asks_for_the_password_again(sign_in, market, two):
    prepare(sign_in(two[0]), market)
    browser = sign_in(two[1], is_recent=False)
    waits = browser.get("/bids")
    page = browser.post(approval(waits.text), data=sent(waits))
    assert page.status_code == 422
    assert "Enter your password" in page.text
    assert awards() == []


def test_who_approves_too_late_is_told_and_nothing_waits_any_more(sign_in, market, two):
    prepare(sign_in(two[0]), market)
    browser = sign_in(two[1])
    waits = browser.get("/bids")
    taken_by(market, 0)
    page = browser.post(approval(waits.text), data=sent(waits))
    assert page.status_code == 409
    assert "claimed already" in page.text
    assert "Waiting for a second person" not in page.text
    home = sign_in(two[0]).get("/").text
    assert "Another buyer claimed “一包磷酸铁锂” before" in home


def test_a_claim_that_waits_is_not_prepared_again(sign_in, market, two):
    browser = sign_in(two[0])
    prepare(browser, market)
    page = browser.get(f"/lots/{market['lot']}/claim")
    assert page.status_code == 409
    assert "waits already for the approval" in page.text


def test_a_prepared_claim_is_given_up(sign_in, market, two):
    browser = sign_in(two[0])
    page = prepare(browser, market)
    address = re.search(r'action="(/proposals/\d+/reject)"', page).group(1)
    browser.post(address, data=sent(browser.get("/bids")))
    assert "The prepared claim is given up" in browser.get("/bids").text
    assert "Prepare a claim at" in browser.get(f"/lots/{market['lot']}").text
