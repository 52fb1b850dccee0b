"""Let the word index take new entries in batches: several times faster, and the indexer flushes."""

from typing import ClassVar

import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    """Change how the index is fed, without building it anew."""

    dependencies: ClassVar = [("ingestion", "0014_taxonomies")]
    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER INDEX job_search SET (fastupdate = on)",
                    "ALTER INDEX job_search SET (fastupdate = off)",
                )
            ],
            state_operations=[
                migrations.RemoveIndex("jobsearch", "job_search"),
                migrations.AddIndex(
                    "jobsearch",
                    django.contrib.postgres.indexes.GinIndex(
                        fastupdate=True, fields=["document"], name="job_search"
                    ),
                ),
            ],
        ),
    ]
