"""What a buyer reckons with, and what a lot costs it at its own gate; nobody else sees either."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, g, render_template, request
from werkzeug.datastructures import ImmutableMultiDict

from listings import db
from listings.errors import N_, DomainError, NotFound
from listings.money import Money
from listings.pack_types import Chemistry
from listings.parties import Organisation
from listings.provinces import PROVINCES
from listings.words import gettext
from market import ceilings
from market.ceilings import BUYERS, CeilingUnit, Reckoning
from market.web import guard
from market.web.app import go
from market.web.formats import province, word
from market.web.forms import Form, again
from market.web.guard import guarded, member
from market.web.landed import now_asked
from market.web.lots import seen
from pricing.landed_cost import LABELS, Ceiling, Rates

blueprint = Blueprint("ceilings", __name__)

MOST_KM = 10_000


@blueprint.get("/ceilings")
@member(*BUYERS)
def index() -> Any:
    """My costs and ceilings, or those that stand until I set my own."""
    acting = guard.acting()
    with db.transaction() as reading:
        terms = ceilings.of(reading, acting.organisation_id)
        home = reading.get_one(Organisation, acting.organisation_id).province
        return render_template(
            "ceilings/index.html",
            terms=terms,
            rates=ceilings.rates(terms),
            province_now=terms.province if terms else home,
            provinces=[(name, province(name)) for name in PROVINCES],
            chemistries=Chemistry,
            units=CeilingUnit,
            standing={row.chemistry.value: row for row in (terms.ceilings if terms else [])},
        )


@blueprint.post("/ceilings")
@again(index)
@guarded("bid:prepare", *BUYERS)
def save() -> Any:
    """Reckon with these from now on."""
    form = Form(request.form)
    rates = Rates(
        form.money("removal_per_tonne", required=True) or Money(0),
        form.money("loading_per_tonne", required=True) or Money(0),
        form.money("freight_per_tonne_km", required=True) or Money(0),
        is_credited=form.flag("is_tax_credited"),
    )
    chosen = {}
    for chemistry in Chemistry:
        amount = form.money(f"ceiling_{chemistry.value}")
        unit = form.choice(f"unit_{chemistry.value}", CeilingUnit, required=False)
        if amount is not None:
            chosen[chemistry] = Ceiling((unit or CeilingUnit.KWH).value, amount)
    place = form.text("province", required=True)
    form.check()
    with db.transaction() as session:
        ceilings.save(
            session,
            guard.acting(),
            province=place,
            rates=rates,
            ceilings=chosen,
            at=guard.now(),
        )
    flash(gettext(N_("Saved. Lots are reckoned with these from now on; nobody else sees them.")))
    return go("ceilings.index")


@blueprint.get("/lots/<int:lot_id>/landed-cost")
@member(*BUYERS)
def of_lot(lot_id: int) -> Any:
    """What the lot costs me at a price and a distance that I type in; nothing is saved."""
    acting = guard.acting()
    form = Form(ImmutableMultiDict(request.args))
    with db.transaction() as reading:
        lot, auction = seen(reading, lot_id)
        if auction is None or auction.seller_id == acting.organisation_id:
            raise NotFound
        unit = form.money("price", currency=auction.currency)
        distance = form.decimal("distance_km", most=MOST_KM)
        _say(form)
        found = ceilings.reckon(
            reading,
            acting.organisation_id,
            lot,
            auction,
            unit_minor=unit.minor if unit else now_asked(auction, guard.now()),
            distance_km=distance,
        )
        return render_template(
            "ceilings/of_lot.html", lot=lot, auction=auction, reckoning=found, labels=LABELS
        )


def _say(form: Form) -> None:
    """What cannot be read is said beside its field, and the rest is shown all the same."""
    try:
        form.check()
    except DomainError as error:
        g.refusal = error
        g.typed = request.args


def per_kwh(reckoning: Reckoning) -> Money:
    """The landed cost of one kWh of nameplate."""
    return reckoning.cost.per(reckoning.goods.all_kwh or Decimal(1))


def chemistry_words(chemistries: list[str]) -> list[str]:
    """Chemistries as the person reads them."""
    return [word(name, "Chemistry") for name in chemistries]


blueprint.add_app_template_global(per_kwh, "landed_per_kwh")
blueprint.add_app_template_global(chemistry_words, "chemistry_words")
