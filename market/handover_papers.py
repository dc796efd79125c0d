"""The papers of a handover, filled from its rows: the note, and labels for its packs."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import orm

from listings.custody import log
from listings.custody.log import Leaf
from listings.errors import N_
from listings.packs import Pack
from listings.parties import Organisation
from listings.sites import Site
from market import documents, records
from market.documents import bilingual
from market.handed_over import Handover, HandoverState
from market.rules import dangerous_goods
from market.rules.dangerous_goods import Check, DangerousGoodsClass

STATES = {
    HandoverState.DRAFT: N_("Draft"),
    HandoverState.AGREED: N_("Agreed"),
    HandoverState.READY: N_("Ready for release"),
    HandoverState.RELEASED: N_("Released"),
    HandoverState.ARRIVED: N_("Arrived"),
    HandoverState.ACCEPTED: N_("Accepted"),
    HandoverState.ACCEPTED_WITH_RESERVATION: N_("Accepted with reservation"),
    HandoverState.PART_REJECTED: N_("Partly rejected"),
    HandoverState.REJECTED: N_("Rejected"),
    HandoverState.CANCELLED: N_("Cancelled"),
}
QUESTIONS = {
    Check.NO_HEAT_SMOKE_OR_GAS: N_("No heat, smoke, smell of electrolyte or gas"),
    Check.NO_LEAKAGE: N_("No leakage"),
    Check.HOUSING_INTACT: N_("Housing intact"),
    Check.NO_DEFORMATION: N_("Not swollen or deformed"),
    Check.NO_FIRE_OR_WATER: N_("Never in a fire, crash or under water"),
    Check.INSULATION_SOUND: N_("Insulation measured and sound"),
    Check.TERMINALS_PROTECTED: N_("Terminals protected against short circuit"),
    Check.PACKED_AND_SECURED: N_("Packed and secured for the road"),
}
CONDITIONS = {
    DangerousGoodsClass.INTACT: N_("Intact"),
    DangerousGoodsClass.INTACT_FOR_RECYCLING: N_("Intact, for recycling"),
    DangerousGoodsClass.DAMAGED: N_("Damaged"),
    DangerousGoodsClass.CRITICAL: N_("Damaged, critical"),
}
ACTS = {"releaser": N_("Release"), "receiver": N_("Receipt"), "carrier": N_("Taking over")}
SHORT_ID = 6


def note(session: orm.Session, handover: Handover, *, address: str = "") -> documents.HandoverNote:
    """The handover note in both languages; ``address`` is the page that its QR code opens."""
    goods = handover.dangerous_goods
    transport = dangerous_goods.transport(goods) if goods is not None else None
    site = session.get(Site, handover.site_id) if handover.site_id is not None else None
    head = log.latest(session) if handover.release_leaf is not None else None
    leaves = [
        sequence
        for sequence in (handover.release_leaf, handover.acceptance_leaf)
        if sequence is not None
    ]
    return documents.HandoverNote(
        number=handover.number,
        award_number=handover.award.number,
        state=both(STATES[handover.state]),
        owner=_party(handover.owner),
        releaser=_party(handover.releaser),
        receiver=_party(handover.receiver),
        carrier=_party(handover.carrier) if handover.carrier is not None else None,
        lines=[
            documents.Line(
                name=line.pack.name,
                chemistry=line.pack.type.chemistry.value,
                mass_kg=line.pack.mass_kg or line.pack.type.mass_kg,
                finding=line.finding,
                note=line.note,
            )
            for line in handover.lines
        ],
        site=site.name if site is not None else "",
        vehicle_plate=handover.vehicle_plate,
        waybill=handover.waybill,
        seal=handover.seal,
        un_number=transport.un_number if transport else "",
        packing_instruction=f"{transport.packing} {transport.special_provision}".strip()
        if transport
        else "",
        condition=both(CONDITIONS[goods]) if goods is not None else "",
        checklist={
            both(text): handover.checklist.get(check.value) for check, text in QUESTIONS.items()
        },
        gross_kg=handover.gross_kg,
        tare_kg=handover.tare_kg,
        ticket=handover.weighbridge_ticket,
        released_at=handover.released_at,
        arrived_at=handover.arrived_at,
        accepted_at=handover.ended_at if handover.acceptance_leaf is not None else None,
        reservation=handover.reservation,
        attestations=_attestations(session, leaves),
        log_indexes=leaves,
        checkpoint=head.note if head is not None else "",
        address=address,
    )


def labels(packs: list[Pack], *, root: str) -> documents.LabelSheet:
    """A sheet of labels; ``root`` is the address under which tokens are opened, ``.../p``."""
    return documents.LabelSheet(
        [
            documents.Label(
                address=f"{root}/{pack.public_token}",
                short_id=pack.public_token[:SHORT_ID],
                chemistry=pack.type.chemistry.value,
                energy=f"{pack.type.rated_energy_kwh.normalize():f} kWh",
            )
            for pack in packs
        ],
    )


def _party(organisation: Organisation) -> documents.Party:
    return documents.Party(
        organisation.name,
        organisation.credit_code,
        organisation.address,
        name_en=organisation.name_en,
    )


def _attestations(session: orm.Session, leaves: list[int]) -> list[documents.Attestation]:
    rows = session.scalars(sa.select(Leaf).where(Leaf.sequence.in_(leaves)).order_by(Leaf.sequence))
    found = []
    for leaf in rows:
        for one in records.signatures(session, log.parsed(leaf)):
            named = sa.select(Organisation.name).where(Organisation.credit_code == one.credit_code)
            act = N_("Acceptance") if leaf.kind == "acceptance" else ACTS.get(one.capacity, "")
            found.append(
                documents.Attestation(
                    act=both(act),
                    party=session.scalar(named) or one.credit_code,
                    person=one.person or "",
                    signed_at=one.signed_at,
                    attested_by=both(
                        N_("Platform, for the person") if one.is_by_platform else N_("Device key"),
                    ),
                ),
            )
    return found


def both(message: str) -> str:
    """A word in both languages on one line, as the cells of the note hold it."""
    return bilingual.both(message).replace("\n", " ")
