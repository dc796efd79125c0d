"""Situations in which the market says no, each with a sentence for the person who asked."""

from __future__ import annotations

from typing import ClassVar


def N_(message: str) -> str:  # noqa: N802 - the conventional name of a gettext marker
    """Mark a sentence for the translation catalogues without translating it here."""
    return message


class DomainError(Exception):
    """A refusal with a message id, the values it names and the form field it concerns.

    Subclasses are named after their situation (``BidTooLow``) and carry ``message``, an English
    sentence with ``%(name)s`` places that is also the message id. The words are chosen when the
    refusal is shown, in the language of the person who reads it.
    """

    status: ClassVar[int] = 422
    message: ClassVar[str] = N_("This cannot be done.")

    def __init__(self, field: str | None = None, **values: object) -> None:
        super().__init__(self.message, values)
        self.field = field
        self.values = values

    def __str__(self) -> str:
        return self.message % self.values if self.values else self.message


class Refused(DomainError):
    """The request itself is wrong: 422, the person can correct it."""


class Conflict(DomainError):
    """The request came too late or met another one: 409, the person can look again."""

    status = 409
    message = N_("Somebody else changed this first. Look again before you go on.")


class Busy(Conflict):
    """A lock was not to be had within three seconds."""

    message = N_("Many people are using this at the moment. Try again.")


class Forbidden(DomainError):
    """The person or the organisation it acts for may not do this: 403."""

    status = 403
    message = N_("Your organisation or your role does not allow this.")


class NotFound(DomainError):
    """There is no such thing, or the person may not know of it: 404."""

    status = 404
    message = N_("There is nothing at this address.")


class Several(Refused):
    """Several refusals of one form, so that a person corrects all of them at once."""

    message = N_("Some of the fields need another look.")

    def __init__(self, errors: list[DomainError]) -> None:
        super().__init__()
        self.errors = errors
