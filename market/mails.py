"""One mail: made in the reader's language and handed to the mail server."""

from __future__ import annotations

import os
import smtplib
from email.message import EmailMessage

from listings import words
from listings.errors import N_

SUBJECT = N_("News from Packbourse")
TIMEOUT_S = 10


def is_configured() -> bool:
    """Whether MAIL_SERVER names a server that takes letters."""
    return bool(os.environ.get("MAIL_SERVER"))


def compose(to: str, *paragraphs: str, link: str) -> EmailMessage:
    """A mail of paragraphs in the current language, with the address that they are about.

    ``link`` is a path; PUBLIC_URL goes before it, never what a request calls this host.
    """
    mail = EmailMessage()
    mail["Subject"] = words.gettext(SUBJECT)
    mail["To"] = to
    mail["From"] = os.environ.get("MAIL_FROM", "packbourse@localhost")
    address = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/") + link
    mail.set_content("\n\n".join((*paragraphs, address)) + "\n")
    return mail


def hand_over(mail: EmailMessage) -> None:
    """Give it to the mail server; an `OSError` where the server does not take it."""
    host, _, port = os.environ["MAIL_SERVER"].partition(":")
    with smtplib.SMTP(host, int(port or 25), timeout=TIMEOUT_S) as smtp:
        smtp.send_message(mail)
