"""The award letter (成交确认书): the document that says who bought the lot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from listings.words import gettext as _
from market.documents import blocks, figures, parts


@dataclass(frozen=True, slots=True)
class AwardLetter:
    """One award. ``closed_at`` is the closing instant, ``lot_number`` as the catalogue shows it."""

    number: str
    seller: parts.Party
    buyer: parts.Party
    lot_number: str
    lot_title: str
    packs: Sequence[parts.PackGroup]
    terms: parts.Terms
    closed_at: datetime
    awarded_at: datetime
    operator: str = ""
    address: str = ""

    def compose(self) -> blocks.Paper:
        """The letter in the language being spoken."""
        terms = self.terms
        return blocks.Paper(
            title=_("Award letter"),
            number=_("No. %(number)s", number=self.number),
            qr=blocks.qr(self.address),
            qr_caption=_("See this award"),
            foot=_("Award letter %(number)s", number=self.number),
            blocks=[
                blocks.text(
                    _(
                        "The sale named below has ended. The lot is awarded to the buyer on the "
                        "terms of the sale, which both parties have accepted.",
                    ),
                ),
                blocks.pairs(
                    [
                        *parts.party_rows(self.seller, _("Seller")),
                        *parts.party_rows(self.buyer, _("Buyer")),
                        (_("Lot"), f"{self.lot_number} {self.lot_title}"),
                        (_("Sale closed at"), figures.instant(self.closed_at, terms.zone)),
                        (_("Awarded at"), figures.instant(self.awarded_at, terms.zone)),
                    ],
                ),
                blocks.heading(_("Goods")),
                parts.groups(self.packs),
                blocks.heading(_("Price and terms")),
                blocks.pairs(
                    [
                        (_("Hammer price"), parts.price(terms)),
                        (_("Quantity"), parts.quantity(terms)),
                        (_("Amount"), figures.money(terms.amount)),
                        (_("Tax"), parts.tax(terms)),
                        (_("Deposit applied to the price"), figures.money(terms.deposit)),
                        (_("Payment term"), parts.payment(terms)),
                        (_("Pay until"), figures.instant(terms.pay_until, terms.zone)),
                        (_("Delivery"), parts.delivery(terms)),
                    ],
                ),
                blocks.text(
                    _(
                        "The parties conclude the asset transfer contract on these terms. A buyer "
                        "who does not pay in time answers with the deposit.",
                    ),
                ),
                blocks.seals(
                    [
                        blocks.Seal(_("Seller"), self.seller.name, _lines()),
                        blocks.Seal(_("Buyer"), self.buyer.name, _lines()),
                        *(
                            [blocks.Seal(_("Operator"), self.operator, _lines())]
                            * bool(self.operator)
                        ),
                    ],
                ),
            ],
        )


def _lines() -> list[str]:
    return [_("Signature and seal"), _("Date")]
