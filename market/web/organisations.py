"""Registering an organisation, and what it says of itself."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, render_template, request
from flask_login import current_user

from listings import db, parties, profiles, users, words
from listings import four_eyes as switch
from listings.errors import N_, Refused
from listings.identity import uscc
from listings.parties import Kind, Nature, Organisation, Role
from listings.provinces import PROVINCES
from listings.users import User
from listings.words import gettext
from market import notices
from market.web import guard
from market.web.app import go
from market.web.formats import province
from market.web.forms import Form, NotAChoice, again
from market.web.guard import guarded, member, public

blueprint = Blueprint("organisations", __name__)

# The operator is founded by whoever sets the marketplace up, never by a visitor.
OPEN_KINDS = tuple(kind for kind in Kind if kind is not Kind.OPERATOR)
WAITS = N_("%(organisation)s registered and waits for approval.")


class Step(enum.StrEnum):
    """What an administrator does about four eyes."""

    ON = "on"
    ASK = "ask"
    APPROVE = "approve"
    KEEP = "keep"


# For each step: the act, what is said to who did it, and what to all administrators.
STEPS: dict[Step, tuple[Callable[..., object], str, str]] = {
    Step.ON: (switch.turn_on, N_("Four eyes are on."), ""),
    Step.ASK: (
        switch.ask_end,
        N_("Asked. Four eyes stay on until another administrator approves."),
        N_("%(person)s asks to end four eyes on bids and deposits. Another administrator decides."),
    ),
    Step.APPROVE: (
        switch.approve_end,
        N_("Four eyes are off."),
        N_("Four eyes on bids and deposits are off: %(person)s approved it."),
    ),
    Step.KEEP: (
        switch.keep,
        N_("Four eyes stay on."),
        N_("Four eyes on bids and deposits stay on: %(person)s decided so."),
    ),
}


def province_options() -> list[tuple[str, str]]:
    """The provinces for a select, in the person's language."""
    return [(name, province(name)) for name in PROVINCES]


@blueprint.get("/organisations/new")
@public
def register() -> Any:
    """The form that anybody may fill in."""
    kinds = [(kind.value, kind) for kind in OPEN_KINDS]
    return render_template(
        "organisations/register.html", kinds=kinds, natures=Nature, provinces=province_options()
    )


@blueprint.post("/organisations/new")
@again(register)
@public
def found() -> Any:
    """Found it with its first administrator: who is signed in, or a new person."""
    form = Form(request.form)
    values = _founding(form)
    email = form.text("email", required=not current_user.is_authenticated)
    name = form.text("person", required=not current_user.is_authenticated, most=100)
    if not current_user.is_authenticated:
        _check(form, lambda: users.normalise_email(email) if email else None)
        _check(form, lambda: users.check_password(request.form.get("password", "")))
    form.check()
    at = guard.now()
    who = current_user.email if current_user.is_authenticated else email
    users.count_attempt(who, request.remote_addr or "", at=at, purpose="register")
    with db.transaction() as writing:
        user = _administrator(writing, email, name)
        organisation = parties.found(writing, at=at, **values)
        parties.join(writing, user.id, organisation.id, Role.ADMIN, at=at)
        operator = parties.operator(writing)
        notices.tell(
            writing,
            operator.id,
            WAITS,
            at=at,
            link="/desk",
            act="operator:decide",
            organisation=organisation.names,
        )
    if current_user.is_authenticated:
        guard.act_for(organisation.id)
    else:
        guard.enter(user, organisation.id)
    flash(gettext(N_("Registered. The operator looks at your organisation next.")))
    return go("home.show")


def _founding(form: Form) -> dict[str, Any]:
    kinds = form.many("kinds")
    unknown = set(kinds) - set(OPEN_KINDS)
    if unknown:
        form.fail(NotAChoice(field="kinds", value=", ".join(sorted(unknown))))
    elif not kinds:
        form.fail(parties.KindMissing(field="kinds"))
    credit_code = form.text("credit_code", required=True, most=40)
    if credit_code:
        _check(form, lambda: uscc.validate(credit_code, field="credit_code"))
    return {
        "name": form.text("name", required=True, most=200),
        "name_en": form.text("name_en", most=200),
        "credit_code": credit_code,
        "nature": form.choice("nature", Nature),
        "province": form.text("province", required=True),
        "city": form.text("city", most=60),
        "address": form.text("address", most=200),
        "regulator_level": form.text("regulator_level", most=60),
        "regulator_department": form.text("regulator_department", most=100),
        "kinds": [Kind(kind) for kind in kinds if kind in OPEN_KINDS],
    }


