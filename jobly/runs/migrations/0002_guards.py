"""What the database itself refuses, and room for its hottest rows."""

from typing import ClassVar

from django.db import migrations

FINAL = """
CREATE FUNCTION runs_terminal_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'run % has % already', OLD.id, OLD.status
        USING ERRCODE = 'check_violation', CONSTRAINT = 'run_terminal_is_final';
END $$;
CREATE TRIGGER run_terminal_is_final BEFORE UPDATE OF status ON runs_run FOR EACH ROW
WHEN (OLD.status IN ('succeeded', 'failed', 'cancelled') AND NEW.status <> OLD.status)
EXECUTE FUNCTION runs_terminal_is_final();
"""
NOT_FINAL = """
DROP TRIGGER run_terminal_is_final ON runs_run;
DROP FUNCTION runs_terminal_is_final();
"""
# rows that are updated over and over find room for their next version on the same page, and are
# cleaned up before the claim's indexes fill with dead entries
ROOM = """
ALTER TABLE runs_stream SET (fillfactor = 50);
ALTER TABLE runs_run SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
"""
NO_ROOM = """
ALTER TABLE runs_stream RESET (fillfactor);
ALTER TABLE runs_run RESET (fillfactor, autovacuum_vacuum_scale_factor);
"""


class Migration(migrations.Migration):
    """Guard terminal states; leave room on pages."""

    dependencies: ClassVar = [("runs", "0001_ledger")]
    operations: ClassVar = [
        migrations.RunSQL(FINAL, NOT_FINAL),
        migrations.RunSQL(ROOM, NO_ROOM),
    ]
