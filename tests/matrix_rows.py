"""Which rows the addresses of the matrix name, and what their forms carry when they are filled.

`ROWS`: by endpoint and variant, the name in `Scene.rows` of each value of the address; what is no
such name goes into the address as it stands, and names that the route does not know become its
query. Every route that needs a value stands here.
"""

from __future__ import annotations

from typing import Any, Final

Rows = dict[str, dict[str, str]]


def _of(name: str, *variants: str, parameter: str = "") -> Rows:
    """Variants of one value: ``lot draft`` and ``lot open`` as ``draft`` and ``open``."""
    key = parameter or f"{name}_id"
    if not variants:
        return {"": {key: name}}
    return {variant: {key: f"{name} {variant}"} for variant in variants}


_AWARD, _LOT, _GUIDE = _of("award"), _of("lot", "draft", "open"), _of("guide")
_HANDOVER, _TRANSFER, _LICENCE = _of("handover"), _of("transfer"), _of("licence")
_REPORT, _TYPE, _INDEX = _of("report", "private", "open"), _of("type"), {"": {"value_id": "index"}}
_READ_EDITION = _of("edition", "draft", "effective")
_DRAFT, _PROPOSED = _of("edition", "draft"), _of("edition", "proposed")
_LANGUAGE, _CHECKED = {"": {"language": "zh"}}, {"": {"token": "report token"}}
_RESET, _INVITED = {"": {"token": "reset token"}}, {"": {"token": "invitation token"}}
_REVIEW = {"": {"sha256": "tester file", "pack": "pack private", "subject": "pack"}}

