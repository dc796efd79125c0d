"""Invoice records: kind, rate and number of the tax invoices that the parties issue."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal
from listings.errors import N_, Conflict, NotFound, Refused
from listings.money import Money
from listings.parties import Acting, Organisation, demand
from market import notices
from market.awarded import ZONE
from market.settlements import Settlement


class InvoiceKind(enum.StrEnum):
    """VAT special (专票), ordinary (普票), or reverse for a natural person (反向开票)."""

    SPECIAL = "special"
    ORDINARY = "ordinary"
    REVERSE = "reverse"


class Invoice(db.Base):
    """One tax invoice from issuer to recipient. Amounts in minor units; net + tax = total."""

    __tablename__ = "invoice"
    __table_args__ = (
        sa.UniqueConstraint("issuer_id", "number"),
        sa.CheckConstraint("net_minor > 0 AND tax_minor >= 0", name="amounts"),
    )

    id: Mapped[int] = db.key()
    settlement_id: Mapped[int] = db.refers("settlement.id")
    kind: Mapped[InvoiceKind] = db.choice(InvoiceKind)
    number: Mapped[str]
    issuer_id: Mapped[int] = db.refers("organisation.id")
    recipient_id: Mapped[int] = db.refers("organisation.id")
    issued_on: Mapped[date]
    tax_rate: Mapped[Decimal] = mapped_column(sa.Numeric(6, 4))
    net_minor: Mapped[int]
    tax_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(default="CNY")
    document_sha256: Mapped[str | None] = db.refers("blob.sha256", default=None)
    recorded_by: Mapped[int] = db.refers("person.id")
    recorded_at: Mapped[datetime]


class TotalDiffers(Refused):
    """Net and tax do not make the total, or the tax is not the rate of the net amount."""

    message = N_("%(net)s net and %(tax)s tax do not make %(total)s at %(rate)s %%.")


class InvoiceNumberUsed(Conflict):
    """The issuer recorded an invoice of this number before."""

    message = N_("Invoice %(number)s was already recorded.")


class IssuedInFuture(Refused):
    """An invoice bears the day it was issued."""

    message = N_("The date of issue %(day)s lies in the future.")


class NotAnInvoice(Refused):
    """Net amount above 0, tax not below 0, rate between 0 and 1."""

    message = N_("The net amount must be above 0, the tax not below 0 and the rate below 100 %%.")


def record(
    session: orm.Session,
    acting: Acting,
    *,
    settlement_id: int,
    kind: InvoiceKind,
    number: str,
    issued_on: date,
    tax_rate: Decimal,
    net: Money,
    tax: Money,
    total: Money,
    at: datetime,
    document_sha256: str | None = None,
) -> Invoice:
    """Record a tax invoice between the parties of a settlement; ``tax_rate`` is a fraction.

    The acting party is the issuer; a reverse invoice (反向开票) is issued by the buyer for a
    seller who cannot. Net plus tax must be the total, and the tax the rate of the net amount to
    within one fen for each line that a long invoice rounds (1 yuan at most).
    """
    demand(acting, "invoice:write")
    settlement = session.get(Settlement, settlement_id)
    parties = (settlement.seller_id, settlement.buyer_id) if settlement else ()
    if settlement is None or acting.organisation_id not in parties:
        raise NotFound
    if net.minor <= 0 or tax.minor < 0 or not 0 <= tax_rate < 1:
        raise NotAnInvoice(field="net")
    _demand_total(net, tax, total, tax_rate)
    _demand_day(issued_on, at)
    _demand_unused(session, acting.organisation_id, number)
    recipient_id = next(party for party in parties if party != acting.organisation_id)
    invoice = Invoice(
        settlement_id=settlement.id,
        kind=kind,
        number=number,
        issuer_id=acting.organisation_id,
        recipient_id=recipient_id,
        issued_on=issued_on,
        tax_rate=tax_rate,
        net_minor=net.minor,
        tax_minor=tax.minor,
        currency=total.currency,
        document_sha256=document_sha256,
        recorded_by=acting.user_id,
        recorded_at=at,
    )
    session.add(invoice)
    journal.record(
        session,
        "invoice:recorded",
        invoice,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        settlement_id=settlement.id,
        total_minor=total.minor,
    )
    _tell(session, invoice, settlement, at)
    return invoice


def _demand_day(issued_on: date, at: datetime) -> None:
    if issued_on > at.astimezone(ZONE).date():
        raise IssuedInFuture(field="issued_on", day=issued_on.isoformat())


def _demand_unused(session: orm.Session, issuer_id: int, number: str) -> None:
    named = (Invoice.issuer_id == issuer_id, Invoice.number == number)
    if session.scalar(sa.select(sa.exists().where(*named))):
        raise InvoiceNumberUsed(field="number", number=number)


def _tell(session: orm.Session, invoice: Invoice, settlement: Settlement, at: datetime) -> None:
    notices.tell(
        session,
        invoice.recipient_id,
        N_("%(issuer)s recorded invoice %(invoice)s for %(number)s."),
        at=at,
        link=f"/awards/{settlement.award_id}",
        issuer=session.get_one(Organisation, invoice.issuer_id).names,
        invoice=invoice.number,
        number=settlement.award.number,
    )


def _demand_total(net: Money, tax: Money, total: Money, tax_rate: Decimal) -> None:
    rounding = 100
    is_rate = abs(net.times(tax_rate).minor - tax.minor) <= min(rounding, max(1, net.minor // 100))
    if net + tax != total or not is_rate:
        percent = f"{(tax_rate * 100).normalize():f}"
        raise TotalDiffers(
            field="total",
            net=str(net),
            tax=str(tax),
            total=str(total),
            rate=percent,
        )


def of(session: orm.Session, settlement_id: int) -> list[Invoice]:
    """The invoices of a settlement, oldest first."""
    about = Invoice.settlement_id == settlement_id
    return list(session.scalars(sa.select(Invoice).where(about).order_by(Invoice.id)))
