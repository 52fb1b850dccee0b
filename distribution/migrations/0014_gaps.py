"""What was approved, asked again, cut off and summed up."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('distribution', '0013_addresses_of_people'),
        ('users', '0004_company_time_zone'),
    ]

    operations = [
        migrations.CreateModel(
            name='FeedFetchSum',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('format', models.CharField(max_length=16)),
                ('who', models.CharField(max_length=32)),
                ('month', models.DateField(help_text='Its first day.')),
                ('count', models.PositiveBigIntegerField()),
                ('finished', models.PositiveBigIntegerField()),
                ('unchanged', models.PositiveBigIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name='applicationterms',
            name='idle_days',
            field=models.PositiveSmallIntegerField(db_default=365, default=365, help_text='While the job stays open, after the last activity; then the data are erased.'),
        ),
        migrations.AddField(
            model_name='approval',
            name='content_hash',
            field=models.CharField(blank=True, db_default='', default='', editable=False, help_text='Fingerprint of the words that the yes is for.', max_length=64),
        ),
        migrations.AddField(
            model_name='distribution',
            name='approved_hash',
            field=models.CharField(blank=True, db_default='', default='', editable=False, help_text='Fingerprint of the words that somebody said yes to.', max_length=64),
        ),
        migrations.AddField(
            model_name='distribution',
            name='close_asks',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, help_text='Times it was asked again to end it.'),
        ),
        migrations.AddField(
            model_name='distribution',
            name='left_over_at',
            field=models.DateTimeField(editable=False, help_text='When asking was given up and people were told.', null=True),
        ),
        migrations.AddField(
            model_name='feedfetch',
            name='ended',
            field=models.PositiveIntegerField(db_default=0, default=0, help_text='How many ended, whole or not.'),
        ),
        # until now a receipt was written at the end
        migrations.RunSQL("UPDATE distribution_feedfetch SET ended = count", migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='feedfetch',
            name='at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text='When the last of them began or ended.'),
        ),
        migrations.AlterField(
            model_name='feedfetch',
            name='count',
            field=models.PositiveIntegerField(default=1, help_text='How many began.'),
        ),
        migrations.AlterField(
            model_name='letter',
            name='status',
            field=models.CharField(choices=[('queued', 'Queued'), ('sending', 'Sending'), ('sent', 'Sent'), ('failed', 'Failed'), ('uncertain', 'not certain'), ('cancelled', 'Cancelled')], default='queued', max_length=10),
        ),
        migrations.AddConstraint(
            model_name='applicationterms',
            constraint=models.CheckConstraint(condition=models.Q(('idle_days__gte', 1), ('idle_days__lte', 3650)), name='idle_for_days'),
        ),
        migrations.AddField(
            model_name='feedfetchsum',
            name='feed',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='fetch_sums', to='distribution.feed'),
        ),
        migrations.AddConstraint(
            model_name='feedfetchsum',
            constraint=models.UniqueConstraint(fields=('feed', 'format', 'who', 'month'), name='one_sum_a_month_and_program'),
        ),
    ]
