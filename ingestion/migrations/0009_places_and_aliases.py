"""Room for every place of a job, and for other names of an employer."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ingestion", "0008_pages_and_liveness"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="EmployerAlias",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "key",
                    models.CharField(
                        help_text="Name without case and suffix.", max_length=300, unique=True
                    ),
                ),
                (
                    "jobs",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "employer aliases",
                "ordering": ["-created_at"],
            },
        ),
        migrations.AddField(
            model_name="job",
            name="cells",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.IntegerField(),
                default=list,
                help_text="One-degree cells of all its places.",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="more_places",
            field=models.JSONField(default=list, help_text="Where the job is offered too."),
        ),
        migrations.AddField(
            model_name="job",
            name="reach",
            field=models.CharField(
                blank=True, help_text="Part of the world one may work from.", max_length=16
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=django.contrib.postgres.indexes.GinIndex(fields=["cells"], name="jobs_by_cell"),
        ),
        migrations.AddField(
            model_name="employeralias",
            name="confirmed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="employeralias",
            name="employer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="aliases",
                to="ingestion.employer",
            ),
        ),
        migrations.AddField(
            model_name="employeralias",
            name="former",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="alias",
                to="ingestion.employer",
            ),
        ),
        migrations.AddConstraint(
            model_name="employeralias",
            constraint=models.CheckConstraint(
                condition=models.Q(("employer", models.F("former")), _negated=True),
                name="alias_of_another",
            ),
        ),
    ]
