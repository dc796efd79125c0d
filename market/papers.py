"""The papers of an award, filled from its rows: award letter and contract."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm

from listings import days
from listings.health import reports
from listings.health.reports import HealthReport, Subject
from listings.lots import Lot
from listings.money import Money
from listings.packs import Pack
from listings.parties import Kind, Organisation, OrganisationKind
from market import contracts, documents, settlements
from market.auctions import Auction
from market.awarded import ZONE, Award
from market.deposits import Deposit, DepositState


def operator(session: orm.Session) -> Organisation | None:
    """The firm that runs the marketplace and keeps the client account."""
    return session.scalar(
        sa.select(Organisation)
        .join(OrganisationKind, OrganisationKind.organisation_id == Organisation.id)
        .where(OrganisationKind.kind == Kind.OPERATOR)
        .order_by(Organisation.id)
        .limit(1),
    )


def award_letter(
    session: orm.Session,
    award: Award,
    *,
    address: str = "",
) -> documents.AwardLetter:
    """The award letter; ``address`` is where the award can be seen (its QR code)."""
    auction = session.get_one(Auction, award.auction_id)
    lot = session.get_one(Lot, award.lot_id)
    runner = operator(session)
    return documents.AwardLetter(
        number=award.number,
        seller=_party(award.seller),
        buyer=_party(award.buyer),
        lot_number=str(lot.id),
        lot_title=lot.title,
        packs=_groups(lot.packs),
        terms=_terms(session, award, auction),
        closed_at=auction.closed_at or award.awarded_at,
        awarded_at=award.awarded_at,
        operator=runner.in_full if runner else "",
        address=address,
    )


def contract(session: orm.Session, award: Award) -> documents.Contract:
    """The contract with its asset list, as it was drawn up."""
    auction = session.get_one(Auction, award.auction_id)
    lot = session.get_one(Lot, award.lot_id)
    drawn_up = contracts.of(session, award.id)
    grades = _grades(session, [pack.id for pack in lot.packs], days.of(auction.opens_at))
    site = lot.site
    return documents.Contract(
        number=drawn_up.number,
        award_number=award.number,
        seller=_party(award.seller),
        buyer=_party(award.buyer),
        lot_number=str(lot.id),
        lot_title=lot.title,
        assets=[_asset(pack, grades.get(pack.id, "")) for pack in lot.packs],
        terms=_terms(session, award, auction),
        drawn_up_on=drawn_up.drawn_up_at.astimezone(ZONE).date(),
        site=f"{site.province} {site.name}" if site else "",
    )


def _party(organisation: Organisation) -> documents.Party:
    return documents.Party(
        name=organisation.name,
        name_en=organisation.name_en,
        credit_code=organisation.credit_code,
        address=" ".join(
            part
            for part in (organisation.province, organisation.city, organisation.address)
            if part
        ),
        bank_name=organisation.bank_name,
        bank_account=organisation.bank_account,
    )


def _terms(session: orm.Session, award: Award, auction: Auction) -> documents.Terms:
    settlement = settlements.of(session, award.id)
    deposit = session.scalar(
        sa.select(Deposit).where(
            Deposit.auction_id == auction.id,
            Deposit.bidder_id == award.buyer_id,
            Deposit.state.in_((DepositState.HELD, DepositState.APPLIED)),
        ),
    )
    return documents.Terms(
        price_basis=auction.price_basis,
        hammer_price=Money(award.hammer_minor, award.currency),
        quantity=auction.quantity,
        is_quantity_provisional=auction.is_quantity_provisional,
        amount=settlements.agreed(award),
        is_tax_included=auction.is_tax_included,
        tax_rate=auction.tax_rate,
        payment_term=auction.payment_term,
        pay_until=settlement.due_at,
        delivery=auction.delivery,
        pickup_until=auction.pickup_until,
        deposit=Money(deposit.amount_minor, deposit.currency) if deposit else None,
    )


def _groups(packs: list[Pack]) -> list[documents.PackGroup]:
    def kind(pack: Pack) -> tuple[str, str]:
        return pack.type.chemistry.value, f"{pack.type.maker} {pack.type.model}"

    return [
        documents.PackGroup(
            chemistry=chemistry,
            model=model,
            count=len(members),
            energy_kwh=sum((pack.type.rated_energy_kwh for pack in members), Decimal(0)),
        )
        for (chemistry, model), grouped in itertools.groupby(sorted(packs, key=kind), key=kind)
        for members in [list(grouped)]
    ]


def _asset(pack: Pack, grade: str) -> documents.Asset:
    return documents.Asset(
        name=pack.name,
        chemistry=pack.type.chemistry.value,
        model=f"{pack.type.maker} {pack.type.model}",
        vehicle=pack.vehicle.fleet_number if pack.vehicle else "",
        energy_kwh=pack.type.rated_energy_kwh,
        mass_kg=pack.mass_kg or pack.type.mass_kg,
        grade=grade,
    )


def _grades(session: orm.Session, pack_ids: list[int], on: date) -> dict[int, str]:
    rows = session.execute(
        sa.select(HealthReport.pack_id, HealthReport.grade).where(
            HealthReport.pack_id.in_(pack_ids),
            HealthReport.subject == Subject.PACK,
            reports.counts(on),
        ),
    )
    return {row[0]: row[1] or "" for row in rows}
