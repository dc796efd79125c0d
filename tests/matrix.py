"""Who asks for what in the matrix of routes: the seeded market with more people and more rows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa
from browser_keys import BrowserKey
from make import credit_code
from sqlalchemy import orm

from listings import access_tokens, blobs, db, invitations, journal, licences, parties, users
from listings.blobs import Blob
from listings.custody.log import Leaf
from listings.health import bms_claims, policies
from listings.health.bms_claims import Said
from listings.health.grade import policy
from listings.health.reports import HealthReport
from listings.import_columns import template
from listings.invitations import Invitation
from listings.licences import GoodsCategory, Licence, LicenceKind
from listings.lots import Lot, LotPack, LotState
from listings.money import Money
from listings.packs import Pack
from listings.parties import Acting, Kind, Membership, Nature, Role
from listings.sites import Site
from listings.telemetry import uploads
from listings.telemetry.uploads import TelemetryVehicle, UploadState
from listings.vehicles import Vehicle
from market import handovers, proposals, seed
from market.auctions import Auction, AuctionState
from market.awards import Award
from market.bank import BankTransfer, TransferState
from market.deposits import Deposit, DepositState
from market.handovers import HandoverState
from market.ledger import Account
from market.payments import Payment
from market.seeding import cast
from market.settlements import Settlement
from pricing import (
    complaints,
    conflicts,
    consultations,
    editions,
    indices,
    panels,
    points,
    references,
    score_disputes,
    submissions,
    values,
)
from pricing.comparables import Comparable
from pricing.conflicts import Interest
from pricing.forecasts import Forecast
from pricing.guides import Edition, Guide, GuideValue
from pricing.indices import IndexValue
from pricing.parameters import DataKind

AT: Final = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
ADMINS: Final = {
    "fleet": "fleet",
    "workshop": "workshop",
    "swap": "swap",
    "dismantler": "dismantler",
    "buyer": "buyer",
    "recycler": "recycler",
    "outlet": "outlet",
    "lab": "lab",
    "valuer": "valuer",
    "appraiser": "appraiser",
    "carrier": "carrier",
    "vehicle_maker": "coachworks",
    "battery_maker": "maker",
    "operator": "operator",
    "regulator": "regulator",
}
"""Actor and mailbox: an administrator of each kind; the regulator only looks."""
_DESK: Final = {Role.CLERK, Role.APPROVER, Role.VIEWER}
PEOPLED: Final = {
    "fleet": set(Role) - {Role.ADMIN},
    "buyer": set(Role) - {Role.ADMIN},
    "operator": _DESK,
}
"""Actors whose organisations get somebody in further roles as well."""
STRANGERS: Final = {
    "fleet-other": Kind.FLEET_OWNER,
    "buyer-other": Kind.SECOND_LIFE,
    "lab-other": Kind.LAB,
    "valuer-other": Kind.VALUER,
    "workshop-other": Kind.REPAIR_SHOP,
}
"""Administrators of approved organisations that own nothing and take part in nothing."""

Values = dict[str, Any]


@dataclass
class Scene:
    """Actors by name (None: nobody signed in) and the rows that addresses name."""

    actors: dict[str, Acting | None] = field(default_factory=lambda: {"anonymous": None})
    rows: dict[str, Any] = field(default_factory=dict)

    def by(self, name: str) -> Acting:
        """An actor who acts for an organisation."""
        acting = self.actors[name]
        assert acting is not None
        return acting


def names() -> list[str]:
    """Every actor but the visitor, in the order of `build`."""
    roles = [
        f"{name}.{role.value}" for name, found in PEOPLED.items() for role in Role if role in found
    ]
    return [*ADMINS, *roles, *STRANGERS, "newcomer"]


def standing(name: str) -> tuple[Kind | None, Role]:
    """What an actor's organisation is (None: there is none) and the actor's role in it."""
    if name in STRANGERS:
        return STRANGERS[name], Role.ADMIN
    if name == "newcomer":
        return None, Role.VIEWER
    key, _, role = name.partition(".")
    firms = (firm for firm in cast.CAST for who in firm.people if who.mailbox == ADMINS[key])
    if key == "regulator":
        return Kind.REGULATOR, Role.VIEWER
    return next(firms).kinds[0], Role(role or "admin")


def build() -> Scene:
    """Add people and rows to the seeded market that `db.connect` bound."""
    scene = Scene()
    with db.transaction() as session:
        _people(session, scene)
    with db.transaction() as session:
        _trade(session, scene)
    with db.transaction() as session:
        _register(session, scene)
    with db.transaction() as session:
        _papers(session, scene)
    with db.transaction() as session:
        _prices(session, scene)
    with db.transaction() as session:
        _scores(session, scene)
    with db.transaction() as session:
        _evidence(session, scene)
    return scene


def _people(session: orm.Session, scene: Scene) -> None:
    for name, mailbox in ADMINS.items():
        scene.actors[name] = seed.trader(session, mailbox)
    for name, roles in PEOPLED.items():
        for role in sorted(roles):
            key = f"{name}.{role.value}"
            scene.actors[key] = _person(session, key, scene.by(name).organisation_id, role)
    for number, (name, kind) in enumerate(STRANGERS.items(), start=1):
        firm = parties.found(
            session, name=name, credit_code=credit_code(900 + number), nature=Nature.PRIVATE,
            province="安徽", kinds=[kind], at=AT,
        )  # fmt: skip
        session.flush()
        parties.approve(session, scene.by("operator"), firm.id, at=AT)
        scene.actors[name] = _person(session, name, firm.id, Role.ADMIN)
    scene.rows["organisation"] = parties.found(
        session, name="unapproved", credit_code=credit_code(899), nature=Nature.PRIVATE,
        province="安徽", kinds=[Kind.OUTLET], at=AT,
    ).id  # fmt: skip
    scene.actors["newcomer"] = Acting(_user(session, "newcomer"), 0, Role.VIEWER)


def _user(session: orm.Session, name: str) -> int:
    user = users.register(
        session, email=f"{name}@matrix.example", name=name, password=cast.PASSWORD, at=AT
    )
    session.flush()
    return user.id


def _person(session: orm.Session, name: str, organisation_id: int, role: Role) -> Acting:
    membership = parties.join(session, _user(session, name), organisation_id, role, at=AT)
    session.flush()
    return Acting(
        membership.user_id, organisation_id, role,
        session.get_one(parties.Organisation, organisation_id).kinds,
    )  # fmt: skip


def _trade(session: orm.Session, scene: Scene) -> None:
    fleet, buyer = scene.by("fleet"), scene.by("buyer")
    rows = scene.rows
    mine = sa.select(Lot.id).where(Lot.seller_id == fleet.organisation_id).order_by(Lot.id)
    rows["lot draft"] = session.scalars(mine.where(Lot.state == LotState.DRAFT)).first()
    sales = sa.select(Auction).where(
        Auction.seller_id == fleet.organisation_id, Auction.state == AuctionState.SCHEDULED
    )
    held = sa.select(Deposit).where(
        Deposit.bidder_id == buyer.organisation_id, Deposit.state == DepositState.HELD
    )
    deposit = session.scalars(held.order_by(Deposit.id.desc())).first()
    rows["deposit"] = deposit.id
    sale = session.get_one(Auction, deposit.auction_id)
    rows["lot open"] = sale.lot_id
    announced = session.scalars(sales.where(Auction.opens_at > AT)).one()
    rows["lot announced"] = announced.lot_id
    under_way = (HandoverState.RELEASED,)
    handover = session.scalars(
        sa.select(handovers.Handover).where(handovers.Handover.state.in_(under_way))
    ).one()
    award = session.get_one(Award, handover.award_id)
    assert (award.seller_id, award.buyer_id) == (fleet.organisation_id, buyer.organisation_id)
    rows["award"], rows["handover"] = award.id, handover.id
    handovers.arrive(session, buyer, handover.id, at=AT)
    rows["sequence"] = session.scalar(
        sa.select(sa.func.min(Leaf.sequence)).where(Leaf.handover_id == handover.id)
    )
    rows["pack passed"] = handover.lines[0].pack_id
    settlement = session.scalars(sa.select(Settlement).where(Settlement.award_id == award.id)).one()
    proposal = proposals.prepare(session, buyer, sale.id, Money(4_000_000), at=AT)
    payment = Payment(
        settlement_id=settlement.id, amount_minor=100, idempotency_key=str(uuid.uuid4()),
        started_by=buyer.user_id, started_at=AT,
    )  # fmt: skip
    session.add(payment)
    session.flush()
    rows["proposal"], rows["payment"] = proposal.id, payment.id
    waiting = sa.select(BankTransfer.id).where(BankTransfer.state == TransferState.RECORDED)
    rows["transfer"] = session.scalars(waiting).one()
    rows["account"] = session.scalars(sa.select(Account.id).order_by(Account.id)).first()


def _register(session: orm.Session, scene: Scene) -> None:
    rows, fleet = scene.rows, scene.by("fleet")
    in_lots = sa.select(LotPack.pack_id)
    on_sale = in_lots.where(LotPack.lot_id == rows["lot open"])
    for name, condition in (
        ("private", HealthReport.pack_id.not_in(in_lots)),
        ("open", HealthReport.pack_id.in_(on_sale)),
    ):
        report = session.scalars(
            sa.select(HealthReport).where(condition).order_by(HealthReport.id)
        ).first()
        rows[f"report {name}"], rows[f"pack {name}"] = report.id, report.pack_id
        rows["report token"] = report.public_token
    pack = session.get_one(Pack, rows["pack private"])
    rows["token"], rows["type"] = pack.public_token, pack.type_id
    own = sa.select(Vehicle.id).where(Vehicle.owner_id == fleet.organisation_id)
    rows["vehicle"] = session.scalars(own.order_by(Vehicle.id)).first()
    rows["site"] = session.scalars(sa.select(Site.id).order_by(Site.id)).first()
    rows["sheet"] = _upload(session, fleet, template("en"), "fleet.xlsx", "import:uploaded")
    kept = session.get_one(HealthReport, rows["report private"]).blob_sha256
    rows["tester file"] = kept
    lab = scene.by("lab")
    journal.record(
        session, "report:file_uploaded", session.get_one(Blob, kept), at=AT, user_id=lab.user_id,
        organisation_id=lab.organisation_id, pack_id=pack.id,
    )  # fmt: skip
    tool = _upload(session, fleet, b"frames", "frames.asc", "claim:file")
    said = Said(
        read_on=date(2026, 5, 1), firmware="V1", tool="CAN", reader="Wang", soh=Decimal("0.9")
    )
    rows["claim"] = bms_claims.record(
        session, fleet, pack.id, said, blob_sha256=tool, at=AT
    ).id  # fmt: skip
    _telemetry(session, scene)
    draft = policies.draft(
        session, scene.by("operator"), policy=policy(1), note="The same once more.", at=AT
    )
    session.flush()
    rows["policy"] = draft.id


def _telemetry(session: orm.Session, scene: Scene) -> None:
    rows, fleet = scene.rows, scene.by("fleet")
    sha256 = _upload(session, fleet, b"vehicle,time", "export.csv", "telemetry:file")
    blob = session.get_one(Blob, sha256)
    sent = uploads.add(session, fleet, [(blob, "export.csv")], form_key="matrix", at=AT)
    sent.state = UploadState.DONE
    facts = {
        "vehicle": {"vehicle": "A", "rows": 1, "invalid_rows": 0, "first": 0, "last": 0},
        "recent": None, "months": [], "charges": [],
    }  # fmt: skip
    row = TelemetryVehicle(upload_id=sent.id, name="A", facts=facts)
    session.add(row)
    session.flush()
    rows["telemetry"], rows["telemetry vehicle"] = sent.id, row.id


def _upload(session: orm.Session, acting: Acting, content: bytes, name: str, tag: str) -> str:
    blob = blobs.store(
        session, content, name=name, media_type="application/octet-stream", at=AT,
        organisation_id=acting.organisation_id,
    )  # fmt: skip
    journal.record(
        session, tag, blob, at=AT, user_id=acting.user_id, organisation_id=acting.organisation_id
    )
    return blob.sha256


def _papers(session: orm.Session, scene: Scene) -> None:
    rows, buyer = scene.rows, scene.by("buyer")
    scan = _upload(session, buyer, b"%PDF-1.7 a scan", "licence.pdf", "licence:scan")
    licence: Licence = licences.submit(
        session, buyer, kind=LicenceKind.INDUSTRY_LIST, number="M-1", issued_by="测试机关",
        goods_category=GoodsCategory.WASTE_BATTERY, valid_from=date(2026, 1, 1),
        valid_until=date(2030, 1, 1), document_sha256=scan, at=AT,
    )  # fmt: skip
    session.flush()
    rows["licence"] = licence.id
    key = BrowserKey().enrolled(session, buyer, at=AT)
    rows["device key"], rows["public key"] = key.row.id, key.public_key
    clerk = scene.by("buyer.clerk")
    rows["membership"] = session.scalars(
        sa.select(Membership.id).where(Membership.user_id == clerk.user_id)
    ).one()
    invited: Invitation
    invited, rows["invitation token"] = invitations.send(
        session, buyer, "invited@matrix.example", Role.CLERK, at=AT
    )
    session.flush()
    rows["invitation"] = invited.id
    reset = users.request_reset(session, cast.address("swap"), at=AT)
    assert reset is not None
    rows["reset token"] = reset[1]


def _prices(session: orm.Session, scene: Scene) -> None:
    rows, valuer = scene.rows, scene.by("valuer")
    own = sa.select(Guide).where(Guide.valuer_id == valuer.organisation_id)
    guide = session.scalars(own.order_by(Guide.id)).first()
    current: Edition | None = editions.effective(session, guide.id)
    assert current is not None
    rows["guide"], rows["edition effective"] = guide.id, current.id
    rows["point"] = points.open_point(
        session, valuer, guide.id, code="M-1", name="First", specification="dry", substance="Ni",
        unit="t", is_tax_included=True, delivery="ex works", at=AT,
    ).code  # fmt: skip
    for name in ("draft", "proposed"):
        edition = editions.draft(
            session, valuer, guide.id, number=f"M-{name}", coefficients=current.coefficients,
            explanation="as before", review_due_on=date(2027, 1, 1),
            methodology_id=current.methodology_id, at=AT,
        )  # fmt: skip
        session.flush()
        rows[f"edition {name}"] = edition.id
    editions.propose(session, valuer, rows["edition proposed"], at=AT)
    for name in ("draft", "open"):
        of_lot = sa.select(GuideValue.id).where(GuideValue.lot_id == rows[f"lot {name}"])
        rows[f"value {name}"] = session.scalars(of_lot.order_by(GuideValue.id)).first()
    row: IndexValue = session.scalars(
        sa.select(IndexValue).order_by(IndexValue.on_date.desc(), IndexValue.id)
    ).first()
    rows["series"] = row.series
    held = indices.enter(
        session, scene.by("operator"), series=row.series, on_date=(AT - timedelta(days=1)).date(),
        value=row.value * Decimal(50), basis=row.basis, unit=row.unit, currency=row.currency,
        is_tax_included=row.is_tax_included, source="a misprint", at=AT,
    )  # fmt: skip
    assert held.is_held
    rows["index"] = held.id
    sold = sa.select(Comparable.id).where(Comparable.sold_at <= AT)
    rows["sale"] = session.scalars(sold.order_by(Comparable.id)).first()
    made, _ = access_tokens.make(session, scene.by("operator"), "quotes", at=AT)
    rows["access token"] = made.id


def _scores(session: orm.Session, scene: Scene) -> None:
    """What the guide had said of two sales, one line disputed, and what three valuers agree on."""
    rows, valuer = scene.rows, scene.by("valuer")
    own = sa.select(Forecast.id).where(Forecast.guide_id == rows["guide"])
    rows["line"], rows["disputed line"] = session.scalars(own.order_by(Forecast.id).limit(2))
    disputed = rows["disputed line"]
    row = score_disputes.dispute(session, valuer, disputed, reason="A bus went along.", at=AT)
    said = values.statements(session, rows["lot open"], at=AT)
    reference = references.of_lot(session, rows["lot open"], said, at=AT)
    session.flush()
    rows["dispute"], rows["reference open"] = row.id, reference.id


def _evidence(session: orm.Session, scene: Scene) -> None:
    """The recycler reports to the guide, comments on a proposed edition, and complains of a value."""
    rows, valuer, recycler = scene.rows, scene.by("valuer"), scene.by("recycler")
    [point] = [one for one in points.of_guide(session, rows["guide"]) if one.code == rows["point"]]
    of_guide = panels.members(session, rows["guide"])
    [panelist] = [one for one in of_guide if one.organisation_id == recycler.organisation_id]
    submission = submissions.submit(
        session, recycler, rows["guide"], panelist_id=panelist.id, point_id=point.id,
        kind=DataKind.TRADE, on_date=AT.date(), price=Decimal(90000), at=AT,
    )  # fmt: skip
    said = consultations.comment(session, recycler, rows["edition proposed"], text="High.", at=AT)
    complaint = complaints.file(session, recycler, rows["value open"], text="Low.", at=AT)
    declaration = conflicts.declare(
        session, valuer, organisation_id=recycler.organisation_id, interest=Interest.OTHER,
        note="A loan.", at=AT,
    )  # fmt: skip
    session.flush()
    rows["point number"], rows["panelist"] = point.id, panelist.id
    rows["submission"], rows["comment"] = submission.id, said.id
    rows["complaint"], rows["declaration"] = complaint.id, declaration.id
    rows["valuer"] = valuer.organisation_id
