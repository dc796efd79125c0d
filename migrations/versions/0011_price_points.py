"""Price points of guides, the prices of editions on their days, and how often a guide appears.

An approved edition's prices and day are as final as its coefficients. The way down forgets them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

RHYTHMS = "rhythm IN ('working_day', 'weekly', 'twice_monthly', 'monthly')"
FINAL_EDITION = """
CREATE OR REPLACE FUNCTION refuse_editing_edition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state NOT IN ('draft', 'consultation')
     AND ({new}) IS DISTINCT FROM ({old}) THEN
    RAISE EXCEPTION 'a published edition is superseded, never edited'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""
COLUMNS = ("coefficients", "explanation", "methodology_id", "number")
FINAL_POINT = """
CREATE FUNCTION refuse_editing_price_point() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) - 'ended_at' IS DISTINCT FROM to_jsonb(OLD) - 'ended_at' THEN
    RAISE EXCEPTION 'a price point is ended, never edited' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.add_column("guide", sa.Column("rhythm", sa.String(length=40), nullable=True))
    op.execute("UPDATE guide SET rhythm = 'monthly'")
    op.alter_column("guide", "rhythm", nullable=False)
    op.create_check_constraint(op.f("ck_guide_rhythm"), "guide", RHYTHMS)
    op.add_column("edition", sa.Column("priced_on", sa.Date(), nullable=True))
    op.add_column("edition", sa.Column("prices", JSONB(), nullable=False, server_default="{}"))
    op.alter_column("edition", "prices", server_default=None)
    op.execute(_final((*COLUMNS, "prices", "priced_on")))
    op.create_table(
        "price_point",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("guide_id", sa.BigInteger(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("code", "name", "specification", "substance", "unit", "currency")
        ),
        sa.Column("is_tax_included", sa.Boolean(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["guide_id"],
            ["guide.id"],
            name=op.f("fk_price_point_guide_id_guide"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_point")),
        sa.UniqueConstraint("guide_id", "code", name=op.f("uq_price_point_guide_id_code")),
    )
    op.execute(FINAL_POINT)
    op.execute(
        "CREATE TRIGGER price_point_final BEFORE UPDATE ON price_point "
        "FOR EACH ROW EXECUTE FUNCTION refuse_editing_price_point()"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON price_point TO packbourse_app")
    op.execute("GRANT USAGE, SELECT ON SEQUENCE price_point_id_seq TO packbourse_app")


def downgrade() -> None:
    op.drop_table("price_point")
    op.execute("DROP FUNCTION refuse_editing_price_point")
    op.execute(_final(COLUMNS))
    op.drop_column("edition", "prices")
    op.drop_column("edition", "priced_on")
    op.drop_column("guide", "rhythm")


def _final(columns: tuple[str, ...]) -> str:
    named = {side: ", ".join(f"{side}.{name}" for name in columns) for side in ("NEW", "OLD")}
    return FINAL_EDITION.format(new=named["NEW"], old=named["OLD"])
