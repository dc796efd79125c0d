"""What waits for a person at home: each task a sentence, a count and the place to do it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from listings import days
from listings.errors import N_
from listings.health.reports import HealthReport
from listings.licences import Licence, LicenceState
from listings.lots import Lot, LotState
from listings.packs import Pack
from listings.parties import Acting, Kind, Organisation, may
from market.auctions import Auction, AuctionState
from market.awards import Award
from market.bank import BankTransfer, TransferState
from market.bids import Bid, BidProposal, ProposalState
from market.contracts import Contract
from market.deposits import Deposit, DepositState
from market.handovers import Handover, HandoverState
from market.settlements import Settlement, SettlementState
from pricing.complaints import Complaint, ComplaintAnswer
from pricing.guides import Edition, EditionState, Guide, GuideValue
from pricing.score_disputes import ScoreDispute

SOON = timedelta(days=30)
AHEAD = timedelta(days=14)
ONE_DAY = timedelta(days=1)
UTILIZATION = (Kind.SECOND_LIFE, Kind.REGENERATION)
OWNERS = (
    Kind.FLEET_OWNER,
    Kind.DISMANTLER,
    Kind.REPAIR_SHOP,
    Kind.SWAP_OPERATOR,
    Kind.OUTLET,
    Kind.VEHICLE_MAKER,
    Kind.BATTERY_MAKER,
)


@dataclass(frozen=True, slots=True)
class Task:
    """``count`` things of the kind that ``message`` (a message id) names wait at ``link``."""

    message: str
    count: int
    link: str


@dataclass(frozen=True, slots=True)
class Door:
    """A thing that this kind of organisation comes here to do, whether or not something waits."""

    message: str
    link: str


Query = tuple[str, str, sa.Select[int]]

_DOORS: tuple[tuple[tuple[Kind, ...], str, str], ...] = (
    (OWNERS, N_("Import a spreadsheet of vehicles and packs"), "/imports"),
    (OWNERS, N_("Group packs into a lot"), "/lots/new"),
    (UTILIZATION, N_("Look through the catalogue"), "/catalogue"),
    ((Kind.LAB,), N_("Examine a pack and sign a report"), "/reports"),
    ((Kind.VALUER,), N_("Write the next edition of a guide"), "/guides/next"),
    ((Kind.CARRIER, Kind.OUTLET), N_("Sign a handover"), "/handovers"),
    ((Kind.REGULATOR,), N_("Look at handovers"), "/handovers"),
    ((Kind.OPERATOR,), N_("Record a line of the bank statement"), "/bank"),
)


def waiting(session: orm.Session, acting: Acting, at: datetime) -> list[Task]:
    """What the acting person can do now, in the order of the trade; nothing that counts zero."""
    queries = [
        *_own(acting, at),
        *(_selling(acting) if acting.is_any(*OWNERS) else ()),
        *(_buying(acting, at) if acting.is_any(*UTILIZATION) else ()),
        *_signing(acting),
        *_handing(acting),
        *(_valuing(acting, at) if acting.is_any(Kind.VALUER) else ()),
        *(_reporting(acting, at) if acting.is_any(Kind.LAB) else ()),
        *(_watching(at) if acting.is_any(Kind.REGULATOR) else ()),
        *(_operating(acting) if acting.is_any(Kind.OPERATOR) else ()),
    ]
    counted = [Task(message, session.scalar(query) or 0, link) for message, link, query in queries]
    return [task for task in counted if task.count]


def doors(acting: Acting) -> list[Door]:
    """Where this kind of organisation usually goes."""
    return [Door(message, link) for kinds, message, link in _DOORS if acting.is_any(*kinds)]


def _count(table: type, *where: sa.ColumnElement[bool]) -> sa.Select[int]:
    return sa.select(sa.func.count()).select_from(table).where(*where)


def _own(acting: Acting, at: datetime) -> Iterator[Query]:
    """The organisation's own papers."""
    mine = Organisation.id == acting.organisation_id
    if may(acting, "organisation:manage"):
        without = _count(Organisation, mine, Organisation.bank_account == "")
        yield N_("Your bank account is missing"), "/organisation", without
    if may(acting, "licence:submit"):
        today = days.of(at)
        newer = orm.aliased(Licence)
        followed = sa.exists().where(
            newer.organisation_id == Licence.organisation_id,
            newer.kind == Licence.kind,
            newer.valid_until > Licence.valid_until,
            newer.state != LicenceState.REJECTED,
        )
        own = Licence.organisation_id == acting.organisation_id
        expiring = _count(
            Licence,
            own,
            Licence.state == LicenceState.APPROVED,
            Licence.valid_until.between(today, today + SOON),
            ~followed,
        )
        yield N_("Documents that expire within 30 days"), "/licences", expiring
        rejected = _count(Licence, own, Licence.state == LicenceState.REJECTED, ~followed)
        yield N_("Documents that the operator rejected"), "/licences", rejected


