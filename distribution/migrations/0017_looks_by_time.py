"""Find what is to be looked at by its time, also where it is published."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """One index for all that has a next look."""

    dependencies: ClassVar = [("distribution", "0016_ids_of_any_length")]

    operations: ClassVar = [
        migrations.RemoveIndex("distribution", "to_look_at"),
        migrations.AddIndex(
            "distribution",
            models.Index(
                fields=["next_look_at"],
                condition=models.Q(status__in=["unknown", "accepted", "published"])
                & ~models.Q(next_look_at=None),
                name="looked_at_next",
            ),
        ),
    ]
