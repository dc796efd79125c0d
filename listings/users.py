"""People, their passwords and their ways back in."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import secrets
import unicodedata
from datetime import datetime, timedelta

import argon2
import sqlalchemy as sa
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import orm
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal
from listings.errors import N_, Conflict, NotFound, Refused

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 256
RESET_LASTS = timedelta(hours=1)
ATTEMPTS_WINDOW = timedelta(minutes=15)
MOST_ATTEMPTS_BY_EMAIL = 10
# A whole office may stand behind one address.
MOST_ATTEMPTS_BY_ADDRESS = 60
# Narrower than RFC 5322: every address that passes can stand in the header of a mail.
_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
_EMAIL = re.compile(rf"[\w!#$%&*+/=?^`{{|}}~.-]+@{_LABEL}(?:\.{_LABEL})*")


class User(db.Base):
    """A person who signs in. ``locale`` is a language of `listings.words`."""

    __tablename__ = "person"

    id: Mapped[int] = db.key()
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    created_at: Mapped[datetime]
    locale: Mapped[str] = mapped_column(default="zh_Hans_CN")
    is_active: Mapped[bool] = mapped_column(default=True)
    # Raised by a password change and by signing out everywhere, so that older sessions end.
    session_number: Mapped[int] = mapped_column(default=1)


class PasswordReset(db.Base):
    """A letter that lets a person choose a new password once."""

    __tablename__ = "password_reset"

    id: Mapped[int] = db.key()
    user_id: Mapped[int] = db.refers("person.id")
    token_sha256: Mapped[bytes] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class Throttle(db.Base):
    """How often something was tried in a window, by a key such as ``signin:address``."""

    __tablename__ = "throttle"

    key: Mapped[str] = mapped_column(primary_key=True)
    window_started_at: Mapped[datetime]
    count: Mapped[int] = mapped_column(sa.Integer, default=0)


class NameMissing(Refused):
    """A person without a name."""

    message = N_("Enter the person's name, of at most 100 characters.")


class EmailRefused(Refused):
    """The text is no mail address."""

    message = N_("“%(value)s” is not a mail address such as name@example.com.")


class EmailTaken(Conflict):
    """There is an account with this mail address."""

    message = N_("There is an account for %(email)s already. Sign in with it first.")


class PasswordTooShort(Refused):
    """The password has fewer characters than the least."""

    message = N_("Choose a password of at least %(least)s characters; this one has %(length)s.")


class PasswordTooLong(Refused):
    """The password has more characters than the most."""

    message = N_("Choose a password of at most %(most)s characters.")


class SignInRefused(Refused):
    """No such mail address, or another password: the answer is the same."""

    message = N_("This mail address and this password do not belong together.")


class TooManyAttempts(Refused):
    """Tried more often than a person would."""

    status = 429
    message = N_("Too many tries. Wait %(minutes)s minutes and try again.")


class ResetOver(NotFound):
    """The reset letter was used, is too old or never existed."""

    message = N_("This letter was used already or is older than an hour. Ask for a new one.")


@functools.cache
def _hasher(*, is_light: bool) -> argon2.PasswordHasher:
    if is_light:
        return argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    return argon2.PasswordHasher()


def _passwords() -> argon2.PasswordHasher:
    """Argon2id: RFC 9106's second choice; lighter where PACKBOURSE_LIGHT_PASSWORDS=1 (tests)."""
    return _hasher(is_light=os.environ.get("PACKBOURSE_LIGHT_PASSWORDS") == "1")


@functools.cache
def _nobody(*, is_light: bool) -> str:
    """A hash that no password fits, so that unknown addresses cost as much as known ones."""
    return _hasher(is_light=is_light).hash(secrets.token_hex())


def check_password(password: str, field: str = "password") -> None:
    """Refuses a password that is too short or too long to choose."""
    if len(password) < SHORTEST_PASSWORD:
        raise PasswordTooShort(field=field, least=SHORTEST_PASSWORD, length=len(password))
    if len(password) > LONGEST_PASSWORD:
        raise PasswordTooLong(field=field, most=LONGEST_PASSWORD)


def _hash(password: str) -> str:
    check_password(password)
    return _passwords().hash(unicodedata.normalize("NFC", password))


def _fits(password_hash: str, password: str) -> bool:
    try:
        given = unicodedata.normalize("NFC", password[: LONGEST_PASSWORD + 1])
        return _passwords().verify(password_hash, given)
    except (VerificationError, InvalidHashError):
        return False


def is_password(user: User, password: str) -> bool:
    """Whether this is the person's password."""
    return _fits(user.password_hash, password)


def normalise_email(text: str, field: str = "email") -> str:
    """The mail address in lower case; refuses what is none."""
    email = unicodedata.normalize("NFC", text).strip().lower()
    if len(email) > 254 or not _EMAIL.fullmatch(email):  # noqa: PLR2004 - RFC 5321, 4.5.3.1.3
        raise EmailRefused(field=field, value=text.strip()[:80])
    return email


def find(session: orm.Session, email: str) -> User | None:
    """The person with this mail address, or None."""
    return session.scalar(sa.select(User).where(User.email == email.strip().lower()))


def token_hash(token: str) -> bytes:
    """What is kept of a token that was mailed."""
    return hashlib.sha256(token.encode()).digest()


