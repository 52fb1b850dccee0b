"""What people read of models: walks, collections, failed items and copies of robots.txt."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("ingestion", "0016_one_index_each"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="fetch",
            options={"ordering": ["-started_at"], "verbose_name": "walk"},
        ),
        migrations.AlterModelOptions(
            name="processedjob",
            options={"verbose_name": "failed item"},
        ),
        migrations.AlterModelOptions(
            name="rawcollection",
            options={"ordering": ["-collected_at"], "verbose_name": "collection"},
        ),
        migrations.AlterModelOptions(
            name="robotscopy",
            options={
                "verbose_name": "copy of robots.txt",
                "verbose_name_plural": "copies of robots.txt",
            },
        ),
    ]
