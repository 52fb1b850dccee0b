"""Keep how many pairs of words two jobs share."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ingestion', '0012_contracts'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='likeness',
            options={'ordering': ['-jaccard', '-pk'], 'verbose_name': 'pair', 'verbose_name_plural': 'duplicates'},
        ),
        migrations.AddField(
            model_name='likeness',
            name='shared',
            field=models.PositiveIntegerField(default=0, help_text='Pairs of words that both have.'),
        ),
    ]
