"""Atom feeds of editions as they take effect: of one guide, and of all."""

from __future__ import annotations

import feedgenerator
import sqlalchemy as sa
from flask import Blueprint, Response, request, url_for
from markupsafe import Markup, escape
from sqlalchemy import orm

from listings import days, db
from listings.errors import N_
from listings.words import gettext, locale
from market.web import guard
from market.web.guard import public
from market.web.price_points import figure
from pricing import points
from pricing.guides import Edition, EditionState, Guide

blueprint = Blueprint("feeds", __name__)

MOST_ENTRIES = 50
_SHOWN = (EditionState.ANNOUNCED, EditionState.EFFECTIVE, EditionState.SUPERSEDED)


@blueprint.get("/guides/feed.atom")
@public
def every() -> Response:
    """The newest editions of all guides."""
    with db.transaction() as session:
        title = gettext(N_("Editions of all price guides"))
        return _feed(session, _newest(session, None), title, url_for("guides.index"))


@blueprint.get("/guides/<int:guide_id>/feed.atom")
@public
def of_guide(guide_id: int) -> Response:
    """The newest editions of one guide."""
    with db.transaction() as session:
        guide = guard.visible(session.get(Guide, guide_id))
        page = url_for("guides.show", guide_id=guide_id)
        return _feed(session, _newest(session, guide_id), guide.name, page)


def _newest(session: orm.Session, guide_id: int | None) -> list[Edition]:
    rows = sa.select(Edition).where(Edition.state.in_(_SHOWN))
    if guide_id is not None:
        rows = rows.where(Edition.guide_id == guide_id)
    order = (Edition.announced_at.desc(), Edition.id.desc())
    return list(session.scalars(rows.order_by(*order).limit(MOST_ENTRIES)))


def _feed(session: orm.Session, found: list[Edition], title: str, page: str) -> Response:
    here = request.url_root.rstrip("/")
    feed = feedgenerator.Atom1Feed(
        title=title,
        link=here + page,
        feed_url=here + request.path,
        description="",
        language="en" if locale() == "en" else "zh-CN",
    )
    for edition in found:
        at = edition.announced_at or edition.created_at
        link = here + url_for("editions.show", edition_id=edition.id)
        feed.add_item(
            title=f"{edition.guide.name} · {edition.number}",
            link=link,
            unique_id=link,
            description=_content(session, edition),
            author_name=edition.guide.valuer.called,
            pubdate=at,
            updateddate=max(at, edition.effective_from or at) if _is_past(edition) else at,
        )
    return Response(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")


def _is_past(edition: Edition) -> bool:
    return edition.state is not EditionState.ANNOUNCED


def _content(session: orm.Session, edition: Edition) -> str:
    """The explanation, and a line for each price."""
    day = days.of(edition.effective_from or edition.created_at).isoformat()
    in_force = gettext(N_("In force from %(day)s."), day=day)
    parts = [Markup("<p>{}</p><p>{}</p>").format(in_force, edition.explanation)]
    rows = [
        Markup("<li>{}: {} – {}, {} {}/{}</li>").format(
            line.point.name,
            figure(line.price.low),
            figure(line.price.high),
            figure(line.price.average),
            line.point.currency,
            line.point.unit,
        )
        for line in points.lines(session, edition)
        if line.price is not None
    ]
    if rows:
        parts.append(Markup("<ul>{}</ul>").format(Markup("").join(rows)))
    return str(Markup("").join(escape(part) for part in parts))
