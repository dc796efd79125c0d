"""The chain of one pack with its code, and with names for the regulator."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from listings import db, sight
from listings.parties import Kind
from market import chains
from market.web import guard
from market.web.guard import member

blueprint = Blueprint("custody", __name__)


@blueprint.get("/custody/<int:pack_id>")
@member()
def show(pack_id: int) -> Any:
    """Every event of the log about a pack; persons by name for regulator and operator only."""
    acting = guard.acting()
    with db.transaction() as reading:
        pack = guard.visible(sight.pack(reading, acting, pack_id))
        return render_template(
            "custody/show.html",
            pack=pack,
            chain=chains.of(reading, pack),
            names_people=acting.is_any(Kind.REGULATOR, Kind.OPERATOR),
        )
