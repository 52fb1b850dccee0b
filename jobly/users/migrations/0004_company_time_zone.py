"""Whose clock a company goes by."""

import jobly.users.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0003_model_spend'),
    ]

    operations = [
        migrations.AddField(
            model_name='company',
            name='time_zone',
            field=models.CharField(db_default='UTC', default='UTC', help_text='Whose clock its calendar and staggered publications go by: Europe/Oslo.', max_length=64, validators=[jobly.users.models.known_zone]),
        ),
    ]
