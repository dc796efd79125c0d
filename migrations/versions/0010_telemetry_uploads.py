"""Telemetry that organisations sent in: uploads, their files, and what they said of vehicles.

The way down forgets what was read; the files stay in the store.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = ("telemetry_upload", "telemetry_file", "telemetry_vehicle")


def upgrade() -> None:
    op.create_table(
        "telemetry_upload",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("form_key", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("of", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("refusal", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("done >= 0 AND done <= of", name=op.f("ck_telemetry_upload_progress")),
        sa.CheckConstraint(
            "state IN ('waiting', 'reading', 'done', 'refused')",
            name=op.f("ck_telemetry_upload_state"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_telemetry_upload_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["person.id"],
            name=op.f("fk_telemetry_upload_user_id_person"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_telemetry_upload")),
        sa.UniqueConstraint(
            "organisation_id", "form_key", name=op.f("uq_telemetry_upload_organisation_id_form_key")
        ),
    )
    op.create_index(op.f("ix_telemetry_upload_state"), "telemetry_upload", ["state"])
    op.create_index(op.f("ix_telemetry_upload_user_id"), "telemetry_upload", ["user_id"])
    _files()
    _vehicles()
    for table in TABLES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO packbourse_app")
    for table in ("telemetry_upload", "telemetry_vehicle"):
        op.execute(f"GRANT USAGE, SELECT ON SEQUENCE {table}_id_seq TO packbourse_app")


def _files() -> None:
    op.create_table(
        "telemetry_file",
        sa.Column("upload_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("blob_sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["telemetry_upload.id"],
            name=op.f("fk_telemetry_file_upload_id_telemetry_upload"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["blob_sha256"],
            ["blob.sha256"],
            name=op.f("fk_telemetry_file_blob_sha256_blob"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("upload_id", "place", name=op.f("pk_telemetry_file")),
    )
    op.create_index(op.f("ix_telemetry_file_blob_sha256"), "telemetry_file", ["blob_sha256"])


def _vehicles() -> None:
    op.create_table(
        "telemetry_vehicle",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("upload_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("vehicle_id", sa.BigInteger(), nullable=True),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["telemetry_upload.id"],
            name=op.f("fk_telemetry_vehicle_upload_id_telemetry_upload"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["vehicle_id"],
            ["vehicle.id"],
            name=op.f("fk_telemetry_vehicle_vehicle_id_vehicle"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_telemetry_vehicle")),
        sa.UniqueConstraint("upload_id", "name", name=op.f("uq_telemetry_vehicle_upload_id_name")),
    )
    op.create_index(op.f("ix_telemetry_vehicle_vehicle_id"), "telemetry_vehicle", ["vehicle_id"])


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
