"""One handler for refusals and one for accidents, both in the person's language."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from listings import words
from listings.errors import N_, DomainError

_log = logging.getLogger(__name__)

SENTENCES = {
    400: N_("The request could not be read. Go back and try again."),
    403: N_("Your organisation or your role does not allow this."),
    404: N_("There is nothing at this address."),
    405: N_("This address does not take such a request."),
    413: N_("The file or the form is too large."),
    429: N_("Too many tries. Wait a few minutes and try again."),
    500: N_("Something went wrong here, and it was written down. Try again in a moment."),
}
EXPIRED = N_("The page stood open too long. Reload it and send it again.")


def register(app: Flask) -> None:
    """Answer every error with a page, or with a fragment for htmx."""
    app.register_error_handler(DomainError, refused)
    app.register_error_handler(CSRFError, expired)
    app.register_error_handler(HTTPException, failed)
    app.register_error_handler(Exception, broke)


def _answer(status: int, sentence: str) -> Any:
    view = "errors/_fragment.html" if request.headers.get("HX-Request") else "errors/page.html"
    return render_template(view, status=status, sentence=sentence), status


def refused(error: DomainError) -> Any:
    """A refusal nobody nearer turned into a form with its errors."""
    return _answer(error.status, words.say(error))


def expired(_error: CSRFError) -> Any:
    """The form's token is missing or of another session."""
    return _answer(400, words.gettext(EXPIRED))


def failed(error: HTTPException) -> Any:
    """What Werkzeug raises: nothing there, wrong method, too large."""
    code = error.code or 500
    if code < 400:  # noqa: PLR2004 - redirects are answers, not errors
        return error
    return _answer(code, words.gettext(SENTENCES.get(code, SENTENCES[400])))


def broke(error: Exception) -> Any:
    """An accident of ours: logged with its trace, told without it."""
    _log.error("%s %s failed", request.method, request.path, exc_info=error)
    return _answer(500, words.gettext(SENTENCES[500]))
