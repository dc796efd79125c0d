"""Rows that tests start from, with sensible values for what a test does not care about."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import orm
from stdnum.cn import uscc

from listings.licences import GoodsCategory, Licence, LicenceKind, LicenceState
from listings.lots import Lot, LotPack, LotState, Route
from listings.pack_types import Chemistry, PackType
from listings.packs import Origin, OriginEvent, Pack
from listings.parties import Acting, Kind, Membership, Nature, Organisation, OrganisationKind, Role
from listings.sites import Site
from listings.users import User
from market.auctions import Auction, PaymentTerm, PriceBasis

NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)

_numbers = itertools.count(1)


def credit_code(number: int) -> str:
    """A valid unified social credit code with this number in it."""
    body = f"91110108MA{number:07d}"
    return body + uscc.calc_check_digit(body)


class Make:
    """Makes rows in one session. Times default to `NOW`."""

    def __init__(self, session: orm.Session) -> None:
        self.session = session

    def _add(self, row):
        self.session.add(row)
        self.session.flush()
        return row

    def organisation(self, *kinds: Kind, **more) -> Organisation:
        number = next(_numbers)
        values = {
            "name": f"测试企业{number}有限公司",
            "name_en": f"Test firm {number}",
            "credit_code": credit_code(number),
            "nature": Nature.PRIVATE,
            "province": "安徽",
            "bank_account": f"6222{number:012d}",
            "bank_name": "测试银行",
            "created_at": NOW,
            "approved_at": NOW,
        } | more
        rows = [OrganisationKind(kind=kind) for kind in kinds]
        return self._add(Organisation(kind_rows=rows, **values))

    def user(self, **more) -> User:
        number = next(_numbers)
        values = {
            "email": f"person{number}@example.com",
            "name": f"测试人{number}",
            "password_hash": "",
            "created_at": NOW,
        } | more
        return self._add(User(**values))

    def member(self, organisation: Organisation, role: Role = Role.ADMIN, **more) -> Acting:
        user = self.user(**more)
        self._add(
            Membership(user_id=user.id, organisation_id=organisation.id, role=role, since=NOW)
        )
        return Acting(user.id, organisation.id, role, organisation.kinds)

    def licence(self, organisation: Organisation, kind: LicenceKind, **more) -> Licence:
        values = {
            "number": f"L-{next(_numbers)}",
            "issued_by": "测试机关",
            "goods_category": GoodsCategory.WASTE_BATTERY,
            "yearly_tonnage": Decimal(5000),
            "valid_from": date(2025, 1, 1),
            "valid_until": date(2030, 12, 31),
            "state": LicenceState.APPROVED,
            "submitted_at": NOW,
            "decided_at": NOW,
        } | more
        return self._add(Licence(organisation_id=organisation.id, kind=kind, **values))

    def recycler(self, kind: Kind = Kind.SECOND_LIFE, **more) -> Organisation:
        """A licensed utilization firm."""
        firm = self.organisation(kind, **more)
        for licence in (
            LicenceKind.INVESTMENT_FILING,
            LicenceKind.ENVIRONMENTAL_APPROVAL,
            LicenceKind.DISCHARGE_PERMIT,
        ):
            self.licence(firm, licence)
        return firm

    def site(self, organisation: Organisation, **more) -> Site:
        values = {"name": f"场地{next(_numbers)}", "province": "安徽", "created_at": NOW} | more
        return self._add(Site(organisation_id=organisation.id, **values))

    def pack_type(self, chemistry: Chemistry = Chemistry.LFP, **more) -> PackType:
        values = {
            "maker": "测试电池",
            "model": f"T-{next(_numbers)}",
            "rated_capacity_ah": Decimal(200),
            "rated_voltage_v": Decimal(320),
            "rated_energy_kwh": Decimal(64),
            "mass_kg": Decimal(480),
            "cell_rated_capacity_ah": Decimal(200),
            "lower_cutoff_v": Decimal("2.5"),
            "upper_cutoff_v": Decimal("3.65"),
            "cells_in_series": 100,
            "design_year": 2018,
            "created_at": NOW,
        } | more
        return self._add(PackType(chemistry=chemistry, **values))

    def pack(
        self,
        owner: Organisation,
        pack_type: PackType | None = None,
        *,
        holder: Organisation | None = None,
        origin: Origin | None = Origin.REPAIR_REPLACEMENT,
        **more,
    ) -> Pack:
        number = next(_numbers)
        values = {
            "provisional_id": f"P-{number}",
            "public_token": f"token-{number}",
            "created_at": NOW,
            "type_id": (pack_type or self.pack_type()).id,
        } | more
        pack = self._add(
            Pack(owner_id=owner.id, holder_id=(holder or owner).id, **values),
        )
        if origin is not None:
            self._add(
                OriginEvent(
                    pack_id=pack.id, kind=origin, occurred_on=date(2026, 5, 2), recorded_at=NOW
                )
            )
        return pack

    def lot(
        self,
        seller: Organisation,
        packs: list[Pack] | None = None,
        *,
        state: LotState = LotState.CATALOGUED,
        route: Route = Route.CASCADE,
        **more,
    ) -> Lot:
        values = {"title": f"测试标的{next(_numbers)}", "created_at": NOW} | more
        lot = self._add(Lot(seller_id=seller.id, route=route, state=state, **values))
        for pack in packs if packs is not None else [self.pack(seller)]:
            self._add(LotPack(lot_id=lot.id, pack_id=pack.id, is_open=state is LotState.CATALOGUED))
        return lot

    def auction(self, lot: Lot, **more) -> Auction:
        """An open English sale of a lot: 1 yuan steps from 10 yuan, no deposit, closes in an hour."""
        values = {
            "price_basis": PriceBasis.LUMP_SUM,
            "quantity": Decimal(1),
            "payment_term": PaymentTerm.BEFORE_PICKUP,
            "start_minor": 1000,
            "increments": [[0, 100]],
            "opens_at": NOW - timedelta(hours=1),
            "closes_at": NOW + timedelta(hours=1),
            "original_closes_at": NOW + timedelta(hours=1),
            "published_at": NOW - timedelta(hours=2),
        } | more
        return self._add(Auction(lot_id=lot.id, seller_id=lot.seller_id, **values))
