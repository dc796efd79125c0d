"""Money counted again: what deposits and settlements say against what the ledger holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import orm

from listings.words import gettext as _
from market.awarded import Award
from market.batches import SettlementBatch
from market.deposits import Deposit, DepositState
from market.ledger import Account, AccountKind, Entry, Posting
from market.settlements import Settlement, SettlementState

_ENDED = (DepositState.RELEASED, DepositState.APPLIED, DepositState.FORFEITED)


def deposits(session: orm.Session) -> Iterator[str]:
    """Each deposit has the entries that its state tells of, each of its amount, and no other."""
    posted = _turnover(session, "deposit")
    for deposit in session.scalars(sa.select(Deposit).order_by(Deposit.id)):
        found = posted[deposit.id]
        told = [state for state in (DepositState.HELD, *_ENDED) if state.value in found]
        expected = [] if deposit.state is DepositState.REQUIRED else [DepositState.HELD]
        expected += [deposit.state] if deposit.state in _ENDED else []
        if told != expected:
            yield _(
                "Deposit %(reference)s is %(state)s, but the ledger tells: %(told)s.",
                reference=deposit.reference,
                state=deposit.state.value,
                told=", ".join(told) or "–",
            )
        for state in told:
            if found[state.value] != deposit.amount_minor:
                yield _(
                    "Deposit %(reference)s is %(amount)s, but %(posted)s were posted as %(state)s.",
                    reference=deposit.reference,
                    amount=deposit.amount_minor,
                    posted=found[state.value],
                    state=state.value,
                )


def settlements(session: orm.Session) -> Iterator[str]:
    """Each settlement's amounts are the sums of its entries, and its batches make its price."""
    posted = _turnover(session, "settlement")
    defaulted = _defaults(session)
    batches = _batches(session)
    applied = _applied(session)
    for row in session.scalars(sa.select(Settlement).order_by(Settlement.id)):
        found = posted[row.id]
        kept, whole = defaulted.get(row.award_id, (0, 0))
        counted = {
            "paid_minor": found["received"] + applied.get(row.award_id, 0) + whole,
            "earned_minor": found["earned"] + kept,
            "paid_out_minor": found["paid_out"],
            "refunded_minor": found["refunded"],
        }
        for name, amount in counted.items():
            if getattr(row, name) != amount:
                yield _(
                    "Settlement %(reference)s says %(said)s for %(name)s, the ledger %(amount)s.",
                    reference=row.reference,
                    said=getattr(row, name),
                    name=name,
                    amount=amount,
                )
        yield from _state_problems(row, batches.get(row.id, 0))


def _state_problems(row: Settlement, settled: int) -> Iterator[str]:
    if row.settled_at is not None and row.due_minor != settled:
        yield _(
            "Settlement %(reference)s is due %(due)s, but its batches sum to %(settled)s.",
            reference=row.reference,
            due=row.due_minor,
            settled=settled,
        )
    is_covered = row.kept_minor >= abs(row.due_minor)
    if row.state in {SettlementState.PAID, SettlementState.COMPLETED} and not is_covered:
        yield _(
            "Settlement %(reference)s is %(state)s, but only %(kept)s of %(due)s were paid.",
            reference=row.reference,
            state=row.state.value,
            kept=row.kept_minor,
            due=row.due_minor,
        )


def _turnover(session: orm.Session, noun: str) -> dict[int, dict[str, int]]:
    """Debits by subject and verb of causes such as ``deposit:7:held``, in minor units."""
    part = sa.func.split_part
    subject, verb = part(Entry.cause, ":", 2), part(Entry.cause, ":", 3)
    rows = session.execute(
        sa.select(subject, verb, sa.func.sum(Posting.amount_minor))
        .join(Posting, Posting.entry_id == Entry.id)
        .where(Entry.cause.startswith(f"{noun}:", autoescape=True), Posting.amount_minor > 0)
        .group_by(subject, verb)
    )
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for ident, name, amount in rows:
        found[int(ident)][name] = int(amount)
    return found


def _defaults(session: orm.Session) -> dict[int, tuple[int, int]]:
    """Of each defaulted award whose deposit was shared out: the seller's part, and the whole."""
    rows = session.execute(
        sa.select(
            sa.func.split_part(Entry.cause, ":", 2),
            sa.func.coalesce(
                -sa.func.sum(Posting.amount_minor).filter(
                    Account.kind == AccountKind.SELLER_PAYABLE
                ),
                0,
            ),
            sa.func.sum(Posting.amount_minor).filter(Posting.amount_minor > 0),
        )
        .join(Posting, Posting.entry_id == Entry.id)
        .join(Account, Account.id == Posting.account_id)
        .where(Entry.cause.like("award:%:default"))
        .group_by(Entry.cause)
    )
    return {int(award): (int(kept), int(whole)) for award, kept, whole in rows}


def _applied(session: orm.Session) -> dict[int, int]:
    """By award, the deposit that became part of the price."""
    rows = session.execute(
        sa.select(Award.id, Deposit.amount_minor)
        .join(
            Deposit,
            sa.and_(
                Deposit.auction_id == Award.auction_id,
                Deposit.bidder_id == Award.buyer_id,
            ),
        )
        .where(Deposit.state == DepositState.APPLIED)
    )
    return {row.id: row.amount_minor for row in rows}


def _batches(session: orm.Session) -> dict[int, int]:
    rows = session.execute(
        sa.select(
            SettlementBatch.settlement_id, sa.func.sum(SettlementBatch.amount_minor)
        ).group_by(SettlementBatch.settlement_id)
    )
    return {settlement: int(amount) for settlement, amount in rows}
