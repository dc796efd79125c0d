"""The record of a reference value: every voice and its weight."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint

from listings import db
from listings.lots import Lot
from market.web import guard
from market.web.guard import public
from market.web.values import download, visible_lot
from pricing.references import ReferenceValue

blueprint = Blueprint("references", __name__)


@blueprint.get("/values/reference/<int:reference_id>.json")
@public
def record(reference_id: int) -> Any:
    """Every voice and its weight, from which anyone computes the reference value again."""
    with db.transaction() as session:
        kept = guard.visible(session.get(ReferenceValue, reference_id))
        visible_lot(session.get(Lot, kept.lot_id))
        found = {
            "lot": kept.lot_id,
            "computed_at": kept.computed_at.isoformat(),
            **json.loads(kept.record),
        }
    text = json.dumps(found, ensure_ascii=False, indent=2)
    return download(text, "application/json", f"reference-value-{reference_id}.json")
