"""The asset transfer contract (资产转让合同), signed and sealed by seller and buyer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from listings import capitals, words
from listings.words import gettext as _
from listings.words import ngettext
from market.auctions import PaymentTerm
from market.documents import blocks, figures, parts


@dataclass(frozen=True, slots=True)
class Asset:
    """One pack of the asset list. ``energy_kwh`` nameplate, ``mass_kg`` as declared."""

    name: str
    chemistry: str
    model: str = ""
    vehicle: str = ""
    energy_kwh: Decimal | None = None
    mass_kg: Decimal | None = None
    grade: str = ""


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract. ``signed_at_place`` is where it is concluded, ``court`` decides disputes.

    ``seller_signer`` and ``buyer_signer`` are the persons who sign and by what authority.
    """

    number: str
    award_number: str
    seller: parts.Party
    buyer: parts.Party
    lot_number: str
    lot_title: str
    assets: Sequence[Asset]
    terms: parts.Terms
    drawn_up_on: date
    site: str
    place: str = ""
    court: str = ""
    seller_signer: str = ""
    buyer_signer: str = ""

    def compose(self) -> blocks.Paper:
        """The contract in the language being spoken."""
        clauses = [
            blocks.clause(number, title, paragraphs)
            for number, (title, paragraphs) in enumerate(_clauses(self), start=1)
        ]
        return blocks.Paper(
            title=_("Asset transfer contract"),
            number=_("No. %(number)s", number=self.number),
            foot=_("Contract %(number)s", number=self.number),
            blocks=[
                _party(self.seller, _("Seller"), self.seller_signer),
                _party(self.buyer, _("Buyer"), self.buyer_signer),
                blocks.pairs(
                    [
                        (_("Award letter"), self.award_number),
                        (_("Lot"), f"{self.lot_number} {self.lot_title}"),
                        (_("Drawn up on"), figures.day(self.drawn_up_on)),
                        (_("Place"), self.place),
                    ],
                ),
                *clauses,
                blocks.seals(
                    [
                        _seal(self.seller, _("Seller"), self.seller_signer),
                        _seal(self.buyer, _("Buyer"), self.buyer_signer),
                    ],
                ),
                blocks.annex(_("Annex: asset list")),
                _assets(self.assets),
            ],
        )


def _party(party: parts.Party, role: str, signer: str) -> blocks.Block:
    return blocks.pairs(
        [
            *parts.party_rows(party, role),
            (_("Address"), party.address),
            (_("Legal representative"), party.representative),
            (_("Signer and authority"), signer),
            (_("Bank and account"), f"{party.bank_name} {party.bank_account}".strip()),
        ],
    )


def _seal(party: parts.Party, role: str, signer: str) -> blocks.Seal:
    return blocks.Seal(
        role,
        party.name,
        [_("Signer: %(name)s", name=signer), _("Signature and seal"), _("Date")],
    )


def _assets(assets: Sequence[Asset]) -> blocks.Block:
    return blocks.table(
        [
            blocks.Column(_("No.")),
            blocks.Column(_("Pack code"), 5),
            blocks.Column(_("Chemistry"), 2),
            blocks.Column(_("Model"), 3),
            blocks.Column(_("Vehicle"), 2),
            blocks.Column(_("Nameplate (kWh)"), 2, is_number=True),
            blocks.Column(_("Mass (kg)"), 2, is_number=True),
            blocks.Column(_("Grade")),
        ],
        [
            [
                str(position),
                asset.name,
                asset.chemistry,
                asset.model,
                asset.vehicle,
                figures.number(asset.energy_kwh),
                figures.number(asset.mass_kg),
                asset.grade,
            ]
            for position, asset in enumerate(assets, start=1)
        ],
        foot=[
            "",
            ngettext("Sum of %(num)s pack", "Sum of %(num)s packs", len(assets)),
            "",
            "",
            "",
            figures.number(figures.total([asset.energy_kwh for asset in assets])),
            figures.number(figures.total([asset.mass_kg for asset in assets])),
            "",
        ],
    )


