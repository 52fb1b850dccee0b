"""Room for feeds, their editions and entries, who fetched them, and the parts of the sitemap."""

import django.db.models.deletion
import django.db.models.functions.datetime
import uuid_utils.compat
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('distribution', "0003_applicants"),
        ('users', '0003_model_spend'),
    ]

    operations = [
        migrations.CreateModel(
            name='Sitemap',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('mark', models.BigIntegerField(default=0)),
                ('checked_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='SitemapPart',
            fields=[
                ('number', models.PositiveIntegerField(primary_key=True, serialize=False)),
                ('urls', models.PositiveIntegerField()),
                ('digest', models.CharField(max_length=64)),
                ('changed_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='Feed',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('edition', models.PositiveIntegerField(default=0)),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('jobs', models.PositiveIntegerField(default=0)),
                ('about', models.CharField(blank=True, help_text='Digest of what is not a job.', max_length=64)),
                ('mark', models.BigIntegerField(default=0)),
                ('changed_at', models.DateTimeField(help_text='When the present edition began.', null=True)),
                ('checked_at', models.DateTimeField(help_text='When all jobs were last compared.', null=True)),
                ('channel', models.ForeignKey(help_text='None: our board.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='distribution.channel')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='users.company')),
            ],
        ),
        migrations.CreateModel(
            name='FeedEdition',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('digest', models.CharField(max_length=64)),
                ('jobs', models.PositiveIntegerField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('feed', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='editions', to='distribution.feed')),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='FeedEntry',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('job_id', models.BigIntegerField()),
                ('digest', models.BigIntegerField(help_text='Of all that is told of the job.')),
                ('since', models.PositiveIntegerField()),
                ('until', models.PositiveIntegerField(null=True)),
                ('feed', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='entries', to='distribution.feed')),
            ],
        ),
        migrations.CreateModel(
            name='FeedFetch',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('format', models.CharField(max_length=16)),
                ('edition', models.PositiveIntegerField()),
                ('status', models.PositiveSmallIntegerField(choices=[(200, 'sent'), (304, 'not changed')])),
                ('who', models.CharField(help_text="A board's program, us, or unknown.", max_length=32)),
                ('agent', models.CharField(blank=True, max_length=200)),
                ('address', models.CharField(blank=True, help_text='Keyed digest of the last one.', max_length=32)),
                ('minute', models.DateTimeField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text='When the last of them ended.')),
                ('count', models.PositiveIntegerField(default=1)),
                ('finished', models.PositiveIntegerField(default=0, help_text='How many got all of it.')),
                ('jobs', models.PositiveIntegerField(default=0, help_text='In the longest of them.')),
                ('bytes', models.PositiveBigIntegerField(default=0, help_text='In the longest of them.')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='users.company')),
                ('feed', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='fetches', to='distribution.feed')),
            ],
            options={
                'verbose_name_plural': 'feed fetches',
                'ordering': ['-at'],
            },
        ),
        migrations.AddConstraint(
            model_name='feed',
            constraint=models.UniqueConstraint(fields=('company', 'channel'), name='one_feed_a_listing', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='feededition',
            constraint=models.UniqueConstraint(fields=('feed', 'number'), name='edition_once_a_feed'),
        ),
        migrations.AddIndex(
            model_name='feedentry',
            index=models.Index(fields=['feed', 'job_id'], name='entries_of_a_job'),
        ),
        migrations.AddConstraint(
            model_name='feedentry',
            constraint=models.UniqueConstraint(condition=models.Q(('until', None)), fields=('feed', 'job_id'), name='job_stands_once_in_a_feed'),
        ),
        migrations.AddConstraint(
            model_name='feedentry',
            constraint=models.CheckConstraint(condition=models.Q(('until', None), ('until__gt', models.F('since')), _connector='OR'), name='entry_has_a_span'),
        ),
        migrations.AddIndex(
            model_name='feedfetch',
            index=models.Index(fields=['feed', 'format', '-at'], name='fetches_of_a_feed'),
        ),
        migrations.AddIndex(
            model_name='feedfetch',
            index=models.Index(fields=['company', '-at'], name='fetches_of_a_company'),
        ),
        migrations.AddConstraint(
            model_name='feedfetch',
            constraint=models.UniqueConstraint(fields=('feed', 'format', 'edition', 'status', 'who', 'minute'), name='one_fetch_a_minute_and_program'),
        ),
    ]
