"""``packbourse reset-link``: a way to a new password where no mail server is set up."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime

from listings import db, users
from listings.errors import N_, NotFound
from listings.words import gettext as _
from market.commands.database import opened
from market.commands.menu import Answer, Menu, takes_data


class NoSuchAccount(NotFound):
    """Nobody signs in with this mail address."""

    message = N_("There is no account for %(email)s.")


def add(menu: Menu) -> None:
    """Declare the command."""
    purpose = _("print an address that lets somebody choose a new password, once, within an hour")
    parser = menu.add("reset-link", purpose, _reset_link)
    parser.add_argument("email", metavar="EMAIL")
    takes_data(parser)


def _reset_link(arguments: argparse.Namespace) -> Answer:
    at = datetime.now(UTC)
    email = users.normalise_email(arguments.email)
    with opened(arguments.data), db.transaction() as session:
        asked = users.request_reset(session, email, at=at)
        if asked is None:
            raise NoSuchAccount(email=email)
        user, token = asked
    site = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
    address, until = f"{site}/reset/{token}", at + users.RESET_LASTS
    document = {"email": user.email, "address": address, "expires_at": until.isoformat()}
    return Answer(document, address)
