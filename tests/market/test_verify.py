from __future__ import annotations

import pytest
import sqlalchemy as sa

from listings import blobs, db
from market import verify

NAMES = [name for name, _rows, _check in verify.CHECKS]

PLANTED = {
    "a rewritten record of the log": (
        "custody log",
        "UPDATE leaf SET record = record || 'x'::bytea WHERE sequence = 1",
    ),
    "a dropped record of the log": ("custody log", "DELETE FROM leaf WHERE sequence = 0"),
    "another holder on the pack": (
        "holders and owners",
        "UPDATE pack SET holder_id = owner_id WHERE id = (SELECT min(id) FROM pack)",
    ),
    "two owners at once": (
        "holders and owners",
        (
            "DROP INDEX uq_holding_now; INSERT INTO holding (pack_id, what, organisation_id, since)"
            " SELECT pack_id, what, organisation_id + 1, since FROM holding WHERE what = 'owner' LIMIT 1"
        ),
    ),
    "nobody who holds": (
        "holders and owners",
        "UPDATE holding SET until = since WHERE id = (SELECT max(id) FROM holding)",
    ),
    "a gap in who held": (
        "holders and owners",
        "UPDATE holding SET until = until - interval '1 hour' WHERE until IS NOT NULL",
    ),
    "an entry that does not sum to zero": (
        "ledger",
        "UPDATE posting SET amount_minor = amount_minor + 1 WHERE id = (SELECT min(id) FROM posting)",
    ),
    "an entry without postings": (
        "ledger",
        "INSERT INTO entry (at, cause) VALUES (now(), 'nothing:1')",
    ),
    "a client's account overdrawn": (
        "ledger",
        (
            "UPDATE posting SET amount_minor = amount_minor * 1000 WHERE entry_id ="
            " (SELECT id FROM entry WHERE cause LIKE '%:paid_out:%' LIMIT 1)"
        ),
    ),
    "a deposit released without an entry": (
        "deposits",
        (
            "UPDATE deposit SET state = 'released', ended_at = now() WHERE id ="
            " (SELECT max(id) FROM deposit WHERE state = 'held')"
        ),
    ),
    "a deposit of another amount": (
        "deposits",
        "UPDATE deposit SET amount_minor = amount_minor + 1 WHERE id = (SELECT min(id) FROM deposit)",
    ),
    "a settlement paid by nobody": (
        "settlements",
        "UPDATE settlement SET paid_minor = paid_minor + 100 WHERE id = (SELECT max(id) FROM settlement)",
    ),
    "a settlement due another amount": (
        "settlements",
        "UPDATE settlement SET due_minor = due_minor - 1 WHERE settled_at IS NOT NULL",
    ),
    "a settlement called paid that is not": (
        "settlements",
        "UPDATE settlement SET state = 'paid' WHERE paid_minor < due_minor",
    ),
    "a bid that does not follow": (
        "sales",
        "UPDATE bid SET price_minor = price_minor + 1 WHERE number = 2",
    ),
    "a bid that was taken away": ("sales", "DELETE FROM bid WHERE number = 1"),
    "a bid earlier than the one before": (
        "sales",
        "UPDATE bid SET placed_at = placed_at - interval '30 days' WHERE number = 2",
    ),
    "a sale with another price": (
        "sales",
        (
            "UPDATE auction SET price_minor = price_minor - 1, leader_maximum_minor = leader_maximum_minor"
            " WHERE state = 'awarded'"
        ),
    ),
    "a sale that ends at another time": (
        "sales",
        "UPDATE auction SET closes_at = closes_at + interval '1 minute' WHERE bid_count > 0",
    ),
    "a sale awarded below its reserve": (
        "sales",
        "UPDATE auction SET state = 'awarded' WHERE state = 'passed'",
    ),
    "an award of another sale's bid": (
        "awards",
        (
            "UPDATE award SET bid_id = (SELECT id FROM bid WHERE auction_id <> award.auction_id LIMIT 1)"
            " WHERE id = (SELECT min(id) FROM award)"
        ),
    ),
    "an award at another price": ("awards", "UPDATE award SET hammer_minor = hammer_minor + 1"),
    "two standing awards": (
        "awards",
        (
            "DROP INDEX uq_award_standing; INSERT INTO award (number, lot_id, auction_id, bid_id,"
            " seller_id, buyer_id, hammer_minor, currency, awarded_at) SELECT 'A-2', lot_id, auction_id,"
            " bid_id, seller_id, buyer_id, hammer_minor, currency, awarded_at FROM award LIMIT 1"
        ),
    ),
    "an awarded lot without an award": (
        "awards",
        "UPDATE award SET annulled_at = now() WHERE id = (SELECT max(id) FROM award)",
    ),
    "a pack on sale twice": (
        "awards",
        (
            "DROP INDEX uq_lot_pack_open; INSERT INTO lot_pack (lot_id, pack_id, is_open)"
            " SELECT (SELECT max(id) FROM lot), pack_id, true FROM lot_pack WHERE is_open LIMIT 1"
        ),
    ),
    "a guide value of another figure": (
        "guide values",
        (
            "UPDATE guide_value SET value_minor = value_minor + 1 WHERE id ="
            " (SELECT min(id) FROM guide_value)"
        ),
    ),
    "a guide value with other inputs": (
        "guide values",
        (
            "UPDATE guide_value SET inputs = convert_to(replace(convert_from(inputs, 'UTF8'),"
            " 'stale_days', 'stale_weeks'), 'UTF8')"
        ),
    ),
    "a guide value with another result": (
        "guide values",
        (
            "UPDATE guide_value SET result = convert_to(replace(convert_from(result, 'UTF8'),"
            " 'regeneration', 'resurrection'), 'UTF8')"
        ),
    ),
    "a report of another grade": ("health reports", "UPDATE health_report SET grade = 'A'"),
    "a report signed by nobody": ("health reports", "UPDATE health_report SET record = NULL"),
    "a report signed by another lab": (
        "health reports",
        "UPDATE health_report SET lab_id = lab_id + 1",
    ),
}


