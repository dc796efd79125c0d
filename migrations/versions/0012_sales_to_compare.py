"""Sales with what they are compared by: route, chemistry, grade, tax, and a share for each pack.

Sales that are here already take from their snapshot what it says; their packs as they were known
on the day cannot be told any more, so they get no rows by pack. The evidence of bids and offers
begins here. The way down forgets the new facts, and notices of sales elsewhere.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NEW_TABLES = ("comparable_pack", "evidence")

FILL = """
UPDATE comparable SET
  priced_at = sold_at,
  quantity = (snapshot ->> 'quantity')::numeric,
  tax_rate = (snapshot ->> 'tax_rate')::numeric,
  route = snapshot ->> 'route',
  chemistry = CASE WHEN jsonb_array_length(snapshot -> 'chemistries') = 1
                   THEN snapshot -> 'chemistries' ->> 0 ELSE 'mixed' END,
  pack_count = (snapshot ->> 'packs')::bigint,
  energy_kwh = (snapshot ->> 'energy_kwh')::numeric,
  mass_kg = (snapshot ->> 'mass_kg')::numeric,
  province = coalesce(snapshot ->> 'province', ''),
  grade = CASE
    WHEN snapshot -> 'grades' = '{}'::jsonb THEN 'as_is'
    WHEN (SELECT count(*) = 1 AND bool_and(value::bigint = (snapshot ->> 'packs')::bigint)
          FROM jsonb_each_text(snapshot -> 'grades'))
      THEN (SELECT key FROM jsonb_each_text(snapshot -> 'grades'))
    ELSE 'mixed' END,
  evidence_level = 'L5',
  seller_id = (SELECT seller_id FROM award WHERE number = sale_number),
  buyer_id = (SELECT buyer_id FROM award WHERE number = sale_number)
"""

SAY_KIND = """
UPDATE exclusion SET kind = CASE
  WHEN reason LIKE 'default%' THEN 'default' ELSE 'dispute' END
