"""What the database itself refuses: rewriting history, unbalanced entries, a leaf out of order."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "act",
    "bid",
    "leaf",
    "leaf_pack",
    "log_node",
    "checkpoint",
    "entry",
    "posting",
    "methodology",
    "guide_value",
    "comparable",
    "exclusion",
    "settlement_batch",
)

REFUSE = """
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""

BALANCE = """
CREATE FUNCTION refuse_unbalanced_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM posting WHERE entry_id = NEW.entry_id
    GROUP BY currency HAVING sum(amount_minor) <> 0
  ) THEN
    RAISE EXCEPTION 'entry % does not sum to zero', NEW.entry_id
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""

GAPLESS = """
CREATE FUNCTION refuse_gap_in_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.sequence <> (SELECT coalesce(max(sequence) + 1, 0) FROM leaf) THEN
    RAISE EXCEPTION 'leaf % is out of order', NEW.sequence USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$
"""

FINAL_REPORT = """
CREATE FUNCTION refuse_editing_report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.record IS NOT NULL AND to_jsonb(NEW) - 'superseded_by_id'
     IS DISTINCT FROM to_jsonb(OLD) - 'superseded_by_id' THEN
    RAISE EXCEPTION 'a signed report is superseded, never edited'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""

FINAL_EDITION = """
CREATE FUNCTION refuse_editing_edition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state NOT IN ('draft', 'consultation')
     AND (NEW.coefficients, NEW.explanation, NEW.methodology_id, NEW.number)
     IS DISTINCT FROM (OLD.coefficients, OLD.explanation, OLD.methodology_id, OLD.number) THEN
    RAISE EXCEPTION 'a published edition is superseded, never edited'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""

ROLE = """
DO $$ BEGIN
  CREATE ROLE packbourse_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""


def upgrade() -> None:
    for function in (REFUSE, BALANCE, GAPLESS, FINAL_REPORT, FINAL_EDITION, ROLE):
        op.execute(function)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_rewriting()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()"
        )
    op.execute(
        "CREATE CONSTRAINT TRIGGER posting_balanced AFTER INSERT ON posting "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced_entry()"
    )
    op.execute(
        "CREATE TRIGGER leaf_in_order BEFORE INSERT ON leaf "
        "FOR EACH ROW EXECUTE FUNCTION refuse_gap_in_log()"
    )
    op.execute(
        "CREATE TRIGGER health_report_final BEFORE UPDATE ON health_report "
        "FOR EACH ROW EXECUTE FUNCTION refuse_editing_report()"
    )
    op.execute(
        "CREATE TRIGGER edition_final BEFORE UPDATE ON edition "
        "FOR EACH ROW EXECUTE FUNCTION refuse_editing_edition()"
    )
    op.execute("GRANT packbourse_app TO CURRENT_USER")
    op.execute("GRANT USAGE ON SCHEMA public TO packbourse_app")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO packbourse_app"
    )
    op.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO packbourse_app")
    op.execute("REVOKE ALL ON alembic_version FROM packbourse_app")
    op.execute("GRANT SELECT ON alembic_version TO packbourse_app")
    for table in APPEND_ONLY:
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM packbourse_app")


def downgrade() -> None:
    op.execute("DROP TRIGGER edition_final ON edition")
    op.execute("DROP TRIGGER health_report_final ON health_report")
    op.execute("DROP TRIGGER leaf_in_order ON leaf")
    op.execute("DROP TRIGGER posting_balanced ON posting")
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER {table}_never_emptied ON {table}")
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
    for function in (
        "refuse_editing_edition",
        "refuse_editing_report",
        "refuse_gap_in_log",
        "refuse_unbalanced_entry",
        "refuse_rewriting",
    ):
        op.execute(f"DROP FUNCTION {function}()")
    # The role belongs to the server, not to this database: another database may use it.
    op.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM packbourse_app")
    op.execute("REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM packbourse_app")
    op.execute("REVOKE USAGE ON SCHEMA public FROM packbourse_app")
