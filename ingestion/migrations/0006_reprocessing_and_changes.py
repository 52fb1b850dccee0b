"""Room for reading collections again, and triggers that note what happens to jobs."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

# one row a job: its last change; the place in the order is (xid, job_id), read below the oldest
# transaction under way, so that nobody can commit in front of a reader
CHANGES = """
CREATE FUNCTION ingestion_jobs_added() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE x bigint := pg_current_xact_id()::text::bigint;
BEGIN
    INSERT INTO ingestion_jobchange (job_id, xid, added_xid, public_xid, company_id, deleted, at)
    SELECT id, x, x, CASE WHEN company_id IS NULL OR on_board THEN x END, company_id, false, now()
    FROM fresh;
    INSERT INTO ingestion_unindexed (job_id) SELECT id FROM fresh;
    RETURN NULL;
END $$;
CREATE FUNCTION ingestion_job_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    x bigint := pg_current_xact_id()::text::bigint;
    p bigint := CASE WHEN NEW.company_id IS NULL OR NEW.on_board THEN x END;
BEGIN
    INSERT INTO ingestion_jobchange AS c
        (job_id, xid, added_xid, public_xid, company_id, deleted, at)
    VALUES (NEW.id, x, x, p, NEW.company_id, false, now())
    ON CONFLICT (job_id) DO UPDATE SET xid = greatest(c.xid, x),
        public_xid = coalesce(c.public_xid, p), company_id = NEW.company_id, at = now();
    RETURN NULL;
END $$;
CREATE FUNCTION ingestion_job_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ingestion_jobchange
    SET xid = greatest(xid, pg_current_xact_id()::text::bigint), deleted = true, at = now()
    WHERE job_id = OLD.id;
    DELETE FROM ingestion_unindexed WHERE job_id = OLD.id;
    RETURN NULL;
END $$;
CREATE FUNCTION ingestion_job_reworded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- the row is locked until we commit, so nobody indexes the job as it was and forgets it
    INSERT INTO ingestion_unindexed (job_id) VALUES (NEW.id)
    ON CONFLICT (job_id) DO UPDATE SET job_id = EXCLUDED.job_id;
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_added AFTER INSERT ON ingestion_job REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION ingestion_jobs_added();
-- being seen again is no change; it alone moves last_seen_at without updated_at
CREATE TRIGGER job_changed AFTER UPDATE ON ingestion_job FOR EACH ROW
WHEN (OLD.last_seen_at = NEW.last_seen_at OR OLD.updated_at <> NEW.updated_at
    OR OLD.status <> NEW.status OR OLD.on_board <> NEW.on_board
    OR OLD.content_hash <> NEW.content_hash)
EXECUTE FUNCTION ingestion_job_changed();
CREATE TRIGGER job_deleted AFTER DELETE ON ingestion_job FOR EACH ROW
EXECUTE FUNCTION ingestion_job_deleted();
-- the columns that actions/searching.py makes a search entry of
CREATE TRIGGER job_reworded AFTER UPDATE OF title, employer_id, location_text, city, region,
    skills, description_text, posted_at ON ingestion_job FOR EACH ROW
WHEN ((OLD.title, OLD.employer_id, OLD.location_text, OLD.city, OLD.region, OLD.skills,
    OLD.description_text, OLD.posted_at) IS DISTINCT FROM (NEW.title, NEW.employer_id,
    NEW.location_text, NEW.city, NEW.region, NEW.skills, NEW.description_text, NEW.posted_at))