def _transfer() -> list[str]:
    return [
        _(
            "The seller transfers to the buyer the retired traction batteries named in "
            "the annex, as they are and as the documents of the sale describe them. The "
            "seller warrants that they are its own to sell and free of third-party rights.",
        ),
    ]


def _clauses(contract: Contract) -> list[tuple[str, list[str]]]:
    terms = contract.terms
    return [
        (_("Assets"), _transfer()),
        (_("Price"), _price(terms)),
        (_("Payment"), _payment(terms)),
        (
            _("Delivery"),
            [
                _(
                    "%(delivery)s. Place of handover: %(site)s.",
                    delivery=parts.delivery(terms),
                    site=contract.site,
                ),
                _(
                    "Each transfer of possession is a handover signed by both sides, with counts "
                    "and weighbridge figures. The receiver states what is accepted, rejected or "
                    "missing; what is accepted is settled.",
                ),
            ],
        ),
        (
            _("Title and risk"),
            [
                _(
                    "Title to a batch passes when it is paid in full and accepted. Risk passes "
                    "with possession when the release is signed.",
                ),
            ],
        ),
        (_("Safety and environment"), _safety()),
        (
            _("Default"),
            [
                _(
                    "If the buyer does not pay in time the seller may withdraw; the deposit "
                    "covers the costs of the sale first and then the shortfall against the "
                    "re-sale. A remainder is returned; a further shortfall stays owed.",
                ),
            ],
        ),
        (_("Disputes"), [_dispute(contract)]),
        (
            _("Authority and effect"),
            [
                _(
                    "Each signer confirms the authority to bind the party named. The contract "
                    "takes effect when both parties have signed and sealed it. Each party keeps "
                    "one copy; the annex is part of it.",
                ),
            ],
        ),
    ]


def _price(terms: parts.Terms) -> list[str]:
    lines = [
        _(
            "Price: %(price)s. Quantity: %(quantity)s.",
            price=parts.price(terms),
            quantity=parts.quantity(terms),
        ),
        _("Amount: %(amount)s. %(tax)s.", amount=figures.money(terms.amount), tax=parts.tax(terms)),
    ]
    if terms.amount.currency == "CNY" and words.locale().startswith("zh"):
        lines.append(_("Amount in capitals: %(words)s.", words=capitals.amount(terms.amount)))
    if terms.is_quantity_provisional:
        lines.append(
            _("The final amount is the unit price times the accepted quantity, batch by batch."),
        )
    if terms.amount.minor < 0:
        lines.append(_("The amount is negative: the seller pays it to the buyer."))
    return lines


def _payment(terms: parts.Terms) -> list[str]:
    lines = [
        _(
            "%(term)s, until %(instant)s.",
            term=parts.payment(terms),
            instant=figures.instant(terms.pay_until, terms.zone),
        ),
    ]
    if terms.payment_term is PaymentTerm.ON_ACCEPTANCE:
        lines.append(
            _("The price is held in the client account and paid out for what is accepted."),
        )
    if terms.deposit is not None:
        lines.append(
            _("The deposit of %(deposit)s is part of it.", deposit=figures.money(terms.deposit)),
        )
    return lines


def _safety() -> list[str]:
    return [
        _(
            "Before packing both parties judge the safety of the packs together and sign the "
            "checklist (GB/T 38698.1). The packs are dangerous goods of class 9 and travel only "
            "packed and carried as their condition requires.",
        ),
        _(
            "Whoever removes, stores or moves packs on the other's premises follows the site's "
            "safety rules, keeps fire-fighting means ready, insures its people and answers for "
            "the damage that it causes.",
        ),
        _(
            "The buyer uses or recycles the packs only in licensed facilities, keeps the "
            "traceability records that the law asks for and abandons no part of them.",
        ),
    ]


def _dispute(contract: Contract) -> str:
    if contract.court:
        return _(
            "The parties settle disputes by negotiation, otherwise before %(court)s.",
            court=contract.court,
        )
    return _(
        "The parties settle disputes by negotiation, otherwise before the people's court at the "
        "seller's domicile.",
    )
