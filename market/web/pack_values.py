"""What valuers say one pack is worth, why, and how sure that is."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, render_template

from listings import db, sight
from listings.errors import DomainError
from market.web import agreed, guard
from market.web.guard import member
from market.web.values import Shown, download, shown_of
from pricing import pack_values
from pricing.guides import Edition
from pricing.pack_values import Worked

blueprint = Blueprint("pack_values", __name__)

Said = list[tuple[Edition, Worked | DomainError]]


@blueprint.get("/packs/<int:pack_id>/value")
@member()
def show(pack_id: int) -> Any:
    """Every valuer's value of a pack with its waterfalls and inputs."""
    with db.transaction() as session:
        pack = guard.visible(sight.pack(session, guard.acting(), pack_id))
        at = guard.now()
        said = pack_values.statements(session, pack, at=at)
        return render_template(
            "values/of_pack.html",
            pack=pack,
            found=[worked for _, worked in said if isinstance(worked, Worked)],
            silent=[(edition, no) for edition, no in said if isinstance(no, DomainError)],
            reference=agreed.of_pack(session, said, at=at),
        )


@blueprint.get("/packs/<int:pack_id>/value/<int:edition_id>.json")
@member()
def record(pack_id: int, edition_id: int) -> Any:
    """The whole record behind a pack's value, from which anyone computes it again."""
    at = guard.now()
    with db.transaction() as session:
        pack = guard.visible(sight.pack(session, guard.acting(), pack_id))
        edition = guard.visible(session.get(Edition, edition_id))
        worked = pack_values.of_edition(session, edition, pack, at=at)
        text = json.dumps(worked.document(at), ensure_ascii=False, indent=2)
    return download(text, "application/json", f"guide-value-pack-{pack_id}-{edition_id}.json")


@blueprint.app_template_global("pack_shown")
def shown(worked: Worked) -> Shown:
    """Pictures and words of a pack's value."""
    return shown_of(worked.explained)