def register(
    session: orm.Session,
    *,
    email: str,
    name: str,
    password: str,
    at: datetime,
    locale: str = "zh_Hans_CN",
) -> User:
    """A new person; refuses a taken or malformed mail address and a short password."""
    email = normalise_email(email)
    if not 0 < len(name.strip()) <= 100:  # noqa: PLR2004 - said in the sentence
        raise NameMissing(field="name")
    password_hash = _hash(password)
    if find(session, email) is not None:
        raise EmailTaken(field="email", email=email)
    user = User(
        email=email, name=name.strip(), password_hash=password_hash, created_at=at, locale=locale
    )
    session.add(user)
    journal.record(session, "user:registered", user, at=at)
    return user


def _attempt_keys(purpose: str, email: str, address: str) -> dict[str, int]:
    """The keys that an attempt counts under, with the most tries of each."""
    whose = hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]
    return {
        f"{purpose}:address:{address}": MOST_ATTEMPTS_BY_ADDRESS,
        f"{purpose}:email:{whose}": MOST_ATTEMPTS_BY_EMAIL,
    }


def count_attempt(email: str, address: str, *, at: datetime, purpose: str = "signin") -> None:
    """Count a try by mail address and by network address; refuses the one too many.

    Call it before `sign_in` and outside its transaction: it commits in one of its own, so that a
    refused sign-in, which rolls back, is counted all the same.
    """
    most = _attempt_keys(purpose, email, address)
    rows = [{"key": key, "window_started_at": at, "count": 1} for key in sorted(most)]
    over = Throttle.window_started_at <= at - ATTEMPTS_WINDOW
    upsert = insert(Throttle).values(rows)
    counted = upsert.on_conflict_do_update(
        index_elements=[Throttle.key],
        set_={
            "count": sa.case((over, 1), else_=Throttle.count + 1),
            "window_started_at": sa.case((over, at), else_=Throttle.window_started_at),
        },
    ).returning(Throttle.key, Throttle.count, Throttle.window_started_at)
    with db.transaction() as writing:
        found = writing.execute(counted).all()
    waits = [since + ATTEMPTS_WINDOW - at for key, count, since in found if count > most[key]]
    if waits:
        raise TooManyAttempts(minutes=max(1, -(-int(max(waits).total_seconds()) // 60)))


def forget_attempts(session: orm.Session, email: str, address: str) -> None:
    """After a sign-in: the mail address starts anew, its try no longer counts for the address."""
    by_address, by_email = sorted(_attempt_keys("signin", email, address))
    rows = sa.select(Throttle).where(Throttle.key.in_([by_address, by_email]))
    for row in session.scalars(rows.order_by(Throttle.key).with_for_update()):
        row.count = 0 if row.key == by_email else max(0, row.count - 1)


def sign_in(session: orm.Session, email: str, password: str, address: str, *, at: datetime) -> User:
    """The person with this password; refuses alike what it does not know and what is wrong.

    `count_attempt` comes first, in its own transaction.
    """
    user = find(session, email)
    is_light = os.environ.get("PACKBOURSE_LIGHT_PASSWORDS") == "1"
    known = user.password_hash if user is not None else _nobody(is_light=is_light)
    fits = _fits(known, password)
    if user is None or not fits or not user.is_active:
        raise SignInRefused(field="password")
    if _passwords().check_needs_rehash(user.password_hash):
        user.password_hash = _hash(password)
    forget_attempts(session, email, address)
    journal.record(session, "user:signed-in", user, at=at, user_id=user.id)
    return user


def change_password(session: orm.Session, user_id: int, password: str, *, at: datetime) -> User:
    """A new password; sessions begun with the old one end, and so do open reset letters."""
    user = db.lock(session, User, user_id)
    if user is None:
        raise NotFound
    user.password_hash = _hash(password)
    user.session_number += 1
    session.execute(
        sa.update(PasswordReset)
        .where(PasswordReset.user_id == user_id, PasswordReset.used_at.is_(None))
        .values(used_at=at)
    )
    journal.record(session, "user:password-changed", user, at=at, user_id=user.id)
    return user


def end_sessions(session: orm.Session, user_id: int, *, at: datetime) -> User:
    """Every session of a person ends, on every device, this one too."""
    user = db.lock(session, User, user_id)
    if user is None:
        raise NotFound
    user.session_number += 1
    journal.record(session, "user:sessions-ended", user, at=at, user_id=user.id)
    return user


def request_reset(session: orm.Session, email: str, *, at: datetime) -> tuple[User, str] | None:
    """The person and the token for a reset letter, or None where there is no such account.

    Whoever calls hands the letter over at once: the token is kept nowhere but in it.
    """
    user = find(session, email)
    if user is None or not user.is_active:
        return None
    token = secrets.token_urlsafe(32)
    reset = PasswordReset(
        user_id=user.id, token_sha256=token_hash(token), expires_at=at + RESET_LASTS
    )
    session.add(reset)
    journal.record(session, "user:reset-requested", user, at=at)
    return user, token


def _open_reset(session: orm.Session, token: str, *, at: datetime) -> PasswordReset:
    reset = session.scalar(
        sa.select(PasswordReset)
        .where(PasswordReset.token_sha256 == token_hash(token))
        .with_for_update()
    )
    if reset is None or reset.used_at is not None or at >= reset.expires_at:
        raise ResetOver
    return reset


def check_reset(session: orm.Session, token: str, *, at: datetime) -> None:
    """Refuses a token that cannot be used any more."""
    _open_reset(session, token, at=at)


def reset_password(session: orm.Session, token: str, password: str, *, at: datetime) -> User:
    """Choose a new password with the token of a letter, once, within the hour."""
    reset = _open_reset(session, token, at=at)
    return change_password(session, reset.user_id, password, at=at)
