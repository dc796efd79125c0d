"""Who acts for an organisation, invitations, and a person's own account."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_login import current_user

from listings import db, invitations, memberships, users, words
from listings.errors import N_
from listings.invitations import Invitation
from listings.parties import Role
from listings.users import User
from listings.words import gettext
from market import letters, mails
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import PasswordWrong, guarded, member, public, signed_in

blueprint = Blueprint("people", __name__)


@blueprint.get("/people")
@member()
def show() -> Any:
    """The people of my organisation."""
    acting = guard.acting()
    with db.transaction() as reading:
        found = memberships.of(reading, acting.organisation_id)
        waiting = invitations.waiting(reading, acting.organisation_id, at=guard.now())
    return render_template(
        "people/show.html",
        people=found,
        waiting=waiting,
        roles=Role,
        is_mailing=mails.is_configured(),
    )


@blueprint.post("/people/invite")
@again(show)
@guarded("organisation:manage")
def invite() -> Any:
    """Invite a mail address: who reads its mail accepts, nobody else."""
    form = Form(request.form)
    email = form.text("email", required=True)
    role = form.choice("role", Role)
    form.check()
    assert role is not None
    at = guard.now()
    users.count_attempt(users.normalise_email(email), _address(), at=at, purpose="invite")
    with db.transaction() as writing:
        sent, token = invitations.send(writing, guard.acting(), email, role, at=at)
        if mails.is_configured():
            letters.invite(writing, sent, at=at)
    return _invited(sent, token)


@blueprint.post("/people/invitations/<int:invitation_id>/resend")
@again(lambda **_: show())
@guarded("organisation:manage")
def resend(invitation_id: int) -> Any:
    """Send an open invitation once more; its older letter is over."""
    at = guard.now()
    with db.transaction() as writing:
        sent, token = invitations.resend(writing, guard.acting(), invitation_id, at=at)
        if mails.is_configured():
            letters.invite(writing, sent, at=at)
    users.count_attempt(sent.email, _address(), at=at, purpose="invite")
    return _invited(sent, token)


def _address() -> str:
    return request.remote_addr or ""


def _invited(sent: Invitation, token: str) -> Any:
    """The mail carries the address; only where no server takes mail is it shown, this once."""
    if mails.is_configured():
        flash(gettext(N_("A letter to %(email)s is on its way."), email=sent.email))
        return go("people.show")
    address = url_for("people.invited", token=token, _external=True)
    return guard.unkept(render_template("people/sent.html", invitation=sent, address=address))


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
    page = render_template(
        "people/invited.html", invitation=found, name=name, has_account=has_account, token=token
    )
    return guard.unkept(page)


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
    if current_user.is_authenticated:
        guard.act_for(joined.organisation_id)
    else:
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
    users.count_attempt(current_user.email, _address(), at=at)
    with db.transaction() as writing:
        user = writing.get_one(User, current_user.id)
        if not users.is_password(user, request.form.get("current", "")):
            raise PasswordWrong(field="current")
        users.change_password(writing, user.id, request.form.get("password", ""), at=at)
    found = guard.acting_or_none()
    guard.enter(user, found.organisation_id if found else None)
    flash(gettext(N_("Your new password is kept; your other sessions ended.")))
    return go("people.account")


@blueprint.post("/account/signout")
@signed_in
def sign_out_everywhere() -> Any:
    """End all my sessions, on every device."""
    with db.transaction() as writing:
        users.end_sessions(writing, current_user.id, at=guard.now())
    guard.leave()
    flash(gettext(N_("You are signed out on every device.")))
    return go("signin.show")
