"""Room for polite page collecting, for who is still there, and for what was taken down."""

import django.db.models.deletion
import django.db.models.functions.datetime
import jobly.crypto
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ingestion", "0007_duplicates"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CookieJar",
            fields=[
                (
                    "source",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="cookie_jar",
                        serialize=False,
                        to="ingestion.source",
                    ),
                ),
                ("cookies", jobly.crypto.EncryptedJSONField(editable=False)),
                ("many", models.PositiveSmallIntegerField(default=0)),
                (
                    "updated_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("expires_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="RobotsCopy",
            fields=[
                ("origin", models.CharField(max_length=300, primary_key=True, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("rules", "rules"), ("closed", "closed")],
                        max_length=8,
                    ),
                ),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("text", models.TextField(blank=True)),
                (
                    "fetched_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("keep_until", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Liveness",
            fields=[
                (
                    "job",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="liveness",
                        serialize=False,
                        to="ingestion.job",
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[("alive", "Alive"), ("gone", "Gone"), ("uncertain", "Uncertain")],
                        max_length=10,
                    ),
                ),
                (
                    "rung",
                    models.CharField(help_text="What told: ats, http or jsonld.", max_length=16),
                ),
                ("checked_at", models.DateTimeField()),
                ("verified_at", models.DateTimeField(null=True)),
                ("next_at", models.DateTimeField()),
                (
                    "strikes",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Days it was found gone on."
                    ),
                ),
                ("struck_on", models.DateField(null=True)),
                (
                    "closed_at",
                    models.DateTimeField(help_text="When we closed the job for it.", null=True),
                ),
                ("evidence", models.JSONField(default=list)),
            ],
            options={
                "indexes": [models.Index(fields=["next_at"], name="liveness_due")],
            },
        ),
        migrations.CreateModel(
            name="Takedown",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("source_name", models.CharField(max_length=200)),
                ("why", models.TextField()),
                ("counts", models.JSONField(default=dict)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="ingestion.source",
                    ),
                ),
            ],
            options={
                "ordering": ["-at"],
            },
        ),
        migrations.CreateModel(
            name="Withheld",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("digest", models.CharField(max_length=64, unique=True)),
                (
                    "takedown",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="withheld",
                        to="ingestion.takedown",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "withheld",
            },
        ),
        migrations.CreateModel(
            name="Absence",
            fields=[
                (
                    "fetch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="absence",
                        serialize=False,
                        to="ingestion.fetch",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("counted", "Counted"),
                            ("held", "waits for a person"),
                            ("approved", "Approved"),
                            ("dismissed", "Dismissed"),
                            ("overtaken", "overtaken by a later walk"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "known",
                    models.PositiveIntegerField(help_text="Jobs the source was known to list."),
                ),
                ("missing", models.PositiveIntegerField(help_text="Of them not met by this walk.")),
                ("closed", models.PositiveIntegerField(default=0)),
                (
                    "back",
                    models.PositiveIntegerField(
                        default=0, help_text="Closed before and met again."
                    ),
                ),
                (
                    "judged_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("decided_at", models.DateTimeField(editable=False, null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-judged_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("missing__lte", models.F("known"))),
                        name="missing_are_of_the_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Acknowledgement",
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
                (
                    "who",
                    models.CharField(
                        help_text="The address of that person, for ever.", max_length=254
                    ),
                ),
                (
                    "basis",
                    models.CharField(
                        choices=[
                            ("own_site", "the site is our own"),
                            ("written_permission", "its owner gave written permission"),
                            ("terms_allow", "its terms allow it"),
                            (
                                "no_public_api",
                                "its postings are public and it offers no API or feed",
                            ),
                        ],
                        max_length=24,
                    ),
                ),
                (
                    "evidence",
                    models.TextField(
                        help_text="Where the permission or the terms can be looked up."
                    ),
                ),
                ("typed", models.TextField(help_text="The sentence as it was typed.")),
                ("text_version", models.PositiveSmallIntegerField()),
                ("respect_robots", models.BooleanField(default=True)),
                (
                    "agent",
                    models.CharField(
                        blank=True,
                        help_text="Another name than our own under which pages are read.",
                        max_length=200,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("expires_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(editable=False, null=True)),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="acknowledgements",
                        to="ingestion.source",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at"],
                "indexes": [
                    models.Index(
                        fields=["source", "-expires_at"], name="ingestion_a_source__2d45e6_idx"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))),
                        name="acknowledged_for_a_while",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Missing",
            fields=[
                (
                    "sighting",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="missing",
                        serialize=False,
                        to="ingestion.sighting",
                    ),
                ),
                ("strikes", models.PositiveSmallIntegerField(default=1)),
                (
                    "since",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "closed_at",
                    models.DateTimeField(help_text="When we closed the job for it.", null=True),
                ),
                (
                    "first_fetch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="ingestion.fetch",
                    ),
                ),
                (
                    "last_fetch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="ingestion.fetch",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("closed_at", None), _negated=True),
                        fields=["closed_at"],
                        name="missing_and_closed",
                    )
                ],
            },
        ),
    ]
