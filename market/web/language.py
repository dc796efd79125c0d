"""The choice of language."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, session
from flask_login import current_user

from listings import db, words
from listings.users import User
from market.web.guard import local_path, public

blueprint = Blueprint("language", __name__)


@blueprint.post("/language")
@public
def choose() -> Any:
    """Keep the chosen language for this browser, and for the person who signed in."""
    chosen = request.form.get("language", "")
    if chosen in words.LOCALES:
        session["language"] = chosen
        if current_user.is_authenticated:
            with db.transaction() as writing:
                writing.get_one(User, current_user.id).locale = chosen
    return redirect(local_path(request.form.get("back")), 303)
