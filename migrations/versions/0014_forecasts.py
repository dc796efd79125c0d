"""What guides said of lots before their prices were fixed, disputes of those lines, and the
reference values that were published. The way down forgets them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

APPEND_ONLY = ("forecast", "reference_value")


def upgrade() -> None:
    _forecasts()
    _disputes()
    _references()
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_rewriting()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()"
        )
        op.execute(f"GRANT SELECT, INSERT ON {table} TO packbourse_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON score_dispute TO packbourse_app")
    for table in (*APPEND_ONLY, "score_dispute"):
        op.execute(f"GRANT USAGE, SELECT ON SEQUENCE {table}_id_seq TO packbourse_app")


def _refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{target}.id"],
        name=op.f(f"fk_{table}_{column}_{target}"),
        ondelete="RESTRICT",
    )


def _forecasts() -> None:
    op.create_table(
        "forecast",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("comparable_id", sa.BigInteger(), nullable=False),
        sa.Column("guide_id", sa.BigInteger(), nullable=False),
        sa.Column("edition_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        *(
            sa.Column(f"{name}_minor", sa.BigInteger(), nullable=True)
            for name in ("value", "low", "high", "gross")
        ),
        sa.Column("before_edition_id", sa.BigInteger(), nullable=True),
        *(
            sa.Column(f"before_{name}_minor", sa.BigInteger(), nullable=True)
            for name in ("value", "low", "high")
        ),
        sa.Column("stale_days", sa.Integer(), nullable=False),
        sa.Column("refusal", postgresql.JSONB(), nullable=False),
        sa.Column("inputs", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('said', 'conflicted', 'silent')", name=op.f("ck_forecast_state")
        ),
        sa.CheckConstraint(
            "num_nonnulls(value_minor, low_minor, high_minor, gross_minor) "
            "= CASE state WHEN 'said' THEN 4 ELSE 0 END",
            name=op.f("ck_forecast_said"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(before_value_minor, before_low_minor, before_high_minor) IN (0, 3)",
            name=op.f("ck_forecast_before"),
        ),
        sa.CheckConstraint("gross_minor > 0", name=op.f("ck_forecast_gross")),
        _refers("forecast", "comparable_id", "comparable"),
        _refers("forecast", "guide_id", "guide"),
        _refers("forecast", "edition_id", "edition"),
        _refers("forecast", "before_edition_id", "edition"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecast")),
        sa.UniqueConstraint(
            "comparable_id", "guide_id", name=op.f("uq_forecast_comparable_id_guide_id")
        ),
    )
    for column in ("guide_id", "edition_id", "before_edition_id"):
        op.create_index(op.f(f"ix_forecast_{column}"), "forecast", [column])


def _disputes() -> None:
    op.create_table(
        "score_dispute",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("forecast_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('upheld', 'dismissed')", name=op.f("ck_score_dispute_outcome")
        ),
        sa.CheckConstraint(
            "num_nonnulls(outcome, answer, decided_by, decided_at) IN (0, 4)",
            name=op.f("ck_score_dispute_decided"),
        ),
        _refers("score_dispute", "forecast_id", "forecast"),
        _refers("score_dispute", "opened_by", "person"),
        _refers("score_dispute", "decided_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_dispute")),
    )
    for column in ("forecast_id", "opened_by", "decided_by"):
        op.create_index(op.f(f"ix_score_dispute_{column}"), "score_dispute", [column])
    op.create_index(
        "uq_score_dispute_standing",
        "score_dispute",
        ["forecast_id"],
        unique=True,
        postgresql_where=sa.text("outcome IS DISTINCT FROM 'dismissed'"),
    )


def _references() -> None:
    op.create_table(
        "reference_value",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.Column(f"{name}_minor", sa.BigInteger(), nullable=False)
            for name in ("value", "low", "high")
        ),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        _refers("reference_value", "lot_id", "lot"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_value")),
    )
    op.create_index("ix_reference_value_lot_id_id", "reference_value", ["lot_id", "id"])


def downgrade() -> None:
    op.drop_table("reference_value")
    op.drop_table("score_dispute")
    op.drop_table("forecast")
