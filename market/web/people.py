"""Who acts for an organisation, invitations, and a person's own account."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_login import current_user

from listings import db, invitations, memberships, users, words
from listings.errors import N_
from listings.parties import Role
from listings.users import User
from listings.words import gettext
from market import notices
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import PasswordWrong, guarded, member, public, signed_in

blueprint = Blueprint("people", __name__)

INVITED = N_("%(organisation)s invites you to act for it. The letter is good for 14 days, once.")


@blueprint.get("/people")
@member()
def show() -> Any:
    """The people of my organisation."""
    acting = guard.acting()
    with db.transaction() as reading:
        found = memberships.of(reading, acting.organisation_id)
        waiting = invitations.waiting(reading, acting.organisation_id, at=guard.now())
    return render_template("people/show.html", people=found, waiting=waiting, roles=Role)


@blueprint.post("/people/invite")
@again(show)
@guarded("organisation:manage")
def invite() -> Any:
    """Make an invitation; its address is shown this once, and mailed to who has an account."""
    form = Form(request.form)
    email = form.text("email", required=True)
    role = form.choice("role", Role)
    form.check()
    assert role is not None
    with db.transaction() as writing:
        sent, token = invitations.send(writing, guard.acting(), email, role, at=guard.now())
        known = users.find(writing, sent.email)
        link = url_for("people.invited", token=token)
        if known is not None:
            name = sent.organisation.name
            notices.write_letter(
                writing, known.id, INVITED, at=guard.now(), link=link, organisation=name
            )
    return render_template(
        "people/sent.html",
        invitation=sent,
        address=url_for(".invited", token=token, _external=True),
    )


@blueprint.post("/people/<int:membership_id>/role")
@again(lambda **_: show())
@guarded("organisation:manage")
def change_role(membership_id: int) -> Any:
    """Give somebody another role."""
    form = Form(request.form)
    role = form.choice("role", Role)
    form.check()
    assert role is not None
    with db.transaction() as writing:
        memberships.change_role(writing, guard.acting(), membership_id, role, at=guard.now())
    flash(gettext(N_("The role is changed.")))
    return go("people.show")


@blueprint.post("/people/<int:membership_id>/end")
@again(lambda **_: show())
@guarded("organisation:manage")
def end(membership_id: int) -> Any:
    """End somebody's acting for my organisation."""
    with db.transaction() as writing:
        memberships.end(writing, guard.acting(), membership_id, at=guard.now())
    flash(gettext(N_("The person no longer acts for your organisation.")))
    return go("people.show")


@blueprint.post("/people/invitations/<int:invitation_id>/withdraw")
@again(lambda **_: show())
@guarded("organisation:manage")
def withdraw(invitation_id: int) -> Any:
    """Take an invitation back."""
    with db.transaction() as writing:
        invitations.withdraw(writing, guard.acting(), invitation_id, at=guard.now())
    flash(gettext(N_("The invitation is withdrawn.")))
    return go("people.show")


@blueprint.get("/invitations/<token>")
@public
def invited(token: str) -> Any:
    """What an invitation is to, and the way to accept it."""
    with db.transaction() as reading:
        found = invitations.find(reading, token, at=guard.now())
        name = found.organisation.called
        has_account = users.find(reading, found.email) is not None
    return render_template(
        "people/invited.html", invitation=found, name=name, has_account=has_account, token=token
    )


@blueprint.post("/invitations/<token>")
@again(invited)
@public
def accept(token: str) -> Any:
    """Join, with a new account where the person has none."""
    at = guard.now()
    with db.transaction() as writing:
        if current_user.is_authenticated:
            joined = invitations.accept(writing, token, current_user.id, at=at)
        else:
            joined = invitations.accept_anew(
                writing,
                token,
                name=Form(request.form).text("name"),
                password=request.form.get("password", ""),
                locale=words.locale(),
                at=at,
            )
        user = writing.get_one(User, joined.user_id)
    guard.enter(user, joined.organisation_id)
    flash(gettext(N_("Welcome. You act for this organisation now.")))
    return go("home.show")


@blueprint.get("/account")
@signed_in
def account() -> Any:
    """My own account."""
    return render_template("people/account.html")


@blueprint.post("/account")
@again(account)
@signed_in
def change_password() -> Any:
    """Choose another password; my other sessions end, this one goes on."""
    at = guard.now()
    users.count_attempt(current_user.email, request.remote_addr or "", at=at)
    with db.transaction() as writing:
        user = writing.get_one(User, current_user.id)
        if not users.is_password(user, request.form.get("current", "")):
            raise PasswordWrong(field="current")
        users.change_password(writing, user.id, request.form.get("password", ""), at=at)
    found = guard.acting_or_none()
    guard.enter(user, found.organisation_id if found else None)
    flash(gettext(N_("Your new password is kept; your other sessions ended.")))
    return go("people.account")
