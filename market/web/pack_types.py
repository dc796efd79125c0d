"""The register of pack types: everybody reads it, the operator and battery makers write it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request

from listings import db, pack_types
from listings.errors import N_
from listings.pack_types import Chemistry, PackType, Rating
from listings.parties import Kind, may
from listings.words import gettext
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, member

blueprint = Blueprint("pack_types", __name__)

WRITERS = (Kind.OPERATOR, Kind.BATTERY_MAKER)


@blueprint.get("/pack-types")
@member()
def show() -> Any:
    """All types with their rated values."""
    wanted = request.args.get("q", "").strip()[:80]
    acting = guard.acting()
    with db.transaction() as reading:
        found = pack_types.search(reading, wanted)
    may_write = may(acting, "register:write") and acting.is_any(*WRITERS)
    return render_template("pack_types/show.html", types=found, q=wanted, may_write=may_write)


@blueprint.get("/pack-types/new")
@guarded("register:write", *WRITERS)
def new() -> Any:
    """The form of a new type."""
    return render_template("pack_types/edit.html", type=None, chemistries=Chemistry)


@blueprint.post("/pack-types/new")
@again(new)
@guarded("register:write", *WRITERS)
def add() -> Any:
    """Enter a type."""
    form = Form(request.form)
    maker = form.text("maker", required=True, most=100)
    model = form.text("model", required=True, most=100)
    rating = _rating(form)
    with db.transaction() as writing:
        pack_types.add(
            writing, guard.acting(), maker=maker, model=model, rating=rating, at=guard.now()
        )
    flash(gettext(N_("%(maker)s %(model)s is in the register."), maker=maker, model=model))
    return go("pack_types.show")


@blueprint.get("/pack-types/<int:type_id>")
@guarded("register:write", *WRITERS)
def edit(type_id: int) -> Any:
    """The form of a correction."""
    with db.transaction() as reading:
        found = guard.visible(reading.get(PackType, type_id))
    return render_template("pack_types/edit.html", type=found, chemistries=Chemistry)


@blueprint.post("/pack-types/<int:type_id>")
@again(edit)
@guarded("register:write", *WRITERS)
def correct(type_id: int) -> Any:
    """Correct a type's rated values; the journal keeps what stood before."""
    rating = _rating(Form(request.form))
    with db.transaction() as writing:
        pack_types.correct(writing, guard.acting(), type_id, rating=rating, at=guard.now())
    flash(gettext(N_("Corrected. Reports keep the values they were made with.")))
    return go("pack_types.show")


def _rating(form: Form) -> Rating:
    numbers = {
        name: form.decimal(name, required=True, most=10**6)
        for name in (
            "rated_capacity_ah",
            "rated_voltage_v",
            "rated_energy_kwh",
            "mass_kg",
            "cell_rated_capacity_ah",
            "lower_cutoff_v",
            "upper_cutoff_v",
        )
    }
    chemistry = form.choice("chemistry", Chemistry)
    series = form.integer("cells_in_series", required=True, most=10_000)
    parallel = form.integer("cells_in_parallel", required=True, most=10_000)
    year = form.integer("design_year", least=1995, most=2100)
    source = form.text("source", most=300)
    form.check()
    given: dict[str, Any] = numbers
    return Rating(
        chemistry=chemistry or Chemistry.OTHER,
        cells_in_series=series or 1,
        cells_in_parallel=parallel or 1,
        design_year=year,
        source=source,
        **given,
    )
