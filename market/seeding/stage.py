"""The stage on which the seeded market and the walkthrough act: by domain functions alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import orm

from listings import licences, parties, users
from listings.errors import NotFound
from listings.parties import Acting, Kind, Role
from market.seeding import cast
from market.seeding.cast import Firm

Begin = Callable[[], AbstractContextManager[orm.Session]]


@dataclass
class Stage:
    """Where acts happen (``begin`` opens the session of one act) and who is there by key."""

    begin: Begin
    firms: dict[str, int] = field(default_factory=dict)
    people: dict[str, Acting] = field(default_factory=dict)
    accounts: dict[int, str] = field(default_factory=dict)

    def by(self, mailbox: str) -> Acting:
        """Who acts, by the part before the @."""
        return self.people[mailbox]

    def signer(self, organisation_id: int) -> Acting:
        """Somebody of the organisation who may sign."""
        return self._may(organisation_id, "contract:sign")

    def trader(self, organisation_id: int) -> Acting:
        """Somebody of the organisation who may bid and publish."""
        return self._may(organisation_id, "lot:publish")

    def _may(self, organisation_id: int, act: str) -> Acting:
        for acting in self.people.values():
            if acting.organisation_id == organisation_id and parties.may(acting, act):
                return acting
        raise NotFound


def assemble(stage: Stage, firms: tuple[Firm, ...], *, at: datetime) -> None:
    """Found the organisations with their people and documents, approved by the operator.

    The operator stands first in ``firms``, because it approves the others.
    """
    for number, firm in enumerate(firms, start=1):
        _found(stage, firm, number, at)
    approver = next(
        acting
        for acting in stage.people.values()
        if acting.is_any(Kind.OPERATOR) and acting.role in {Role.ADMIN, Role.APPROVER}
    )
    for firm in firms:
        _approve(stage, firm, approver, at)


def _found(stage: Stage, firm: Firm, number: int, at: datetime) -> None:
    account = f"6222{number:012d}"
    with stage.begin() as session:
        organisation = parties.found(
            session,
            name=firm.name,
            name_en=firm.name_en,
            credit_code=firm.credit_code(number),
            nature=firm.nature,
            province=firm.province,
            city=firm.city,
            kinds=firm.kinds,
            bank_name=f"{firm.city}城市商业银行",
            bank_account=account,
            parent_id=stage.firms[firm.parent] if firm.parent else None,
            at=at,
            **firm.more,
        )
        session.flush()
        stage.firms[firm.key], stage.accounts[organisation.id] = organisation.id, account
        for person in firm.people:
            user = users.register(
                session,
                email=cast.address(person.mailbox),
                name=person.name,
                password=cast.PASSWORD,
                at=at,
            )
            session.flush()
            parties.join(session, user.id, organisation.id, person.role, at=at)
            stage.people[person.mailbox] = Acting(
                user.id, organisation.id, person.role, frozenset(firm.kinds)
            )


def _approve(stage: Stage, firm: Firm, approver: Acting, at: datetime) -> None:
    organisation_id = stage.firms[firm.key]
    if Kind.OPERATOR not in firm.kinds:
        with stage.begin() as session:
            parties.approve(session, approver, organisation_id, at=at)
    for position, shown in enumerate(firm.licences, start=1):
        with stage.begin() as session:
            licence = licences.submit(
                session,
                stage.by(firm.people[0].mailbox),
                kind=shown.kind,
                number=f"DEMO-{organisation_id:03d}-{position}",
                issued_by=shown.issued_by,
                goods_category=cast.WASTE,
                yearly_tonnage=cast.tonnes(shown.tonnage),
                valid_from=cast.ISSUED,
                valid_until=cast.RUNS_OUT,
                at=at,
            )
            session.flush()
            licences.decide(session, approver, licence.id, approve=True, reason="", at=at)
