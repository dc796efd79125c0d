"""The terms of a sale: what the seller sets, and everything that can be wrong with it."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from listings import days
from listings.errors import N_, DomainError, Refused, Several
from listings.money import Money
from market.rules import english, proxy
from market.rules.increments import Table

SHORTEST = timedelta(seconds=60)
PAYMENT_DAYS = (1, 90)
USUAL_DEPOSIT = (Decimal(5), Decimal(20))
DEPOSIT_ADVICE = N_("The deposit is %(percent)s %% of the start price; 5 to 20 %% is usual.")


class Format(enum.StrEnum):
    """How the price is found: by bids, or it is set and the first to claim the lot pays it."""

    ENGLISH = "english"
    FIXED_PRICE = "fixed_price"


class PriceBasis(enum.StrEnum):
    """What one unit of the price buys."""

    LUMP_SUM = "lump_sum"
    PER_KWH = "per_kwh"
    PER_TONNE = "per_tonne"
    PER_PACK = "per_pack"


class PaymentTerm(enum.StrEnum):
    """When the seller is paid out."""

    BEFORE_PICKUP = "before_pickup"
    ON_ACCEPTANCE = "on_acceptance"


class Delivery(enum.StrEnum):
    """Who brings the goods."""

    DELIVERED = "delivered"
    COLLECTED = "collected"


class OneMinimumOnly(Refused):
    """A public floor and a hidden reserve contradict each other."""

    message = N_("Set a public floor or a hidden reserve, not both.")


class MinimumBelowStart(Refused):
    """A floor or reserve under the start price would never decide anything."""

    message = N_("The floor or reserve must not be below the start price of %(start)s.")


class FixedPriceOnly(Refused):
    """A minimum beside a price that is set already."""

    message = N_("At a fixed price there is neither floor nor reserve; leave both empty.")


class QuantityNotPositive(Refused):
    """A sale of nothing."""

    message = N_("The quantity must be more than 0 and have at most four decimal places.")


class LumpSumProvisional(Refused):
    """A lump sum is one price for what stands there."""

    message = N_("A lump sum has no provisional quantity; choose a price per kWh, tonne or pack.")


class SaleTooShort(Refused):
    """Nobody could bid in so little time."""

    message = N_("The sale must be open for at least %(seconds)s seconds.")


class ClosesInThePast(Refused):
    """The closing time has gone by."""

    message = N_("The closing time must lie in the future.")


class DepositNegative(Refused):
    """A deposit below zero."""

    message = N_("The deposit must not be below 0; 0 means that none is due.")


class TaxRateWrong(Refused):
    """The rate is no share of the price."""

    message = N_("The tax rate must lie between 0 and 100 percent.")


class PaymentDaysWrong(Refused):
    """The time to pay is not a number of days that anybody uses."""

    message = N_("The buyer must have between %(least)s and %(most)s days to pay.")


class PickupBeforeClosing(Refused):
    """The goods would have to leave before they are sold."""

    message = N_("The pick-up deadline must not be earlier than the closing date.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the seller sets; the fields are those of ``Auction``, amounts in minor units.

    ``quantity`` None takes what the packs sum up to (``estimate``). An ``opens_at`` that has gone
    by means at once. Everything that is wrong is refused together, each with its form field.
    """

    price_basis: PriceBasis
    start_minor: int
    opens_at: datetime
    closes_at: datetime
    format: Format = Format.ENGLISH
    quantity: Decimal | None = None
    is_quantity_provisional: bool = False
    currency: str = "CNY"
    is_tax_included: bool = True
    tax_rate: Decimal = Decimal("0.13")
    payment_term: PaymentTerm = PaymentTerm.BEFORE_PICKUP
    payment_days: int = 5
    delivery: Delivery = Delivery.COLLECTED
    pickup_until: date | None = None
    floor_minor: int | None = None
    reserve_minor: int | None = None
    is_negative_allowed: bool = False
    increments: list[list[int]] = field(default_factory=lambda: [[0, 10_000]])
    deposit_minor: int = 0
    viewing: str = ""
    hard_end: datetime | None = None
    window_s: int = 300
    extension_s: int = 300

    def check(self, at: datetime) -> None:
        """Refuse what cannot be sold this way (one refusal, or ``Several``)."""
        refusals = [*self._wrong_price(), *self._wrong_times(at), *self._wrong_terms()]
        if len(refusals) == 1:
            raise refusals[0]
        if refusals:
            raise Several(refusals)

    def _wrong_price(self) -> Iterator[DomainError]:
        try:
            table = Table(tuple((int(low), int(step)) for low, step in self.increments))
            Money(self.start_minor, self.currency)
            minimum = self.minimum_minor
            proxy.Terms(self.start_minor, table, minimum, allow_negative=self.is_negative_allowed)
        except DomainError as error:
            yield error
        if self.format is Format.FIXED_PRICE and self.minimum_minor is not None:
            yield FixedPriceOnly(field="reserve" if self.floor_minor is None else "floor")
        elif self.floor_minor is not None and self.reserve_minor is not None:
            yield OneMinimumOnly(field="reserve")
        elif self.minimum_minor is not None and self.minimum_minor < self.start_minor:
            name = "floor" if self.floor_minor is not None else "reserve"
            yield MinimumBelowStart(field=name, start=Money(self.start_minor, self.currency))

    def _wrong_times(self, at: datetime) -> Iterator[DomainError]:
        if self.closes_at <= at:
            yield ClosesInThePast(field="closes_at")
        elif self.closes_at <= self.opens_at:
            yield english.ClosesBeforeOpening(field="closes_at")
        elif self.closes_at - max(self.opens_at, at) < SHORTEST:
            yield SaleTooShort(field="closes_at", seconds=int(SHORTEST.total_seconds()))
        if self.hard_end is not None and self.hard_end < self.closes_at:
            yield english.HardEndBeforeClosing(field="hard_end")
        if self.window_s < 0 or self.extension_s < 0:
            yield english.NegativeDuration(field="window_s" if self.window_s < 0 else "extension_s")
        if self.pickup_until and self.pickup_until < days.of(self.closes_at):
            yield PickupBeforeClosing(field="pickup_until")

    def _wrong_terms(self) -> Iterator[DomainError]:
        if self.deposit_minor < 0:
            yield DepositNegative(field="deposit")
        if not 0 <= self.tax_rate <= 1:
            yield TaxRateWrong(field="tax_rate")
        least, most = PAYMENT_DAYS
        if not least <= self.payment_days <= most:
            yield PaymentDaysWrong(field="payment_days", least=least, most=most)
        if self.price_basis is PriceBasis.LUMP_SUM and self.is_quantity_provisional:
            yield LumpSumProvisional(field="is_quantity_provisional")
        places = -4
        wanted = self.quantity
        if wanted is not None and (wanted <= 0 or wanted != round(wanted, -places)):
            yield QuantityNotPositive(field="quantity")

    @property
    def minimum_minor(self) -> int | None:
        """The price from which the lot is sold: the floor or the reserve, if there is one."""
        return self.floor_minor if self.floor_minor is not None else self.reserve_minor

    def deposit_percent(self, quantity: Decimal) -> Decimal | None:
        """The deposit as percent of the start total; None where there is nothing to compare."""
        total = self.start_minor * quantity
        if not self.deposit_minor or total <= 0:
            return None
        return (Decimal(self.deposit_minor) * 100 / total).quantize(Decimal("0.1"))

    def advice(self, quantity: Decimal) -> list[tuple[str, dict[str, object]]]:
        """Sentences (message id, values) on what is allowed but unusual."""
        percent = self.deposit_percent(quantity)
        if percent is None or USUAL_DEPOSIT[0] <= percent <= USUAL_DEPOSIT[1]:
            return []
        return [(DEPOSIT_ADVICE, {"percent": percent})]
