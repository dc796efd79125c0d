"""Invoice records: kind, rate and number of the tax invoices that the parties issue."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from listings import db


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
