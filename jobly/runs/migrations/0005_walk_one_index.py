"""Give each index on queued rows a mark of its own, so that a statement walks the one it means."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies: ClassVar = [("runs", "0004_log_lines")]

    operations: ClassVar = [
        migrations.RemoveIndex(
            model_name='run',
            name='run_claim',
        ),
        migrations.RemoveIndex(
            model_name='run',
            name='run_turn',
        ),
        migrations.RemoveIndex(
            model_name='run',
            name='run_family',
        ),
        migrations.RemoveIndex(
            model_name='run',
            name='run_due',
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(models.F('queue'), models.OrderBy(models.F('priority'), descending=True), models.F('available_at'), models.F('id'), condition=models.Q(('lease_until', None), ('status', 'queued')), name='run_claim'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(models.F('queue'), models.F('stream'), models.OrderBy(models.F('priority'), descending=True), models.F('available_at'), models.F('id'), condition=models.Q(('owner', ''), ('status', 'queued')), name='run_turn'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('finished_at', None), ('status', 'queued')), fields=['queue', 'available_at'], name='run_due'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('finished_at', None), ('status__in', ['queued', 'running'])), fields=['root_id', 'status'], name='run_family'),
        ),
    ]
