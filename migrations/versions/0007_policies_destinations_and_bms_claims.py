"""Grading policies, permitted destinations and claims of management systems, as rows.

House policy 1 is shipped and grades from the beginning. Of the rules on destinations only the house's
own could be read in the original; every other row is unverified and shown so.
"""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

POLICY_1 = {
    "bands": [["A", "0.8"], ["B", "0.7"], ["C", "0.6"], ["D", "0.4"]],
    "caps": [["0.05", "B"], ["0.08", "D"]],
    "required": ["spread", "safety_check", "origin"],
    "undivided": ["cell"],
    "lettered": ["L1", "L2", "L3"],
}
INTERIM = "Interim Measures (six ministries, Order 73), in force 2026-04-01"
POWER = (
    "Key requirements against accidents of power production (National Energy Administration): "
    "consultation draft of 2022, as the trade press quotes it"
)
HOUSE = "House rule 1 of this marketplace, until a national table exists"
SINCE = date(2026, 4, 1)
DRAFTED = date(2022, 7, 1)
TERNARY = ["NMC111", "NMC532", "NMC622", "NMC811", "NCA", "ternary"]
ANY = ["LFP", *TERNARY, "LMO", "LCO", "LTO", "other"]
ORIGINS = ["repair_replacement", "swap_retirement", "dismantling", "production_scrap"]
RETIRED = ORIGINS[:3]
# use, verdict, letters, chemistries, origins, from, verified, source
RULES = (
    ("material_recovery", "permitted", [], ANY, ORIGINS, SINCE, False, INTERIM),
    ("e_bike", "barred", [], [], [], SINCE, False, INTERIM),
    ("large_storage", "barred", [], TERNARY, [], DRAFTED, False, POWER),
    ("telecom_backup", "permitted", ["A", "B", "C"], ["LFP", "LTO"], RETIRED, SINCE, True, HOUSE),
    ("telecom_backup", "permitted", ["A", "B"], [*TERNARY, "LMO"], RETIRED, SINCE, True, HOUSE),
    ("peak_shaving", "permitted", ["A", "B"], ["LFP", "LTO"], RETIRED, SINCE, True, HOUSE),
    ("street_light", "permitted", ["A", "B", "C"], ["LFP", "LTO"], RETIRED, SINCE, True, HOUSE),
    ("low_speed_vehicle", "permitted", ["A", "B"], ["LFP", "LTO"], RETIRED, SINCE, True, HOUSE),
)
TABLES = ("grading_policy", "destination_rule", "bms_claim")

