"""Grading policies: everybody reads the published ones, the operator drafts and publishes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, render_template, request
from sqlalchemy import orm

from listings import days, db
from listings.errors import N_, NotFound
from listings.health import policies, policy_tables, regrading
from listings.health.grade import LEVELS, Policy
from listings.health.policies import GradingPolicy
from listings.parties import Kind, may
from listings.words import gettext
from market.web import findings, guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import guarded, member

blueprint = Blueprint("policies", __name__)

INPUTS = {
    "spread": N_("capacity spread between its parts"),
    "safety_check": N_("safety check"),
    "origin": N_("origin event"),
}
SUBJECTS = {"cell": N_("a cell"), "module": N_("a module")}
MOST_NOTE = 1_000


@blueprint.get("/policies")
@member()
def show() -> Any:
    """Every published policy with its table; for the operator the drafts too."""
    acting, today = guard.acting(), days.of(guard.now())
    with db.transaction() as reading:
        published = policies.published(reading)
        in_force = policies.in_force(reading, today)
        is_operator = acting.is_any(Kind.OPERATOR)
        drafts = policies.drafts(reading) if is_operator else []
    return render_template(
        "policies/show.html",
        published=[(row, _said(row.as_policy())) for row in published],
        in_force=in_force.version,
        drafts=drafts,
        today=today,
        may_draft=is_operator and may(acting, "operator:decide"),
    )


@blueprint.get("/policies/new")
@guarded("operator:decide", Kind.OPERATOR)
def new() -> Any:
    """The form of a draft, filled from the policy published last."""
    with db.transaction() as reading:
        last = policies.published(reading)[0].as_policy()
    return _form(last, None)


@blueprint.post("/policies/new")
@again(new)
@guarded("operator:decide", Kind.OPERATOR)
def draft() -> Any:
    """Write a draft down and go on to what it would change."""
    policy, note = _read(Form(request.form))
    with db.transaction() as writing:
        row = policies.draft(writing, guard.acting(), policy=policy, note=note, at=guard.now())
    return go("policies.one", policy_id=row.id)


@blueprint.get("/policies/<int:policy_id>")
@member(Kind.OPERATOR)
def one(policy_id: int) -> Any:
    """A policy beside the one before it: which letters of stored reports would change."""
    acting, at = guard.acting(), guard.now()
    with db.transaction() as reading:
        row = policies.one(reading, policy_id)
        before = _before(reading, row)
        policy = row.as_policy()
        return render_template(
            "policies/one.html",
            row=row,
            said=_said(policy),
            before=before,
            compared=regrading.compare(reading, before, policy) if before else None,
            earliest=policies.earliest(reading, at) if row.is_draft else None,
            may_draft=may(acting, "operator:decide"),
        )


@blueprint.get("/policies/<int:policy_id>/edit")
@guarded("operator:decide", Kind.OPERATOR)
def edit(policy_id: int) -> Any:
    """The form of a draft that is there."""
    with db.transaction() as reading:
        row = policies.one(reading, policy_id)
    if not row.is_draft:
        raise NotFound
    return _form(row.as_policy(), row)


@blueprint.post("/policies/<int:policy_id>/edit")
@again(edit)
@guarded("operator:decide", Kind.OPERATOR)
def change(policy_id: int) -> Any:
    """Change a draft."""
    policy, note = _read(Form(request.form))
    with db.transaction() as writing:
        policies.change(
            writing, guard.acting(), policy_id, policy=policy, note=note, at=guard.now()
        )
    return go("policies.one", policy_id=policy_id)


@blueprint.post("/policies/<int:policy_id>/discard")
@again(one)
@guarded("operator:decide", Kind.OPERATOR)
def discard(policy_id: int) -> Any:
    """Throw a draft away."""
    with db.transaction() as writing:
        policies.discard(writing, guard.acting(), policy_id, at=guard.now())
    flash(gettext(N_("The draft is discarded.")))
    return go("policies.show")


@blueprint.post("/policies/<int:policy_id>/publish")
@again(one)
@guarded("operator:decide", Kind.OPERATOR, fresh=True)
def publish(policy_id: int) -> Any:
    """Publish a draft from a day; it is final."""
    form = Form(request.form)
    in_force_from = form.date("in_force_from", required=True)
    form.check()
    assert in_force_from is not None
    with db.transaction() as writing:
        row = policies.publish(
            writing, guard.acting(), policy_id, in_force_from=in_force_from, at=guard.now()
        )
    flash(
        gettext(
            N_("House policy %(version)s is published; it grades from %(day)s."),
            version=row.version,
            day=in_force_from.isoformat(),
        )
    )
    return go("policies.show")


def _before(reading: orm.Session, row: GradingPolicy) -> Policy | None:
    """The policy that this one follows; None for the first."""
    followed = [
        older.as_policy()
        for older in policies.published(reading)
        if row.version is None or (older.version or 0) < row.version
    ]
    return followed[0] if followed else None


def _said(policy: Policy) -> dict[str, Any]:
    """A policy as the rows and words of its table."""
    highest = [None, *(lowest for _, lowest in policy.bands)]
    return {
        "bands": [
            (letter, lowest, top)
            for (letter, lowest), top in zip(policy.bands, highest, strict=False)
        ],
        "last": policy.bands[-1][1],
        "caps": [(above, letter) for above, letter, _ in policy.caps],
        "required": findings.said(INPUTS, policy.required),
        "undivided": findings.said(SUBJECTS, policy.undivided),
        "lettered": [(level, findings.level(level)) for level in policy.lettered],
    }


def _form(policy: Policy, row: GradingPolicy | None) -> Any:
    bands = dict(policy.bands)
    return render_template(
        "policies/edit.html",
        row=row,
        policy=policy,
        bands={letter: _percent(lowest) for letter, lowest in bands.items()},
        caps=[(_percent(above), letter) for above, letter, _ in policy.caps],
        letters=[(letter, letter) for letter in policy_tables.CAPS],
        inputs=[(name, findings.sentence(INPUTS, name)) for name in policy_tables.REQUIRED],
        subjects=[(name, findings.sentence(SUBJECTS, name)) for name in policy_tables.UNDIVIDED],
        levels=[
            (level, f"{level} · {findings.sentence({level: LEVELS[level]}, level)}")
            for level in policy_tables.MEASURED
        ],
    )


def _read(form: Form) -> tuple[Policy, str]:
    """The policy that the form says; shares are typed as percent."""
    given: list[tuple[Any, Decimal | None]] = [
        (letter, form.decimal(f"band_{letter}", required=True, most=100))
        for letter in policy_tables.BANDED
    ]
    caps: list[tuple[float, Any, str]] = []
    for place in range(1, len(policy_tables.CAPS) + 1):
        above = form.decimal(f"cap_{place}", most=100)
        letter: Any = form.text(f"cap_letter_{place}", required=above is not None, most=1)
        if above is not None:
            caps.append((_share(above), letter, policy_tables.cap_reason(_share(above), letter)))
    chosen: dict[str, Any] = {
        name: tuple(form.many(name)) for name in ("required", "undivided", "lettered")
    }
    note = form.text("note", required=True, most=MOST_NOTE)
    form.check()
    bands = tuple((letter, _share(lowest or Decimal(0))) for letter, lowest in given)
    return policy_tables.check(Policy(version=0, bands=bands, caps=tuple(caps), **chosen)), note


def _share(percent: Decimal) -> float:
    return float(percent / 100)


def _percent(share: float) -> str:
    return f"{round(share * 100, 6):g}"
