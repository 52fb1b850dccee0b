"""Keep each move of a distribution, and our own looks at postings."""

from typing import ClassVar

import django.db.models.deletion
import django.db.models.functions.datetime
import uuid_utils.compat
from django.db import migrations, models

KEPT = """
CREATE FUNCTION distribution_keep_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO distribution_distributionmove
        (distribution_id, was, became, at, code, because, actor_id, run_id)
    VALUES (NEW.id, CASE WHEN TG_OP = 'INSERT' THEN '' ELSE OLD.status END, NEW.status,
            statement_timestamp(), NEW.error_code, NEW.error, NEW.moved_by, NEW.moved_in);
    IF TG_OP = 'UPDATE' THEN
        NEW.moved_by := NULL;
        NEW.moved_in := NULL;
    END IF;
    RETURN NEW;
END $$;
-- AFTER an insert, or a row that ON CONFLICT leaves out would leave its move behind
CREATE TRIGGER distribution_is_born AFTER INSERT ON distribution_distribution FOR EACH ROW
EXECUTE FUNCTION distribution_keep_move();
CREATE TRIGGER distribution_moves BEFORE UPDATE ON distribution_distribution FOR EACH ROW
WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION distribution_keep_move();
CREATE FUNCTION distribution_keep_for_ever() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% % stays as it was written', TG_TABLE_NAME, OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'distribution_append_only';
END $$;
CREATE TRIGGER move_stays BEFORE UPDATE ON distribution_distributionmove FOR EACH ROW
EXECUTE FUNCTION distribution_keep_for_ever();
CREATE TRIGGER look_stays BEFORE UPDATE ON distribution_livelook FOR EACH ROW
EXECUTE FUNCTION distribution_keep_for_ever();
"""
FORGOTTEN = """
DROP TRIGGER look_stays ON distribution_livelook;
DROP TRIGGER move_stays ON distribution_distributionmove;
DROP TRIGGER distribution_moves ON distribution_distribution;
DROP TRIGGER distribution_is_born ON distribution_distribution;
DROP FUNCTION distribution_keep_for_ever();
DROP FUNCTION distribution_keep_move();
"""
# what stood before moves were kept is born, for the ledger, where it stood last
BORN = """
INSERT INTO distribution_distributionmove
    (distribution_id, was, became, at, code, because, actor_id, run_id)
SELECT id, '', status, updated_at, error_code, error, NULL, NULL
FROM distribution_distribution ORDER BY id;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("distribution", "0004_feeds")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="distribution",
            name="moved_by",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="distribution",
            name="moved_in",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.CreateModel(
            name="DistributionMove",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("was", models.CharField(blank=True, max_length=16)),
                ("became", models.CharField(max_length=16)),
                ("at", models.DateTimeField()),
                ("code", models.CharField(blank=True, max_length=64)),
                ("because", models.TextField(blank=True)),
                (
                    "actor_id",
                    models.UUIDField(help_text="The person on whose word it moved.", null=True),
                ),
                ("run_id", models.UUIDField(help_text="The work that moved it.", null=True)),
                (
                    "distribution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="moves",
                        to="distribution.distribution",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(fields=["distribution", "id"], name="moves_in_order"),
                    models.Index(fields=["at"], name="moves_by_time"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LiveLook",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "way",
                    models.CharField(
                        choices=[("page", "its public page"), ("board", "the board's own status")],
                        max_length=8,
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[("live", "Live"), ("gone", "Gone"), ("unsure", "Unsure")],
                        max_length=8,
                    ),
                ),
                ("url", models.TextField(blank=True)),
                ("http_status", models.PositiveSmallIntegerField(null=True)),
                ("why", models.CharField(blank=True, max_length=200)),
                ("evidence", models.JSONField(default=dict)),
                ("run_id", models.UUIDField(null=True)),
                (
                    "distribution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="looks",
                        to="distribution.distribution",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["distribution", "-id"], name="looks_in_order")],
            },
        ),
        migrations.RunSQL(BORN, migrations.RunSQL.noop),
        migrations.RunSQL(KEPT, FORGOTTEN),
    ]
