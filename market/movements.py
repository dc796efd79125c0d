"""Movements: the entries that a settlement and the bank desk make in the ledger."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import orm

from listings.money import Money
from market import amounts, ledger
from market.amounts import FEE_TAX_RATE, Fee
from market.ledger import AccountKind, Line


def arrive(
    session: orm.Session,
    cause: str,
    amount: Money,
    *,
    into: AccountKind,
    payer_id: int,
    at: datetime,
) -> None:
    """Money came to the bank or the card clearing and is the payer's."""
    asset = ledger.account(session, into, currency=amount.currency)
    funds = ledger.account(session, AccountKind.CLIENT_FUNDS, payer_id, amount.currency)
    ledger.post(session, cause, [(asset, amount.minor), (funds, -amount.minor)], at=at)


def leave(
    session: orm.Session,
    cause: str,
    amount: Money,
    *,
    out_of: AccountKind,
    organisation_id: int | None,
    at: datetime,
) -> None:
    """Money left the client account; it was on ``out_of`` (or goes to our own bank account)."""
    account = ledger.account(session, out_of, organisation_id, amount.currency)
    bank = ledger.account(session, AccountKind.CLIENT_BANK, currency=amount.currency)
    ledger.post(session, cause, [(account, amount.minor), (bank, -amount.minor)], at=at)


def earn(
    session: orm.Session,
    cause: str,
    amount: Money,
    fee: Fee,
    *,
    payer_id: int,
    payee_id: int,
    tax_rate: Decimal,
    at: datetime,
) -> None:
    """The payer's money becomes the payee's, less the fee and the tax on the fee."""
    tax = amounts.tax_within(amount, tax_rate).minor
    funds, payable, income, tax_payable = (
        ledger.account(session, kind, owner, amount.currency)
        for kind, owner in (
            (AccountKind.CLIENT_FUNDS, payer_id),
            (AccountKind.SELLER_PAYABLE, payee_id),
            (AccountKind.FEE_INCOME, None),
            (AccountKind.TAX_PAYABLE, None),
        )
    )
    ledger.post(
        session,
        cause,
        [
            Line(funds, amount.minor, tax, tax_rate),
            Line(payable, fee.gross.minor - amount.minor, -tax, tax_rate),
            Line(income, -fee.net.minor, 0, FEE_TAX_RATE),
            Line(tax_payable, -fee.tax.minor, -fee.tax.minor, FEE_TAX_RATE),
        ],
        at=at,
    )
