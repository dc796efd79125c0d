"""The yards and counters of my organisation."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request

from listings import db, sites
from listings.errors import N_
from listings.parties import Organisation
from listings.provinces import PROVINCES
from listings.words import gettext
from market.web import guard
from market.web.app import go
from market.web.forms import Form, NotAChoice, again
from market.web.guard import guarded, member

blueprint = Blueprint("sites", __name__)


@blueprint.get("/sites")
@member()
def show() -> Any:
    """All of them, with their limits."""
    with db.transaction() as reading:
        found = sites.of(reading, guard.acting().organisation_id)
    return render_template("sites/show.html", sites=found, provinces=PROVINCES)


@blueprint.get("/sites/new")
@guarded("register:write")
def new() -> Any:
    """The form."""
    with db.transaction() as reading:
        here = reading.get_one(Organisation, guard.acting().organisation_id).province
    provinces = [(name, gettext(label)) for name, label in PROVINCES.items()]
    return render_template("sites/new.html", provinces=provinces, here=here)


@blueprint.post("/sites/new")
@again(new)
@guarded("register:write")
def add() -> Any:
    """Register a site."""
    form = Form(request.form)
    name = form.text("name", required=True, most=100)
    province = form.text("province", required=True)
    if province and province not in PROVINCES:
        form.fail(NotAChoice(field="province", value=province))
    values = {
        "city": form.text("city", most=100),
        "address": form.text("address", most=300),
        "opening_hours": form.text("opening_hours", most=200),
    }
    mass_limit_t = form.decimal("mass_limit_t", most=10**6)
    energy_limit_kwh = form.decimal("energy_limit_kwh", most=10**8)
    form.check()
    with db.transaction() as writing:
        sites.add(
            writing,
            guard.acting(),
            name=name,
            province=province,
            mass_limit_t=mass_limit_t,
            energy_limit_kwh=energy_limit_kwh,
            at=guard.now(),
            **values,
        )
    flash(gettext(N_("The site %(name)s is registered."), name=name))
    return go("sites.show")
