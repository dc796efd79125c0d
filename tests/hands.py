"""Trades that tests of handovers start from."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

from deals import sell
from make import NOW, Make
from sqlalchemy import orm

from listings import db
from listings.custody import log
from listings.lots import Route
from listings.money import Money
from listings.parties import Kind
from market import contracts, handovers, settlements
from market.handovers import Finding, Verdict
from market.rules.dangerous_goods import Check

SAFE = {check.value: True for check in Check}


class Trade:
    """A sold lot of a bus company, held by its workshop, and people on both sides."""

    def __init__(self, make, *, packs=2, paid=True, holder_kinds=(Kind.REPAIR_SHOP,), **terms):
        session = self.session = make.session
        self.make = make
        self.fleet = make.organisation(Kind.FLEET_OWNER)
        self.workshop = make.organisation(*holder_kinds)
        held = [make.pack(self.fleet, holder=self.workshop) for _ in range(packs)]
        self.packs = held
        lot = make.lot(self.fleet, held, route=terms.pop("route", Route.CASCADE))
        self.deal = sell(make, terms.pop("hammer", 100_000), seller=self.fleet, lot=lot, **terms)
        self.award, self.buyer = self.deal.award, self.deal.buyer
        contracts.of(session, self.award.id).in_force_at = NOW
        self.releaser, self.receiver = make.member(self.workshop), make.member(self.buyer)
        self.seller = make.member(self.fleet)
        if paid:
            self.pay()
        self.at = NOW

    def pay(self):
        settlement = settlements.of(self.session, self.award.id)
        amount = Money(settlement.outstanding_minor, "CNY")
        settlements.receive(self.session, settlement.id, amount, cause="t", at=NOW)

    def tick(self):
        """The next step is a transaction of its own, ten minutes later."""
        self.session.commit()
        self.session.begin()
        self.at += timedelta(minutes=10)
        return self.at

    def open(self, packs=None, acting=None, **more):
        ids = [pack.id for pack in (self.packs if packs is None else packs)]
        acting = acting or self.seller
        return handovers.open(
            self.session, acting, self.award.id, pack_ids=ids, at=self.tick(), **more
        )

    def agreed(self, *args, **more):
        handover = self.open(*args, **more)
        for one in (self.releaser, self.receiver):
            handovers.agree(self.session, one, handover.id, at=self.tick())
        return handover

    def check(self, handover, acting, answers=SAFE, soc="25"):
        return handovers.check(
            self.session,
            acting,
            handover.id,
            checklist=answers,
            soc_percent=Decimal(soc),
            at=self.tick(),
        )

    def ready(self, *args, answers=SAFE, **more):
        handover = self.agreed(*args, **more)
        for one in (self.releaser, self.receiver):
            self.check(handover, one, answers)
        return handover

    def sign(self, handover, acting, **more):
        return handovers.sign_release(self.session, acting, handover.id, at=self.tick(), **more)

    def released(self, *args, **more):
        handover = self.ready(*args, **more)
        for one in (self.releaser, self.receiver):
            self.sign(handover, one)
        return handover

    def arrived(self, *args, **more):
        handover = self.released(*args, **more)
        handovers.arrive(self.session, self.receiver, handover.id, at=self.tick())
        return handover

    def accept(self, handover, verdicts=None, **more):
        found = verdicts or {line.pack_id: Verdict(Finding.ACCEPTED) for line in handover.lines}
        return handovers.accept(
            self.session, self.receiver, handover.id, verdicts=found, at=self.tick(), **more
        )

    def record(self, sequence):
        return log.parsed(self.session.get(log.Leaf, sequence))


@contextmanager
def prepared(url):
    """A trade whose steps are committed one by one."""
    engine = db.make_engine(url)
    with orm.Session(engine, expire_on_commit=False) as session:
        yield Trade(Make(session))
        session.commit()
    engine.dispose()
