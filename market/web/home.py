"""The first page: what this is for visitors, what waits for everybody else."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template
from flask_login import current_user

from listings import db
from listings.parties import Kind
from market import notices
from market.waiting import doors, waiting
from market.web import guard
from market.web.app import go
from market.web.guard import member, public

blueprint = Blueprint("home", __name__)

# Who comes with a label or a code in hand.
FINDERS = (Kind.REGULATOR, Kind.LAB, Kind.OUTLET, Kind.CARRIER)


@blueprint.get("/")
@public
def show() -> Any:
    """The landing page, the choice of an organisation, or what waits for the person."""
    if not current_user.is_authenticated:
        return render_template("home/landing.html")
    acting = guard.acting_or_none()
    if acting is None:
        return go("signin.choose")
    with db.transaction() as reading:
        tasks = waiting(reading, acting, guard.now())
        unread = notices.unread(reading, acting.user_id, acting.organisation_id)
    news = [(notice, notices.sentence(notice)) for notice in unread]
    return render_template(
        "home/show.html",
        tasks=tasks,
        doors=doors(acting),
        news=news,
        finds=acting.is_any(*FINDERS),
    )


@blueprint.post("/notices/read")
@member()
def read() -> Any:
    """All notices were seen."""
    with db.transaction() as writing:
        notices.mark_read(writing, guard.acting().user_id, at=guard.now())
    return redirect("/", 303)
