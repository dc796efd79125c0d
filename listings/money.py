"""Money: whole minor units of one currency."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from listings.errors import N_, Refused

MINOR_DIGITS = {"CNY": 2, "EUR": 2, "USD": 2, "HKD": 2, "JPY": 0}


# Thousands are set off in threes or not at all: 12,50 is no amount, and not 1250 either.
_AMOUNT = re.compile(r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(?:\.[0-9]*)?")
_HALF_WIDTH = str.maketrans("０１２３４５６７８９．，－￥", "0123456789.,-¥")


class CurrencyMismatch(Refused):
    """Amounts of two currencies were put together."""

    message = N_("%(left)s and %(right)s cannot be put together.")


class NotAnAmount(Refused):
    """The text is not an amount of this currency."""

    message = N_("“%(value)s” is not an amount in %(currency)s.")


@dataclass(frozen=True, slots=True)
class Money:
    """``minor`` whole minor units (fen, cents) of ``currency`` (ISO 4217).

    Refuses floats (``TypeError``) and operations across currencies (``CurrencyMismatch``).
    """

    minor: int
    currency: str = "CNY"

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are whole numbers, not {type(self.minor).__name__}")
        if self.currency not in MINOR_DIGITS:
            raise NotAnAmount(value=self.minor, currency=self.currency)

    @classmethod
    def parse(cls, text: str, currency: str = "CNY") -> Money:
        """Read a decimal string such as ``1,250.50``, full-width digits included.

        Refuses more places than the currency has, commas that do not set off thousands, powers
        of ten such as ``1e3``, and amounts from 10^15 on.
        """
        digits = MINOR_DIGITS.get(currency)
        plain = text.translate(_HALF_WIDTH).replace(" ", "").removeprefix("¥")
        if digits is None or not _AMOUNT.fullmatch(plain) or not re.search("[0-9]", plain):
            raise NotAnAmount(value=text, currency=currency)
        amount = Decimal(plain.replace(",", ""))
        if abs(amount) >= Decimal(10) ** 15:
            raise NotAnAmount(value=text, currency=currency)
        minor = amount.scaleb(digits)
        if minor != minor.to_integral_value():
            raise NotAnAmount(value=text, currency=currency)
        return cls(int(minor), currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, with the currency's places."""
        return Decimal(self.minor).scaleb(-MINOR_DIGITS[self.currency])

    def times(self, factor: Decimal | int) -> Money:
        """The amount times a quantity or rate, rounded half up to one minor unit."""
        if isinstance(factor, float):
            raise TypeError("factors of money are Decimal or int, not float")
        product = (Decimal(self.minor) * factor).quantize(Decimal(1), ROUND_HALF_UP)
        return Money(int(product), self.currency)

    def split(self, weights: Sequence[Decimal | int]) -> list[Money]:
        """Divide by weights with the largest remainder, so that the parts sum to the whole.

        Weights are not negative and not all zero (``ValueError``). Ties go to the earlier part.
        """
        total = sum(weights, Decimal(0))
        if total <= 0 or any(weight < 0 for weight in weights):
            raise ValueError("weights must not be negative, and one must be positive")
        sign = -1 if self.minor < 0 else 1
        exact = [Decimal(abs(self.minor)) * weight / total for weight in weights]
        floors = [int(share) for share in exact]
        by_remainder = sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))
        for i in by_remainder[: abs(self.minor) - sum(floors)]:
            floors[i] += 1
        return [Money(sign * part, self.currency) for part in floors]

    def _same(self, other: Money) -> None:
        if not isinstance(other, Money):
            raise TypeError(f"money and {type(other).__name__} cannot be put together")
        if other.currency != self.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __str__(self) -> str:
        return f"{self.decimal:,.{MINOR_DIGITS[self.currency]}f} {self.currency}"
