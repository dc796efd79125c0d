"""What stands behind a guide: panel, submissions, data mixes, corrections, delays, consultation,
complaints, conflicts, rights, and the parameters of a methodology.

What was said is never rewritten; a panelist and a declaration are ended once. The way down forgets
all of it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "submission",
    "submission_exclusion",
    "data_mix",
    "correction",
    "delay",
    "consultation_comment",
    "complaint",
    "complaint_answer",
    "redistribution",
)
ENDED_ONCE = ("panelist", "conflict_declaration")
WITHOUT_SEQUENCE = {"submission_exclusion", "correction", "complaint_answer"}
# Column and the table that it refers to.
REFERENCES = {
    "panelist": {
        "guide_id": "guide",
        "organisation_id": "organisation",
        "registered_by": "person",
    },
    "submission": {
        "panelist_id": "panelist",
        "point_id": "price_point",
        "entered_by": "person",
        "entered_for": "organisation",
    },
    "submission_exclusion": {
        "submission_id": "submission",
        "excluded_by": "person",
        "excluded_for": "organisation",
    },
    "data_mix": {"edition_id": "edition"},
    "correction": {"edition_id": "edition", "corrects_id": "edition", "begun_by": "person"},
    "delay": {"guide_id": "guide", "announced_by": "person"},
    "consultation_comment": {
        "edition_id": "edition",
        "answers_id": "consultation_comment",
        "organisation_id": "organisation",
        "user_id": "person",
    },
    "complaint": {
        "guide_value_id": "guide_value",
        "organisation_id": "organisation",
        "user_id": "person",
    },
    "complaint_answer": {"complaint_id": "complaint", "answered_by": "person"},
    "conflict_declaration": {
        "valuer_id": "organisation",
        "organisation_id": "organisation",
        "lot_id": "lot",
        "declared_by": "person",
        "ended_by": "person",
    },
    "redistribution": {"guide_id": "guide", "stated_by": "person"},
}
OPTIONAL = {
    ("panelist", "organisation_id"),
    ("consultation_comment", "answers_id"),
    ("conflict_declaration", "organisation_id"),
    ("conflict_declaration", "lot_id"),
    ("conflict_declaration", "ended_by"),
}
# What an index of another name begins with.
UNINDEXED = {
    ("panelist", "guide_id"),
    ("submission", "point_id"),
    ("submission_exclusion", "submission_id"),
    ("correction", "edition_id"),
    ("complaint_answer", "complaint_id"),
    ("conflict_declaration", "valuer_id"),
}
ENDS = """
CREATE FUNCTION refuse_editing_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL
     OR to_jsonb(NEW) - 'ended_at' - 'ended_by'
        IS DISTINCT FROM to_jsonb(OLD) - 'ended_at' - 'ended_by' THEN
    RAISE EXCEPTION 'a row of % is ended once, never edited', TG_TABLE_NAME
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.add_column("methodology", sa.Column("parameters", JSONB(), nullable=True))
    _panel()
    _editions()
    _objections()
    for table in REFERENCES:
        _index(table)
    _guard()


def _panel() -> None:
    _table(
        "panelist",
        _text("name"),
        sa.Column("side", sa.String(length=40), nullable=False),
        _instant("registered_at"),
        _instant("ended_at", is_needed=False),
        _words("panelist", "side", "sells", "buys", "both", "neither"),
    )
    op.create_index(
        "uq_panelist_standing",
        "panelist",
        ["guide_id", "name"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    _table(
        "submission",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("price", sa.Numeric(20, 6), nullable=False),
        sa.Column("volume", sa.Numeric(20, 6), nullable=True),
        _text("note"),
        _instant("entered_at"),
        _words("submission", "kind", "trade", "bid", "offer", "other"),
        sa.CheckConstraint("volume > 0", name=op.f("ck_submission_volume")),
        sa.CheckConstraint("price <> 0", name=op.f("ck_submission_price")),
    )
    op.create_index("ix_submission_point_id_on_date", "submission", ["point_id", "on_date"])
    _table("submission_exclusion", _text("reason"), _instant("at"), key="submission_id")


def _editions() -> None:
    _table(
        "data_mix", _instant("computed_at"), sa.Column("document", sa.LargeBinary(), nullable=False)
    )
    _table("correction", _text("reason"), _instant("begun_at"), key="edition_id")
    _table(
        "delay",
        sa.Column("was_due_on", sa.Date(), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=False),
        _text("reason"),
        _instant("announced_at"),
        sa.CheckConstraint("expected_on > was_due_on", name=op.f("ck_delay_later")),
    )
    _table("consultation_comment", _text("text"), _instant("at"))
    _table("redistribution", _text("text"), _instant("stated_at"))


def _objections() -> None:
    _table(
        "complaint",
        _text("text"),
        _instant("filed_at"),
        sa.Column("due_on", sa.Date(), nullable=False),
    )
    _table(
        "complaint_answer",
        sa.Column("is_upheld", sa.Boolean(), nullable=False),
        _text("text"),
        _instant("answered_at"),
        key="complaint_id",
    )
    _table(
        "conflict_declaration",
        sa.Column("interest", sa.String(length=40), nullable=False),
        _text("note"),
        _instant("declared_at"),
        _instant("ended_at", is_needed=False),
        _words("conflict_declaration", "interest", "owns", "buys", "affiliated", "other"),
        sa.CheckConstraint(
            "num_nonnulls(organisation_id, lot_id) = 1",
            name=op.f("ck_conflict_declaration_one_subject"),
        ),
    )
    for subject in ("organisation", "lot"):
        op.create_index(
            f"uq_conflict_declaration_{subject}",
            "conflict_declaration",
            ["valuer_id", f"{subject}_id", "interest"],
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
        )


def _table(name: str, *columns: sa.Column[Any] | sa.CheckConstraint, key: str = "id") -> None:
    """A table with its key, the columns that refer elsewhere, and its own."""
    references = REFERENCES[name]
    own = [sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)]
    op.create_table(
        name,
        *(own if key == "id" else []),
        *(
            sa.Column(column, sa.BigInteger(), nullable=(name, column) in OPTIONAL)
            for column in references
        ),
        *columns,
        sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{name}")),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=op.f(f"fk_{name}_{column}_{table}"),
                ondelete="RESTRICT",
            )
            for column, table in references.items()
        ),
    )


def _index(name: str) -> None:
    for column in REFERENCES[name]:
        if (name, column) not in UNINDEXED:
            op.create_index(op.f(f"ix_{name}_{column}"), name, [column])


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def _instant(name: str, *, is_needed: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not is_needed)


def _words(table: str, column: str, *words: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def _guard() -> None:
    op.execute(ENDS)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_rewriting()"
        )
        op.execute(f"GRANT SELECT, INSERT ON {table} TO packbourse_app")
    for table in ENDED_ONCE:
        op.execute(
            f"CREATE TRIGGER {table}_ended_once BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_editing_ended()"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO packbourse_app")
    for table in (*APPEND_ONLY, *ENDED_ONCE):
        op.execute(
            f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()"
        )
        if table not in WITHOUT_SEQUENCE:
            op.execute(f"GRANT USAGE, SELECT ON SEQUENCE {table}_id_seq TO packbourse_app")


def downgrade() -> None:
    for table in reversed(REFERENCES):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_editing_ended()")
    op.drop_column("methodology", "parameters")
