"""The register of pack types: everybody reads it, the operator and each type's maker write it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from flask import Blueprint, flash, render_template, request, send_file
from sqlalchemy import orm

from listings import blobs, db, pack_types, type_revisions, type_search
from listings.blobs import Blob
from listings.errors import N_, NotFound, Refused
from listings.pack_types import WRITERS, Chemistry, PackType, Rating
from listings.parties import Kind, Organisation, may
from listings.type_revisions import TypeRevision
from listings.words import gettext
from market.web import formats, guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, member

blueprint = Blueprint("pack_types", __name__)

PAGE = 100
MOST_GUIDE = 30 * 2**20
PDF = b"%PDF-"
NOTHING = "–"
NUMBERS = (
    "rated_capacity_ah",
    "rated_voltage_v",
    "rated_energy_kwh",
    "mass_kg",
    "cell_rated_capacity_ah",
    "lower_cutoff_v",
    "upper_cutoff_v",
)
FIELDS = {
    "chemistry": N_("Chemistry"),
    "rated_capacity_ah": N_("Rated capacity"),
    "rated_voltage_v": N_("Rated voltage"),
    "rated_energy_kwh": N_("Rated energy"),
    "mass_kg": N_("Mass"),
    "cell_rated_capacity_ah": N_("Rated capacity of a cell"),
    "lower_cutoff_v": N_("Lower cut-off"),
    "upper_cutoff_v": N_("Upper cut-off"),
    "cells_in_series": N_("Cells in series"),
    "cells_in_parallel": N_("Cells in parallel"),
    "modules_in_series": N_("Modules in series"),
    "temperature_low_c": N_("Recommended from"),
    "temperature_high_c": N_("Recommended to"),
    "design_year": N_("Design year"),
    "source": N_("Source"),
    "guide_url": N_("Dismantling guide (link)"),
    "guide_sha256": N_("Dismantling guide (PDF)"),
    "maker_id": N_("Maker in the register"),
}
"""What the history calls the fields of a revision."""
UNITS = {
    "rated_capacity_ah": "Ah",
    "rated_voltage_v": "V",
    "rated_energy_kwh": "kWh",
    "mass_kg": "kg",
    "cell_rated_capacity_ah": "Ah",
    "lower_cutoff_v": "V",
    "upper_cutoff_v": "V",
    "temperature_low_c": "°C",
    "temperature_high_c": "°C",
}


class NotAGuide(Refused):
    """An uploaded guide that is no PDF."""

    message = N_("The dismantling guide must be a PDF.")


@dataclass(frozen=True, slots=True)
class Edit:
    """One revision as the history shows it: who saved it, and field, before, after."""

    revision: TypeRevision
    author: str
    changes: list[tuple[str, str, str]]


@blueprint.get("/pack-types")
@member()
def show() -> Any:
    """The types that fit the search, with their rated values."""
    wanted = request.args.get("q", "").strip()[:80]
    said = request.args.get("chemistry", "")
    chemistry = Chemistry(said) if said in set(Chemistry) else None
    page = max(1, min(request.args.get("page", 1, type=int), 10**6))
    acting = guard.acting()
    with db.transaction() as reading:
        found, count = type_search.page(
            reading, wanted, chemistry=chemistry, start=(page - 1) * PAGE, most=PAGE
        )
    return render_template(
        "pack_types/show.html",
        types=found,
        count=count,
        page=page,
        pages=max(1, -(-count // PAGE)),
        filters={"q": wanted, "chemistry": said} if wanted or said else {},
        q=wanted,
        chemistry=said,
        chemistries=Chemistry,
        may_write=may(acting, "register:write") and acting.is_any(*WRITERS),
    )


@blueprint.get("/pack-types/<int:type_id>")
@member()
def one(type_id: int) -> Any:
    """A type: its rated values, how to dismantle it, and every revision of it."""
    acting = guard.acting()
    with db.transaction() as reading:
        found = guard.visible(reading.get(PackType, type_id))
        maker = reading.get(Organisation, found.maker_id) if found.maker_id else None
        return render_template(
            "pack_types/one.html",
            type=found,
            maker=maker,
            history=_history(reading, found),
            guide=reading.get(Blob, found.guide_sha256) if found.guide_sha256 else None,
            may_edit=may(acting, "register:write") and pack_types.may_edit(acting, found),
        )


@blueprint.get("/pack-types/<int:type_id>/guide.pdf")
@member()
def guide(type_id: int) -> Any:
    """The dismantling guide that was uploaded, of the revision in the address or the newest."""
    number = request.args.get("revision", 0, type=int)
    with db.transaction() as reading:
        found = guard.visible(reading.get(PackType, type_id))
        kept = {row.number: row.values for row in type_revisions.of(reading, type_id)}
    said = kept.get(number, {}).get("guide_sha256") if number else found.guide_sha256
    sha256 = str(guard.visible(said))
    path = blobs.path(sha256)
    if not path.exists():
        raise NotFound
    return send_file(
        path.resolve(),
        mimetype="application/pdf",
        as_attachment=True,
        download_name=f"{found.model}-guide.pdf",
    )


@blueprint.get("/pack-types/new")
@guarded("register:write", *WRITERS)
def new() -> Any:
    """The form of a new type."""
    return _form(None)


@blueprint.post("/pack-types/new")
@again(new)
@guarded("register:write", *WRITERS)
def add() -> Any:
    """Enter a type."""
    form = Form(request.form)
    maker = form.text("maker", required=True, most=100)
    model = form.text("model", required=True, most=100)
    rating = _rating(form, None)
    with db.transaction() as writing:
        _keep_guide(writing)
        entered = pack_types.add(
            writing,
            guard.acting(),
            maker=maker,
            model=model,
            rating=rating,
            at=guard.now(),
            maker_id=form.integer("maker_id"),
        )
    flash(gettext(N_("%(maker)s %(model)s is in the register."), maker=maker, model=model))
    return go("pack_types.one", type_id=entered.id)


@blueprint.get("/pack-types/<int:type_id>/edit")
@guarded("register:write", *WRITERS)
def edit(type_id: int) -> Any:
    """The form of a correction."""
    with db.transaction() as reading:
        found = guard.visible(reading.get(PackType, type_id))
    guard.visible(pack_types.may_edit(guard.acting(), found) or None)
    return _form(found)


@blueprint.post("/pack-types/<int:type_id>/edit")
@again(edit)
@guarded("register:write", *WRITERS)
def correct(type_id: int) -> Any:
    """Save a new revision; the older ones stay."""
    form = Form(request.form)
    with db.transaction() as reading:
        found = guard.visible(reading.get(PackType, type_id))
    guard.visible(pack_types.may_edit(guard.acting(), found) or None)
    seen = form.integer("revision", required=True)
    rating = _rating(form, found)
    with db.transaction() as writing:
        _keep_guide(writing)
        saved = pack_types.correct(
            writing,
            guard.acting(),
            type_id,
            rating=rating,
            at=guard.now(),
            seen=seen,
            maker_id=form.integer("maker_id"),
        )
    if saved.revision == seen:
        flash(gettext(N_("Nothing was different, so no revision was saved.")))
    else:
        flash(
            gettext(
                N_("Revision %(number)s is saved. Reports keep the revision they were made with."),
                number=saved.revision,
            )
        )
    return go("pack_types.one", type_id=type_id)


def _form(found: PackType | None) -> Any:
    is_operator = guard.acting().is_any(Kind.OPERATOR)
    with db.transaction() as reading:
        makers = [(one.id, one.called) for one in pack_types.makers(reading)] if is_operator else []
    return render_template(
        "pack_types/edit.html",
        type=found,
        chemistries=Chemistry,
        makers=makers,
        is_operator=is_operator,
        most=MOST_GUIDE,
    )


def _rating(form: Form, found: PackType | None) -> Rating:
    numbers = {name: form.decimal(name, required=True, most=10**6) for name in NUMBERS}
    chemistry = form.choice("chemistry", Chemistry)
    series = form.integer("cells_in_series", required=True, most=10_000)
    parallel = form.integer("cells_in_parallel", required=True, most=10_000)
    modules = form.integer("modules_in_series", least=1, most=10_000)
    year = form.integer("design_year", least=1995, most=2100)
    source = form.text("source", most=300)
    low, high = (
        form.decimal(name, least=-60, most=120)
        for name in ("temperature_low_c", "temperature_high_c")
    )
    link = form.text("guide_url", most=500)
    kept = found.guide_sha256 if found and not form.flag("without_guide") else None
    sent = _sent_guide(form)
    form.check()
    given: dict[str, Any] = numbers
    return Rating(
        chemistry=chemistry or Chemistry.OTHER,
        cells_in_series=series or 1,
        cells_in_parallel=parallel or 1,
        modules_in_series=modules,
        design_year=year,
        source=source,
        temperature_low_c=low,
        temperature_high_c=high,
        guide_url=link,
        guide_sha256=sent or kept,
        **given,
    )


def _sent_guide(form: Form) -> str | None:
    """Put an uploaded guide into the store; its SHA-256. Its row is written with the revision."""
    file = form.upload("guide", required=False)
    if file is None:
        return None
    if file.stream.read(len(PDF)) != PDF:
        form.fail(NotAGuide(field="guide"))
        return None
    file.stream.seek(0)
    return blobs.keep_stream(file.stream, most=MOST_GUIDE).sha256


def _keep_guide(writing: orm.Session) -> None:
    """The row of the guide that came with the request, before anything refers to it."""
    file = request.files.get("guide")
    if file is None or not file.filename:
        return
    file.stream.seek(0)
    blobs.record(
        writing,
        blobs.keep_stream(file.stream, most=MOST_GUIDE),
        name=file.filename,
        media_type="application/pdf",
        at=guard.now(),
        organisation_id=guard.acting().organisation_id,
    )


def _history(reading: orm.Session, found: PackType) -> list[Edit]:
    rows = type_revisions.of(reading, found.id)
    firms = {row.organisation_id: _called(reading, row.organisation_id) for row in rows}
    return [
        Edit(
            row,
            firms[row.organisation_id],
            [
                (gettext(FIELDS[name]), _shown(reading, name, was), _shown(reading, name, now))
                for name, (was, now) in type_revisions.changes(row, older).items()
                if name in FIELDS
            ],
        )
        for row, older in zip_longest(rows, rows[1:])
    ]


def _called(reading: orm.Session, organisation_id: int | None) -> str:
    firm = reading.get(Organisation, organisation_id) if organisation_id else None
    return firm.called if firm else NOTHING


def _shown(reading: orm.Session, name: str, value: str | None) -> str:
    if not value:
        return NOTHING
    if name == "chemistry" and value in set(Chemistry):
        return str(formats.word(Chemistry(value)))
    if name == "maker_id":
        return _called(reading, int(value))
    if name == "guide_sha256":
        return value[:12]
    unit = UNITS.get(name, "")
    return f"{Decimal(value):f} {unit}" if unit else value
