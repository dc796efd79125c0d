"""Signing in and out, the choice of an organisation, and a new password by letter."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session
from flask_login import current_user

from listings import db, memberships, users
from listings.errors import N_, Forbidden
from listings.words import gettext
from market import letters, mails
from market.web import guard
from market.web.app import go
from market.web.forms import Form, again
from market.web.guard import public, signed_in

blueprint = Blueprint("signin", __name__)


def address() -> str:
    """The network address that the request came from."""
    return request.remote_addr or ""


@blueprint.get("/signin")
@public
def show() -> Any:
    """The form."""
    if current_user.is_authenticated and request.method == "GET":
        return redirect(guard.local_path(request.args.get("next")), 303)
    onward = guard.local_path(request.values.get("next"))
    return render_template("signin/show.html", onward=onward)


@blueprint.post("/signin")
@again(show)
@public
def enter() -> Any:
    """Sign in, act for the only organisation or choose one, and go on."""
    form = Form(request.form)
    email = form.text("email", required=True)
    password = request.form.get("password", "")
    form.check()
    users.count_attempt(email, address(), at=guard.now())
    with db.transaction() as writing:
        user = users.sign_in(writing, email, password, address(), at=guard.now())
        found = memberships.held_by(writing, user.id)
    guard.enter(user, found[0].organisation_id if found else None)
    onward = guard.local_path(request.form.get("next"))
    if len(found) != 1:
        return go("signin.choose", next=onward)
    return redirect(onward, 303)


@blueprint.post("/signout")
@public
def leave() -> Any:
    """End the session of this browser; `people.sign_out_everywhere` ends all."""
    guard.leave()
    return redirect("/", 303)


@blueprint.get("/choose")
@signed_in
def choose() -> Any:
    """The organisations that the person acts for."""
    with db.transaction() as reading:
        found = memberships.held_by(reading, current_user.id)
    onward = guard.local_path(request.values.get("next"))
    return render_template("signin/choose.html", memberships=found, onward=onward)


@blueprint.post("/choose")
@again(choose)
@signed_in
def chosen() -> Any:
    """Act for one of them from now on."""
    form = Form(request.form)
    ident = form.integer("organisation", required=True, most=2**62)
    form.check()
    with db.transaction() as reading:
        held = {one.organisation_id for one in memberships.held_by(reading, current_user.id)}
    if ident not in held:
        raise Forbidden
    session["organisation"] = ident
    return redirect(guard.local_path(request.form.get("next")), 303)


@blueprint.get("/reset")
@public
def forgotten() -> Any:
    """Ask for a letter."""
    is_sent = request.method == "GET" and "sent" in request.args
    return render_template(
        "signin/forgotten.html", is_sent=is_sent, is_mailing=mails.is_configured()
    )


@blueprint.post("/reset")
@again(forgotten)
@public
def send_letter() -> Any:
    """Ask for it: whether there is an account is looked up later, so no answer tells."""
    email = users.normalise_email(Form(request.form).text("email"))
    users.count_attempt(email, address(), at=guard.now(), purpose="reset")
    if mails.is_configured():
        with db.transaction() as writing:
            letters.ask_reset(writing, email, at=guard.now())
    return go("signin.forgotten", sent=1)


@blueprint.get("/reset/<token>")
@public
def new_password(token: str) -> Any:
    """Choose a new password with the token of a letter."""
    with db.transaction() as reading:
        users.check_reset(reading, token, at=guard.now())
    return guard.unkept(render_template("signin/new_password.html"))


@blueprint.post("/reset/<token>")
@again(new_password)
@public
def reset_password(token: str) -> Any:
    """Keep it; every older session ends, and the person signs in anew."""
    password = request.form.get("password", "")
    with db.transaction() as writing:
        users.reset_password(writing, token, password, at=guard.now())
    guard.leave()
    flash(gettext(N_("Your new password is kept. Sign in with it.")))
    return go("signin.show")
