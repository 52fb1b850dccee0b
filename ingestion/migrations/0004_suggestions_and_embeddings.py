import django.db.models.deletion
import django.db.models.functions.datetime
import pgvector.django.vector
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):

    dependencies = [
        ("ingestion", "0003_sources_and_fetches"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="summary",
            field=models.TextField(blank=True, db_default="", help_text="In a few sentences."),
        ),
        migrations.CreateModel(
            name="Enrichment",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("run_id", models.UUIDField()),
                ("provider", models.CharField(help_text="offline, or the model server's host.", max_length=100)),
                ("model", models.CharField(max_length=100)),
                ("prompt_version", models.CharField(max_length=32)),
                ("request_id", models.CharField(blank=True, max_length=100)),
                ("fell_back", models.CharField(blank=True, max_length=300)),
                ("basis", models.CharField(max_length=64)),
                ("dropped", models.PositiveSmallIntegerField(default=0, help_text="Suggestions without grounds.")),
                ("tokens", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("job", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="enrichments", to="ingestion.job")),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["run_id"], name="looks_of_a_run")],
                "constraints": [models.UniqueConstraint(fields=("job", "run_id"), name="one_look_a_run")],
            },
        ),
        migrations.CreateModel(
            name="JobEmbedding",
            fields=[
                ("job", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="embedding", serialize=False, to="ingestion.job")),
                ("model", models.CharField(max_length=100)),
                ("dimensions", models.PositiveSmallIntegerField()),
                ("content_hash", models.CharField(max_length=64)),
                ("vector", pgvector.django.vector.VectorField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=Q(dimensions__gt=0), name="embedding_has_dimensions")],
            },
        ),
        migrations.CreateModel(
            name="Suggestion",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("field", models.CharField(max_length=32)),
                ("original", models.JSONField()),
                ("value", models.JSONField()),
                ("evidence", models.TextField(blank=True, help_text="The posting's own words for it.")),
                ("confidence", models.FloatField(help_text="The provider's own, of 0 to 1.", null=True)),
                ("is_safe", models.BooleanField(default=False)),
                ("status", models.CharField(choices=[("open", "Open"), ("accepted", "Accepted"), ("rejected", "Rejected"), ("superseded", "Superseded")], default="open", max_length=16)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("enrichment", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="suggestions", to="ingestion.enrichment")),
                ("job", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="suggestions", to="ingestion.job")),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(condition=Q(status="open"), fields=("job", "field"), name="one_open_a_field"),
                    models.CheckConstraint(
                        condition=Q(status__in=["open", "superseded"], decided_at=None)
                        | Q(status__in=["accepted", "rejected"], decided_at__isnull=False),
                        name="decided_says_when",
                    ),
                ],
            },
        ),
    ]
