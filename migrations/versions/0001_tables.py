"""Every table of the register, the valuation and the trade."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "act",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_act")),
    )
    op.create_index("ix_act_subject_id", "act", ["subject", "id"], unique=False)
    op.create_index(op.f("ix_act_tag"), "act", ["tag"], unique=False)
    op.create_table(
        "change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("tree_size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tree_size", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
        sa.UniqueConstraint("cause", name=op.f("uq_entry_cause")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("at", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "leaf",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("handover_id", sa.Uuid(), nullable=True),
        sa.Column("appended_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_leaf")),
        sa.UniqueConstraint("leaf_hash", name=op.f("uq_leaf_leaf_hash")),
    )
    op.create_index(op.f("ix_leaf_handover_id"), "leaf", ["handover_id"], unique=False)
    op.create_index(op.f("ix_leaf_kind"), "leaf", ["kind"], unique=False)
    op.create_table(
        "organisation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("credit_code", sa.Text(), nullable=False),
        sa.Column(
            "nature",
            sa.Enum(
                "state",
                "collective",
                "private",
                "foreign",
                name="nature",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("province", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("bank_name", sa.Text(), nullable=False),
        sa.Column("bank_account", sa.Text(), nullable=False),
        sa.Column("regulator_level", sa.Text(), nullable=False),
        sa.Column("regulator_department", sa.Text(), nullable=False),
        sa.Column("accreditation_number", sa.Text(), nullable=False),
        sa.Column("accreditation_scope", sa.Text(), nullable=False),
        sa.Column("accreditation_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("has_four_eyes", sa.Boolean(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["organisation.id"],
            name=op.f("fk_organisation_parent_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("credit_code", name=op.f("uq_organisation_credit_code")),
    )
    op.create_index(op.f("ix_organisation_parent_id"), "organisation", ["parent_id"], unique=False)
    op.create_table(
        "pack_type",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("maker", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column(
            "chemistry",
            sa.Enum(
                "LFP",
                "NMC111",
                "NMC532",
                "NMC622",
                "NMC811",
                "NCA",
                "LMO",
                "LCO",
                "LTO",
                "ternary",
                "other",
                name="chemistry",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("rated_capacity_ah", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("rated_voltage_v", sa.Numeric(precision=10, scale=3), nullable=False),
        sa.Column("rated_energy_kwh", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("mass_kg", sa.Numeric(precision=12, scale=3), nullable=False),
        sa.Column("cell_rated_capacity_ah", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("lower_cutoff_v", sa.Numeric(precision=8, scale=4), nullable=False),
        sa.Column("upper_cutoff_v", sa.Numeric(precision=8, scale=4), nullable=False),
        sa.Column("cells_in_series", sa.Integer(), nullable=False),
        sa.Column("cells_in_parallel", sa.Integer(), nullable=False),
        sa.Column("design_year", sa.Integer(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("lower_cutoff_v < upper_cutoff_v", name=op.f("ck_pack_type_cutoffs")),
        sa.CheckConstraint(
            "rated_capacity_ah > 0 AND rated_voltage_v > 0", name=op.f("ck_pack_type_rated")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_type")),
        sa.UniqueConstraint("maker", "model", name=op.f("uq_pack_type_maker_model")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("session_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
    )
    op.create_table(
        "possession_rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "goods",
            sa.Enum(
                "waste_battery",
                "scrap_vehicle",
                "reuse_product",
                name="goodscategory",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "from_kind",
            sa.Enum(
                "fleet_owner",
                "vehicle_maker",
                "battery_maker",
                "dismantler",
                "repair_shop",
                "swap_operator",
                "second_life",
                "regeneration",
                "outlet",
                "lab",
                "valuer",
                "appraiser",
                "carrier",
                "regulator",
                "operator",
                name="from_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "to_kind",
            sa.Enum(
                "fleet_owner",
                "vehicle_maker",
                "battery_maker",
                "dismantler",
                "repair_shop",
                "swap_operator",
                "second_life",
                "regeneration",
                "outlet",
                "lab",
                "valuer",
                "appraiser",
                "carrier",
                "regulator",
                "operator",
                name="to_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_possession_rule")),
    )
    op.create_table(
        "stripe_event",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_event")),
    )
    op.create_table(
        "throttle",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("window_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_throttle")),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "client_bank",
                "own_bank",
                "card_clearing",
                "client_deposit",
                "client_funds",
                "seller_payable",
                "buyer_receivable",
                "fee_income",
                "tax_payable",
                "forfeited_deposit",
                name="accountkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_account_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint(
            "kind",
            "organisation_id",
            "currency",
            name=op.f("uq_account_kind_organisation_id_currency"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("ix_account_organisation_id"), "account", ["organisation_id"], unique=False
    )
    op.create_table(
        "bank_transfer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "direction",
            sa.Enum(
                "in", "out", name="direction", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column(
            "purpose",
            sa.Enum(
                "deposit",
                "price",
                "deposit_refund",
                "price_refund",
                "payout",
                name="purpose",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("statement_line", sa.Text(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "recorded",
                "confirmed",
                "rejected",
                name="transferstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("recorded_by", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_bank_transfer_amount")),
        sa.CheckConstraint("decided_by <> recorded_by", name=op.f("ck_bank_transfer_four_eyes")),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["person.id"],
            name=op.f("fk_bank_transfer_decided_by_person"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_bank_transfer_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"],
            ["person.id"],
            name=op.f("fk_bank_transfer_recorded_by_person"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_transfer")),
        sa.UniqueConstraint("statement_line", name=op.f("uq_bank_transfer_statement_line")),
    )
    op.create_index(
        op.f("ix_bank_transfer_decided_by"), "bank_transfer", ["decided_by"], unique=False
    )
    op.create_index(
        op.f("ix_bank_transfer_organisation_id"), "bank_transfer", ["organisation_id"], unique=False
    )
    op.create_index(
        op.f("ix_bank_transfer_recorded_by"), "bank_transfer", ["recorded_by"], unique=False
    )
    op.create_table(
        "blob",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_blob_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blob")),
    )
    op.create_index(op.f("ix_blob_organisation_id"), "blob", ["organisation_id"], unique=False)
    op.create_table(
        "guide",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("valuer_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["valuer_id"],
            ["organisation.id"],
            name=op.f("fk_guide_valuer_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guide")),
        sa.UniqueConstraint("valuer_id", "name", name=op.f("uq_guide_valuer_id_name")),
    )
    op.create_index(op.f("ix_guide_valuer_id"), "guide", ["valuer_id"], unique=False)
    op.create_table(
        "index_value",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("value", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("is_tax_included", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("is_held", sa.Boolean(), nullable=False),
        sa.Column("entered_by", sa.BigInteger(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("value > 0", name=op.f("ck_index_value_positive")),
        sa.ForeignKeyConstraint(
            ["entered_by"],
            ["person.id"],
            name=op.f("fk_index_value_entered_by_person"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by_id"],
            ["index_value.id"],
            name=op.f("fk_index_value_superseded_by_id_index_value"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_index_value")),
    )
    op.create_index(op.f("ix_index_value_entered_by"), "index_value", ["entered_by"], unique=False)
    op.create_index(op.f("ix_index_value_series"), "index_value", ["series"], unique=False)
    op.create_index(
        op.f("ix_index_value_superseded_by_id"), "index_value", ["superseded_by_id"], unique=False
    )
    op.create_index(
        "uq_index_value_standing",
        "index_value",
        ["series", "on_date"],
        unique=True,
        postgresql_where=sa.text("superseded_by_id IS NULL"),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "admin",
                "clerk",
                "trader",
                "approver",
                "signer",
                "viewer",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("invited_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["invited_by"],
            ["person.id"],
            name=op.f("fk_invitation_invited_by_person"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_invitation_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_invitation_token_sha256")),
    )
    op.create_index(op.f("ix_invitation_invited_by"), "invitation", ["invited_by"], unique=False)
    op.create_index(
        op.f("ix_invitation_organisation_id"), "invitation", ["organisation_id"], unique=False
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "admin",
                "clerk",
                "trader",
                "approver",
                "signer",
                "viewer",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_membership_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["person.id"],
            name=op.f("fk_membership_user_id_person"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index(
        op.f("ix_membership_organisation_id"), "membership", ["organisation_id"], unique=False
    )
    op.create_index(op.f("ix_membership_user_id"), "membership", ["user_id"], unique=False)
    op.create_index(
        "uq_membership_standing",
        "membership",
        ["user_id", "organisation_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("is_letter", sa.Boolean(), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_notice_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["person.id"], name=op.f("fk_notice_user_id_person"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(op.f("ix_notice_organisation_id"), "notice", ["organisation_id"], unique=False)
    op.create_index(
        "ix_notice_unsent",
        "notice",
        ["id"],
        unique=False,
        postgresql_where=sa.text("mailed_at IS NULL"),
    )
    op.create_index(op.f("ix_notice_user_id"), "notice", ["user_id"], unique=False)
    op.create_table(
        "organisation_kind",
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "fleet_owner",
                "vehicle_maker",
                "battery_maker",
                "dismantler",
                "repair_shop",
                "swap_operator",
                "second_life",
                "regeneration",
                "outlet",
                "lab",
                "valuer",
                "appraiser",
                "carrier",
                "regulator",
                "operator",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_organisation_kind_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "kind", name=op.f("pk_organisation_kind")),
    )
    op.create_table(
        "password_reset",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["person.id"],
            name=op.f("fk_password_reset_user_id_person"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_reset")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_password_reset_token_sha256")),
    )
    op.create_index(op.f("ix_password_reset_user_id"), "password_reset", ["user_id"], unique=False)
    op.create_table(
        "signing_key",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "use",
            sa.Enum(
                "log",
                "platform",
                "lab",
                "person",
                name="keyuse",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("is_on_device", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_signing_key_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["person.id"],
            name=op.f("fk_signing_key_user_id_person"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_key")),
        sa.UniqueConstraint("public_key", name=op.f("uq_signing_key_public_key")),
    )
    op.create_index(
        op.f("ix_signing_key_organisation_id"), "signing_key", ["organisation_id"], unique=False
    )
    op.create_index(op.f("ix_signing_key_user_id"), "signing_key", ["user_id"], unique=False)
    op.create_table(
        "site",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("province", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("mass_limit_t", sa.Numeric(precision=12, scale=3), nullable=True),
        sa.Column("energy_limit_kwh", sa.Numeric(precision=14, scale=3), nullable=True),
        sa.Column("opening_hours", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_site_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("organisation_id", "name", name=op.f("uq_site_organisation_id_name")),
    )
    op.create_index(op.f("ix_site_organisation_id"), "site", ["organisation_id"], unique=False)
    op.create_table(
        "licence",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "investment_filing",
                "environmental_approval",
                "discharge_permit",
                "dismantling_qualification",
                "workshop_filing",
                "swap_filing",
                "outlet_filing",
                "dangerous_goods_transport",
                "accreditation",
                "industry_list",
                name="licencekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column(
            "goods_category",
            sa.Enum(
                "waste_battery",
                "scrap_vehicle",
                "reuse_product",
                name="goodscategory",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("yearly_tonnage", sa.Numeric(precision=12, scale=3), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("document_sha256", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "submitted",
                "approved",
                "rejected",
                name="licencestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("valid_until >= valid_from", name=op.f("ck_licence_validity")),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["person.id"],
            name=op.f("fk_licence_decided_by_person"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["document_sha256"],
            ["blob.sha256"],
            name=op.f("fk_licence_document_sha256_blob"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_licence_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licence")),
    )
    op.create_index(op.f("ix_licence_decided_by"), "licence", ["decided_by"], unique=False)
    op.create_index(
        op.f("ix_licence_document_sha256"), "licence", ["document_sha256"], unique=False
    )
    op.create_index(
        op.f("ix_licence_organisation_id"), "licence", ["organisation_id"], unique=False
    )
    op.create_table(
        "lot",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("seller_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "route",
            sa.Enum(
                "cascade",
                "regeneration",
                name="route",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "catalogued",
                "withdrawn",
                "awarded",
                "passed",
                name="lotstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("catalogued_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["organisation.id"],
            name=op.f("fk_lot_seller_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_lot_site_id_site"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot")),
    )
    op.create_index(op.f("ix_lot_seller_id"), "lot", ["seller_id"], unique=False)
    op.create_index(op.f("ix_lot_site_id"), "lot", ["site_id"], unique=False)
    op.create_table(
        "methodology",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("guide_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["guide_id"],
            ["guide.id"],
            name=op.f("fk_methodology_guide_id_guide"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_methodology")),
        sa.UniqueConstraint("guide_id", "version", name=op.f("uq_methodology_guide_id_version")),
    )
    op.create_index(op.f("ix_methodology_guide_id"), "methodology", ["guide_id"], unique=False)
    op.create_table(
        "posting",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_rate", sa.Numeric(precision=6, scale=4), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_posting_amount")),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("fk_posting_account_id_account"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entry.id"], name=op.f("fk_posting_entry_id_entry"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
    )
    op.create_index(op.f("ix_posting_account_id"), "posting", ["account_id"], unique=False)
    op.create_index(op.f("ix_posting_entry_id"), "posting", ["entry_id"], unique=False)
    op.create_table(
        "vehicle",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("fleet_number", sa.Text(), nullable=False),
        sa.Column("plate", sa.Text(), nullable=False),
        sa.Column("vin", sa.Text(), nullable=True),
        sa.Column("asset_card", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("first_registered_on", sa.Date(), nullable=True),
        sa.Column("site_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("fleet_number <> ''", name=op.f("ck_vehicle_named")),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["organisation.id"],
            name=op.f("fk_vehicle_owner_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_vehicle_site_id_site"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicle")),
        sa.UniqueConstraint(
            "owner_id", "fleet_number", name=op.f("uq_vehicle_owner_id_fleet_number")
        ),
        sa.UniqueConstraint("vin", name=op.f("uq_vehicle_vin")),
    )
    op.create_index(op.f("ix_vehicle_owner_id"), "vehicle", ["owner_id"], unique=False)
    op.create_index(op.f("ix_vehicle_site_id"), "vehicle", ["site_id"], unique=False)
    op.create_table(
        "auction",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("seller_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "format",
            sa.Enum("english", name="format", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column(
            "price_basis",
            sa.Enum(
                "lump_sum",
                "per_kwh",
                "per_tonne",
                "per_pack",
                name="pricebasis",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("quantity", sa.Numeric(precision=16, scale=4), nullable=False),
        sa.Column("is_quantity_provisional", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("is_tax_included", sa.Boolean(), nullable=False),
        sa.Column("tax_rate", sa.Numeric(precision=6, scale=4), nullable=False),
        sa.Column(
            "payment_term",
            sa.Enum(
                "before_pickup",
                "on_acceptance",
                name="paymentterm",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("payment_days", sa.Integer(), nullable=False),
        sa.Column(
            "delivery",
            sa.Enum(
                "delivered",
                "collected",
                name="delivery",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("pickup_until", sa.Date(), nullable=True),
        sa.Column("start_minor", sa.BigInteger(), nullable=False),
        sa.Column("floor_minor", sa.BigInteger(), nullable=True),
        sa.Column("reserve_minor", sa.BigInteger(), nullable=True),
        sa.Column("is_negative_allowed", sa.Boolean(), nullable=False),
        sa.Column("increments", sa.JSON(), nullable=False),
        sa.Column("deposit_minor", sa.BigInteger(), nullable=False),
        sa.Column("viewing", sa.Text(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("original_closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hard_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("window_s", sa.Integer(), nullable=False),
        sa.Column("extension_s", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "scheduled",
                "awarded",
                "passed",
                "withdrawn",
                name="auctionstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("leader_id", sa.BigInteger(), nullable=True),
        sa.Column("leader_maximum_minor", sa.BigInteger(), nullable=True),
        sa.Column("leading_bid_id", sa.BigInteger(), nullable=True),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("bid_count", sa.Integer(), nullable=False),
        sa.Column("last_bid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(leader_id IS NULL) = (price_minor IS NULL)", name=op.f("ck_auction_led")
        ),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_auction_period")),
        sa.CheckConstraint(
            "floor_minor IS NULL OR reserve_minor IS NULL", name=op.f("ck_auction_one_minimum")
        ),
        sa.CheckConstraint(
            "hard_end IS NULL OR closes_at <= hard_end", name=op.f("ck_auction_hard_end")
        ),
        sa.CheckConstraint("price_minor <= leader_maximum_minor", name=op.f("ck_auction_price")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_auction_quantity")),
        sa.ForeignKeyConstraint(
            ["leader_id"],
            ["organisation.id"],
            name=op.f("fk_auction_leader_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lot.id"], name=op.f("fk_auction_lot_id_lot"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["organisation.id"],
            name=op.f("fk_auction_seller_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auction")),
    )
    op.create_index(op.f("ix_auction_leader_id"), "auction", ["leader_id"], unique=False)
    op.create_index(op.f("ix_auction_lot_id"), "auction", ["lot_id"], unique=False)
    op.create_index(op.f("ix_auction_seller_id"), "auction", ["seller_id"], unique=False)
    op.create_index("ix_auction_state_closes_at", "auction", ["state", "closes_at"], unique=False)
    op.create_index(
        "uq_auction_standing",
        "auction",
        ["lot_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('scheduled', 'awarded')"),
    )
    op.create_table(
        "comparable",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("sold_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("price_basis", sa.Text(), nullable=False),
        sa.Column("hammer_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("is_tax_included", sa.Boolean(), nullable=False),
        sa.Column("snapshot", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lot.id"], name=op.f("fk_comparable_lot_id_lot"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparable")),
    )
    op.create_index(op.f("ix_comparable_lot_id"), "comparable", ["lot_id"], unique=True)
    op.create_table(
        "edition",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("guide_id", sa.BigInteger(), nullable=False),
        sa.Column("methodology_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "consultation",
                "announced",
                "effective",
                "superseded",
                name="editionstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("coefficients", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("review_due_on", sa.Date(), nullable=False),
        sa.Column("assessor_id", sa.BigInteger(), nullable=False),
        sa.Column("approver_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'consultation') OR approver_id IS NOT NULL",
            name=op.f("ck_edition_approved"),
        ),
        sa.CheckConstraint(
            "approver_id IS NULL OR approver_id <> assessor_id", name=op.f("ck_edition_four_eyes")
        ),
        sa.ForeignKeyConstraint(
            ["approver_id"],
            ["person.id"],
            name=op.f("fk_edition_approver_id_person"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["assessor_id"],
            ["person.id"],
            name=op.f("fk_edition_assessor_id_person"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["guide_id"], ["guide.id"], name=op.f("fk_edition_guide_id_guide"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["methodology_id"],
            ["methodology.id"],
            name=op.f("fk_edition_methodology_id_methodology"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition")),
        sa.UniqueConstraint("guide_id", "number", name=op.f("uq_edition_guide_id_number")),
    )
    op.create_index(op.f("ix_edition_approver_id"), "edition", ["approver_id"], unique=False)
    op.create_index(op.f("ix_edition_assessor_id"), "edition", ["assessor_id"], unique=False)
    op.create_index(op.f("ix_edition_guide_id"), "edition", ["guide_id"], unique=False)
    op.create_index(op.f("ix_edition_methodology_id"), "edition", ["methodology_id"], unique=False)
    op.create_index(
        "uq_edition_effective",
        "edition",
        ["guide_id"],
        unique=True,
        postgresql_where=sa.text("state = 'effective'"),
    )
    op.create_table(
        "lot_photo",
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("blob_sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["blob_sha256"],
            ["blob.sha256"],
            name=op.f("fk_lot_photo_blob_sha256_blob"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lot.id"], name=op.f("fk_lot_photo_lot_id_lot"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("lot_id", "position", name=op.f("pk_lot_photo")),
    )
    op.create_index(op.f("ix_lot_photo_blob_sha256"), "lot_photo", ["blob_sha256"], unique=False)
    op.create_index(op.f("ix_lot_photo_lot_id"), "lot_photo", ["lot_id"], unique=False)
    op.create_table(
        "lot_vehicle",
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lot.id"], name=op.f("fk_lot_vehicle_lot_id_lot"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["vehicle_id"],
            ["vehicle.id"],
            name=op.f("fk_lot_vehicle_vehicle_id_vehicle"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("lot_id", "vehicle_id", name=op.f("pk_lot_vehicle")),
    )
    op.create_index(op.f("ix_lot_vehicle_lot_id"), "lot_vehicle", ["lot_id"], unique=False)
    op.create_index(op.f("ix_lot_vehicle_vehicle_id"), "lot_vehicle", ["vehicle_id"], unique=False)
    op.create_table(
        "pack",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("provisional_id", sa.Text(), nullable=True),
        sa.Column("maker_number", sa.Text(), nullable=False),
        sa.Column("type_id", sa.BigInteger(), nullable=False),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("holder_id", sa.BigInteger(), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "mounting",
            sa.Enum(
                "mounted",
                "removed",
                name="mounting",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "condition",
            sa.Enum(
                "unknown",
                "intact",
                "damaged",
                "critical",
                name="condition",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("mass_kg", sa.Numeric(precision=12, scale=3), nullable=True),
        sa.Column("made_on", sa.Date(), nullable=True),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("warnings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("public_token", sa.Text(), nullable=False),
        sa.Column("derived_from_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "code IS NOT NULL OR provisional_id IS NOT NULL", name=op.f("ck_pack_named")
        ),
        sa.ForeignKeyConstraint(
            ["derived_from_id"],
            ["pack.id"],
            name=op.f("fk_pack_derived_from_id_pack"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"],
            ["organisation.id"],
            name=op.f("fk_pack_holder_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["organisation.id"],
            name=op.f("fk_pack_owner_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_pack_site_id_site"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["type_id"],
            ["pack_type.id"],
            name=op.f("fk_pack_type_id_pack_type"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["vehicle_id"],
            ["vehicle.id"],
            name=op.f("fk_pack_vehicle_id_vehicle"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack")),
        sa.UniqueConstraint("code", name=op.f("uq_pack_code")),
        sa.UniqueConstraint("provisional_id", name=op.f("uq_pack_provisional_id")),
        sa.UniqueConstraint("public_token", name=op.f("uq_pack_public_token")),
    )
    op.create_index(op.f("ix_pack_derived_from_id"), "pack", ["derived_from_id"], unique=False)
    op.create_index(op.f("ix_pack_holder_id"), "pack", ["holder_id"], unique=False)
    op.create_index(op.f("ix_pack_owner_id"), "pack", ["owner_id"], unique=False)
    op.create_index(op.f("ix_pack_site_id"), "pack", ["site_id"], unique=False)
    op.create_index(op.f("ix_pack_type_id"), "pack", ["type_id"], unique=False)
    op.create_index(op.f("ix_pack_vehicle_id"), "pack", ["vehicle_id"], unique=False)
    op.create_table(
        "bid",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("auction_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("bidder_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", sa.BigInteger(), nullable=True),
        sa.Column("maximum_minor", sa.BigInteger(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("leader_id", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("form_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["approved_by"],
            ["person.id"],
            name=op.f("fk_bid_approved_by_person"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["auction_id"],
            ["auction.id"],
            name=op.f("fk_bid_auction_id_auction"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["bidder_id"],
            ["organisation.id"],
            name=op.f("fk_bid_bidder_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["leader_id"],
            ["organisation.id"],
            name=op.f("fk_bid_leader_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["person.id"], name=op.f("fk_bid_user_id_person"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid")),
        sa.UniqueConstraint("auction_id", "form_key", name=op.f("uq_bid_auction_id_form_key")),
        sa.UniqueConstraint("auction_id", "number", name=op.f("uq_bid_auction_id_number")),
        sa.UniqueConstraint("id", "auction_id", name=op.f("uq_bid_id_auction_id")),
    )
    op.create_index(op.f("ix_bid_approved_by"), "bid", ["approved_by"], unique=False)
    op.create_index(op.f("ix_bid_auction_id"), "bid", ["auction_id"], unique=False)
    op.create_index(op.f("ix_bid_bidder_id"), "bid", ["bidder_id"], unique=False)
    op.create_index(op.f("ix_bid_leader_id"), "bid", ["leader_id"], unique=False)
    op.create_index(op.f("ix_bid_user_id"), "bid", ["user_id"], unique=False)
    op.create_table(
        "bid_proposal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("auction_id", sa.BigInteger(), nullable=False),
        sa.Column("bidder_id", sa.BigInteger(), nullable=False),
        sa.Column("maximum_minor", sa.BigInteger(), nullable=False),
        sa.Column("prepared_by", sa.BigInteger(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "prepared",
                "approved",
                "rejected",
                name="proposalstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("decided_by <> prepared_by", name=op.f("ck_bid_proposal_four_eyes")),
        sa.ForeignKeyConstraint(
            ["auction_id"],
            ["auction.id"],
            name=op.f("fk_bid_proposal_auction_id_auction"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["bidder_id"],
            ["organisation.id"],
            name=op.f("fk_bid_proposal_bidder_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["person.id"],
            name=op.f("fk_bid_proposal_decided_by_person"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["prepared_by"],
            ["person.id"],
            name=op.f("fk_bid_proposal_prepared_by_person"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid_proposal")),
    )
    op.create_index(
        op.f("ix_bid_proposal_auction_id"), "bid_proposal", ["auction_id"], unique=False
    )
    op.create_index(op.f("ix_bid_proposal_bidder_id"), "bid_proposal", ["bidder_id"], unique=False)
    op.create_index(
        op.f("ix_bid_proposal_decided_by"), "bid_proposal", ["decided_by"], unique=False
    )
    op.create_index(
        op.f("ix_bid_proposal_prepared_by"), "bid_proposal", ["prepared_by"], unique=False
    )
    op.create_table(
        "deposit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("auction_id", sa.BigInteger(), nullable=False),
        sa.Column("bidder_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "required",
                "held",
                "released",
                "applied",
                "forfeited",
                name="depositstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("requested_by", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", sa.BigInteger(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'required') = (held_at IS NULL)", name=op.f("ck_deposit_held")
        ),
        sa.CheckConstraint(
            "(state IN ('required', 'held')) = (ended_at IS NULL)", name=op.f("ck_deposit_ended")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_deposit_amount")),
        sa.ForeignKeyConstraint(
            ["approved_by"],
            ["person.id"],
            name=op.f("fk_deposit_approved_by_person"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["auction_id"],
            ["auction.id"],
            name=op.f("fk_deposit_auction_id_auction"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["bidder_id"],
            ["organisation.id"],
            name=op.f("fk_deposit_bidder_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"],
            ["person.id"],
            name=op.f("fk_deposit_requested_by_person"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposit")),
        sa.UniqueConstraint(
            "auction_id", "bidder_id", name=op.f("uq_deposit_auction_id_bidder_id")
        ),
        sa.UniqueConstraint("reference", name=op.f("uq_deposit_reference")),
    )
    op.create_index(op.f("ix_deposit_approved_by"), "deposit", ["approved_by"], unique=False)
    op.create_index(op.f("ix_deposit_auction_id"), "deposit", ["auction_id"], unique=False)
    op.create_index(op.f("ix_deposit_bidder_id"), "deposit", ["bidder_id"], unique=False)
    op.create_index(op.f("ix_deposit_requested_by"), "deposit", ["requested_by"], unique=False)
    op.create_table(
        "exclusion",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("comparable_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["comparable_id"],
            ["comparable.id"],
            name=op.f("fk_exclusion_comparable_id_comparable"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exclusion")),
    )
    op.create_index(
        op.f("ix_exclusion_comparable_id"), "exclusion", ["comparable_id"], unique=False
    )
    op.create_table(
        "guide_value",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("edition_id", sa.BigInteger(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("index_date", sa.Date(), nullable=False),
        sa.Column("inputs", sa.LargeBinary(), nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=False),
        sa.Column("low_minor", sa.BigInteger(), nullable=False),
        sa.Column("high_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("is_indifferent", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["edition.id"],
            name=op.f("fk_guide_value_edition_id_edition"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lot.id"], name=op.f("fk_guide_value_lot_id_lot"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guide_value")),
    )
    op.create_index(op.f("ix_guide_value_edition_id"), "guide_value", ["edition_id"], unique=False)
    op.create_index("ix_guide_value_lot_id_id", "guide_value", ["lot_id", "id"], unique=False)
    op.create_table(
        "health_report",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("pack_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "subject",
            sa.Enum(
                "pack",
                "module",
                "cell",
                name="subject",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("subject_position", sa.Text(), nullable=False),
        sa.Column("coverage", sa.Text(), nullable=False),
        sa.Column("lab_id", sa.BigInteger(), nullable=False),
        sa.Column("examined_on", sa.Date(), nullable=False),
        sa.Column("blob_sha256", sa.Text(), nullable=True),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("reader_version", sa.Text(), nullable=False),
        sa.Column("rated_capacity_ah", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("capacity_ah", sa.Numeric(precision=14, scale=6), nullable=True),
        sa.Column("energy_wh", sa.Numeric(precision=16, scale=6), nullable=True),
        sa.Column("soh_q", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("soh_e", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("rate_c", sa.Numeric(precision=9, scale=4), nullable=True),
        sa.Column("temperature_c", sa.Numeric(precision=6, scale=2), nullable=True),
        sa.Column("cutoffs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("evidence_level", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("flags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("discharges", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("curve", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("superseded_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "evidence_level IN ('L1','L2','L3','L4','L5')",
            name=op.f("ck_health_report_evidence_level"),
        ),
        sa.CheckConstraint("grade IN ('A','B','C','D','R')", name=op.f("ck_health_report_grade")),
        sa.ForeignKeyConstraint(
            ["blob_sha256"],
            ["blob.sha256"],
            name=op.f("fk_health_report_blob_sha256_blob"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["lab_id"],
            ["organisation.id"],
            name=op.f("fk_health_report_lab_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["pack_id"],
            ["pack.id"],
            name=op.f("fk_health_report_pack_id_pack"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by_id"],
            ["health_report.id"],
            name=op.f("fk_health_report_superseded_by_id_health_report"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_health_report")),
    )
    op.create_index(
        op.f("ix_health_report_blob_sha256"), "health_report", ["blob_sha256"], unique=False
    )
    op.create_index(op.f("ix_health_report_lab_id"), "health_report", ["lab_id"], unique=False)
    op.create_index(op.f("ix_health_report_pack_id"), "health_report", ["pack_id"], unique=False)
    op.create_index(
        op.f("ix_health_report_superseded_by_id"),
        "health_report",
        ["superseded_by_id"],
        unique=False,
    )
    op.create_index(
        "uq_health_report_standing",
        "health_report",
        ["pack_id", "subject", "subject_position"],
        unique=True,
        postgresql_where=sa.text("superseded_by_id IS NULL"),
    )
    op.create_table(
        "holding",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("pack_id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leaf_sequence", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("what IN ('owner', 'holder')", name=op.f("ck_holding_what")),
        sa.CheckConstraint("until IS NULL OR until >= since", name=op.f("ck_holding_period")),
        sa.ForeignKeyConstraint(
            ["leaf_sequence"],
            ["leaf.sequence"],
            name=op.f("fk_holding_leaf_sequence_leaf"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_holding_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["pack.id"], name=op.f("fk_holding_pack_id_pack"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holding")),
    )
    op.create_index(op.f("ix_holding_leaf_sequence"), "holding", ["leaf_sequence"], unique=False)
    op.create_index(
        op.f("ix_holding_organisation_id"), "holding", ["organisation_id"], unique=False
    )
    op.create_index(op.f("ix_holding_pack_id"), "holding", ["pack_id"], unique=False)
    op.create_index(
        "uq_holding_now",
        "holding",
        ["pack_id", "what"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "leaf_pack",
        sa.Column("pack_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["pack.id"], name=op.f("fk_leaf_pack_pack_id_pack"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["sequence"],
            ["leaf.sequence"],
            name=op.f("fk_leaf_pack_sequence_leaf"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("pack_id", "sequence", name=op.f("pk_leaf_pack")),
    )
    op.create_index(op.f("ix_leaf_pack_pack_id"), "leaf_pack", ["pack_id"], unique=False)
    op.create_index(op.f("ix_leaf_pack_sequence"), "leaf_pack", ["sequence"], unique=False)
    op.create_table(
        "lot_pack",
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("pack_id", sa.BigInteger(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lot.id"], name=op.f("fk_lot_pack_lot_id_lot"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["pack.id"], name=op.f("fk_lot_pack_pack_id_pack"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("lot_id", "pack_id", name=op.f("pk_lot_pack")),
    )
    op.create_index(op.f("ix_lot_pack_lot_id"), "lot_pack", ["lot_id"], unique=False)
    op.create_index(op.f("ix_lot_pack_pack_id"), "lot_pack", ["pack_id"], unique=False)
    op.create_index(
        "uq_lot_pack_open",
        "lot_pack",
        ["pack_id"],
        unique=True,
        postgresql_where=sa.text("is_open"),
    )
    op.create_table(
        "module",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("pack_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["pack.id"], name=op.f("fk_module_pack_id_pack"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_module")),
        sa.UniqueConstraint("code", name=op.f("uq_module_code")),
        sa.UniqueConstraint("pack_id", "position", name=op.f("uq_module_pack_id_position")),
    )
    op.create_index(op.f("ix_module_pack_id"), "module", ["pack_id"], unique=False)
    op.create_table(
        "origin_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("pack_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "repair_replacement",
                "swap_retirement",
                "dismantling",
                "production_scrap",
                name="origin",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_origin_event_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["pack.id"], name=op.f("fk_origin_event_pack_id_pack"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_origin_event")),
    )
    op.create_index(
        op.f("ix_origin_event_organisation_id"), "origin_event", ["organisation_id"], unique=False
    )
    op.create_index(op.f("ix_origin_event_pack_id"), "origin_event", ["pack_id"], unique=True)
    op.create_table(
        "pack_alias",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("pack_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["pack.id"], name=op.f("fk_pack_alias_pack_id_pack"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_pack_alias")),
    )
    op.create_index(op.f("ix_pack_alias_pack_id"), "pack_alias", ["pack_id"], unique=False)
    op.create_table(
        "award",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("auction_id", sa.BigInteger(), nullable=False),
        sa.Column("bid_id", sa.BigInteger(), nullable=False),
        sa.Column("seller_id", sa.BigInteger(), nullable=False),
        sa.Column("buyer_id", sa.BigInteger(), nullable=False),
        sa.Column("hammer_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("awarded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("annulled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("buyer_id <> seller_id", name=op.f("ck_award_parties")),
        sa.ForeignKeyConstraint(
            ["auction_id"],
            ["auction.id"],
            name=op.f("fk_award_auction_id_auction"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["bid_id", "auction_id"],
            ["bid.id", "bid.auction_id"],
            name="fk_award_bid_of_this_auction",
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"],
            ["organisation.id"],
            name=op.f("fk_award_buyer_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lot.id"], name=op.f("fk_award_lot_id_lot"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["organisation.id"],
            name=op.f("fk_award_seller_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
        sa.UniqueConstraint("number", name=op.f("uq_award_number")),
    )
    op.create_index(op.f("ix_award_auction_id"), "award", ["auction_id"], unique=False)
    op.create_index(op.f("ix_award_buyer_id"), "award", ["buyer_id"], unique=False)
    op.create_index(op.f("ix_award_lot_id"), "award", ["lot_id"], unique=False)
    op.create_index(op.f("ix_award_seller_id"), "award", ["seller_id"], unique=False)
    op.create_index(
        "uq_award_standing",
        "award",
        ["lot_id"],
        unique=True,
        postgresql_where=sa.text("annulled_at IS NULL"),
    )
    op.create_table(
        "cell",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("module_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["module_id"], ["module.id"], name=op.f("fk_cell_module_id_module"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cell")),
        sa.UniqueConstraint("code", name=op.f("uq_cell_code")),
        sa.UniqueConstraint("module_id", "position", name=op.f("uq_cell_module_id_position")),
    )
    op.create_index(op.f("ix_cell_module_id"), "cell", ["module_id"], unique=False)
    op.create_table(
        "contract",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("award_id", sa.BigInteger(), nullable=False),
        sa.Column("drawn_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seller_scan_sha256", sa.Text(), nullable=True),
        sa.Column("seller_signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seller_signer_id", sa.BigInteger(), nullable=True),
        sa.Column("buyer_scan_sha256", sa.Text(), nullable=True),
        sa.Column("buyer_signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("buyer_signer_id", sa.BigInteger(), nullable=True),
        sa.Column("in_force_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["award_id"], ["award.id"], name=op.f("fk_contract_award_id_award"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["buyer_scan_sha256"],
            ["blob.sha256"],
            name=op.f("fk_contract_buyer_scan_sha256_blob"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["buyer_signer_id"],
            ["person.id"],
            name=op.f("fk_contract_buyer_signer_id_person"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["seller_scan_sha256"],
            ["blob.sha256"],
            name=op.f("fk_contract_seller_scan_sha256_blob"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["seller_signer_id"],
            ["person.id"],
            name=op.f("fk_contract_seller_signer_id_person"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract")),
        sa.UniqueConstraint("number", name=op.f("uq_contract_number")),
    )
    op.create_index(op.f("ix_contract_award_id"), "contract", ["award_id"], unique=True)
    op.create_index(
        op.f("ix_contract_buyer_scan_sha256"), "contract", ["buyer_scan_sha256"], unique=False
    )
    op.create_index(
        op.f("ix_contract_buyer_signer_id"), "contract", ["buyer_signer_id"], unique=False
    )
    op.create_index(
        op.f("ix_contract_seller_scan_sha256"), "contract", ["seller_scan_sha256"], unique=False
    )
    op.create_index(
        op.f("ix_contract_seller_signer_id"), "contract", ["seller_signer_id"], unique=False
    )
    op.create_table(
        "handover",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("award_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("releaser_id", sa.BigInteger(), nullable=False),
        sa.Column("receiver_id", sa.BigInteger(), nullable=False),
        sa.Column("carrier_id", sa.BigInteger(), nullable=True),
        sa.Column("site_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "agreed",
                "ready",
                "released",
                "arrived",
                "accepted",
                "accepted_with_reservation",
                "part_rejected",
                "rejected",
                "cancelled",
                name="handoverstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("releaser_agreed_by", sa.BigInteger(), nullable=True),
        sa.Column("receiver_agreed_by", sa.BigInteger(), nullable=True),
        sa.Column("checklist", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("releaser_checked_by", sa.BigInteger(), nullable=True),
        sa.Column("receiver_checked_by", sa.BigInteger(), nullable=True),
        sa.Column(
            "dangerous_goods",
            sa.Enum(
                "intact",
                "intact_for_recycling",
                "damaged",
                "critical",
                name="dangerousgoodsclass",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("vehicle_plate", sa.Text(), nullable=False),
        sa.Column("waybill", sa.Text(), nullable=False),
        sa.Column("seal", sa.Text(), nullable=False),
        sa.Column("gross_kg", sa.Numeric(precision=12, scale=3), nullable=True),
        sa.Column("tare_kg", sa.Numeric(precision=12, scale=3), nullable=True),
        sa.Column("weighbridge_ticket", sa.Text(), nullable=False),
        sa.Column("pending_record", sa.LargeBinary(), nullable=True),
        sa.Column("release_leaf", sa.BigInteger(), nullable=True),
        sa.Column("acceptance_leaf", sa.BigInteger(), nullable=True),
        sa.Column("reservation", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("gross_kg >= tare_kg", name=op.f("ck_handover_weighbridge")),
        sa.CheckConstraint("releaser_id <> receiver_id", name=op.f("ck_handover_parties")),
        sa.ForeignKeyConstraint(
            ["acceptance_leaf"],
            ["leaf.sequence"],
            name=op.f("fk_handover_acceptance_leaf_leaf"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["award_id"], ["award.id"], name=op.f("fk_handover_award_id_award"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["carrier_id"],
            ["organisation.id"],
            name=op.f("fk_handover_carrier_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["organisation.id"],
            name=op.f("fk_handover_owner_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["receiver_agreed_by"],
            ["person.id"],
            name=op.f("fk_handover_receiver_agreed_by_person"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["receiver_checked_by"],
            ["person.id"],
            name=op.f("fk_handover_receiver_checked_by_person"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["receiver_id"],
            ["organisation.id"],
            name=op.f("fk_handover_receiver_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["release_leaf"],
            ["leaf.sequence"],
            name=op.f("fk_handover_release_leaf_leaf"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["releaser_agreed_by"],
            ["person.id"],
            name=op.f("fk_handover_releaser_agreed_by_person"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["releaser_checked_by"],
            ["person.id"],
            name=op.f("fk_handover_releaser_checked_by_person"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["releaser_id"],
            ["organisation.id"],
            name=op.f("fk_handover_releaser_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_handover_site_id_site"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
        sa.UniqueConstraint("number", name=op.f("uq_handover_number")),
    )
    op.create_index(
        op.f("ix_handover_acceptance_leaf"), "handover", ["acceptance_leaf"], unique=False
    )
    op.create_index(op.f("ix_handover_award_id"), "handover", ["award_id"], unique=False)
    op.create_index(op.f("ix_handover_carrier_id"), "handover", ["carrier_id"], unique=False)
    op.create_index(op.f("ix_handover_owner_id"), "handover", ["owner_id"], unique=False)
    op.create_index(
        op.f("ix_handover_receiver_agreed_by"), "handover", ["receiver_agreed_by"], unique=False
    )
    op.create_index(
        op.f("ix_handover_receiver_checked_by"), "handover", ["receiver_checked_by"], unique=False
    )
    op.create_index(op.f("ix_handover_receiver_id"), "handover", ["receiver_id"], unique=False)
    op.create_index(op.f("ix_handover_release_leaf"), "handover", ["release_leaf"], unique=False)
    op.create_index(
        op.f("ix_handover_releaser_agreed_by"), "handover", ["releaser_agreed_by"], unique=False
    )
    op.create_index(
        op.f("ix_handover_releaser_checked_by"), "handover", ["releaser_checked_by"], unique=False
    )
    op.create_index(op.f("ix_handover_releaser_id"), "handover", ["releaser_id"], unique=False)
    op.create_index(op.f("ix_handover_site_id"), "handover", ["site_id"], unique=False)
    op.create_table(
        "settlement",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("award_id", sa.BigInteger(), nullable=False),
        sa.Column("seller_id", sa.BigInteger(), nullable=False),
        sa.Column("buyer_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=16, scale=4), nullable=False),
        sa.Column("due_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_rate", sa.Numeric(precision=6, scale=4), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_out_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "due",
                "paid",
                "completed",
                "defaulted",
                name="settlementstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("paid_minor >= 0", name=op.f("ck_settlement_paid")),
        sa.CheckConstraint(
            "paid_out_minor + fee_minor <= paid_minor", name=op.f("ck_settlement_covered")
        ),
        sa.ForeignKeyConstraint(
            ["award_id"],
            ["award.id"],
            name=op.f("fk_settlement_award_id_award"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"],
            ["organisation.id"],
            name=op.f("fk_settlement_buyer_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["organisation.id"],
            name=op.f("fk_settlement_seller_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement")),
        sa.UniqueConstraint("reference", name=op.f("uq_settlement_reference")),
    )
    op.create_index(op.f("ix_settlement_award_id"), "settlement", ["award_id"], unique=True)
    op.create_index(op.f("ix_settlement_buyer_id"), "settlement", ["buyer_id"], unique=False)
    op.create_index(op.f("ix_settlement_seller_id"), "settlement", ["seller_id"], unique=False)
    op.create_table(
        "handover_line",
        sa.Column("handover_id", sa.Uuid(), nullable=False),
        sa.Column("pack_id", sa.BigInteger(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column(
            "finding",
            sa.Enum(
                "accepted",
                "rejected",
                "missing",
                name="finding",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("discrepancy", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["handover_id"], ["handover.id"], name=op.f("fk_handover_line_handover_id_handover")
        ),
        sa.ForeignKeyConstraint(
            ["pack_id"],
            ["pack.id"],
            name=op.f("fk_handover_line_pack_id_pack"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("handover_id", "pack_id", name=op.f("pk_handover_line")),
    )
    op.create_index(op.f("ix_handover_line_pack_id"), "handover_line", ["pack_id"], unique=False)
    op.create_index(
        "uq_handover_line_open",
        "handover_line",
        ["pack_id"],
        unique=True,
        postgresql_where=sa.text("is_open"),
    )
    op.create_table(
        "invoice",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("settlement_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "special",
                "ordinary",
                "reverse",
                name="invoicekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("issuer_id", sa.BigInteger(), nullable=False),
        sa.Column("recipient_id", sa.BigInteger(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("tax_rate", sa.Numeric(precision=6, scale=4), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("document_sha256", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("net_minor > 0 AND tax_minor >= 0", name=op.f("ck_invoice_amounts")),
        sa.ForeignKeyConstraint(
            ["document_sha256"],
            ["blob.sha256"],
            name=op.f("fk_invoice_document_sha256_blob"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["issuer_id"],
            ["organisation.id"],
            name=op.f("fk_invoice_issuer_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["recipient_id"],
            ["organisation.id"],
            name=op.f("fk_invoice_recipient_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"],
            ["person.id"],
            name=op.f("fk_invoice_recorded_by_person"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id"],
            ["settlement.id"],
            name=op.f("fk_invoice_settlement_id_settlement"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("issuer_id", "number", name=op.f("uq_invoice_issuer_id_number")),
    )
    op.create_index(
        op.f("ix_invoice_document_sha256"), "invoice", ["document_sha256"], unique=False
    )
    op.create_index(op.f("ix_invoice_issuer_id"), "invoice", ["issuer_id"], unique=False)
    op.create_index(op.f("ix_invoice_recipient_id"), "invoice", ["recipient_id"], unique=False)
    op.create_index(op.f("ix_invoice_recorded_by"), "invoice", ["recorded_by"], unique=False)
    op.create_index(op.f("ix_invoice_settlement_id"), "invoice", ["settlement_id"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("settlement_id", sa.BigInteger(), nullable=True),
        sa.Column("deposit_id", sa.BigInteger(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "intended",
                "open",
                "succeeded",
                "failed",
                "refunded",
                name="paymentstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("checkout_session", sa.Text(), nullable=True),
        sa.Column("payment_intent", sa.Text(), nullable=True),
        sa.Column("started_by", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payment_amount")),
        sa.ForeignKeyConstraint(
            ["deposit_id"],
            ["deposit.id"],
            name=op.f("fk_payment_deposit_id_deposit"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id"],
            ["settlement.id"],
            name=op.f("fk_payment_settlement_id_settlement"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["started_by"],
            ["person.id"],
            name=op.f("fk_payment_started_by_person"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("checkout_session", name=op.f("uq_payment_checkout_session")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_payment_idempotency_key")),
        sa.UniqueConstraint("payment_intent", name=op.f("uq_payment_payment_intent")),
    )
    op.create_index(op.f("ix_payment_deposit_id"), "payment", ["deposit_id"], unique=False)
    op.create_index(op.f("ix_payment_settlement_id"), "payment", ["settlement_id"], unique=False)
    op.create_index(op.f("ix_payment_started_by"), "payment", ["started_by"], unique=False)
    op.create_table(
        "settlement_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("settlement_id", sa.BigInteger(), nullable=False),
        sa.Column("handover_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=16, scale=4), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["handover_id"], ["handover.id"], name=op.f("fk_settlement_batch_handover_id_handover")
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id"],
            ["settlement.id"],
            name=op.f("fk_settlement_batch_settlement_id_settlement"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_batch")),
        sa.UniqueConstraint("handover_id", name=op.f("uq_settlement_batch_handover_id")),
    )
    op.create_index(
        op.f("ix_settlement_batch_settlement_id"),
        "settlement_batch",
        ["settlement_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_settlement_batch_settlement_id"), table_name="settlement_batch")
    op.drop_table("settlement_batch")
    op.drop_index(op.f("ix_payment_started_by"), table_name="payment")
    op.drop_index(op.f("ix_payment_settlement_id"), table_name="payment")
    op.drop_index(op.f("ix_payment_deposit_id"), table_name="payment")
    op.drop_table("payment")
    op.drop_index(op.f("ix_invoice_settlement_id"), table_name="invoice")
    op.drop_index(op.f("ix_invoice_recorded_by"), table_name="invoice")
    op.drop_index(op.f("ix_invoice_recipient_id"), table_name="invoice")
    op.drop_index(op.f("ix_invoice_issuer_id"), table_name="invoice")
    op.drop_index(op.f("ix_invoice_document_sha256"), table_name="invoice")
    op.drop_table("invoice")
    op.drop_index(
        "uq_handover_line_open", table_name="handover_line", postgresql_where=sa.text("is_open")
    )
    op.drop_index(op.f("ix_handover_line_pack_id"), table_name="handover_line")
    op.drop_table("handover_line")
    op.drop_index(op.f("ix_settlement_seller_id"), table_name="settlement")
    op.drop_index(op.f("ix_settlement_buyer_id"), table_name="settlement")
    op.drop_index(op.f("ix_settlement_award_id"), table_name="settlement")
    op.drop_table("settlement")
    op.drop_index(op.f("ix_handover_site_id"), table_name="handover")
    op.drop_index(op.f("ix_handover_releaser_id"), table_name="handover")
    op.drop_index(op.f("ix_handover_releaser_checked_by"), table_name="handover")
    op.drop_index(op.f("ix_handover_releaser_agreed_by"), table_name="handover")
    op.drop_index(op.f("ix_handover_release_leaf"), table_name="handover")
    op.drop_index(op.f("ix_handover_receiver_id"), table_name="handover")
    op.drop_index(op.f("ix_handover_receiver_checked_by"), table_name="handover")
    op.drop_index(op.f("ix_handover_receiver_agreed_by"), table_name="handover")
    op.drop_index(op.f("ix_handover_owner_id"), table_name="handover")
    op.drop_index(op.f("ix_handover_carrier_id"), table_name="handover")
    op.drop_index(op.f("ix_handover_award_id"), table_name="handover")
    op.drop_index(op.f("ix_handover_acceptance_leaf"), table_name="handover")
    op.drop_table("handover")
    op.drop_index(op.f("ix_contract_seller_signer_id"), table_name="contract")
    op.drop_index(op.f("ix_contract_seller_scan_sha256"), table_name="contract")
    op.drop_index(op.f("ix_contract_buyer_signer_id"), table_name="contract")
    op.drop_index(op.f("ix_contract_buyer_scan_sha256"), table_name="contract")
    op.drop_index(op.f("ix_contract_award_id"), table_name="contract")
    op.drop_table("contract")
    op.drop_index(op.f("ix_cell_module_id"), table_name="cell")
    op.drop_table("cell")
    op.drop_index(
        "uq_award_standing", table_name="award", postgresql_where=sa.text("annulled_at IS NULL")
    )
    op.drop_index(op.f("ix_award_seller_id"), table_name="award")
    op.drop_index(op.f("ix_award_lot_id"), table_name="award")
    op.drop_index(op.f("ix_award_buyer_id"), table_name="award")
    op.drop_index(op.f("ix_award_auction_id"), table_name="award")
    op.drop_table("award")
    op.drop_index(op.f("ix_pack_alias_pack_id"), table_name="pack_alias")
    op.drop_table("pack_alias")
    op.drop_index(op.f("ix_origin_event_pack_id"), table_name="origin_event")
    op.drop_index(op.f("ix_origin_event_organisation_id"), table_name="origin_event")
    op.drop_table("origin_event")
    op.drop_index(op.f("ix_module_pack_id"), table_name="module")
    op.drop_table("module")
    op.drop_index("uq_lot_pack_open", table_name="lot_pack", postgresql_where=sa.text("is_open"))
    op.drop_index(op.f("ix_lot_pack_pack_id"), table_name="lot_pack")
    op.drop_index(op.f("ix_lot_pack_lot_id"), table_name="lot_pack")
    op.drop_table("lot_pack")
    op.drop_index(op.f("ix_leaf_pack_sequence"), table_name="leaf_pack")
    op.drop_index(op.f("ix_leaf_pack_pack_id"), table_name="leaf_pack")
    op.drop_table("leaf_pack")
    op.drop_index("uq_holding_now", table_name="holding", postgresql_where=sa.text("until IS NULL"))
    op.drop_index(op.f("ix_holding_pack_id"), table_name="holding")
    op.drop_index(op.f("ix_holding_organisation_id"), table_name="holding")
    op.drop_index(op.f("ix_holding_leaf_sequence"), table_name="holding")
    op.drop_table("holding")
    op.drop_index(
        "uq_health_report_standing",
        table_name="health_report",
        postgresql_where=sa.text("superseded_by_id IS NULL"),
    )
    op.drop_index(op.f("ix_health_report_superseded_by_id"), table_name="health_report")
    op.drop_index(op.f("ix_health_report_pack_id"), table_name="health_report")
    op.drop_index(op.f("ix_health_report_lab_id"), table_name="health_report")
    op.drop_index(op.f("ix_health_report_blob_sha256"), table_name="health_report")
    op.drop_table("health_report")
    op.drop_index("ix_guide_value_lot_id_id", table_name="guide_value")
    op.drop_index(op.f("ix_guide_value_edition_id"), table_name="guide_value")
    op.drop_table("guide_value")
    op.drop_index(op.f("ix_exclusion_comparable_id"), table_name="exclusion")
    op.drop_table("exclusion")
    op.drop_index(op.f("ix_deposit_requested_by"), table_name="deposit")
    op.drop_index(op.f("ix_deposit_bidder_id"), table_name="deposit")
    op.drop_index(op.f("ix_deposit_auction_id"), table_name="deposit")
    op.drop_index(op.f("ix_deposit_approved_by"), table_name="deposit")
    op.drop_table("deposit")
    op.drop_index(op.f("ix_bid_proposal_prepared_by"), table_name="bid_proposal")
    op.drop_index(op.f("ix_bid_proposal_decided_by"), table_name="bid_proposal")
    op.drop_index(op.f("ix_bid_proposal_bidder_id"), table_name="bid_proposal")
    op.drop_index(op.f("ix_bid_proposal_auction_id"), table_name="bid_proposal")
    op.drop_table("bid_proposal")
    op.drop_index(op.f("ix_bid_user_id"), table_name="bid")
    op.drop_index(op.f("ix_bid_leader_id"), table_name="bid")
    op.drop_index(op.f("ix_bid_bidder_id"), table_name="bid")
    op.drop_index(op.f("ix_bid_auction_id"), table_name="bid")
    op.drop_index(op.f("ix_bid_approved_by"), table_name="bid")
    op.drop_table("bid")
    op.drop_index(op.f("ix_pack_vehicle_id"), table_name="pack")
    op.drop_index(op.f("ix_pack_type_id"), table_name="pack")
    op.drop_index(op.f("ix_pack_site_id"), table_name="pack")
    op.drop_index(op.f("ix_pack_owner_id"), table_name="pack")
    op.drop_index(op.f("ix_pack_holder_id"), table_name="pack")
    op.drop_index(op.f("ix_pack_derived_from_id"), table_name="pack")
    op.drop_table("pack")
    op.drop_index(op.f("ix_lot_vehicle_vehicle_id"), table_name="lot_vehicle")
    op.drop_index(op.f("ix_lot_vehicle_lot_id"), table_name="lot_vehicle")
    op.drop_table("lot_vehicle")
    op.drop_index(op.f("ix_lot_photo_lot_id"), table_name="lot_photo")
    op.drop_index(op.f("ix_lot_photo_blob_sha256"), table_name="lot_photo")
    op.drop_table("lot_photo")
    op.drop_index(
        "uq_edition_effective",
        table_name="edition",
        postgresql_where=sa.text("state = 'effective'"),
    )
    op.drop_index(op.f("ix_edition_methodology_id"), table_name="edition")
    op.drop_index(op.f("ix_edition_guide_id"), table_name="edition")
    op.drop_index(op.f("ix_edition_assessor_id"), table_name="edition")
    op.drop_index(op.f("ix_edition_approver_id"), table_name="edition")
    op.drop_table("edition")
    op.drop_index(op.f("ix_comparable_lot_id"), table_name="comparable")
    op.drop_table("comparable")
    op.drop_index(
        "uq_auction_standing",
        table_name="auction",
        postgresql_where=sa.text("state IN ('scheduled', 'awarded')"),
    )
    op.drop_index("ix_auction_state_closes_at", table_name="auction")
    op.drop_index(op.f("ix_auction_seller_id"), table_name="auction")
    op.drop_index(op.f("ix_auction_lot_id"), table_name="auction")
    op.drop_index(op.f("ix_auction_leader_id"), table_name="auction")
    op.drop_table("auction")
    op.drop_index(op.f("ix_vehicle_site_id"), table_name="vehicle")
    op.drop_index(op.f("ix_vehicle_owner_id"), table_name="vehicle")
    op.drop_table("vehicle")
    op.drop_index(op.f("ix_posting_entry_id"), table_name="posting")
    op.drop_index(op.f("ix_posting_account_id"), table_name="posting")
    op.drop_table("posting")
    op.drop_index(op.f("ix_methodology_guide_id"), table_name="methodology")
    op.drop_table("methodology")
    op.drop_index(op.f("ix_lot_site_id"), table_name="lot")
    op.drop_index(op.f("ix_lot_seller_id"), table_name="lot")
    op.drop_table("lot")
    op.drop_index(op.f("ix_licence_organisation_id"), table_name="licence")
    op.drop_index(op.f("ix_licence_document_sha256"), table_name="licence")
    op.drop_index(op.f("ix_licence_decided_by"), table_name="licence")
    op.drop_table("licence")
    op.drop_index(op.f("ix_site_organisation_id"), table_name="site")
    op.drop_table("site")
    op.drop_index(op.f("ix_signing_key_user_id"), table_name="signing_key")
    op.drop_index(op.f("ix_signing_key_organisation_id"), table_name="signing_key")
    op.drop_table("signing_key")
    op.drop_index(op.f("ix_password_reset_user_id"), table_name="password_reset")
    op.drop_table("password_reset")
    op.drop_table("organisation_kind")
    op.drop_index(op.f("ix_notice_user_id"), table_name="notice")
    op.drop_index(
        "ix_notice_unsent", table_name="notice", postgresql_where=sa.text("mailed_at IS NULL")
    )
    op.drop_index(op.f("ix_notice_organisation_id"), table_name="notice")
    op.drop_table("notice")
    op.drop_index(
        "uq_membership_standing",
        table_name="membership",
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index(op.f("ix_membership_user_id"), table_name="membership")
    op.drop_index(op.f("ix_membership_organisation_id"), table_name="membership")
    op.drop_table("membership")
    op.drop_index(op.f("ix_invitation_organisation_id"), table_name="invitation")
    op.drop_index(op.f("ix_invitation_invited_by"), table_name="invitation")
    op.drop_table("invitation")
    op.drop_index(
        "uq_index_value_standing",
        table_name="index_value",
        postgresql_where=sa.text("superseded_by_id IS NULL"),
    )
    op.drop_index(op.f("ix_index_value_superseded_by_id"), table_name="index_value")
    op.drop_index(op.f("ix_index_value_series"), table_name="index_value")
    op.drop_index(op.f("ix_index_value_entered_by"), table_name="index_value")
    op.drop_table("index_value")
    op.drop_index(op.f("ix_guide_valuer_id"), table_name="guide")
    op.drop_table("guide")
    op.drop_index(op.f("ix_blob_organisation_id"), table_name="blob")
    op.drop_table("blob")
    op.drop_index(op.f("ix_bank_transfer_recorded_by"), table_name="bank_transfer")
    op.drop_index(op.f("ix_bank_transfer_organisation_id"), table_name="bank_transfer")
    op.drop_index(op.f("ix_bank_transfer_decided_by"), table_name="bank_transfer")
    op.drop_table("bank_transfer")
    op.drop_index(op.f("ix_account_organisation_id"), table_name="account")
    op.drop_table("account")
    op.drop_table("throttle")
    op.drop_table("stripe_event")
    op.drop_table("possession_rule")
    op.drop_table("person")
    op.drop_table("pack_type")
    op.drop_index(op.f("ix_organisation_parent_id"), table_name="organisation")
    op.drop_table("organisation")
    op.drop_index(op.f("ix_leaf_kind"), table_name="leaf")
    op.drop_index(op.f("ix_leaf_handover_id"), table_name="leaf")
    op.drop_table("leaf")
    op.drop_table("heartbeat")
    op.drop_table("entry")
    op.drop_table("checkpoint")
    op.drop_table("change")
    op.drop_index(op.f("ix_act_tag"), table_name="act")
    op.drop_index("ix_act_subject_id", table_name="act")
    op.drop_table("act")
