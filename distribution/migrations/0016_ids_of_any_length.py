"""Let boards call postings what they like."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Ids of boards of any length."""

    dependencies: ClassVar = [("distribution", "0015_trust_in_addresses")]

    operations: ClassVar = [
        migrations.AlterField("distribution", "post_id", models.TextField(blank=True)),
        migrations.AlterField("distribution", "task_id", models.TextField(blank=True)),
    ]
