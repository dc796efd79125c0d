"""What the register knows of the things that a spreadsheet names, loaded at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from listings import packs
from listings.errors import N_, Conflict, DomainError, NotFound, Refused
from listings.identity import gbt34014
from listings.identity import vin as vins
from listings.identity.problems import Severity, normalise
from listings.identity.refusals import CodeRefused
from listings.pack_types import PackType
from listings.packs import OriginInFuture, Pack, PackAlias, PackKnown
from listings.parties import Organisation
from listings.sites import Site
from listings.vehicles import RegisteredInFuture, Vehicle, VinKnown


class TypeNotRegistered(Refused):
    """The model is not in the register of pack types."""

    message = N_(
        "“%(value)s” is not in the register of pack types. Compare the spelling, or ask the "
        "operator to enter it."
    )


class TypeAmbiguous(Refused):
    """Two makers have a model of this name."""

    message = N_("Several makers have a model “%(value)s”. Say the battery maker too.")


class HolderNotRegistered(Refused):
    """Nobody of this name or credit code is a party here."""

    message = N_("No organisation named “%(value)s”, or with that credit code, is registered here.")


class OtherVin(Refused):
    """The register has another VIN for this vehicle."""

    message = N_("The register has the VIN %(vin)s for this vehicle.")


class MakerNumberKnown(Conflict):
    """An uncoded pack of the owner that the register already has."""

    message = N_("A pack of yours with this maker number and type is already in the register.")


@dataclass(slots=True)
class Known:
    """Rows of the register by the names that spreadsheets use."""

    owner: Organisation
    types: dict[str, list[PackType]]
    parties: dict[str, Organisation]
    sites: dict[str, Site]
    vehicles: dict[str, Vehicle]
    vins: dict[str, Vehicle]
    codes: set[str]
    maker_numbers: set[tuple[str, int]]

    @classmethod
    def of(cls, session: orm.Session, owner_id: int, rows: Iterable[dict[str, Any]]) -> Known:
        """Everything that rows of values may refer to, for the owner of the packs."""
        listed = list(rows)
        codes = {normalise(str(row["code"])) for row in listed if "code" in row}
        vins = {normalise(str(row["vin"])) for row in listed if "vin" in row}
        holders = {str(row["holder"]) for row in listed if "holder" in row}
        owner = session.get_one(Organisation, owner_id)
        parties = _parties(session, holders)
        places = {owner_id, *(party.id for party in parties.values())}
        fleet = session.scalars(sa.select(Vehicle).where(Vehicle.owner_id == owner_id))
        framed = session.scalars(sa.select(Vehicle).where(Vehicle.vin.in_(vins)))
        return cls(
            owner=owner,
            types=_types(session),
            parties=parties,
            sites=_sites(session, places, owner_id),
            vehicles={vehicle.fleet_number: vehicle for vehicle in fleet},
            vins={str(vehicle.vin): vehicle for vehicle in framed},
            codes=_codes(session, codes),
            maker_numbers=_maker_numbers(session, owner_id),
        )

    def type(self, values: dict[str, Any]) -> PackType:
        """The type that a row names; refuses an unknown or ambiguous one."""
        named = str(values["type"])
        found = self.types.get(normalise(named), [])
        maker = normalise(str(values.get("maker", "")))
        if maker:
            found = [pack_type for pack_type in found if normalise(pack_type.maker) == maker]
        if not found:
            raise TypeNotRegistered(value=f"{values.get('maker', '')} {named}".strip())
        if len(found) > 1:
            raise TypeAmbiguous(value=named)
        return found[0]

    def holder(self, values: dict[str, Any]) -> Organisation:
        """Who holds the pack of a row: the owner where the cell is empty."""
        named = str(values.get("holder", ""))
        if not named:
            return self.owner
        try:
            return self.parties[named]
        except KeyError:
            raise HolderNotRegistered(value=named) from None

    def warnings(self, values: dict[str, Any]) -> list[str]:
        """Codes of ``packs.WARNINGS`` for the pack of a row without problems."""
        if "code" not in values:
            return []
        code = gbt34014.decode(str(values["code"]), today=date.max)
        return packs.warnings(code, self.type(values))

    def problems(self, values: dict[str, Any], today: date) -> Iterator[tuple[str, DomainError]]:
        """What the register says against a row, each with the column it concerns."""
        registered: date | None = values.get("first_registered_on")
        if registered is not None and registered > today:
            yield "first_registered_on", RegisteredInFuture(day=registered)
        happened: date | None = values.get("origin_on")
        if happened is not None and happened > today:
            yield "origin_on", OriginInFuture(day=happened)
        yield from self._code_problems(values, today)
        for key, look in (("type", self.type), ("holder", self.holder)):
            if key in values:
                try:
                    look(values)
                except DomainError as error:
                    yield key, error

    def vin_problems(self, number: str, vin: str) -> Iterator[DomainError]:
        """What is wrong with the VIN of a vehicle of that number."""
        for problem in vins.check(vin):
            if problem.severity is Severity.ERROR:
                yield CodeRefused("vin", problem)
        vehicle, framed = self.vehicles.get(number), self.vins.get(vin)
        if vehicle is not None and vehicle.vin not in {None, vin}:
            yield OtherVin(vin=vehicle.vin)
        elif framed is not None and framed is not vehicle:
            yield VinKnown(vin=vin)

    def _code_problems(
        self, values: dict[str, Any], today: date
    ) -> Iterator[tuple[str, DomainError]]:
        if "code" not in values:
            yield from self._maker_number_problems(values)
            return
        number = str(values.get("fleet_number") or values.get("plate") or "")
        vehicle = self.vehicles.get(number)
        registered = vehicle.first_registered_on if vehicle else values.get("first_registered_on")
        code = gbt34014.decode(str(values["code"]), today=today, first_registered_on=registered)
        for problem in code.problems:
            yield "code", CodeRefused("code", problem)
        if code.text in self.codes:
            yield "code", PackKnown(code=code.text)

    def _maker_number_problems(self, values: dict[str, Any]) -> Iterator[tuple[str, DomainError]]:
        if not {"maker_number", "type"} <= values.keys():
            return
        try:
            name = (normalise(values["maker_number"]), self.type(values).id)
        except (Refused, NotFound):
            return
        if name in self.maker_numbers:
            yield "maker_number", MakerNumberKnown()


def _types(session: orm.Session) -> dict[str, list[PackType]]:
    found: dict[str, list[PackType]] = {}
    for pack_type in session.scalars(sa.select(PackType)):
        for name in {pack_type.model, f"{pack_type.maker}{pack_type.model}"}:
            found.setdefault(normalise(name), []).append(pack_type)
    return found


def _parties(session: orm.Session, named: set[str]) -> dict[str, Organisation]:
    codes = {normalise(name): name for name in named}
    rows = session.scalars(
        sa.select(Organisation).where(
            sa.or_(
                Organisation.credit_code.in_(codes),
                Organisation.name.in_(named),
                Organisation.name_en.in_(named),
            ),
            Organisation.approved_at.is_not(None),
        )
    )
    found = {}
    for party in rows:
        for name in (party.name, party.name_en, codes.get(party.credit_code, "")):
            if name in named:
                found[name] = party
    return found


def _sites(session: orm.Session, places: set[int], owner_id: int) -> dict[str, Site]:
    """Sites by name; where the owner and a holder use one name, the owner's."""
    rows = session.scalars(sa.select(Site).where(Site.organisation_id.in_(places)))
    ordered = sorted(rows, key=lambda site: site.organisation_id == owner_id)
    return {site.name: site for site in ordered}


def _codes(session: orm.Session, wanted: set[str]) -> set[str]:
    current = session.scalars(sa.select(Pack.code).where(Pack.code.in_(wanted)))
    former = session.scalars(sa.select(PackAlias.code).where(PackAlias.code.in_(wanted)))
    return {code for code in current if code} | set(former)


def _maker_numbers(session: orm.Session, owner_id: int) -> set[tuple[str, int]]:
    rows = session.execute(
        sa.select(Pack.maker_number, Pack.type_id).where(
            Pack.owner_id == owner_id, Pack.code.is_(None), Pack.maker_number != ""
        )
    )
    return {(normalise(number), type_id) for number, type_id in rows}