ROWS: Final[dict[str, Rows]] = {
    **dict.fromkeys(
        (
            "awards.show", "awards.annul", "awards.settle_default", "awards.letter",
            "contracts.text", "contracts.upload", "invoices.record", "payments.price",
        ),
        _AWARD,
    ),
    "contracts.scan": {
        side: {"award_id": "award", "side": side} for side in ("seller", "buyer")
    },
    **dict.fromkeys(("bank.show", "bank.decide"), _TRANSFER),
    "custody.show": _of("pack", "private", "open", "passed"),
    **dict.fromkeys(
        ("packs.show", "pack_values.show", "what_ifs.of_pack"), _of("pack", "private", "open")
    ),
    "pack_values.record": {
        name: {"pack_id": f"pack {name}", "edition_id": "edition effective"}
        for name in ("private", "open")
    },
    **dict.fromkeys(("packs.record_origin", "packs.record_opening"), _of("pack", "private")),
    "packs.find": {"private": {"name": "token"}},
    "payments.deposit": _of("deposit"),
    "payments.back": _of("payment"),
    **dict.fromkeys(("desk.licence", "desk.decide", "licences.document"), _LICENCE),
    "desk.approve": _of("organisation"),
    "fleet.vehicle": _of("vehicle"),
    **dict.fromkeys(
        ("telemetry.show", "telemetry.status"), _of("telemetry", parameter="upload_id")
    ),
    "telemetry.vehicle": {"": {"upload_id": "telemetry", "row_id": "telemetry vehicle"}},
    **dict.fromkeys(
        (
            "guides.show", "editions.new", "editions.draft", "guides.methodology",
            "guides.publish_methodology", "guides.as_json", "edition_sheets.fill",
            "price_points.index", "price_points.open_point", "price_points.history",
            "differences.show", "feeds.of_guide",
        ),
        _GUIDE,
    ),
    **dict.fromkeys(
        (
            "panels.show", "panels.register", "panels.submit", "panels.as_csv",
            "standing.ask_delay", "standing.delay", "standing.ask_rights", "standing.rights",
        ),
        _GUIDE,
    ),
    "panels.end": {"": {"guide_id": "guide", "panelist_id": "panelist"}},
    "panels.exclude": {"": {"guide_id": "guide", "submission_id": "submission"}},
    "consultations.comment": _of("edition", "proposed"),
    "consultations.answer": {"": {"edition_id": "edition proposed", "comment_id": "comment"}},
    **dict.fromkeys(
        ("consultations.ask_correction", "consultations.correct"), _of("edition", "effective")
    ),
    **dict.fromkeys(("complaints.new", "complaints.file"), _of("value", "draft", "open")),
    **dict.fromkeys(("complaints.show", "complaints.answer"), _of("complaint")),
    "conflicts.show": _of("valuer"),
    "conflicts.end": _of("declaration"),
    "edition_sheets.template": {"xlsx": {"guide_id": "guide", "kind": "xlsx"}},
    **{key: {"": {"guide_id": "guide", "code": "point"}} for key in ("price_points.show", "price_points.end")},
    **dict.fromkeys(("editions.show", "editions.as_csv", "editions.as_json"), _READ_EDITION),
    **dict.fromkeys(("editions.edit", "editions.change", "editions.propose"), _DRAFT),
    **dict.fromkeys(("editions.confirm", "editions.approve", "editions.send_back"), _PROPOSED),
    **dict.fromkeys(
        (
            "handovers.show", "handovers.agree", "handovers.arrive", "handovers.cancel",
            "handovers.check", "handovers.labels", "handovers.note", "handovers.confirm_release",
            "handovers.sign_release", "device_signing.prepare_release", "device_signing.release",
            "device_signing.prepare_acceptance", "device_signing.accept", "acceptance.show",
            "acceptance.accept", "acceptance.confirm",
        ),
        _HANDOVER,
    ),
    "device_keys.revoke": {"": {"key_id": "device key"}},
    "handovers.receipt": {"": {"handover_id": "handover", "sequence": "sequence"}},
    "handovers.new": _of("award", parameter="award"),
    **dict.fromkeys(
        ("imports.preview", "imports.confirm"), _of("sheet", parameter="sha256")
    ),
    **dict.fromkeys(
        ("imports.template_file", "part_reports.template_file"), _LANGUAGE
    ),
    **dict.fromkeys(("indices.release", "indices.discard"), _INDEX),
    "indices.series": {"": {"name": "series"}},
    **dict.fromkeys(("comparables.show", "comparables.judge"), _of("sale")),
    "access_tokens.revoke": {"": {"token_id": "access token"}},
    **dict.fromkeys(
        (
            "policies.one", "policies.edit", "policies.change", "policies.discard",
            "policies.publish",
        ),
        _of("policy"),
    ),
    **dict.fromkeys(("bms_claims.new", "bms_claims.record"), _of("pack", "private", "open")),
    "bms_claims.file": {"": {"pack_id": "pack private", "claim_id": "claim"}},
    **dict.fromkeys(("people.invited", "people.accept"), _INVITED),
    **dict.fromkeys(("people.end", "people.change_role"), _of("membership")),
    **dict.fromkeys(("people.withdraw", "people.resend"), _of("invitation")),
    "ledger.show": _of("account"),
    **dict.fromkeys(
        (
            "lots.show", "lots.status", "claims.confirm", "claims.claim", "bids.check", "bids.place", "deposits.show",
            "deposits.request_", "deposits.approve", "drafts.edit", "drafts.change",
            "drafts.discard", "sales.terms", "sales.check", "sales.publish", "values.of_lot",
            "what_ifs.of_lot", "ceilings.of_lot",
        ),
        _LOT,
    ),
    **dict.fromkeys(
        ("sales.ask_withdraw", "sales.withdraw"), _of("lot", "draft", "announced")
    ),
    "values.record": _of("value", "draft", "open"),
    "references.record": _of("reference", "open"),
    **dict.fromkeys(("scoreboard.guide", "scoreboard.guide_table"), _GUIDE),
    **dict.fromkeys(
        ("scoreboard.line", "scoreboard.evidence", "scoreboard.dispute"), _of("line")
    ),
    "scoreboard.decide": {"": {"line_id": "disputed line", "dispute_id": "dispute"}},
    **dict.fromkeys(("pack_types.edit", "pack_types.correct", "pack_types.one", "pack_types.guide"), _TYPE),
    **dict.fromkeys(("bids.approve", "bids.reject", "claims.approve"), _of("proposal")),
    "public.short": {"": {"token": "token"}},
    "public.show": {"": {"token": "token"}},
    **dict.fromkeys(
        ("report_checks.show", "report_checks.check"), _CHECKED
    ),
    **dict.fromkeys(
        ("reports.one", "reports.record", "reports.paper", "reports.raw_file"), _REPORT
    ),
    **dict.fromkeys(("reporting.review", "reporting.sign"), _REVIEW),
    **dict.fromkeys(("signin.new_password", "signin.reset_password"), _RESET),
}  # fmt: skip

_TERMS: Final = {
    "start": "1000", "price_basis": "lump_sum", "payment_term": "before_pickup",
    "payment_days": "5", "delivery": "collected", "pickup_until": "2026-08-01",
    "increments": "0 10", "closes_at": "2026-07-01T12:00", "tax_percent": "13",
}  # fmt: skip
_LOT_FIELDS: Final = {"title": "Packs", "route": "cascade", "pack_ids": "{pack_private}"}
_DAY: Final = "2026-05-30"
_POLICY: Final = {
    "band_A": "85", "band_B": "75", "band_C": "60", "band_D": "40", "required": "origin",
    "undivided": "cell", "lettered": "L1", "note": "A stricter house policy.",
}  # fmt: skip

