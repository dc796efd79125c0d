"""Letters that carry a secret: a way to a new password, an invitation.

What waits here is the errand alone. The token is made when the letter is handed to the mail
server, only its hash is kept, and the errand is removed when it is done: nothing that is stored
opens anything.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, invitations, users, words
from listings.errors import N_
from listings.invitations import Invitation, InvitationOver
from market import mails

MOST_ATTEMPTS = 8
BETWEEN = timedelta(minutes=2)
"""Before a second attempt; twice as long before each further one."""

RESET = N_(
    "Somebody, perhaps you, asked for a new password. Open this address within an hour to choose "
    "it. If it was not you, do nothing."
)
INVITED = N_("%(organisation)s invites you to act for it. The letter is good for 14 days, once.")

_log = logging.getLogger(__name__)


class Letter(db.Base):
    """An errand: a new password for whoever has this mail address, or an open invitation."""

    __tablename__ = "letter"
    __table_args__ = (
        sa.CheckConstraint("(reset_email IS NULL) <> (invitation_id IS NULL)", name="one_errand"),
    )

    id: Mapped[int] = db.key()
    reset_email: Mapped[str | None] = mapped_column(default=None)
    invitation_id: Mapped[int | None] = db.refers("invitation.id", default=None)
    # The language for a reader who has no account yet.
    locale: Mapped[str]
    written_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(sa.Integer, default=0)


@dataclass(frozen=True, slots=True)
class Errand:
    """A letter on its way: the row that is removed once the server took the mail."""

    letter_id: int
    mail: EmailMessage


def ask_reset(session: orm.Session, email: str, *, at: datetime) -> Letter:
    """Ask for a letter to whoever has this mail address.

    Whether anybody has it is looked up when the letter is made, so that the answer takes as long
    either way.
    """
    letter = Letter(reset_email=email, locale=words.locale(), written_at=at, due_at=at)
    session.add(letter)
    return letter


def invite(session: orm.Session, invitation: Invitation, *, at: datetime) -> Letter:
    """Send an open invitation to its mail address, once more where one waits."""
    session.flush()
    session.execute(sa.delete(Letter).where(Letter.invitation_id == invitation.id))
    invitation.mailed_at = None
    letter = Letter(invitation_id=invitation.id, locale=words.locale(), written_at=at, due_at=at)
    session.add(letter)
    return letter


def deliver(*, at: datetime, most: int = 50) -> int:
    """Hand over what is due; how many the mail server took. Without MAIL_SERVER none.

    Each letter is taken and done in transactions of its own, with no network inside. A crash
    between the two sends a second letter, whose token replaces the first one's.
    """
    if not mails.is_configured():
        return 0
    sent = 0
    for _ in range(most):
        with db.transaction() as session:
            taken = _take(session, at=at)
        if taken is None:
            break
        if isinstance(taken, Errand) and _hand_over(taken, at=at):
            sent += 1
    return sent


def _take(session: orm.Session, *, at: datetime) -> Errand | bool | None:
    """The next due errand with its mail, True where its letter was dropped, None after the last."""
    letter = session.scalar(
        sa.select(Letter)
        .where(Letter.due_at <= at)
        .order_by(Letter.due_at, Letter.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if letter is None:
        return None
    mail = None if _is_over(letter, at) else _write(session, letter, at=at)
    if mail is None:
        session.delete(letter)
        return True
    letter.attempts += 1
    letter.due_at = at + BETWEEN * 2 ** (letter.attempts - 1)
    return Errand(letter.id, mail)


def _is_over(letter: Letter, at: datetime) -> bool:
    is_late = letter.reset_email is not None and at >= letter.written_at + users.RESET_LASTS
    return is_late or letter.attempts >= MOST_ATTEMPTS


def _write(session: orm.Session, letter: Letter, *, at: datetime) -> EmailMessage | None:
    """The mail with a fresh token; None where nobody has the address or the invitation is over."""
    if letter.reset_email is not None:
        asked = users.request_reset(session, letter.reset_email, at=at)
        if asked is None:
            return None
        user, token = asked
        with words.speaking(user.locale):
            sentence = words.gettext(RESET)
            return mails.compose(user.email, user.name, sentence, link=f"/reset/{token}")
    try:
        invitation, token = invitations.renew(session, letter.invitation_id, at=at)
    except InvitationOver:
        return None
    known = users.find(session, invitation.email)
    with words.speaking(known.locale if known is not None else letter.locale):
        sentence = words.gettext(INVITED, organisation=invitation.organisation.called)
        return mails.compose(invitation.email, sentence, link=f"/invitations/{token}")


def _hand_over(errand: Errand, *, at: datetime) -> bool:
    try:
        mails.hand_over(errand.mail)
    except OSError:
        _log.warning("the mail server did not take letter %s", errand.letter_id)
        return False
    with db.transaction() as session:
        letter = session.get(Letter, errand.letter_id, with_for_update=True)
        if letter is not None and letter.invitation_id is not None:
            session.get_one(Invitation, letter.invitation_id).mailed_at = at
        if letter is not None:
            session.delete(letter)
    return True
