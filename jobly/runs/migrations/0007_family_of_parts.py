"""Index families by their parts only: what nobody started is its own root."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies: ClassVar = [("runs", "0006_schedule_watched_since")]

    operations: ClassVar = [
        migrations.RemoveIndex(
            model_name='run',
            name='run_family',
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('parent__isnull', False)), fields=['root_id', 'status'], name='run_family'),
        ),
    ]
