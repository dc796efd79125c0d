"""An amount of renminbi in the capital numerals (大写) of contracts and bank forms. [pure]"""

from __future__ import annotations

from listings.errors import N_, Refused
from listings.money import Money

DIGITS = "零壹贰叁肆伍陆柒捌玖"
UNITS = ((10**8, "亿"), (10**4, "万"), (1000, "仟"), (100, "佰"), (10, "拾"))
LIMIT_FEN = 10**18


class NoCapitals(Refused):
    """The amount is of another currency or has no reading up to 万亿."""

    message = N_("%(amount)s cannot be written in Chinese capital numerals.")


def amount(money: Money) -> str:
    """``Money(12345)`` as 人民币壹佰贰拾叁元肆角伍分.

    The rules are those for filling in bills and settlement vouchers (支付结算办法, annex 1): one
    零 for any run of zeros between digits, 零 after 元 where the yuan or the jiao place is empty
    and something follows, 整 where no fen follow. 负 stands before a negative amount.
    Refuses other currencies than CNY and ten quadrillion yuan (10^16) or more (``NoCapitals``).
    """
    if money.currency != "CNY" or abs(money.minor) >= LIMIT_FEN:
        raise NoCapitals(amount=str(money))
    sign = "负" if money.minor < 0 else ""
    return f"人民币{sign}{_yuan(abs(money.minor))}"


def _yuan(fen: int) -> str:
    yuan, rest = divmod(fen, 100)
    if not rest:
        return f"{_number(yuan)}元整"
    jiao, hundredth = divmod(rest, 10)
    whole = f"{_number(yuan)}元" if yuan else ""
    gap = DIGITS[0] if yuan and (not yuan % 10 or not jiao) else ""
    tenths = f"{DIGITS[jiao]}角" if jiao else ""
    return whole + gap + tenths + (f"{DIGITS[hundredth]}分" if hundredth else "整")


def _number(value: int) -> str:
    for size, unit in UNITS:
        if value >= size:
            high, low = divmod(value, size)
            gap = DIGITS[0] if 0 < low < size // 10 else ""
            return _number(high) + unit + gap + (_number(low) if low else "")
    return DIGITS[value]
