"""Letters without a secret in them, and a second administrator before four eyes end.

A letter is an errand: the token it carries is made when it is handed to the mail server. The
letters of before hold readable tokens and are removed. Four eyes of an organisation end only with
an open request that another administrator of a week's standing approved.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# An administrator stands for a week when the membership began before it and no role changed since.
SECOND_ADMINISTRATOR = """
CREATE FUNCTION refuse_ending_four_eyes_alone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE four_eyes_request SET closed_at = approved_at
  WHERE organisation_id = NEW.id AND closed_at IS NULL AND approved_by IS NOT NULL
    AND EXISTS (
      SELECT 1 FROM membership
      WHERE user_id = asked_by AND membership.organisation_id = NEW.id
        AND role = 'admin' AND ended_at IS NULL
    )
    AND EXISTS (
      SELECT 1 FROM membership
      WHERE user_id = approved_by AND membership.organisation_id = NEW.id
        AND role = 'admin' AND ended_at IS NULL AND since <= approved_at - interval '7 days'
        AND NOT EXISTS (
          SELECT 1 FROM act
          WHERE act.subject = 'membership:' || membership.id
            AND act.tag = 'membership:role-changed' AND act.at > approved_at - interval '7 days'
        )
    );
  IF NOT FOUND THEN
    RAISE EXCEPTION 'four eyes of organisation % end only with a second administrator', NEW.id
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "letter",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("reset_email", sa.Text(), nullable=True),
        sa.Column("invitation_id", sa.BigInteger(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(reset_email IS NULL) <> (invitation_id IS NULL)", name=op.f("ck_letter_one_errand")
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitation.id"],
            name=op.f("fk_letter_invitation_id_invitation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
    )
    op.create_index(op.f("ix_letter_invitation_id"), "letter", ["invitation_id"])
    op.create_index(op.f("ix_letter_due_at"), "letter", ["due_at"])
    op.execute("DELETE FROM notice WHERE is_letter")
    op.drop_column("notice", "is_letter")
    op.add_column("invitation", sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "four_eyes_request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("approved_by <> asked_by", name=op.f("ck_four_eyes_request_two_people")),
        sa.CheckConstraint(
            "(approved_by IS NULL) = (approved_at IS NULL)",
            name=op.f("ck_four_eyes_request_approval"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=op.f(f"fk_four_eyes_request_{column}_{table}"),
                ondelete="RESTRICT",
            )
            for column, table in (
                ("organisation_id", "organisation"),
                ("asked_by", "person"),
                ("approved_by", "person"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_four_eyes_request")),
    )
    op.create_index(
        "uq_four_eyes_request_open",
        "four_eyes_request",
        ["organisation_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.execute(SECOND_ADMINISTRATOR)
    op.execute(
        "CREATE TRIGGER organisation_four_eyes BEFORE UPDATE ON organisation FOR EACH ROW "
        "WHEN (OLD.has_four_eyes AND NOT NEW.has_four_eyes) "
        "EXECUTE FUNCTION refuse_ending_four_eyes_alone()"
    )
    for table in ("letter", "four_eyes_request"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO packbourse_app")
        op.execute(f"GRANT USAGE, SELECT ON SEQUENCE {table}_id_seq TO packbourse_app")


def downgrade() -> None:
    op.execute("DROP TRIGGER organisation_four_eyes ON organisation")
    op.execute("DROP FUNCTION refuse_ending_four_eyes_alone()")
    op.drop_table("four_eyes_request")
    op.drop_column("invitation", "mailed_at")
    op.add_column(
        "notice",
        sa.Column("is_letter", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    op.alter_column("notice", "is_letter", server_default=None)
    op.drop_table("letter")
