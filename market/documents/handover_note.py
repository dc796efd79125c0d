"""The handover note (交接单): one transfer of possession on paper, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from market.documents import blocks, figures
from market.documents.bilingual import both as _
from market.documents.parts import Party
from market.handovers import Finding


@dataclass(frozen=True, slots=True)
class Line:
    """One declared pack. ``finding`` is None until the receiver has looked."""

    name: str
    chemistry: str
    mass_kg: Decimal | None = None
    finding: Finding | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Attestation:
    """Who signed what and when; ``attested_by`` names the way: device key, platform, seal."""

    act: str
    party: str
    person: str
    signed_at: datetime
    attested_by: str


@dataclass(frozen=True, slots=True)
class HandoverNote:
    """One handover. ``checklist`` maps a question to yes, no or None for not answered.

    Masses in kg from the weighbridge; net is gross less tare. ``log_indexes`` are the leaves of
    release and acceptance, ``checkpoint`` the signed note over them, ``address`` the public page.
    """

    number: str
    award_number: str
    state: str
    owner: Party
    releaser: Party
    receiver: Party
    lines: Sequence[Line]
    carrier: Party | None = None
    site: str = ""
    vehicle_plate: str = ""
    waybill: str = ""
    seal: str = ""
    un_number: str = ""
    packing_instruction: str = ""
    condition: str = ""
    checklist: Mapping[str, bool | None] | None = None
    gross_kg: Decimal | None = None
    tare_kg: Decimal | None = None
    ticket: str = ""
    released_at: datetime | None = None
    arrived_at: datetime | None = None
    accepted_at: datetime | None = None
    reservation: str = ""
    attestations: Sequence[Attestation] = ()
    log_indexes: Sequence[int] = ()
    checkpoint: str = ""
    address: str = ""
    zone: str = figures.ZONE

    def compose(self) -> blocks.Paper:
        """The note in both languages, whichever is being spoken."""
        return blocks.Paper(
            title=_("Handover note"),
            number=self.number,
            foot=_("Handover note %(number)s", number=self.number).replace("\n", " · "),
            qr=blocks.qr(self.address),
            qr_caption=_("Check the chain of custody"),
            blocks=[
                *_parties(self),
                *_counts(self),
                *_weights(self),
                *_safety(self),
                *_signatures(self),
                blocks.annex(_("Annex: packs")),
                _packs(self),
            ],
        )


def _parties(note: HandoverNote) -> list[blocks.Block]:
    roles = [
        (_("Owner"), note.owner),
        (_("Releaser"), note.releaser),
        (_("Carrier"), note.carrier),
        (_("Receiver"), note.receiver),
    ]
    columns = [
        blocks.Column(_("Role"), 2),
        blocks.Column(_("Organisation"), 5),
        blocks.Column(_("Unified social credit code"), 4),
    ]
    return [
        blocks.table(
            columns,
            [
                [role.replace("\n", " "), _names(party), party.credit_code]
                for role, party in roles
                if party
            ],
        ),
        blocks.pairs(
            [
                (_("Award letter"), note.award_number),
                (_("State"), note.state),
                (_("Place of release"), note.site),
                (_("Vehicle plate"), note.vehicle_plate),
                (_("Waybill"), note.waybill),
                (_("Seal number"), note.seal),
                (_("Released at"), _at(note, note.released_at)),
                (_("Arrived at"), _at(note, note.arrived_at)),
                (_("Accepted at"), _at(note, note.accepted_at)),
                (_("Reservation"), note.reservation),
            ],
        ),
    ]


def _counts(note: HandoverNote) -> list[blocks.Block]:
    found = [line.finding for line in note.lines]
    counts = {
        _("Declared"): len(found),
        _("Accepted"): found.count(Finding.ACCEPTED),
        _("Rejected"): found.count(Finding.REJECTED),
        _("Missing"): found.count(Finding.MISSING),
        _("Not yet looked at"): found.count(None),
    }
    return [
        blocks.heading(_("Packs")),
        blocks.table(
            [blocks.Column(name, 1, is_number=True) for name in counts],
            [[figures.number(count) for count in counts.values()]],
        ),
    ]


def _packs(note: HandoverNote) -> blocks.Block:
    finding = {
        None: "",
        Finding.ACCEPTED: _("Accepted"),
        Finding.REJECTED: _("Rejected"),
        Finding.MISSING: _("Missing"),
    }
    return blocks.table(
        [
            blocks.Column(_("No.")),
            blocks.Column(_("Pack code"), 5),
            blocks.Column(_("Chemistry"), 2),
            blocks.Column(_("Mass (kg)"), 2, is_number=True),
            blocks.Column(_("Finding"), 3),
            blocks.Column(_("Remark"), 3),
        ],
        [
            [
                str(position),
                line.name,
                line.chemistry,
                figures.number(line.mass_kg),
                finding[line.finding].replace("\n", " "),
                line.note,
            ]
            for position, line in enumerate(note.lines, start=1)
        ],
        empty=_("No pack is declared.").replace("\n", " "),
    )


def _weights(note: HandoverNote) -> list[blocks.Block]:
    gross, tare = note.gross_kg, note.tare_kg
    net = None if gross is None or tare is None else gross - tare
    figured = [figures.number(mass) for mass in (gross, tare, net)]
    heads = [_("Gross (kg)"), _("Tare (kg)"), _("Net (kg)")]
    return [
        blocks.heading(_("Weighbridge")),
        blocks.table(
            [
                blocks.Column(_("Ticket"), 3),
                *(blocks.Column(head, 2, is_number=True) for head in heads),
            ],
            [[note.ticket, *figured]] if net is not None or note.ticket else [],
            empty=_("Not weighed.").replace("\n", " "),
        ),
    ]


def _safety(note: HandoverNote) -> list[blocks.Block]:
    answers = {True: _("Yes"), False: _("No"), None: ""}
    return [
        blocks.heading(_("Safety and dangerous goods")),
        blocks.pairs(
            [
                (_("Dangerous goods class"), "9"),
                (_("UN number"), note.un_number),
                (_("Packing instruction"), note.packing_instruction),
                (_("Condition"), note.condition),
            ],
        ),
        blocks.table(
            [blocks.Column(_("Joint safety check"), 5), blocks.Column(_("Answer"), 1)],
            [
                [question, answers[answer].replace("\n", " ")]
                for question, answer in (note.checklist or {}).items()
            ],
            empty=_("Not yet checked.").replace("\n", " "),
        ),
    ]


def _signatures(note: HandoverNote) -> list[blocks.Block]:
    indexes = ", ".join(str(index) for index in note.log_indexes)
    return [
        blocks.heading(_("Signatures and log")),
        blocks.table(
            [
                blocks.Column(_("Act"), 2),
                blocks.Column(_("Organisation"), 4),
                blocks.Column(_("Person"), 2),
                blocks.Column(_("Signed at"), 3),
                blocks.Column(_("Attested by"), 2),
            ],
            [
                [s.act, s.party, s.person, figures.stamp(s.signed_at, note.zone), s.attested_by]
                for s in note.attestations
            ],
            empty=_("Not yet signed.").replace("\n", " "),
        ),
        blocks.pairs([(_("Time zone"), note.zone), (_("Log index"), indexes)]),
        *([blocks.code(note.checkpoint)] if note.checkpoint else []),
        blocks.seals(
            [
                blocks.Seal(role, party.name, [_("Signature and seal"), _("Date")])
                for role, party in (
                    (_("Releaser"), note.releaser),
                    (_("Carrier"), note.carrier),
                    (_("Receiver"), note.receiver),
                )
                if party
            ],
        ),
    ]


def _names(party: Party) -> str:
    """The registered name over the English one."""
    return "\n".join(filter(None, (party.name, party.name_en)))


def _at(note: HandoverNote, value: datetime | None) -> str:
    return figures.stamp(value, note.zone)
