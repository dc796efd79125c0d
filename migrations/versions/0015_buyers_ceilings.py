"""What buyers reckon with: handling costs and ceilings by chemistry. The way down forgets them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = ("buyer_terms", "buyer_ceiling")
CHEMISTRIES = (
    "LFP", "NMC111", "NMC532", "NMC622", "NMC811", "NCA", "LMO", "LCO", "LTO", "ternary", "other",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "buyer_terms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("province", sa.Text(), nullable=False),
        sa.Column("removal_per_tonne_minor", sa.BigInteger(), nullable=False),
        sa.Column("loading_per_tonne_minor", sa.BigInteger(), nullable=False),
        sa.Column("freight_per_tonne_km_minor", sa.BigInteger(), nullable=False),
        sa.Column("is_tax_credited", sa.Boolean(), nullable=False),
        sa.Column("set_by", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_buyer_terms_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["set_by"],
            ["person.id"],
            name=op.f("fk_buyer_terms_set_by_person"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_buyer_terms")),
    )
    for name in ("organisation_id", "set_by"):
        op.create_index(op.f(f"ix_buyer_terms_{name}"), "buyer_terms", [name])
    named = ", ".join(f"'{name}'" for name in CHEMISTRIES)
    op.create_table(
        "buyer_ceiling",
        sa.Column("terms_id", sa.BigInteger(), nullable=False),
        sa.Column("chemistry", sa.String(40), nullable=False),
        sa.Column("unit", sa.String(40), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(f"chemistry IN ({named})", name=op.f("ck_buyer_ceiling_chemistry")),
        sa.CheckConstraint("unit IN ('kwh', 't')", name=op.f("ck_buyer_ceiling_unit")),
        sa.ForeignKeyConstraint(
            ["terms_id"],
            ["buyer_terms.id"],
            name=op.f("fk_buyer_ceiling_terms_id_buyer_terms"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("terms_id", "chemistry", name=op.f("pk_buyer_ceiling")),
    )
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_rewriting()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()"
        )
        op.execute(f"GRANT SELECT, INSERT ON {table} TO packbourse_app")
    op.execute("GRANT USAGE, SELECT ON SEQUENCE buyer_terms_id_seq TO packbourse_app")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