FINAL_POLICY = """
CREATE FUNCTION refuse_editing_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.version IS NOT NULL THEN
    RAISE EXCEPTION 'a published grading policy is followed by another, never edited'
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  IF NEW.version IS NOT NULL AND (
    NEW.published_at IS NULL
    OR NEW.version <> (SELECT coalesce(max(version), 0) + 1 FROM grading_policy WHERE id <> NEW.id)
    OR NEW.in_force_from <= (SELECT max(in_force_from) FROM grading_policy WHERE id <> NEW.id)
    OR NEW.in_force_from <= (NEW.published_at AT TIME ZONE 'Asia/Shanghai')::date
  ) THEN
    RAISE EXCEPTION 'grading policy % is not the next one, of a day to come', NEW.version
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    policy = _policies()
    op.bulk_insert(
        policy,
        [
            {
                "version": 1,
                "content": POLICY_1,
                "note": "House policy 1, shipped with the marketplace.",
                "in_force_from": date(2000, 1, 1),
            }
        ],
    )
    op.execute(FINAL_POLICY)
    op.execute(
        "CREATE TRIGGER grading_policy_final BEFORE INSERT OR UPDATE OR DELETE ON grading_policy "
        "FOR EACH ROW EXECUTE FUNCTION refuse_editing_policy()"
    )
    op.execute(
        "CREATE TRIGGER grading_policy_never_emptied BEFORE TRUNCATE ON grading_policy "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()"
    )
    op.create_foreign_key(
        op.f("fk_health_report_policy_version_grading_policy"),
        "health_report",
        "grading_policy",
        ["policy_version"],
        ["version"],
        ondelete="RESTRICT",
    )
    op.create_index(op.f("ix_health_report_policy_version"), "health_report", ["policy_version"])
    names = ("destination", "verdict", "letters", "chemistries", "origins")
    names = (*names, "valid_from", "is_verified", "source")
    op.bulk_insert(_destinations(), [dict(zip(names, rule, strict=True)) for rule in RULES])
    _claims()
    for table in TABLES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO packbourse_app")
        op.execute(f"GRANT USAGE, SELECT ON SEQUENCE {table}_id_seq TO packbourse_app")
    op.execute("REVOKE UPDATE, DELETE ON bms_claim FROM packbourse_app")


def _policies() -> sa.Table:
    policy = op.create_table(
        "grading_policy",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("drafted_by", sa.BigInteger(), nullable=True),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.BigInteger(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("in_force_from", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(version IS NULL) = (in_force_from IS NULL)", name=op.f("ck_grading_policy_published")
        ),
        sa.CheckConstraint(
            "(published_by IS NULL) = (published_at IS NULL)",
            name=op.f("ck_grading_policy_publisher"),
        ),
        sa.CheckConstraint(
            "NOT content -> 'lettered' @> '[\"L4\"]' AND NOT content -> 'lettered' @> '[\"L5\"]'",
            name=op.f("ck_grading_policy_lettered"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [column],
                ["person.id"],
                name=op.f(f"fk_grading_policy_{column}_person"),
                ondelete="RESTRICT",
            )
            for column in ("drafted_by", "published_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grading_policy")),
        sa.UniqueConstraint("version", name=op.f("uq_grading_policy_version")),
    )
    for column in ("drafted_by", "published_by"):
        op.create_index(op.f(f"ix_grading_policy_{column}"), "grading_policy", [column])
    op.create_index(
        "uq_grading_policy_in_force_from", "grading_policy", ["in_force_from"], unique=True
    )
    return policy


def _destinations() -> sa.Table:
    uses = (
        "material_recovery",
        "telecom_backup",
        "peak_shaving",
        "street_light",
        "low_speed_vehicle",
        "large_storage",
        "e_bike",
    )
    return op.create_table(
        "destination_rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "destination",
            sa.Enum(*uses, name="destination", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "verdict",
            sa.Enum("permitted", "barred", name="verdict", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("letters", JSONB(), nullable=False),
        sa.Column("chemistries", JSONB(), nullable=False),
        sa.Column("origins", JSONB(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            f"destination IN ({', '.join(repr(use) for use in uses)})",
            name=op.f("ck_destination_rule_destination"),
        ),
        sa.CheckConstraint(
            "verdict IN ('permitted', 'barred')", name=op.f("ck_destination_rule_verdict")
        ),
        sa.CheckConstraint("valid_until >= valid_from", name=op.f("ck_destination_rule_validity")),
        sa.CheckConstraint("source <> ''", name=op.f("ck_destination_rule_source")),
        sa.CheckConstraint(
            "verdict = 'barred' OR "
            "(jsonb_array_length(chemistries) > 0 AND jsonb_array_length(origins) > 0)",
            name=op.f("ck_destination_rule_never_the_letter_alone"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destination_rule")),
    )


def _claims() -> None:
    op.create_table(
        "bms_claim",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("pack_id", sa.BigInteger(), nullable=False),
        sa.Column("soh", sa.Numeric(9, 6), nullable=True),
        sa.Column("capacity_ah", sa.Numeric(14, 6), nullable=True),
        sa.Column("firmware", sa.Text(), nullable=False),
        sa.Column("read_on", sa.Date(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("blob_sha256", sa.Text(), nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "soh IS NOT NULL OR capacity_ah IS NOT NULL", name=op.f("ck_bms_claim_says_something")
        ),
        sa.CheckConstraint("soh BETWEEN 0 AND 1.5", name=op.f("ck_bms_claim_soh")),
        sa.CheckConstraint("capacity_ah >= 0", name=op.f("ck_bms_claim_capacity")),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [target],
                name=op.f(f"fk_bms_claim_{column}_{target.partition('.')[0]}"),
                ondelete="RESTRICT",
            )
            for column, target in (
                ("pack_id", "pack.id"),
                ("blob_sha256", "blob.sha256"),
                ("organisation_id", "organisation.id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bms_claim")),
    )
    for column in ("pack_id", "blob_sha256", "organisation_id"):
        op.create_index(op.f(f"ix_bms_claim_{column}"), "bms_claim", [column])
    for act, each in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        name = "append_only" if each == "ROW" else "never_emptied"
        op.execute(
            f"CREATE TRIGGER bms_claim_{name} BEFORE {act} ON bms_claim "
            f"FOR EACH {each} EXECUTE FUNCTION refuse_rewriting()"
        )


def downgrade() -> None:
    op.drop_table("bms_claim")
    op.drop_table("destination_rule")
    op.drop_index(op.f("ix_health_report_policy_version"), "health_report")
    op.drop_constraint(
        op.f("fk_health_report_policy_version_grading_policy"), "health_report", type_="foreignkey"
    )
    op.drop_table("grading_policy")
    op.execute("DROP FUNCTION refuse_editing_policy()")
