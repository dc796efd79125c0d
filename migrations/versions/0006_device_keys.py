"""Keys that a person's browser holds: what the person calls them, and what they are asked to sign.

The key of a device belongs to a person who signs for an organisation. The way down forgets names
and open requests, and refuses while such a key is kept.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "signing_key", sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_signing_key_device"),
        "signing_key",
        "NOT is_on_device OR "
        "(use = 'person' AND user_id IS NOT NULL AND organisation_id IS NOT NULL AND name <> '')",
    )
    op.create_table(
        "signature_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("handover_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("options", sa.LargeBinary(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(seed IS NULL) = (signed_at IS NOT NULL)", name=op.f("ck_signature_request_once")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=op.f(f"fk_signature_request_{column}_{table}"),
                ondelete="RESTRICT",
            )
            for column, table in (("handover_id", "handover"), ("key_id", "signing_key"))
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature_request")),
    )
    for column in ("handover_id", "key_id"):
        op.create_index(op.f(f"ix_signature_request_{column}"), "signature_request", [column])
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON signature_request TO packbourse_app")


def downgrade() -> None:
    op.drop_table("signature_request")
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT 1 FROM signing_key WHERE is_on_device) THEN "
        "RAISE EXCEPTION 'keys of devices are kept'; END IF; END $$"
    )
    op.drop_constraint(op.f("ck_signing_key_device"), "signing_key", type_="check")
    op.drop_column("signing_key", "name")