def _check(form: Form, examine: Callable[[], object]) -> None:
    """Remember what the domain would refuse, so that all of it is said at once."""
    try:
        examine()
    except Refused as refusal:
        form.fail(refusal)


def _administrator(writing: Any, email: str, name: str) -> User:
    if current_user.is_authenticated:
        user: User = writing.get_one(User, current_user.id)
        return user
    try:
        return users.register(
            writing,
            email=email,
            name=name,
            password=request.form.get("password", ""),
            at=guard.now(),
            locale=words.locale(),
        )
    except users.NameMissing as refusal:
        refusal.field = "person"
        raise


def _mine(view: str) -> Any:
    with db.transaction() as reading:
        mine = reading.get_one(Organisation, guard.acting().organisation_id)
    return render_template(view, mine=mine)


@blueprint.get("/organisation")
@member()
def show() -> Any:
    """My organisation."""
    return _mine("organisations/show.html")


@blueprint.get("/organisation/details")
@guarded("organisation:manage")
def details() -> Any:
    """The form for its English name and its address."""
    return _mine("organisations/details.html")


@blueprint.post("/organisation/details")
@again(details)
@guarded("organisation:manage")
def describe() -> Any:
    """Keep them."""
    form = Form(request.form)
    name_en, city = form.text("name_en", most=200), form.text("city", most=60)
    place = form.text("address", most=200)
    form.check()
    with db.transaction() as writing:
        profiles.describe(
            writing, guard.acting(), name_en=name_en, city=city, address=place, at=guard.now()
        )
    flash(gettext(N_("The details are kept.")))
    return go("organisations.show")


@blueprint.get("/organisation/bank")
@guarded("organisation:manage")
def bank_account() -> Any:
    """The form for the account that money comes from and goes to."""
    return _mine("organisations/bank_account.html")


@blueprint.post("/organisation/bank")
@again(bank_account)
@guarded("organisation:manage", fresh=True)
def set_bank_account() -> Any:
    """Keep it."""
    form = Form(request.form)
    bank_name = form.text("bank_name", required=True, most=100)
    number = form.text("bank_account", required=True, most=60)
    form.check()
    with db.transaction() as writing:
        profiles.set_bank_account(
            writing, guard.acting(), bank_name=bank_name, bank_account=number, at=guard.now()
        )
    flash(gettext(N_("The bank account is kept.")))
    return go("organisations.show")


@blueprint.get("/organisation/four-eyes")
@guarded("organisation:manage")
def four_eyes() -> Any:
    """The switch for two people on bids and deposits, and a request for its end."""
    acting = guard.acting()
    with db.transaction() as reading:
        mine = reading.get_one(Organisation, acting.organisation_id)
        asked = switch.waiting(reading, mine.id)
        asker = asked and reading.get_one(User, asked.asked_by)
    return render_template("organisations/four_eyes.html", mine=mine, asked=asked, asker=asker)


@blueprint.post("/organisation/four-eyes")
@again(four_eyes)
@guarded("organisation:manage", fresh=True)
def set_four_eyes() -> Any:
    """Turn it on, ask for its end, end it as another administrator asked, or keep it."""
    form = Form(request.form)
    step = form.choice("step", Step)
    form.check()
    assert step is not None
    act, done, told = STEPS[step]
    acting, at = guard.acting(), guard.now()
    with db.transaction() as writing:
        act(writing, acting, at=at)
        if told:
            notices.tell(
                writing,
                acting.organisation_id,
                told,
                at=at,
                link="/organisation/four-eyes",
                act="organisation:manage",
                person=current_user.name,
            )
    flash(gettext(done))
    return go("organisations.show")
