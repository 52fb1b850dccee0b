"""Room for what each source is known to send, and for what departs from it."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ingestion", "0011_distances"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Contract",
            fields=[
                (
                    "source",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="contract",
                        serialize=False,
                        to="ingestion.source",
                    ),
                ),
                (
                    "tolerance",
                    models.CharField(
                        choices=[
                            ("warn", "Load it and tell the operators"),
                            ("quarantine", "Set it aside until somebody decides"),
                            ("accept", "Load it and learn from it"),
                        ],
                        default="warn",
                        max_length=16,
                    ),
                ),
                (
                    "known",
                    models.JSONField(
                        default=dict, help_text="Fields with their types, and from how many."
                    ),
                ),
                (
                    "fingerprint",
                    models.CharField(
                        blank=True, help_text="Of the last collection.", max_length=16
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
            options={
                "ordering": ["source__name"],
            },
        ),
        migrations.AddField(
            model_name="rawcollection",
            name="schema_fingerprint",
            field=models.CharField(
                blank=True,
                help_text="Of the names and types at the top of its items.",
                max_length=16,
            ),
        ),
        migrations.CreateModel(
            name="ContractBreach",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("new_field", "New Field"),
                            ("changed_type", "Changed Type"),
                            ("missing_field", "Missing Field"),
                            ("unknown_shape", "Unknown Shape"),
                        ],
                        max_length=16,
                    ),
                ),
                ("field", models.CharField(blank=True, max_length=100)),
                ("expected", models.TextField(blank=True)),
                ("got", models.TextField(blank=True)),
                (
                    "count",
                    models.PositiveIntegerField(
                        help_text="Items of the last collection that have it."
                    ),
                ),
                ("row", models.PositiveIntegerField(default=0, help_text="The first of them.")),
                ("example", models.TextField(blank=True)),
                (
                    "waiting",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        default=list,
                        help_text="Collections set aside until it is accepted.",
                        size=None,
                    ),
                ),
                (
                    "times",
                    models.PositiveIntegerField(default=1, help_text="Collections that had it."),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("accepted", "Accepted"),
                            ("refused", "Refused"),
                        ],
                        default="open",
                        max_length=16,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "seen_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "collection",
                    models.ForeignKey(
                        help_text="The last one with it.",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="ingestion.rawcollection",
                    ),
                ),
                (
                    "contract",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="breaches",
                        to="ingestion.contract",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "contract breaches",
                "ordering": ["-seen_at"],
                "indexes": [models.Index(fields=["collection"], name="breaches_of_a_collection")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["open", "refused"])),
                        fields=("contract", "kind", "field", "got"),
                        name="breach_once_while_it_stands",
                    )
                ],
            },
        ),
    ]
