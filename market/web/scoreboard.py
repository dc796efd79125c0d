"""How right the valuers were: the scoreboard, each guide's record, and the evidence of a line."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, flash, render_template, request, url_for
from sqlalchemy import orm

from listings import db, sheets
from listings.errors import N_
from listings.parties import Kind, may
from listings.words import gettext
from market.web import guard
from market.web.app import go
from market.web.formats import percent
from market.web.forms import Form, again
from market.web.guard import guarded, public
from market.web.values import download
from pricing import forecasts, score_disputes, score_tables, scoreboard
from pricing.forecasts import Forecast
from pricing.guides import Edition, Guide
from pricing.score_disputes import Outcome, ScoreDispute
from pricing.scoreboard import Cell, Record
from pricing.scores import FEWEST_RANKED, ranks

blueprint = Blueprint("scoreboard", __name__)

DISPUTED = N_("Disputed. The operator answers; the line counts until then.")
DECIDED = N_("Answered. The valuer and everybody else can read it.")


@blueprint.get("/scoreboard")
@public
def index() -> Any:
    """Every guide with its figures in a cell of chemistry, route and quarter."""
    with db.transaction() as session:
        at = guard.now()
        found = scoreboard.records(session, _cell(), at=at)
        return render_template(
            "scoreboard/index.html",
            records=found,
            place=ranks({record.guide.id: record.score for record in found}),
            cell=_cell(),
            cells=_offered(forecasts.known(session, at=at)),
            fewest=FEWEST_RANKED,
            waiting=score_disputes.waiting(session) if _is_operator() else [],
            table=url_for("scoreboard.table", **_asked()),
        )


@blueprint.get("/scoreboard.csv")
@public
def table() -> Response:
    """Every line of the same cell, with what it adds to the score."""
    with db.transaction() as session:
        lines = [f for f in forecasts.known(session, at=guard.now()) if _cell().holds(f)]
        return _csv(session, lines, "scoreboard.csv")


@blueprint.get("/scoreboard/guides/<int:guide_id>")
@public
def guide(guide_id: int) -> Any:
    """One guide's record: by cell, line by line, and what was left out and why."""
    with db.transaction() as session:
        found = guard.visible(session.get(Guide, guide_id))
        record = scoreboard.of_guide(session, found, at=guard.now())
        return render_template(
            "scoreboard/guide.html",
            guide=found,
            record=record,
            parts=scoreboard.by_cell(record),
            measures=_measures(record),
            fewest=FEWEST_RANKED,
        )


@blueprint.get("/scoreboard/guides/<int:guide_id>.csv")
@public
def guide_table(guide_id: int) -> Response:
    """The lines of one guide."""
    with db.transaction() as session:
        guard.visible(session.get(Guide, guide_id))
        lines = forecasts.known(session, at=guard.now(), guide_ids=[guide_id])
        return _csv(session, lines, f"scoreboard-guide-{guide_id}.csv")


@blueprint.get("/scoreboard/lines/<int:line_id>")
@public
def line(line_id: int, **_dispute: int) -> Any:
    """One sale and what a guide had said of it, with the disputes about it."""
    with db.transaction() as session:
        found = guard.visible(session.get(Forecast, line_id))
        disputes = score_disputes.of_line(session, line_id)
        return render_template(
            "scoreboard/line.html",
            line=found,
            before=session.get(Edition, found.before_edition_id or 0),
            figures=score_tables.measures(found.line),
            disputes=disputes,
            may_dispute=_is_own(found) and all(d.outcome is Outcome.DISMISSED for d in disputes),
            open_dispute=next((d for d in disputes if d.outcome is None), None),
            is_operator=_is_operator(),
            outcomes=Outcome,
        )


@blueprint.get("/scoreboard/lines/<int:line_id>.json")
@public
def evidence(line_id: int) -> Any:
    """Everything behind a line, so that its valuer can check and dispute it."""
    with db.transaction() as session:
        found = guard.visible(session.get(Forecast, line_id))
        text = json.dumps(score_tables.document(session, found), ensure_ascii=False, indent=2)
    return download(text, "application/json", f"scoreboard-line-{line_id}.json")


@blueprint.post("/scoreboard/lines/<int:line_id>/dispute")
@again(line)
@guarded("guide:write", Kind.VALUER)
def dispute(line_id: int) -> Any:
    """A valuer disputes a line of its own record."""
    form = Form(request.form)
    reason = form.text("reason", required=True, most=2000)
    form.check()
    with db.transaction() as session:
        score_disputes.dispute(session, guard.acting(), line_id, reason=reason, at=guard.now())
    flash(gettext(DISPUTED))
    return go("scoreboard.line", line_id=line_id)


@blueprint.post("/scoreboard/lines/<int:line_id>/disputes/<int:dispute_id>")
@again(line)
@guarded("operator:decide", Kind.OPERATOR)
def decide(line_id: int, dispute_id: int) -> Any:
    """The operator's answer to a dispute."""
    form = Form(request.form)
    outcome = form.choice("outcome", Outcome)
    answer = form.text("answer", required=True, most=2000)
    form.check()
    with db.transaction() as session:
        row = guard.visible(session.get(ScoreDispute, dispute_id))
        guard.visible(row if row.forecast_id == line_id else None)
        score_disputes.decide(
            session,
            guard.acting(),
            dispute_id,
            outcome=outcome or Outcome.DISMISSED,
            answer=answer,
            at=guard.now(),
        )
    flash(gettext(DECIDED))
    return go("scoreboard.line", line_id=line_id)


@blueprint.app_template_global("as_change")
def as_change(log_ratio: float) -> str:
    """A logarithm of a ratio as a signed percentage: log 1.1 is +10 %."""
    share = math.expm1(log_ratio)
    return f"{'+' if share > 0 else ''}{percent(share)}"


@blueprint.app_template_global("say_kept")
def say_kept(refusal: dict[str, Any]) -> str:
    """A refusal that was kept, in the language of the person who reads it."""
    sentence = refusal["message"]
    return gettext(sentence, **refusal["values"])


def _csv(session: orm.Session, lines: Sequence[Forecast], name: str) -> Response:
    disputes = score_disputes.newest(session, [forecast.id for forecast in lines])
    rows = [
        score_tables.cells(
            forecast, disputes, session.get(Edition, forecast.before_edition_id or 0)
        )
        for forecast in lines
    ]
    return download(sheets.write_csv(score_tables.HEADER, rows), "text/csv", name)


def _asked() -> dict[str, Any]:
    names = ("chemistry", "route", "quarter")
    return {name: request.args[name][:40] for name in names if request.args.get(name)}


def _cell() -> Cell:
    """The cell that the address asks for; one that does not occur holds nothing."""
    return Cell(**_asked())


def _offered(lines: Sequence[Forecast]) -> dict[str, list[str]]:
    """The words that occur, for the filters."""
    cells = [scoreboard.cell_of(forecast) for forecast in lines]
    return {
        name: sorted({getattr(cell, name) for cell in cells}, reverse=name == "quarter")
        for name in ("chemistry", "route", "quarter")
    }


def _measures(record: Record) -> dict[int, dict[str, Any]]:
    return {forecast.id: score_tables.measures(forecast.line) for forecast in record.lines}


def _is_own(forecast: Forecast) -> bool:
    acting = guard.acting_or_none()
    return (
        acting is not None
        and acting.organisation_id == forecast.guide.valuer_id
        and may(acting, "guide:write")
    )


def _is_operator() -> bool:
    acting = guard.acting_or_none()
    return acting is not None and acting.is_any(Kind.OPERATOR) and may(acting, "operator:decide")
