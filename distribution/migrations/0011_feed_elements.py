"""Count what a feed writes, and tell which publications stood on its channel."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("distribution", "0010_channel_kinds"),
    ]

    operations = [
        migrations.AddField(
            model_name='feed',
            name='elements',
            field=models.PositiveIntegerField(default=0, help_text='One a job and place.'),
        ),
        migrations.AddField(
            model_name='feed',
            name='standing',
            field=models.CharField(blank=True, help_text='Digest of the publications that stand on the channel.', max_length=64),
        ),
    ]
