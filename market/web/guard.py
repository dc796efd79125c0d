"""Who is asking, for which organisation, and whether this view lets them in."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from flask import (
    Response,
    current_app,
    g,
    make_response,
    redirect,
    request,
    session,
    url_for,
)
from flask_login import current_user, login_user, logout_user

from listings import db
from listings.errors import N_, Forbidden, NotFound, Refused
from listings.parties import Acting, Kind, Role, acting_for, demand
from listings.users import User

RECENT = timedelta(minutes=15)

View = TypeVar("View", bound=Callable[..., Any])


class PasswordNeeded(Refused):
    """A binding act needs the password again when the last sign-in is not recent."""

    message = N_("Enter your password to confirm.")


class PasswordWrong(Refused):
    """The password for a binding act was not right."""

    message = N_("This is not your password.")


def now() -> datetime:
    """The server's clock, in UTC."""
    clock: Callable[[], datetime] = current_app.config.get("CLOCK", lambda: datetime.now(UTC))
    return clock()


def acting() -> Acting:
    """The signed-in person acting for the chosen organisation; `Forbidden` without one."""
    found = acting_or_none()
    if found is None:
        raise Forbidden
    return found


def acting_or_none() -> Acting | None:
    """The same, or None for visitors and for people without an organisation."""
    if not hasattr(g, "acting"):
        g.acting = None
        if current_user.is_authenticated and "organisation" in session:
            with db.transaction() as reading:
                g.acting = acting_for(reading, current_user.id, session["organisation"])
    found: Acting | None = g.acting
    return found


class SignedIn:
    """What flask-login keeps of a person between requests."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, user: User) -> None:
        self.id = user.id
        self.name = user.name
        self.email = user.email
        self.locale = user.locale
        self._key = f"{user.id}.{user.session_number}"

    def get_id(self) -> str:
        """The id with the session number, so that a new password ends older sessions."""
        return self._key


def load(key: str) -> SignedIn | None:
    """The person of a session cookie, unless the password changed or the account ended."""
    ident, _, number = key.partition(".")
    with db.transaction() as reading:
        user = reading.get(User, int(ident)) if ident.isdecimal() else None
    if user is None or not user.is_active or str(user.session_number) != number:
        return None
    return SignedIn(user)


def enter(user: User, organisation_id: int | None) -> None:
    """Begin a session of a person, acting for an organisation."""
    language = session.get("language")
    session.clear()
    session["language"] = language or user.locale
    session.permanent = True
    if organisation_id is not None:
        session["organisation"] = organisation_id
    session["confirmed_at"] = now().timestamp()
    login_user(SignedIn(user))
    g.pop("acting", None)


def act_for(organisation_id: int) -> None:
    """Who is signed in acts for another organisation; the password was not proved anew."""
    session["organisation"] = organisation_id
    g.pop("acting", None)


def unkept(page: str) -> Response:
    """A page that shows, or whose address is, a way in: no cache keeps it."""
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


def leave() -> None:
    """End the session; the language stays."""
    logout_user()
    language = session.get("language")
    session.clear()
    session["language"] = language


def is_recent() -> bool:
    """Whether the person proved the password within the last quarter of an hour."""
    confirmed: float = session.get("confirmed_at", 0)
    return now().timestamp() - confirmed < RECENT.total_seconds()


def confirm_identity() -> None:
    """Check the ``password`` field where the last proof is not recent; refuses without it."""
    if is_recent():
        return
    from listings import users

    password = request.form.get("password", "")
    if not password:
        raise PasswordNeeded(field="password")
    users.count_attempt(current_user.email, request.remote_addr or "", at=now())
    with db.transaction() as reading:
        user = reading.get_one(User, current_user.id)
    if not users.is_password(user, password):
        raise PasswordWrong(field="password")
    session["confirmed_at"] = now().timestamp()


def _mark(view: View, kind: str, **facts: object) -> View:
    view.guard = {"kind": kind, **facts}  # type: ignore[attr-defined]
    return view


def public(view: View) -> View:
    """Anyone may see this."""
    return _mark(view, "public")


def signed_in(view: View) -> View:
    """Anyone who signed in may see this."""

    @functools.wraps(view)
    def guarded_view(*args: Any, **kwargs: Any) -> Any:
        if not current_user.is_authenticated:
            return to_sign_in()
        return view(*args, **kwargs)

    return _mark(guarded_view, "signed_in")  # type: ignore[return-value]


def member(*kinds: Kind) -> Callable[[View], View]:
    """Anyone who acts for an organisation (of one of these kinds) may see this."""
    return _guard(None, kinds, fresh=False)


def guarded(act: str, *kinds: Kind, fresh: bool = False) -> Callable[[View], View]:
    """Only roles that may do ``act`` in organisations of these kinds; a POST may be ``fresh``."""
    return _guard(act, kinds, fresh=fresh)


def _guard(act: str | None, kinds: tuple[Kind, ...], *, fresh: bool) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded_view(*args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated:
                return to_sign_in()
            found = acting()
            if act is not None:
                demand(found, act, *kinds)
            elif kinds and not found.is_any(*kinds):
                raise Forbidden
            if fresh and request.method == "POST":
                confirm_identity()
            return view(*args, **kwargs)

        words = [kind.value for kind in kinds]
        return _mark(guarded_view, "guarded", act=act, kinds=words, fresh=fresh)  # type: ignore[return-value]

    return decorate


def to_sign_in() -> Any:
    """The way to the sign-in page and back here."""
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": url_for("signin.show", next=request.path)}
    back = request.full_path.rstrip("?") if request.method == "GET" else request.referrer or "/"
    return redirect(url_for("signin.show", next=_local(back)), 303)


def _local(address: str) -> str:
    """Only paths of this site, so that a sign-in never leads elsewhere."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    if parts.netloc and parts.netloc != request.host:
        return "/"
    path = parts.path if parts.path.startswith("/") else "/"
    if path.startswith(("//", "/\\")):
        return "/"
    return path + (f"?{parts.query}" if parts.query else "")


def local_path(address: str | None) -> str:
    """A path of this site to go on to, or the home page."""
    return _local(address) if address else "/"


def visible(found: Any) -> Any:
    """The row, or `NotFound` where there is none."""
    if found is None:
        raise NotFound
    return found


__all__ = [
    "Acting",
    "Role",
    "act_for",
    "acting",
    "acting_or_none",
    "confirm_identity",
    "enter",
    "guarded",
    "is_recent",
    "leave",
    "load",
    "local_path",
    "member",
    "now",
    "public",
    "signed_in",
    "unkept",
    "visible",
]
