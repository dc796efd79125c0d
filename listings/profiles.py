"""What an organisation says of itself after it was founded: address and bank account."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import orm

from listings import db, journal
from listings.errors import N_, NotFound, Refused
from listings.parties import Acting, Organisation, by, demand


class AccountNumberRefused(Refused):
    """The text is no bank account number."""

    message = N_("“%(value)s” is not an account number: write 8 to 34 digits and letters.")


class BankNameMissing(Refused):
    """An account number without its bank."""

    message = N_("Name the bank and branch that hold the account.")


def own(session: orm.Session, acting: Acting) -> Organisation:
    """The acting organisation, locked for a change by an administrator."""
    demand(acting, "organisation:manage")
    organisation = db.lock(session, Organisation, acting.organisation_id)
    if organisation is None:
        raise NotFound
    return organisation


def describe(
    session: orm.Session,
    acting: Acting,
    *,
    name_en: str,
    city: str,
    address: str,
    at: datetime,
) -> Organisation:
    """Change the English name and the address. Name and credit code were approved and stay."""
    organisation = own(session, acting)
    organisation.name_en, organisation.city, organisation.address = name_en, city, address
    journal.record(session, "organisation:described", organisation, at=at, **by(acting))
    return organisation


def set_bank_account(
    session: orm.Session, acting: Acting, *, bank_name: str, bank_account: str, at: datetime
) -> Organisation:
    """Name the one account that transfers must come from and that money is paid out to."""
    organisation = own(session, acting)
    number = re.sub(r"[\s-]", "", bank_account).upper()
    if not re.fullmatch(r"[0-9A-Z]{8,34}", number):
        raise AccountNumberRefused(field="bank_account", value=bank_account.strip()[:40])
    if not bank_name.strip():
        raise BankNameMissing(field="bank_name")
    organisation.bank_name, organisation.bank_account = bank_name.strip(), number
    journal.record(session, "organisation:bank-account-set", organisation, at=at, **by(acting))
    return organisation
