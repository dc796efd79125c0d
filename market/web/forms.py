"""Reading forms: every problem at once, each with its field, and nothing typed is lost."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask import g, make_response, request
from werkzeug.datastructures import FileStorage, ImmutableMultiDict

from listings.errors import N_, Conflict, DomainError, Refused, Several
from listings.money import Money

ZONE = ZoneInfo("Asia/Shanghai")
MOST_ID = 2**63
YEARS = range(1900, 2200)
Member = TypeVar("Member", bound=enum.StrEnum)
View = TypeVar("View", bound=Callable[..., Any])


class Missing(Refused):
    """A field that is needed was left empty."""

    message = N_("Fill in this field.")


class TooLong(Refused):
    """A text is longer than the field takes."""

    message = N_("This is too long: at most %(most)s characters.")


class NotANumber(Refused):
    """The text is not a number."""

    message = N_("“%(value)s” is not a number.")


class OutOfRange(Refused):
    """A number lies outside of what the field takes."""

    message = N_("%(value)s is not between %(least)s and %(most)s.")


class NotADate(Refused):
    """The text is not a date."""

    message = N_("“%(value)s” is not a date such as 2026-05-31.")


class NotAnInstant(Refused):
    """The text is not a date with a time."""

    message = N_("“%(value)s” is not a date and time such as 2026-05-31T14:30.")


class NotAChoice(Refused):
    """The value is not one of those offered."""

    message = N_("“%(value)s” is not one of the choices.")


class NoFile(Refused):
    """No file was chosen."""

    message = N_("Choose a file.")


class Form:
    """Reads fields one by one and remembers their problems; `check` raises all of them."""

    def __init__(self, fields: ImmutableMultiDict[str, str]) -> None:
        self._fields = fields
        self._errors: list[DomainError] = []

    def fail(self, error: DomainError) -> None:
        """Remember a problem."""
        self._errors.append(error)

    def check(self) -> None:
        """Raise the one problem, or all of them together; do nothing where there is none."""
        if len(self._errors) == 1:
            raise self._errors[0]
        if self._errors:
            raise Several(self._errors)

    def text(self, name: str, *, required: bool = False, most: int = 500) -> str:
        """The trimmed text of a field; ``""`` where it is empty."""
        value = self._fields.get(name, "").replace("\x00", "").strip()
        if required and not value:
            self.fail(Missing(field=name))
        if len(value) > most:
            self.fail(TooLong(field=name, most=most))
        return value

    def _read(self, name: str, *, required: bool, read: Callable[[str], Any]) -> Any:
        value = self.text(name, required=required)
        if not value:
            return None
        try:
            return read(value)
        except DomainError as error:
            error.field = name
            self.fail(error)
        return None

    def money(self, name: str, *, currency: str = "CNY", required: bool = False) -> Money | None:
        """An amount such as ``1,250.50``, or None."""
        amount: Money | None = self._read(
            name,
            required=required,
            read=lambda value: Money.parse(value, currency),
        )
        return amount

    def decimal(
        self,
        name: str,
        *,
        required: bool = False,
        least: Decimal | int = 0,
        most: Decimal | int = 10**9,
    ) -> Decimal | None:
        """A finite number between the bounds, or None."""

        def read(value: str) -> Decimal:
            try:
                number = Decimal(value.replace(",", "").replace("，", ""))
            except InvalidOperation:
                raise NotANumber(value=value) from None
            if not number.is_finite():
                raise NotANumber(value=value)
            if not least <= number <= most:
                raise OutOfRange(value=value, least=least, most=most)
            return number

        number: Decimal | None = self._read(name, required=required, read=read)
        return number

    def integer(
        self,
        name: str,
        *,
        required: bool = False,
        least: int = 0,
        most: int = 10**9,
    ) -> int | None:
        """A whole number between the bounds, or None."""

        def read(value: str) -> int:
            try:
                number = int(value)
            except ValueError:
                raise NotANumber(value=value) from None
            if not least <= number <= most:
                raise OutOfRange(value=value, least=least, most=most)
            return number

        number: int | None = self._read(name, required=required, read=read)
        return number

    def date(self, name: str, *, required: bool = False) -> date | None:
        """A calendar date, or None."""

        def read(value: str) -> date:
            try:
                day = date.fromisoformat(value)
            except ValueError:
                raise NotADate(value=value) from None
            if day.year not in YEARS:
                raise NotADate(value=value)
            return day

        day: date | None = self._read(name, required=required, read=read)
        return day

    def instant(self, name: str, *, required: bool = False) -> datetime | None:
        """A local date and time (Asia/Shanghai) as UTC, or None."""

        def read(value: str) -> datetime:
            try:
                moment = datetime.fromisoformat(value).replace(tzinfo=ZONE)
            except ValueError:
                raise NotAnInstant(value=value) from None
            if moment.year not in YEARS:
                raise NotAnInstant(value=value)
            return moment.astimezone(UTC)

        moment: datetime | None = self._read(name, required=required, read=read)
        return moment

    def choice(self, name: str, choices: type[Member], *, required: bool = True) -> Member | None:
        """A member of a closed set, or None."""

        def read(value: str) -> Member:
            try:
                return choices(value)
            except ValueError:
                raise NotAChoice(value=value) from None

        member: Member | None = self._read(name, required=required, read=read)
        return member

    def many(self, name: str) -> list[str]:
        """All values of a field that may be ticked several times."""
        texts = (value.replace("\x00", "").strip() for value in self._fields.getlist(name))
        return [text for text in texts if text]

    def identifiers(self, name: str) -> list[int]:
        """All values of a field as row numbers; refuses anything else."""
        values = self.many(name)
        if not all(value.isdecimal() and int(value) < MOST_ID for value in values):
            self.fail(NotAChoice(field=name, value=", ".join(values)))
            return []
        return sorted({int(value) for value in values})

    def flag(self, name: str) -> bool:
        """Whether a box is ticked."""
        return self._fields.get(name, "") not in {"", "0", "false"}

    def upload(self, name: str, *, required: bool = True) -> FileStorage | None:
        """An uploaded file, or None."""
        file = request.files.get(name)
        if file is None or not file.filename:
            if required:
                self.fail(NoFile(field=name))
            return None
        return file


def again(show: Callable[..., Any]) -> Callable[[View], View]:
    """On a refusal show the page again with what was typed and what is wrong (422 or 409)."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def retried(*args: Any, **kwargs: Any) -> Any:
            try:
                return view(*args, **kwargs)
            except (Refused, Conflict) as refusal:
                g.refusal = refusal
                g.typed = request.form
                g.pop("acting", None)
                response = make_response(show(*args, **kwargs))
                response.status_code = refusal.status
                return response

        return retried  # type: ignore[return-value]

    return decorate


def errors() -> dict[str, list[DomainError]]:
    """The problems of the form that was sent, by field; ``""`` for those of the whole form."""
    refusal: DomainError | None = g.get("refusal")
    found: dict[str, list[DomainError]] = {}
    if refusal is not None:
        several = refusal.errors if isinstance(refusal, Several) else [refusal]
        for error in several:
            found.setdefault(error.field or "", []).append(error)
    return found


def typed(name: str, value: object = "") -> object:
    """What the person typed into a field that was refused, else the given value."""
    fields = g.get("typed")
    if fields is None or name not in fields:
        return "" if value is None else value
    return fields.get(name)


def ticked(name: str, value: object, *, default: bool = False) -> bool:
    """Whether a box with this value was ticked on the form that was refused, else the default."""
    fields = g.get("typed")
    return default if fields is None else str(value) in fields.getlist(name)
