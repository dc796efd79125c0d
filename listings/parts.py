"""Modules and cells of packs."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from listings import db, journal
from listings.errors import N_, Conflict, NotFound
from listings.packs import decode, own
from listings.parties import Acting


class Module(db.Base):
    """A module of a pack, by position; ``code`` where it carries one."""

    __tablename__ = "module"
    __table_args__ = (sa.UniqueConstraint("pack_id", "position"),)

    id: Mapped[int] = db.key()
    pack_id: Mapped[int] = db.refers("pack.id")
    position: Mapped[str]
    code: Mapped[str | None] = mapped_column(unique=True, default=None)


class Cell(db.Base):
    """A cell of a module, by position; ``code`` where it carries one."""

    __tablename__ = "cell"
    __table_args__ = (sa.UniqueConstraint("module_id", "position"),)

    id: Mapped[int] = db.key()
    module_id: Mapped[int] = db.refers("module.id")
    position: Mapped[str]
    code: Mapped[str | None] = mapped_column(unique=True, default=None)


class PositionKnown(Conflict):
    """A position holds one part."""

    message = N_("The position “%(position)s” is already taken.")


def add_module(
    session: orm.Session,
    acting: Acting,
    pack_id: int,
    *,
    position: str,
    at: datetime,
    code: str | None = None,
) -> Module:
    """Name a module of a pack by its position, with its code where it carries one."""
    pack = own(session, acting, pack_id)
    taken = sa.select(Module.id).where(Module.pack_id == pack_id, Module.position == position)
    if session.scalar(taken) is not None:
        raise PositionKnown(field="position", position=position)
    read = decode(code, None, at)
    module = Module(pack_id=pack_id, position=position, code=read.text if read else None)
    session.add(module)
    journal.record(
        session,
        "pack:module_added",
        pack,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        position=position,
    )
    return module


def add_cell(
    session: orm.Session,
    acting: Acting,
    module_id: int,
    *,
    position: str,
    at: datetime,
    code: str | None = None,
) -> Cell:
    """Name a cell of a module by its position, with its code where it carries one."""
    module = session.get(Module, module_id)
    if module is None:
        raise NotFound
    pack = own(session, acting, module.pack_id)
    taken = sa.select(Cell.id).where(Cell.module_id == module_id, Cell.position == position)
    if session.scalar(taken) is not None:
        raise PositionKnown(field="position", position=position)
    read = decode(code, None, at)
    cell = Cell(module_id=module_id, position=position, code=read.text if read else None)
    session.add(cell)
    journal.record(
        session,
        "pack:cell_added",
        pack,
        at=at,
        user_id=acting.user_id,
        organisation_id=acting.organisation_id,
        module_id=module_id,
        position=position,
    )
    return cell