def _selling(acting: Acting) -> Iterator[Query]:
    own = Lot.seller_id == acting.organisation_id
    if may(acting, "lot:write"):
        yield N_("Lots in draft"), "/lots", _count(Lot, own, Lot.state == LotState.DRAFT)
        yield N_("Lots that passed"), "/lots", _count(Lot, own, Lot.state == LotState.PASSED)
        reported = sa.exists().where(HealthReport.pack_id == Pack.id)
        lacking = _count(Pack, Pack.owner_id == acting.organisation_id, ~reported)
        yield N_("Packs without a health report"), "/reports", lacking
    earned = Settlement.earned_minor > Settlement.paid_out_minor + Settlement.fee_minor
    payouts = _count(Settlement, Settlement.seller_id == acting.organisation_id, earned)
    yield N_("Payouts on their way to you"), "/awards", payouts


def _buying(acting: Acting, at: datetime) -> Iterator[Query]:
    firm = acting.organisation_id
    running = sa.and_(
        Auction.state == AuctionState.SCHEDULED, Auction.opens_at <= at, Auction.closes_at > at
    )
    bid = sa.exists().where(Bid.auction_id == Auction.id, Bid.bidder_id == firm)
    outbid = _count(Auction, running, bid, Auction.leader_id != firm)
    yield N_("Sales in which you were outbid"), "/bids", outbid
    yield N_("Sales that you lead"), "/bids", _count(Auction, running, Auction.leader_id == firm)
    if may(acting, "bid:approve"):
        proposals = _count(
            BidProposal,
            BidProposal.bidder_id == firm,
            BidProposal.state == ProposalState.PREPARED,
            BidProposal.prepared_by != acting.user_id,
        ).join(Auction, Auction.id == BidProposal.auction_id)
        running_proposals = proposals.where(
            Auction.state == AuctionState.SCHEDULED, Auction.closes_at > at
        )
        yield N_("Maxima and claims that wait for your approval"), "/bids", running_proposals
    required = _count(
        Deposit, Deposit.bidder_id == firm, Deposit.state == DepositState.REQUIRED
    ).join(Organisation, Organisation.id == Deposit.bidder_id)
    unapproved = sa.and_(Organisation.has_four_eyes, Deposit.approved_by.is_(None))
    if may(acting, "bid:approve"):
        others = required.where(unapproved, Deposit.requested_by != acting.user_id)
        yield N_("Deposits that wait for your approval"), "/deposits", others
    yield N_("Deposits to transfer"), "/deposits", required.where(~unapproved)
    due = _count(Settlement, Settlement.buyer_id == firm, Settlement.state == SettlementState.DUE)
    yield N_("Prices to pay"), "/awards", due


def _signing(acting: Acting) -> Iterator[Query]:
    if not may(acting, "contract:sign"):
        return
    firm = acting.organisation_id
    unsigned = sa.or_(
        sa.and_(Award.seller_id == firm, Contract.seller_signed_at.is_(None)),
        sa.and_(Award.buyer_id == firm, Contract.buyer_signed_at.is_(None)),
    )
    contracts = _count(Contract, unsigned, Award.annulled_at.is_(None))
    yield (
        N_("Contracts to sign and upload"),
        "/awards",
        contracts.join(Award, Award.id == Contract.award_id),
    )


def _handing(acting: Acting) -> Iterator[Query]:
    firm, state = acting.organisation_id, Handover.state
    releases, receives = Handover.releaser_id == firm, Handover.receiver_id == firm
    carries = Handover.carrier_id == firm
    if not may(acting, "handover:write"):
        return
    unagreed = sa.or_(
        sa.and_(releases, Handover.releaser_agreed_by.is_(None)),
        sa.and_(receives, Handover.receiver_agreed_by.is_(None)),
    )
    waits: tuple[tuple[str, sa.ColumnElement[bool]], ...] = (
        (N_("Handovers to agree to"), sa.and_(state == HandoverState.DRAFT, unagreed)),
        (
            N_("Handovers to check together"),
            sa.and_(state == HandoverState.AGREED, sa.or_(releases, receives)),
        ),
        (N_("Handovers to release"), sa.and_(state == HandoverState.READY, releases)),
        (N_("Packs to collect"), sa.and_(state == HandoverState.READY, carries)),
        (N_("Packs to bring"), sa.and_(state == HandoverState.RELEASED, carries)),
        (N_("Packs on their way to you"), sa.and_(state == HandoverState.RELEASED, receives)),
        (N_("Handovers to accept"), sa.and_(state == HandoverState.ARRIVED, receives)),
    )
    for message, where in waits:
        yield message, "/handovers", _count(Handover, where)