EXECUTE FUNCTION ingestion_job_reworded();
INSERT INTO ingestion_jobchange (job_id, xid, added_xid, public_xid, company_id, deleted, at)
SELECT id, x, x, CASE WHEN company_id IS NULL OR on_board THEN x END, company_id, false, now()
FROM ingestion_job, (SELECT pg_current_xact_id()::text::bigint AS x) AS here;
"""
NO_CHANGES = """
DROP TRIGGER job_reworded ON ingestion_job;
DROP TRIGGER job_deleted ON ingestion_job;
DROP TRIGGER job_changed ON ingestion_job;
DROP TRIGGER jobs_added ON ingestion_job;
DROP FUNCTION ingestion_job_reworded();
DROP FUNCTION ingestion_job_deleted();
DROP FUNCTION ingestion_job_changed();
DROP FUNCTION ingestion_jobs_added();
"""


class Migration(migrations.Migration):
    """Note every change of a job below its writers."""

    dependencies = [
        ("ingestion", "0005_intake_and_versions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BeforeImage",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "table",
                    models.CharField(
                        choices=[("job", "Job"), ("sighting", "Sighting")], max_length=8
                    ),
                ),
                ("row_id", models.BigIntegerField()),
                ("columns", models.JSONField(null=True)),
                (
                    "written_at",
                    models.DateTimeField(help_text="A job's updated_at since then.", null=True),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Difference",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("row", models.PositiveIntegerField()),
                ("job_id", models.BigIntegerField(null=True)),
                (
                    "verdict",
                    models.CharField(
                        choices=[("updated", "Updated"), ("new", "New"), ("rejected", "Rejected")],
                        max_length=8,
                    ),
                ),
                ("title", models.TextField(blank=True)),
                (
                    "names",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(),
                        default=list,
                        help_text="The fields that differ.",
                        size=None,
                    ),
                ),
                ("old", models.JSONField(default=dict)),
                ("new", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="JobChange",
            fields=[
                ("job_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("xid", models.BigIntegerField(help_text="The transaction that changed it last.")),
                ("added_xid", models.BigIntegerField()),
                (
                    "public_xid",
                    models.BigIntegerField(help_text="Since when everybody may see it.", null=True),
                ),
                ("company_id", models.UUIDField(null=True)),
                ("deleted", models.BooleanField(default=False)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="Reprocessing",
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
                ("shadow", models.BooleanField(default=False)),
                ("failed_only", models.BooleanField(default=False)),
                ("transformer", models.CharField(max_length=32)),
                (
                    "choice",
                    models.JSONField(default=dict, help_text="Which collections were meant."),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("working", "Working"),
                            ("ready", "Ready"),
                            ("promoting", "Promoting"),
                            ("done", "Done"),
                            ("rolling_back", "Rolling Back"),
                            ("rolled_back", "Rolled Back"),
                        ],
                        default="working",
                        max_length=16,
                    ),
                ),
                (
                    "fields",
                    models.JSONField(
                        default=dict, help_text="Field: in how many jobs it would differ."
                    ),
                ),
                ("consequences", models.JSONField(default=dict)),
                ("run_id", models.UUIDField(editable=False, null=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="Unindexed",
            fields=[
                ("job_id", models.BigIntegerField(primary_key=True, serialize=False)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="processedjob",
            name="items_by_url",
        ),
        migrations.AddField(
            model_name="processedjob",
            name="again",
            field=models.ForeignKey(
                help_text="The pass that took the failed row up again.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="ingestion.processing",
            ),
        ),
        migrations.AddField(
            model_name="processedjob",
            name="fix",
            field=models.JSONField(
                help_text="What a person puts in its place; raw stays.", null=True
            ),
        ),
        migrations.AddField(
            model_name="processing",
            name="counts",
            field=models.BooleanField(
                db_default=True, default=True, help_text="No shadow, or a promoted one."
            ),
        ),
        migrations.AddField(
            model_name="processing",
            name="repairs",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Only over rows that had failed."
            ),
        ),
        migrations.AddField(
            model_name="processing",
            name="superseded_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="ingestion.processing",
            ),
        ),
        migrations.AlterField(
            model_name="processedjob",
            name="processing",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="items",
                to="ingestion.processing",
            ),
        ),
        migrations.AddIndex(
            model_name="processedjob",
            index=models.Index(
                condition=models.Q(("external_id", ""), models.Q(("url_key", ""), _negated=True)),
                fields=["processing", "url_key"],
                name="items_by_url",
            ),
        ),
        migrations.AddField(
            model_name="beforeimage",
            name="processing",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="ingestion.processing",
            ),
        ),
        migrations.AddField(
            model_name="difference",
            name="processing",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="ingestion.processing",
            ),
        ),
        migrations.AddIndex(
            model_name="jobchange",
            index=models.Index(fields=["xid", "job_id"], name="changes_in_order"),
        ),
        migrations.AddField(
            model_name="reprocessing",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="difference",
            name="reprocessing",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="differences",
                to="ingestion.reprocessing",
            ),
        ),
        migrations.AddField(
            model_name="processing",
            name="reprocessing",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="passes",
                to="ingestion.reprocessing",
            ),
        ),
        migrations.AddConstraint(
            model_name="beforeimage",
            constraint=models.UniqueConstraint(
                fields=("processing", "table", "row_id"), name="before_image_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="beforeimage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("table", "sighting"), ("written_at__isnull", False), _connector="OR"
                ),
                name="written_job_says_when",
            ),
        ),
        migrations.AddIndex(
            model_name="difference",
            index=models.Index(
                fields=["reprocessing", "verdict", "id"], name="differences_by_verdict"
            ),
        ),
        migrations.AddConstraint(
            model_name="difference",
            constraint=models.UniqueConstraint(
                fields=("processing", "row"), name="difference_once_a_row"
            ),
        ),
        migrations.RunSQL(CHANGES, NO_CHANGES),
    ]
