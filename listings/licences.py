"""Qualification documents, and who may hold or receive which goods."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from listings import db
from listings.parties import Kind


class LicenceKind(enum.StrEnum):
    """What a qualification document is."""

    INVESTMENT_FILING = "investment_filing"
    ENVIRONMENTAL_APPROVAL = "environmental_approval"
    DISCHARGE_PERMIT = "discharge_permit"
    DISMANTLING_QUALIFICATION = "dismantling_qualification"
    WORKSHOP_FILING = "workshop_filing"
    SWAP_FILING = "swap_filing"
    OUTLET_FILING = "outlet_filing"
    DANGEROUS_GOODS_TRANSPORT = "dangerous_goods_transport"
    ACCREDITATION = "accreditation"
    INDUSTRY_LIST = "industry_list"


class LicenceState(enum.StrEnum):
    """Where an approval stands."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"


class GoodsCategory(enum.StrEnum):
    """What the goods are in the eyes of the rules on possession."""

    WASTE_BATTERY = "waste_battery"
    SCRAP_VEHICLE = "scrap_vehicle"
    REUSE_PRODUCT = "reuse_product"


class Licence(db.Base):
    """A document with its validity, what it covers, and an operator's decision."""

    __tablename__ = "licence"
    __table_args__ = (sa.CheckConstraint("valid_until >= valid_from", name="validity"),)

    id: Mapped[int] = db.key()
    organisation_id: Mapped[int] = db.refers("organisation.id")
    kind: Mapped[LicenceKind] = db.choice(LicenceKind)
    number: Mapped[str]
    issued_by: Mapped[str]
    goods_category: Mapped[GoodsCategory | None] = db.choice(GoodsCategory, default=None)
    yearly_tonnage: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 3), default=None)
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    document_sha256: Mapped[str | None] = db.refers("blob.sha256", default=None)
    state: Mapped[LicenceState] = db.choice(LicenceState, default=LicenceState.SUBMITTED)
    submitted_at: Mapped[datetime]
    decided_by: Mapped[int | None] = db.refers("person.id", default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
    reason: Mapped[str] = mapped_column(default="")


class PossessionRule(db.Base):
    """Possession of ``goods`` may pass from one kind of organisation to another in a period.

    ``is_verified`` is false where nobody could read the rule's text in the original.
    """

    __tablename__ = "possession_rule"

    id: Mapped[int] = db.key()
    goods: Mapped[GoodsCategory] = db.choice(GoodsCategory)
    from_kind: Mapped[Kind] = db.choice(Kind, check="from_kind")
    to_kind: Mapped[Kind] = db.choice(Kind, check="to_kind")
    valid_from: Mapped[date]
    valid_until: Mapped[date | None] = mapped_column(default=None)
    is_verified: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str]
