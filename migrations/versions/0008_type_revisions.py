"""Revisions of types, who their maker is, and how to dismantle them.

What the register says today becomes revision 1 of each type, dated when it was last corrected.
Whoever entered a type as a battery maker is its maker. The way down forgets all of it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FIRST = """
INSERT INTO pack_type_revision (type_id, number, values, organisation_id, recorded_at)
SELECT t.id, 1, jsonb_build_object(
    'chemistry', t.chemistry,
    'rated_capacity_ah', trim_scale(t.rated_capacity_ah)::text,
    'rated_voltage_v', trim_scale(t.rated_voltage_v)::text,
    'rated_energy_kwh', trim_scale(t.rated_energy_kwh)::text,
    'mass_kg', trim_scale(t.mass_kg)::text,
    'cell_rated_capacity_ah', trim_scale(t.cell_rated_capacity_ah)::text,
    'lower_cutoff_v', trim_scale(t.lower_cutoff_v)::text,
    'upper_cutoff_v', trim_scale(t.upper_cutoff_v)::text,
    'cells_in_series', t.cells_in_series::text,
    'cells_in_parallel', t.cells_in_parallel::text,
    'design_year', t.design_year::text,
    'source', t.source,
    'modules_in_series', NULL,
    'temperature_low_c', NULL,
    'temperature_high_c', NULL,
    'guide_url', '',
    'guide_sha256', NULL,
    'maker_id', t.maker_id::text
  ), t.maker_id,
  coalesce((SELECT max(act.at) FROM act WHERE act.subject = 'pack_type:' || t.id), t.created_at)
FROM pack_type t
"""

MAKER = """
UPDATE pack_type SET maker_id = act.organisation_id
FROM act JOIN organisation_kind kind
  ON kind.organisation_id = act.organisation_id AND kind.kind = 'battery_maker'
WHERE act.tag = 'pack_type:added' AND act.subject = 'pack_type:' || pack_type.id
"""

NAMES = (
    "modules_in_series", "temperature_low_c", "temperature_high_c", "guide_url", "guide_sha256",
    "maker_id", "revision",
)  # fmt: skip
REFERENCES = (("guide_sha256", "blob", "sha256"), ("maker_id", "organisation", "id"))


def upgrade() -> None:
    for column in (
        sa.Column("modules_in_series", sa.Integer(), nullable=True),
        sa.Column("temperature_low_c", sa.Numeric(5, 2), nullable=True),
        sa.Column("temperature_high_c", sa.Numeric(5, 2), nullable=True),
        sa.Column("guide_url", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("guide_sha256", sa.Text(), nullable=True),
        sa.Column("maker_id", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
    ):
        op.add_column("pack_type", column)
    for name, table, key in REFERENCES:
        op.create_foreign_key(
            op.f(f"fk_pack_type_{name}_{table}"), "pack_type", table, [name], [key],
            ondelete="RESTRICT",
        )  # fmt: skip
        op.create_index(op.f(f"ix_pack_type_{name}"), "pack_type", [name])
    _add_revisions()


def _add_revisions() -> None:
    op.create_table(
        "pack_type_revision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("type_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"],
                name=op.f(f"fk_pack_type_revision_{column}_{table}"), ondelete="RESTRICT",
            )
            for column, table in (
                ("type_id", "pack_type"), ("user_id", "person"), ("organisation_id", "organisation")
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_type_revision")),
        sa.UniqueConstraint(
            "type_id", "number", name=op.f("uq_pack_type_revision_type_id_number")
        ),
    )  # fmt: skip
    for column in ("type_id", "user_id", "organisation_id"):
        op.create_index(op.f(f"ix_pack_type_revision_{column}"), "pack_type_revision", [column])
    op.execute(MAKER)
    op.execute(FIRST)
    op.execute(
        "CREATE TRIGGER pack_type_revision_append_only BEFORE UPDATE OR DELETE "
        "ON pack_type_revision FOR EACH ROW EXECUTE FUNCTION refuse_rewriting()"
    )
    op.execute(
        "CREATE TRIGGER pack_type_revision_never_emptied BEFORE TRUNCATE "
        "ON pack_type_revision FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()"
    )
    op.execute("GRANT SELECT, INSERT ON pack_type_revision TO packbourse_app")


def downgrade() -> None:
    op.drop_table("pack_type_revision")
    for name, table, _key in REFERENCES:
        op.drop_constraint(op.f(f"fk_pack_type_{name}_{table}"), "pack_type", type_="foreignkey")
    for name in reversed(NAMES):
        op.drop_column("pack_type", name)