def found() -> dict:
    with db.transaction() as session:
        verify.stand_still(session)
        return verify.verify(session)


def test_the_seeded_market_keeps_every_invariant(seeded) -> None:
    told = found()
    assert told["problems"] == []
    assert told["valid"] is True
    assert [check["name"] for check in told["checks"]] == NAMES
    assert all(check["checked"] for check in told["checks"])


@pytest.mark.parametrize("planted", PLANTED)
def test_what_was_planted_is_found(seeded, planted: str) -> None:
    name, statements = PLANTED[planted]
    with seeded.superuser() as session:
        for statement in statements.split("; "):
            done = session.execute(sa.text(statement))
        assert done.rowcount > 0, "nothing was planted"
    told = found()
    failed = [check["name"] for check in told["checks"] if not check["valid"]]
    assert name in failed
    assert told["valid"] is False
    assert any(problem.startswith(f"{name}: ") for problem in told["problems"])


def test_a_violation_of_each_check_is_planted_here_or_below() -> None:
    assert {name for name, _statements in PLANTED.values()} | {"uploads"} == set(NAMES)


@pytest.mark.parametrize("act", ["lost", "changed", "grown"])
def test_a_file_that_is_lost_or_changed_is_found(seeded, act: str) -> None:
    with db.transaction() as session:
        sha256 = session.scalar(sa.select(blobs.Blob.sha256).limit(1))
    path = blobs.path(sha256)
    if act == "lost":
        path.unlink()
    else:
        content = path.read_bytes()
        path.write_bytes(content + b"x" if act == "grown" else b"x" + content[1:])
    told = found()
    assert [check["name"] for check in told["checks"] if not check["valid"]] == ["uploads"]
    assert sha256 in told["problems"][0]


def test_verification_writes_nothing(seeded) -> None:
    with db.transaction() as session:
        verify.stand_still(session)
        verify.verify(session)
        with pytest.raises(sa.exc.DBAPIError, match="read-only"), session.begin_nested():
            session.execute(sa.text("UPDATE lot SET title = title"))
