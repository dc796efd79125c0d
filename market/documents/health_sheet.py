"""The health report (检测评估报告) on paper: what was examined, by whom, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from listings.words import gettext as _
from market.documents import blocks, figures


@dataclass(frozen=True, slots=True)
class Discharge:
    """One discharge of the recording; ``reason`` says why it counts or not."""

    cycle: int
    capacity_ah: Decimal
    energy_wh: Decimal | None
    is_complete: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HealthReportSheet:
    """One health report. SoH are fractions 0..1 of rated capacity (Ah) and energy (Wh).

    ``supersedes`` are numbers of older reports, ``standing`` how long it counts or why not any
    more, ``level`` what the evidence rests on, ``key`` the public key of the lab, ``measures``
    names and values. ``picture`` is the SVG text of capacity per cycle, ``address`` what the QR
    code opens.
    """

    number: str
    pack: str
    subject: str
    coverage: str
    lab: str
    accreditation_number: str
    accreditation_scope: str
    accreditation_until: date | None
    examined_on: date
    valid_until: date
    reported_at: datetime
    policy: str
    grade: str
    evidence_level: str
    is_provisional: bool
    rated_capacity_ah: Decimal
    capacity_ah: Decimal | None
    soh_q: Decimal | None
    soh_e: Decimal | None = None
    rate_c: Decimal | None = None
    temperature_c: Decimal | None = None
    reasons: Sequence[str] = ()
    discharges: Sequence[Discharge] = ()
    picture: str = ""
    parts: Sequence[tuple[str, str]] = ()
    strips: Sequence[tuple[str, str]] = ()
    reader: str = ""
    sha256: str = ""
    signer: str = ""
    address: str = ""
    supersedes: str = ""
    standing: str = ""
    level: str = ""
    key: str = ""
    measures: Sequence[tuple[str, str]] = ()
    zone: str = figures.ZONE

    def compose(self) -> blocks.Paper:
        """The report in the language being spoken."""
        drawn = [blocks.picture(self.picture, _("Capacity per cycle"))] if self.picture else []
        return blocks.Paper(
            title=_("Health report"),
            number=_("No. %(number)s", number=self.number),
            foot=_("Health report %(number)s", number=self.number),
            qr=blocks.qr(self.address),
            qr_caption=_("Check this report"),
            blocks=[
                *_finding(self),
                *_examination(self),
                *_parts(self),
                *drawn,
                *_measures(self.measures),
                blocks.heading(_("Discharges")),
                _discharges(self.discharges),
                blocks.seals(
                    [
                        blocks.Seal(
                            _("Lab"),
                            self.lab,
                            [
                                _("Signer: %(name)s", name=self.signer),
                                _("Signature and seal"),
                                _("Date"),
                            ],
                        ),
                    ],
                ),
            ],
        )


def _finding(sheet: HealthReportSheet) -> list[blocks.Block]:
    grade = f"{sheet.grade or figures.DASH} ({sheet.evidence_level})"
    if sheet.is_provisional:
        grade = _("%(grade)s, provisional", grade=grade)
    return [
        blocks.pairs(
            [
                (_("Pack"), sheet.pack),
                (_("Subject examined"), sheet.subject),
                (_("Coverage"), sheet.coverage),
                (_("Grade (evidence level)"), grade),
                (_("Evidence"), sheet.level),
                (_("State of health (rated capacity, Ah)"), figures.percent(sheet.soh_q)),
                (_("State of health (rated energy, Wh)"), figures.percent(sheet.soh_e)),
                (_("Capacity found"), figures.number(sheet.capacity_ah, "Ah")),
                (_("Rated capacity"), figures.number(sheet.rated_capacity_ah, "Ah")),
                (_("Grading policy"), sheet.policy),
                (_("Reasons"), "\n".join(sheet.reasons)),
            ],
        ),
    ]


def _parts(sheet: HealthReportSheet) -> list[blocks.Block]:
    if not sheet.parts:
        return []
    return [
        blocks.heading(_("Modules and cells")),
        blocks.pairs(list(sheet.parts)),
        *(blocks.picture(svg, caption) for caption, svg in sheet.strips),
    ]


def _examination(sheet: HealthReportSheet) -> list[blocks.Block]:
    return [
        blocks.heading(_("Examination")),
        blocks.pairs(
            [
                (_("Lab"), sheet.lab),
                (_("Accreditation"), sheet.accreditation_number),
                (_("Scope"), sheet.accreditation_scope),
                (_("Accredited until"), figures.day(sheet.accreditation_until)),
                (_("Examined on"), figures.day(sheet.examined_on)),
                (_("Reported at"), figures.instant(sheet.reported_at, sheet.zone)),
                (_("Valid until"), figures.day(sheet.valid_until)),
                (_("Validity"), sheet.standing),
                (_("Supersedes"), sheet.supersedes),
                (_("Rate"), figures.number(sheet.rate_c, "C")),
                (_("Temperature"), figures.number(sheet.temperature_c, "°C")),
                (_("Reader"), sheet.reader),
                (_("SHA-256 of the raw file"), sheet.sha256),
                (_("Key of the lab"), sheet.key),
            ],
        ),
    ]


def _measures(measures: Sequence[tuple[str, str]]) -> list[blocks.Block]:
    return [blocks.heading(_("Measures")), blocks.pairs(measures)] if measures else []


def _discharges(discharges: Sequence[Discharge]) -> blocks.Block:
    return blocks.table(
        [
            blocks.Column(_("Cycle"), 1, is_number=True),
            blocks.Column(_("Capacity (Ah)"), 2, is_number=True),
            blocks.Column(_("Energy (Wh)"), 2, is_number=True),
            blocks.Column(_("Counts"), 1),
            blocks.Column(_("Why"), 5),
        ],
        [
            [
                figures.number(d.cycle),
                f"{d.capacity_ah:,.4f}",
                figures.DASH if d.energy_wh is None else f"{d.energy_wh:,.3f}",
                _("Yes") if d.is_complete else _("No"),
                d.reason,
            ]
            for d in discharges
        ],
        empty=_("No discharge was recorded."),
    )
