"""What changed from one edition of a guide to another."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from listings import db
from listings.errors import NotFound
from market.web import guard
from market.web.guard import public
from market.web.guides import readable
from pricing import differences, points
from pricing.guides import Edition, Guide

blueprint = Blueprint("differences", __name__)


@blueprint.get("/guides/<int:guide_id>/difference")
@public
def show(guide_id: int) -> Any:
    """Two editions beside one another, the newest and the one before where none are chosen."""
    with db.transaction() as session:
        guide = guard.visible(session.get(Guide, guide_id))
        found = readable(session, guide)
        after = _chosen(found, "after") or (found[0] if found else None)
        last = differences.predecessor(session, after) if after else None
        before = _chosen(found, "before") or last or after
        return render_template(
            "differences/show.html",
            guide=guide,
            choices=[(edition.id, edition.number) for edition in found],
            before=before,
            after=after,
            found=differences.between(before, after) if before and after else None,
            points={point.code: point for point in points.of_guide(session, guide_id, ended=True)},
        )


def _chosen(found: list[Edition], name: str) -> Edition | None:
    """The edition that the address names; `NotFound` where it is none of the readable ones."""
    given = request.args.get(name, "")
    if not given:
        return None
    for edition in found:
        if str(edition.id) == given:
            return edition
    raise NotFound
