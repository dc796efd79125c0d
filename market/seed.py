"""The small market for demonstrations: built once by domain functions, a fresh sale each start."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

import sqlalchemy as sa
from sqlalchemy import orm

from listings import days, db, journal, lots, memberships, packs, users
from listings.errors import NotFound
from listings.journal import Act
from listings.lots import Lot, LotState, Route
from listings.packs import Origin, Pack
from listings.parties import Acting, Organisation
from listings.words import gettext as _
from market import auctions
from market.auctions import Auction, AuctionState
from market.seeding import buyers, cast, evidence, examinations, goods, sales, valuers
from market.seeding.stage import Stage, assemble
from market.terms import PriceBasis, Terms
from pricing import editions, indices, outcomes, values

SEEDED: Final = "market:seeded"
FRESH: Final = "market:fresh-sale"
"""Tags of the journal: the market was built by this module; it opened this sale at a start."""
HISTORY: Final = timedelta(days=45)
LASTS: Final = timedelta(minutes=6)
STILL_WORTHWHILE: Final = timedelta(minutes=2)
MOST_FRESH: Final = 60
"""After so many lots of fresh sales none is made anew: only those that passed are offered again."""
PACKS_EACH: Final = 3
START_YUAN: Final = 90


def ensure(url: str, *, at: datetime | None = None, say: Callable[[str], object] = print) -> bool:
    """Build the market where there is none, and open a fresh sale; whether it was built now.

    Where the market was founded by others nothing is done. ``say`` hears of each stage.
    """
    now = at or datetime.now(UTC)
    engine = db.connect(url)
    try:
        with db.transaction() as session:
            is_seeded, is_founded = was_seeded(session), _is_founded(session)
        if is_founded and not is_seeded:
            return False
        if not is_seeded:
            _build(now, say)
        open_fresh_sale(now)
    finally:
        engine.dispose()
    return not is_seeded


def was_seeded(session: orm.Session) -> bool:
    """Whether this module built the market."""
    return bool(session.scalar(sa.select(sa.exists().where(Act.tag == SEEDED))))


def sign_ins() -> list[tuple[str, str, str]]:
    """Who can sign in to the seeded market: role, mail address, password."""
    return [(_(role), cast.address(box), cast.PASSWORD) for box, role in cast.SHOWN.items()]


def open_fresh_sale(at: datetime) -> int | None:
    """Open a sale that closes in a few minutes; its id, or None where one is still open.

    A lot of an earlier start that passed is offered again; else packs are registered anew, until
    there are `MOST_FRESH` such lots.
    """
    with db.transaction() as session:
        earlier = list(session.scalars(_fresh_auctions()))
        if any(
            sale.state is AuctionState.SCHEDULED and sale.closes_at > at + STILL_WORTHWHILE
            for sale in earlier
        ):
            return None
        seller = trader(session, "fleet")
        lot_id = _passed_lot(session, earlier)
        if lot_id is None and len({sale.lot_id for sale in earlier}) < MOST_FRESH:
            lot_id = _new_lot(session, seller, at)
        if lot_id is None:
            return None
    with db.transaction() as session:
        auction = auctions.publish(session, seller, lot_id, _fresh_terms(at), at=at)
        journal.record(session, FRESH, auction, at=at, lot_id=lot_id)
        auction_id = auction.id
    with db.transaction() as session:
        values.for_lot(session, lot_id, at=at)
    return auction_id


def fresh_sales(session: orm.Session) -> list[Auction]:
    """The sales that starts opened and that are not closed."""
    return [
        sale for sale in session.scalars(_fresh_auctions()) if sale.state is AuctionState.SCHEDULED
    ]


def trader(session: orm.Session, mailbox: str) -> Acting:
    """Somebody of the seeded market, by the part before the @."""
    user = users.find(session, cast.address(mailbox))
    standing = memberships.held_by(session, user.id) if user is not None else []
    if user is None or not standing:
        raise NotFound
    member = standing[0]
    return Acting(user.id, member.organisation_id, member.role, member.organisation.kinds)


def _build(at: datetime, say: Callable[[str], object]) -> None:
    """Everything in one transaction: a start that is broken off leaves nothing behind."""
    founded = at - HISTORY
    say("")
    with examinations.examined() as found, db.transaction() as session:
        stage = Stage(partial(_act, session))
        assemble(stage, cast.CAST, at=founded)
        say(_("  organisations: %(count)s", count=len(stage.firms)))
        stock = goods.register(stage, at=founded + timedelta(days=1))
        say(_("  packs: %(count)s", count=sum(map(len, stock.packs.values()))))
        _value(stage, founded + timedelta(days=2))
        buyers.build(stage, at=founded + timedelta(days=2))
        count = examinations.store(stage, stock.packs, found, at=founded + timedelta(days=4))
        say(_("  health reports: %(count)s", count=count))
        count = sales.build(stage, stock, at=at)
        outcomes.keep_due(session, at=at, since=HISTORY)
        say(_("  lots: %(count)s", count=count))
        operator = session.get_one(Organisation, stage.firms["operator"])
        journal.record(session, SEEDED, operator, at=at)


@contextmanager
def _act(session: orm.Session) -> Iterator[orm.Session]:
    """One act of the seed. Nobody else is here yet, so locks need no order across acts."""
    session.info.pop("locks", None)
    yield session
    session.flush()


def _value(stage: Stage, at: datetime) -> None:
    with stage.begin() as session:
        indices.seed(session, at=at)
    valuers.build(stage, at=at)
    evidence.build(stage, at=at)
    with stage.begin() as session:
        editions.seed(
            session,
            valuer_id=stage.firms["valuer"],
            assessor=stage.by("valuer"),
            approver=stage.by("valuer.approver"),
            prices=evidence.PRICES,
            at=at,
        )


def _is_founded(session: orm.Session) -> bool:
    return bool(session.scalar(sa.select(sa.exists().where(Organisation.id > 0))))


def _fresh_auctions() -> sa.Select[Auction]:
    named = sa.select(Act.subject).where(Act.tag == FRESH)
    subject = sa.literal("auction:") + sa.cast(Auction.id, sa.Text)
    return sa.select(Auction).where(subject.in_(named)).order_by(Auction.id)


def _passed_lot(session: orm.Session, earlier: list[Auction]) -> int | None:
    idents = {sale.lot_id for sale in earlier}
    passed = sa.select(Lot.id).where(Lot.id.in_(idents), Lot.state == LotState.PASSED)
    return session.scalar(passed.order_by(Lot.id).limit(1))


def _new_lot(session: orm.Session, seller: Acting, at: datetime) -> int:
    """Packs that a workshop took off a bus today, as a lot."""
    pattern = session.scalars(
        sa.select(Pack).where(Pack.owner_id == seller.organisation_id).order_by(Pack.id).limit(1)
    ).one()
    added = [
        packs.add(
            session,
            seller,
            type_id=pattern.type_id,
            owner_id=seller.organisation_id,
            holder_id=pattern.holder_id,
            maker_number=f"TM{uuid.uuid4().hex[:9].upper()}",
            vehicle_id=pattern.vehicle_id,
            site_id=pattern.site_id,
            mass_kg=pattern.mass_kg,
            at=at,
        )
        for _number in range(PACKS_EACH)
    ]
    for pack in added:
        session.info.pop("locks", None)
        packs.record_origin(
            session,
            seller,
            pack.id,
            kind=Origin.REPAIR_REPLACEMENT,
            occurred_on=days.of(at),
            organisation_id=pattern.holder_id,
            evidence=f"工单 {days.of(at):%Y%m%d}",
            at=at,
        )
    session.info.pop("locks", None)
    lot = lots.draft(
        session,
        seller,
        title=f"今日下线磷酸铁锂电池包{PACKS_EACH}箱（即将截止）",
        route=Route.CASCADE,
        pack_ids=[pack.id for pack in added],
        description="今日维修更换下线，限时竞价。",
        at=at,
    )
    return lot.id


def _fresh_terms(at: datetime) -> Terms:
    """By the kilowatt hour, without a deposit, so that a visitor can bid at once."""
    return Terms(
        price_basis=PriceBasis.PER_KWH,
        start_minor=START_YUAN * 100,
        opens_at=at,
        closes_at=at + LASTS,
        increments=[[0, 100], [20_000, 200]],
        tax_rate=Decimal("0.13"),
        pickup_until=days.of(at + timedelta(days=14)),
        window_s=60,
        extension_s=60,
    )