FILLED: Final[dict[str, dict[str, Any]]] = {
    "access_tokens.make": {"name": "nightly quotes"},
    "awards.annul": {"reason": "no money came"},
    "contracts.upload": {"scan": b"%PDF-1.7 sealed", "signed_on": _DAY},
    "invoices.record": {
        "kind": "special", "number": "24442000000123456789", "issued_on": _DAY, "tax_rate": "13",
        "net": "100.00", "tax": "13.00", "total": "113.00",
    },
    "bank.decide": {"decision": "confirm"},
    "bids.check": {"maximum": "50000"},
    "bids.place": {"maximum": "50000", "form_key": "matrix"},
    "desk.decide": {"decision": "approve"},
    "drafts.create": _LOT_FIELDS,
    "drafts.change": _LOT_FIELDS,
    "sales.check": _TERMS,
    "sales.publish": _TERMS,
    "editions.send_back": {"reason": "look again"},
    "price_points.open_point": {
        "code": "M-2", "name": "Second", "specification": "dry", "substance": "Ni", "unit": "t",
        "currency": "CNY", "delivery": "ex works",
    },
    "guides.publish_methodology": {"text": "The next version."},
    "comparables.judge": {"kind": "related", "reason": "one parent", "decision": "exclude"},
    "scoreboard.dispute": {"reason": "It was sold with a bus."},
    "scoreboard.decide": {"outcome": "dismissed", "answer": "It was not."},
    "comparables.enter": {
        "source": "a notice", "sold_on": _DAY, "route": "cascade", "chemistry": "LFP",
        "pack_count": "4", "energy_kwh": "100", "price": "9000", "currency": "CNY",
        "tax_rate": "13", "province": "安徽",
    },
    "ceilings.save": {
        "province": "安徽", "removal_per_tonne": "0", "loading_per_tonne": "180",
        "freight_per_tonne_km": "0.9", "ceiling_LFP": "100", "unit_LFP": "kwh",
    },
    "panels.register": {"name": "A trader", "side": "both"},
    "panels.submit": {
        "panelist_id": "{panelist}", "point_id": "{point_number}", "kind": "trade",
        "on_date": _DAY, "price": "90500",
    },
    "panels.exclude": {"reason": "a slip"},
    "consultations.comment": {"comment": "High."},
    "consultations.answer": {"answer": "It was measured."},
    "consultations.correct": {"reason": "A slipped point."},
    "standing.delay": {
        "was_due_on": "2026-06-30", "expected_on": "2026-07-03", "reason": "Too few trades.",
    },
    "standing.rights": {"text": "Quote with our name."},
    "complaints.file": {"text": "Too low."},
    "complaints.answer": {"verdict": "rejected", "text": "It is of yesterday."},
    "conflicts.declare": {
        "organisation_id": "{organisation}", "interest": "owns", "note": "A tenth.",
    },
    "device_signing.prepare_release": {"key": "{public_key}"},
    "handovers.check": {"soc_percent": "20"},
    "handovers.open_one": {"award": "{award}", "pack_ids": "{pack_passed}"},
    "acceptance.accept": {"ticket": "1"},
    "packs.record_opening": {"opened_on": _DAY},
    "packs.record_origin": {"kind": "dismantling", "occurred_on": _DAY, "evidence": "M"},
    "policies.draft": _POLICY,
    "policies.change": _POLICY,
    "policies.publish": {"in_force_from": "2026-07-01"},
    "bms_claims.record": {
        "soh": "80", "read_on": _DAY, "firmware": "V1", "tool": "CAN", "reader": "Wang",
    },
    "telemetry.upload": {"form_key": "one", "files": b"vehicle,time"},
    "people.change_role": {"role": "viewer"},
    "organisations.set_four_eyes": {"step": "on"},
    "people.accept": {"name": "New", "password": "a long password"},
    "signin.reset_password": {"password": "a long password"},
    "people.invite": {"email": "new@matrix.example", "role": "clerk"},
    "reporting.sign": {
        "examined_on": _DAY, "coverage": "whole", "safety_check": "passed",
        "capacity_spread": "2",
    },
    "signin.chosen": {"organisation": "{organisation}"},
    "fleet.add": {"fleet_number": "M1", "plate": "皖B·99999D", "site_id": "{site}"},
    "packs.add": {
        "type_id": "{type}", "mounting": "removed", "condition": "unknown",
        "vehicle_id": "{vehicle}", "maker_number": "M-1",
    },
}  # fmt: skip