def _valuing(acting: Acting, at: datetime) -> Iterator[Query]:
    own = Guide.valuer_id == acting.organisation_id
    if may(acting, "guide:approve"):
        proposed = _count(
            Edition,
            own,
            Edition.state == EditionState.CONSULTATION,
            Edition.assessor_id != acting.user_id,
        )
        yield (
            N_("Editions that wait for your approval"),
            "/guides",
            proposed.join(Guide, Guide.id == Edition.guide_id),
        )
    drafts = _count(Edition, own, Edition.state == EditionState.DRAFT)
    yield N_("Editions in draft"), "/guides", drafts.join(Guide, Guide.id == Edition.guide_id)
    due = _count(
        Edition,
        own,
        Edition.state == EditionState.EFFECTIVE,
        Edition.review_due_on <= days.of(at),
    )
    yield (
        N_("Editions whose review is due"),
        "/guides",
        due.join(Guide, Guide.id == Edition.guide_id),
    )
    soon = _count(
        Edition,
        own,
        Edition.state == EditionState.EFFECTIVE,
        Edition.review_due_on.between(days.of(at + ONE_DAY), days.of(at + AHEAD)),
    )
    yield (
        N_("Editions whose review comes due within two weeks"),
        "/guides",
        soon.join(Guide, Guide.id == Edition.guide_id),
    )
    if may(acting, "guide:approve"):
        open_ones = _unanswered(own, Edition.assessor_id != acting.user_id)
        yield N_("Complaints to answer"), "/complaints", open_ones


def _unanswered(*where: sa.ColumnElement[bool]) -> sa.Select[int]:
    """Complaints without an answer, with their value, edition and guide."""
    answered = sa.exists().where(ComplaintAnswer.complaint_id == Complaint.id)
    return (
        _count(Complaint, ~answered, *where)
        .join(GuideValue, GuideValue.id == Complaint.guide_value_id)
        .join(Edition, Edition.id == GuideValue.edition_id)
        .join(Guide, Guide.id == Edition.guide_id)
    )


def _reporting(acting: Acting, at: datetime) -> Iterator[Query]:
    today = days.of(at)
    own = sa.and_(
        HealthReport.lab_id == acting.organisation_id, HealthReport.superseded_by_id.is_(None)
    )
    expiring = _count(HealthReport, own, HealthReport.valid_until.between(today, today + SOON))
    yield N_("Reports that expire within 30 days"), "/reports", expiring


def _watching(at: datetime) -> Iterator[Query]:
    recent = _count(Handover, Handover.ended_at > at - timedelta(days=7))
    yield N_("Handovers that ended in the last seven days"), "/handovers", recent
    open_now = _count(Handover, Handover.ended_at.is_(None))
    yield N_("Handovers under way"), "/handovers", open_now
    overdue = _unanswered(Complaint.due_on < days.of(at))
    yield N_("Complaints about values without an answer in time"), "/complaints", overdue


def _operating(acting: Acting) -> Iterator[Query]:
    founded = _count(Organisation, Organisation.approved_at.is_(None))
    yield N_("Organisations to approve"), "/desk", founded
    submitted = _count(Licence, Licence.state == LicenceState.SUBMITTED)
    yield N_("Documents to decide on"), "/desk", submitted
    if may(acting, "bank:confirm"):
        lines = _count(
            BankTransfer,
            BankTransfer.state == TransferState.RECORDED,
            BankTransfer.recorded_by != acting.user_id,
        )
        yield N_("Bank lines to confirm"), "/bank", lines
    earned = Settlement.earned_minor > Settlement.paid_out_minor + Settlement.fee_minor
    yield N_("Payouts to make"), "/bank", _count(Settlement, earned)
    disputed = _count(ScoreDispute, ScoreDispute.outcome.is_(None))
    yield N_("Disputed lines of the scoreboard"), "/scoreboard", disputed
