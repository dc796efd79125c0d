"""The way of one lot from a fleet's spreadsheet to the payout, with what must hold after a step."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from listings import blobs, days, db, imports, pack_types
from listings.errors import N_
from listings.health import examinations, reports
from listings.health.capacity import Cutoffs
from listings.health.reports import Subject
from listings.lots import Route
from listings.money import Money
from listings.pack_types import Chemistry, PackType, Rating
from listings.packs import Pack
from listings.sheets import write_xlsx
from market import bank, contracts, deposits, documents, papers, settlements
from market.auctions import Auction
from market.awarded import Award
from market.bank import Purpose
from market.bids import BidTooLow
from market.deposits import DepositState
from market.handovers import Handover, HandoverState
from market.seeding import cast, goods, steps
from market.seeding.stage import Stage, assemble
from market.seeding.steps import Carriage, Offer
from market.settlements import SettlementState
from market.terms import PriceBasis, Terms
from pricing import editions, indices, values

Fact = str | int | float | bool | None
MODEL: Final = "WT-150"
SERIES: Final = 96
PACK_AH: Final = 150
COUNT: Final = 4
YUAN: Final = 100
DEPOSIT: Final = 3_000 * YUAN
KEYS: Final = frozenset(
    {"operator", "bus", "workshop", "second_life", "rival_one", "lab", "valuer", "carrier",
     "battery_maker"}
)  # fmt: skip
HEADER: Final = (
    "自编号", "车牌号", "停放场地", "电池编码", "厂家编号", "电池型号", "安装状态", "箱号",
    "持有单位", "来源", "来源日期", "质量(kg)",
)  # fmt: skip
TRUCK: Final = Carriage("carrier", "WB-WALK-1", "FJ-1", "皖B·5D021")


class StepFailed(AssertionError):
    """What a step promises does not hold."""


def demand(holds: object, sentence: str) -> None:
    """Fail the step with a sentence where something does not hold, also under ``python -O``."""
    if not holds:
        raise StepFailed(sentence)


@dataclass
class Journey:
    """One lot under way. ``at`` is the simulated clock; ids of what was made are kept here."""

    health_file: Path
    rated_ah: float
    cutoffs: Cutoffs
    at: datetime
    stage: Stage = field(default_factory=lambda: Stage(db.transaction))
    packs: list[int] = field(default_factory=list)
    lot_id: int = 0
    auction_id: int = 0
    award_id: int = 0
    loser_deposit_id: int = 0
    handover_id: uuid.UUID = field(default_factory=uuid.uuid4)

    def steps(self) -> list[tuple[str, Callable[[], dict[str, Fact]]]]:
        """The steps by name, in their order."""
        return [
            (N_("parties"), self.parties),
            (N_("spreadsheet"), self.spreadsheet),
            (N_("health report"), self.report),
            (N_("guide value"), self.value),
            (N_("lot published"), self.publish),
            (N_("deposits"), self.deposits),
            (N_("bids"), self.bids),
            (N_("award"), self.award),
            (N_("contract"), self.contract),
            (N_("payment"), self.payment),
            (N_("release"), self.release),
            (N_("acceptance"), self.accept),
            (N_("payout"), self.pay_out),
        ]

    def later(self, **by: float) -> datetime:
        """Let time pass."""
        self.at += timedelta(**by)
        return self.at

    def parties(self) -> dict[str, Fact]:
        """Organisations, their people and licences, and the type of the packs."""
        firms = tuple(firm for firm in cast.CAST if firm.key in KEYS)
        assemble(self.stage, firms, at=self.at)
        with self.stage.begin() as session:
            maker = self.stage.by("maker")
            pack_types.add(
                session, maker, maker=goods.MAKER, model=MODEL, rating=self._rating(), at=self.at
            )
        return {"organisations": len(firms), "people": len(self.stage.people)}

    def _rating(self) -> Rating:
        """A type whose cells are rated and cut off as the tested one is."""
        parallel = max(1, round(PACK_AH / self.rated_ah))
        ah = Decimal(str(self.rated_ah))
        low, high = Decimal(str(self.cutoffs.low)), Decimal(str(self.cutoffs.high))
        volts = ((low + high) / 2 * SERIES).quantize(Decimal("0.001"))
        return Rating(
            chemistry=Chemistry.NMC622,
            rated_capacity_ah=ah * parallel,
            rated_voltage_v=volts,
            rated_energy_kwh=(ah * parallel * volts / 1000).quantize(Decimal("0.0001")),
            mass_kg=Decimal(331),
            cell_rated_capacity_ah=ah,
            lower_cutoff_v=low,
            upper_cutoff_v=high,
            cells_in_series=SERIES,
            cells_in_parallel=parallel,
            design_year=2020,
            source=goods.SOURCE,
        )

    def spreadsheet(self) -> dict[str, Fact]:
        """The fleet's workbook becomes packs with their origin: half of them coded."""
        at = self.later(hours=1)
        retired, holder = days.of(at) - timedelta(days=3), self._name("workshop")
        rows = [
            ("W01", "皖B·00901D", "二厂停车场", self._code(number), f"WT{number:06d}", MODEL,
             "已拆", f"{number}号箱", holder, "维修更换", retired, Decimal(330 + number))
            for number in range(1, COUNT + 1)
        ]  # fmt: skip
        content = write_xlsx(HEADER, rows)
        with self.stage.begin() as session:
            done = imports.apply(session, self.stage.by("fleet"), content, "fleet.xlsx", at=at)
            self.packs = [pack.id for pack in done.packs]
        demand(len(self.packs) == COUNT, "not every row became a pack")
        demand(done.summary.origins == COUNT, "not every pack has its origin")
        return {"packs": COUNT, "coded": done.summary.coded}

    def _code(self, number: int) -> str:
        made_on = days.of(self.at).replace(day=1) - timedelta(days=6 * 365)
        return goods.code("E", made_on, number) if number % 2 else ""

    def _name(self, key: str) -> str:
        return next(firm.name for firm in cast.CAST if firm.key == key)

    def report(self) -> dict[str, Fact]:
        """The laboratory examines a cell of the first pack and signs its report."""
        at, lab = self.later(days=1), self.stage.by("lab")
        with self.stage.begin() as session:
            rated = examinations.rated(
                session.scalars(sa.select(PackType).where(PackType.model == MODEL)).one(), "cell"
            )
        found = examinations.examine(self.health_file, rated)
        with self.stage.begin() as session:
            blob = blobs.store(
                session,
                self.health_file.read_bytes(),
                name=self.health_file.name,
                media_type="application/octet-stream",
                at=at,
                organisation_id=lab.organisation_id,
            )
            report = reports.store(
                session,
                lab,
                pack_id=self.packs[0],
                examination=found,
                blob_sha256=blob.sha256,
                examined_on=days.of(at),
                at=at,
                subject=Subject.CELL,
                subject_position="1-01",
                coverage="一支电芯",
            )
            demand(reports.signer(session, report) is not None, "the report is not signed")
            return {
                "number": report.number,
                "soh": float(report.soh_q) if report.soh_q is not None else None,
                "grade": report.grade,
                "provisional": report.is_provisional,
            }

    def value(self) -> dict[str, Fact]:
        """The lot is drafted, and the valuer's guide says what it is worth."""
        at, valuer = self.later(hours=1), self.stage.by("valuer")
        with self.stage.begin() as session:
            indices.seed(session, at=at)
            editions.seed(
                session,
                valuer_id=valuer.organisation_id,
                assessor=valuer,
                approver=self.stage.by("valuer.approver"),
                at=at,
            )
        offer = Offer(
            seller="fleet", title="演练：退役三元电池包4箱", route=Route.CASCADE, packs=self.packs
        )
        self.lot_id = steps.draft(self.stage, offer, at=at)
        with self.stage.begin() as session:
            found = values.for_lot(session, self.lot_id, at=at)
            if found is None:
                raise StepFailed("no guide gives a value")
            parts = values.waterfall(found)
            whole = sum(part.amount.minor for part in parts)
            demand(whole == found.value_minor, "the waterfall does not sum to the value")
            demand(found.low_minor <= found.value_minor <= found.high_minor, "outside its interval")
            return {
                "value": str(Money(found.value_minor, found.currency)),
                "route": found.route,
                "parts": len(parts),
            }

    def publish(self) -> dict[str, Fact]:
        """The sale is announced: a lump sum with a public floor and a deposit, for a week."""
        at = self.later(hours=1)
        terms = Terms(
            price_basis=PriceBasis.LUMP_SUM,
            start_minor=20_000 * YUAN,
            floor_minor=22_000 * YUAN,
            opens_at=at + timedelta(hours=1),
            closes_at=at + timedelta(days=7),
            increments=[[0, 500 * YUAN]],
            deposit_minor=DEPOSIT,
        )
        self.auction_id = steps.publish(self.stage, self.lot_id, "fleet", terms, at=at)
        return {"sale": self.auction_id}

    def deposits(self) -> dict[str, Fact]:
        """Two buyers transfer their deposits; one person records, another confirms."""
        at = self.later(hours=2)
        held = [steps.put_down(self.stage, self.auction_id, who, at=at) for who in BUYERS]
        self.loser_deposit_id = held[1]
        with self.stage.begin() as session:
            found = [session.get_one(deposits.Deposit, ident) for ident in held]
            demand(all(one.state is DepositState.HELD for one in found), "a deposit is not held")
        return {"held": len(held)}

    def bids(self) -> dict[str, Fact]:
        """Maxima of 23 000, 30 000 and 26 000 yuan: the price is 26 500, one below is refused."""
        winner, loser = BUYERS
        for who, yuan in ((loser, "23000"), (winner, "30000"), (loser, "26000")):
            steps.bid(self.stage, self.auction_id, who, yuan, at=self.later(hours=3))
        try:
            steps.bid(self.stage, self.auction_id, loser, "26700", at=self.later(minutes=1))
        except BidTooLow:
            pass
        else:
            raise StepFailed("a bid below the increment was accepted")
        with self.stage.begin() as session:
            sale = session.get_one(Auction, self.auction_id)
            demand(
                sale.leader_id == self.stage.by(winner).organisation_id, "the wrong bidder leads"
            )
            demand(sale.price_minor == 26_500 * YUAN, "the price does not follow from the bids")
            return {
                "bids": sale.bid_count,
                "price": str(Money(sale.price_minor or 0, sale.currency)),
            }

    def award(self) -> dict[str, Fact]:
        """The sale closes, the loser's deposit is released, and the letter is set."""
        at = self.later(days=7)
        self.award_id = steps.close(self.stage, self.auction_id, at=at) or 0
        demand(self.award_id, "the sale made no award")
        with self.stage.begin() as session:
            found = session.get_one(Award, self.award_id)
            lost = session.get_one(deposits.Deposit, self.loser_deposit_id)
            demand(lost.state is DepositState.RELEASED, "the loser's deposit is not released")
            letter = documents.render(
                papers.award_letter(session, found), locale="zh_Hans_CN", at=at
            )
            demand(letter.startswith(b"%PDF-"), "the award letter is no PDF")
            refund = Money(lost.amount_minor, lost.currency)
            number, party = found.number, lost.bidder_id
        steps.transfer(
            self.stage, Purpose.DEPOSIT_REFUND, self.loser_deposit_id, party, refund, at=at
        )
        return {"number": number, "letter_bytes": len(letter)}

    def contract(self) -> dict[str, Fact]:
        """Both parties sign; the contract is in force."""
        steps.sign(self.stage, self.award_id, at=self.later(days=1))
        with self.stage.begin() as session:
            demand(contracts.is_in_force(session, self.award_id), "the contract is not in force")
            return {"number": contracts.of(session, self.award_id).number}

    def payment(self) -> dict[str, Fact]:
        """The rest of the price arrives; who recorded the transfer may not confirm it."""
        at = self.later(days=1)
        amount = steps.pay(self.stage, self.award_id, at=at, is_confirmed=False)
        with self.stage.begin() as session:
            (waiting,) = bank.awaiting(session)
            ident, recorder = waiting.id, waiting.recorded_by
            demand(not settlements.is_paid(session, self.award_id), "paid before it was confirmed")
        demand(recorder != self.stage.by("controller").user_id, "one person does both")
        with self.stage.begin() as session:
            bank.decide(session, self.stage.by("controller"), ident, confirm=True, at=at)
            demand(settlements.is_paid(session, self.award_id), "the award is not paid")
        return {"transferred": str(amount)}

    def release(self) -> dict[str, Fact]:
        """Both sides agree and check the goods; workshop and carrier sign, and they leave."""
        self.handover_id = steps.prepare_handover(
            self.stage, self.award_id, self.packs, ("workshop", "buyer"), TRUCK,
            at=self.later(days=1),
        )  # fmt: skip
        signers = ("workshop.signer", "carrier")
        steps.release(self.stage, self.handover_id, signers, TRUCK, at=self.later(hours=3))
        with self.stage.begin() as session:
            found = session.get_one(Handover, self.handover_id)
            demand(found.state is HandoverState.RELEASED, "the goods have not left")
            return {"number": found.number, "class": str(found.dangerous_goods)}

    def accept(self) -> dict[str, Fact]:
        """The buyer accepts every pack: it holds and owns them now."""
        buyer = self.stage.by("buyer").organisation_id
        steps.accept(
            self.stage, self.handover_id, self.packs, "buyer.signer", at=self.later(days=1)
        )
        with self.stage.begin() as session:
            found = session.get_one(Handover, self.handover_id)
            demand(found.state is HandoverState.ACCEPTED, "the goods are not accepted")
            for pack in session.scalars(sa.select(Pack).where(Pack.id.in_(self.packs))):
                demand(pack.holder_id == buyer, "the buyer does not hold a pack")
                demand(pack.owner_id == buyer, "the title of a pack has not passed")
            return {"packs": len(self.packs)}

    def pay_out(self) -> dict[str, Fact]:
        """The seller is paid, less the fee, and the settlement is complete."""
        amount = steps.pay_out(self.stage, self.award_id, at=self.later(days=1))
        with self.stage.begin() as session:
            found = settlements.of(session, self.award_id)
            demand(found.state is SettlementState.COMPLETED, "the settlement is not complete")
            demand(amount.minor == found.due_minor - found.fee_minor, "the payout is another")
            return {"paid_out": str(amount), "fee": str(Money(found.fee_minor, found.currency))}


BUYERS: Final = ("buyer", "rival.one")
"""Who bids, the winner first."""
