"""An address of an endpoint is checked by our own rule."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("distribution", "0011_feed_elements"),
    ]

    operations = [
        migrations.AlterField(
            model_name='hookendpoint',
            name='url',
            field=models.CharField(max_length=500),
        ),
    ]
