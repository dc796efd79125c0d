"""Reports that anyone may check by the token on their paper, and that end when a pack is opened.

A signed report is neither deleted nor edited; by which it is superseded, and when its subject was
opened, is said once. The way down forgets tokens and openings.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

GUARD = """
CREATE OR REPLACE FUNCTION refuse_editing_report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.record IS NULL THEN
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  IF TG_OP = 'DELETE'
     OR to_jsonb(NEW) - 'superseded_by_id' - 'opened_on'
        IS DISTINCT FROM to_jsonb(OLD) - 'superseded_by_id' - 'opened_on'
     OR (OLD.opened_on IS NOT NULL AND NEW.opened_on IS DISTINCT FROM OLD.opened_on)
     OR (OLD.superseded_by_id <> OLD.id
         AND NEW.superseded_by_id IS DISTINCT FROM OLD.superseded_by_id) THEN
    RAISE EXCEPTION 'a signed report is superseded, never edited'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""

GUARD_BEFORE = """
CREATE OR REPLACE FUNCTION refuse_editing_report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.record IS NOT NULL AND to_jsonb(NEW) - 'superseded_by_id'
     IS DISTINCT FROM to_jsonb(OLD) - 'superseded_by_id' THEN
    RAISE EXCEPTION 'a signed report is superseded, never edited'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    # A default that differs by row rewrites the table and fires no trigger.
    op.add_column(
        "health_report",
        sa.Column(
            "public_token",
            sa.Text(),
            server_default=sa.text("replace(gen_random_uuid()::text, '-', '')"),
            nullable=False,
        ),
    )
    op.alter_column("health_report", "public_token", server_default=None)
    op.create_unique_constraint(
        op.f("uq_health_report_public_token"), "health_report", ["public_token"]
    )
    op.add_column("health_report", sa.Column("opened_on", sa.Date(), nullable=True))
    op.execute(GUARD)
    op.execute(
        "CREATE TRIGGER health_report_kept BEFORE DELETE ON health_report "
        "FOR EACH ROW EXECUTE FUNCTION refuse_editing_report()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER health_report_kept ON health_report")
    op.execute(GUARD_BEFORE)
    op.drop_column("health_report", "opened_on")
    op.drop_constraint(op.f("uq_health_report_public_token"), "health_report", type_="unique")
    op.drop_column("health_report", "public_token")