"""


def upgrade() -> None:
    _widen()
    _kinds()
    _packs()
    _evidence()
    for table in NEW_TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_rewriting()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()"
        )
        op.execute(f"GRANT SELECT, INSERT ON {table} TO packbourse_app")
    op.execute("GRANT USAGE, SELECT ON SEQUENCE evidence_id_seq TO packbourse_app")


def _widen() -> None:
    op.alter_column("comparable", "lot_id", nullable=True)
    later = (
        sa.Column("priced_at", sa.DateTime(timezone=True)),
        sa.Column("quantity", sa.Numeric(16, 4)),
        sa.Column("tax_rate", sa.Numeric(6, 4)),
        sa.Column("route", sa.String(40)),
        sa.Column("chemistry", sa.Text()),
        sa.Column("pack_count", sa.BigInteger()),
        sa.Column("grade", sa.Text()),
        sa.Column("evidence_level", sa.Text()),
    )
    added = (
        sa.Column("source", sa.String(40), server_default="market", nullable=False),
        sa.Column("notice", sa.Text(), server_default="", nullable=False),
        sa.Column("province", sa.Text(), server_default="", nullable=False),
        sa.Column("entered_by", sa.BigInteger()),
        sa.Column("seller_id", sa.BigInteger()),
        sa.Column("buyer_id", sa.BigInteger()),
        sa.Column("energy_kwh", sa.Numeric(16, 4)),
        sa.Column("mass_kg", sa.Numeric(16, 3)),
    )
    for column in (*later, *added):
        op.add_column("comparable", column)
    # The rows are as old as they are: they are filled once, before anybody relies on the columns.
    op.execute("ALTER TABLE comparable DISABLE TRIGGER comparable_append_only")
    op.execute(FILL)
    op.execute("ALTER TABLE comparable ENABLE TRIGGER comparable_append_only")
    for column in later:
        op.alter_column("comparable", column.name, nullable=False)
    for name in ("source", "notice", "province"):
        op.alter_column("comparable", name, server_default=None)
    for name, target in (
        ("entered_by", "person"),
        ("seller_id", "organisation"),
        ("buyer_id", "organisation"),
    ):
        op.create_foreign_key(
            op.f(f"fk_comparable_{name}_{target}"),
            "comparable",
            target,
            [name],
            ["id"],
            ondelete="RESTRICT",
        )
        op.create_index(op.f(f"ix_comparable_{name}"), "comparable", [name])
    for name, rule in (
        ("source", "source IN ('market', 'external')"),
        ("route", "route IN ('cascade', 'regeneration')"),
        ("lot", "(source = 'market') = (lot_id IS NOT NULL)"),
        ("notice", "source = 'market' OR notice <> ''"),
        ("priced", "priced_at <= sold_at"),
    ):
        op.create_check_constraint(op.f(f"ck_comparable_{name}"), "comparable", rule)


def _kinds() -> None:
    op.add_column("exclusion", sa.Column("kind", sa.String(40)))
    op.add_column(
        "exclusion",
        sa.Column("is_lifted", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.execute("ALTER TABLE exclusion DISABLE TRIGGER exclusion_append_only")
    op.execute(SAY_KIND)
    op.execute("ALTER TABLE exclusion ENABLE TRIGGER exclusion_append_only")
    op.alter_column("exclusion", "kind", nullable=False)
    op.alter_column("exclusion", "is_lifted", server_default=None)
    op.create_check_constraint(
        op.f("ck_exclusion_kind"),
        "exclusion",
        "kind IN ('related', 'dispute', 'default', 'mistake')",
    )


def _packs() -> None:
    op.create_table(
        "comparable_pack",
        sa.Column("comparable_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("pack_id", sa.BigInteger(), nullable=True),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("evidence_level", sa.Text(), nullable=False),
        sa.Column("share_minor", sa.BigInteger(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comparable_id"],
            ["comparable.id"],
            name=op.f("fk_comparable_pack_comparable_id_comparable"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["pack_id"],
            ["pack.id"],
            name=op.f("fk_comparable_pack_pack_id_pack"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("comparable_id", "place", name=op.f("pk_comparable_pack")),
    )
    op.create_index(op.f("ix_comparable_pack_pack_id"), "comparable_pack", ["pack_id"])


def _evidence() -> None:
    op.create_table(
        "evidence",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("price_basis", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(16, 4), nullable=False),
        sa.Column("unit_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("is_tax_included", sa.Boolean(), nullable=False),
        sa.Column("tax_rate", sa.Numeric(6, 4), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('bid', 'offer')", name=op.f("ck_evidence_kind")),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lot.id"], name=op.f("fk_evidence_lot_id_lot"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_evidence_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint("subject", name=op.f("uq_evidence_subject")),
    )
    for name in ("lot_id", "organisation_id", "at"):
        op.create_index(op.f(f"ix_evidence_{name}"), "evidence", [name])


def downgrade() -> None:
    for table in reversed(NEW_TABLES):
        op.drop_table(table)
    op.drop_constraint(op.f("ck_exclusion_kind"), "exclusion", type_="check")
    op.drop_column("exclusion", "is_lifted")
    op.drop_column("exclusion", "kind")
    for table in ("exclusion", "comparable"):
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only")
    op.execute(
        "DELETE FROM exclusion WHERE comparable_id IN "
        "(SELECT id FROM comparable WHERE lot_id IS NULL)"
    )
    op.execute("DELETE FROM comparable WHERE lot_id IS NULL")
    for table in ("comparable", "exclusion"):
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_append_only")
    for name in ("priced", "notice", "lot"):
        op.drop_constraint(op.f(f"ck_comparable_{name}"), "comparable", type_="check")
    for name in (
        "source", "notice", "province", "entered_by", "seller_id", "buyer_id", "energy_kwh",
        "mass_kg", "priced_at", "quantity", "tax_rate", "route", "chemistry", "pack_count",
        "grade", "evidence_level",
    ):  # fmt: skip
        op.drop_column("comparable", name)
    op.alter_column("comparable", "lot_id", nullable=False)
