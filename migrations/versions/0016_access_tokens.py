"""Tokens by which an operator's program enters index values. The way down ends them all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

REFERS = (("user_id", "person"), ("organisation_id", "organisation"))


def upgrade() -> None:
    op.create_table(
        "access_token",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("session_number", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=op.f(f"fk_access_token_{column}_{table}"),
                ondelete="RESTRICT",
            )
            for column, table in REFERS
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_token")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_access_token_token_sha256")),
    )
    for column, _ in REFERS:
        op.create_index(op.f(f"ix_access_token_{column}"), "access_token", [column])
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON access_token TO packbourse_app")
    op.execute("GRANT USAGE, SELECT ON SEQUENCE access_token_id_seq TO packbourse_app")


def downgrade() -> None:
    op.drop_table("access_token")
