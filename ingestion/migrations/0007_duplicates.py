"""Room for what jobs are compared by, pairs of them, what persons said, and clusters."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ingestion', '0006_reprocessing_and_changes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Likeness',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('answer', models.CharField(choices=[('same', 'Same'), ('unsure', 'Unsure'), ('different', 'Different')], max_length=16)),
                ('rule', models.CharField(help_text='exact, url, fuzzy or cosine', max_length=16)),
                ('jaccard', models.FloatField()),
                ('containment', models.FloatField()),
                ('cosine', models.FloatField()),
                ('title', models.FloatField()),
                ('skills', models.FloatField(null=True)),
                ('place', models.CharField(max_length=8)),
                ('rank', models.CharField(max_length=8)),
                ('employer', models.CharField(max_length=8)),
                ('days', models.FloatField(help_text='Between the days both were first seen.')),
                ('same_url', models.BooleanField()),
                ('same_content', models.BooleanField()),
                ('version', models.CharField(help_text='Of the rules that measured it.', max_length=8)),
                ('is_spot_check', models.BooleanField(default=False)),
                ('said', models.CharField(blank=True, choices=[('same', 'Same'), ('unsure', 'Unsure'), ('different', 'Different')], max_length=16)),
                ('said_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'ordering': ['-jaccard', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='LikenessKey',
            fields=[
                ('pk', models.CompositePrimaryKey('key', 'job_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('key', models.BigIntegerField()),
                ('job_id', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='LikenessRule',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('name', models.CharField(choices=[('likeness', 'words, skills, place and rank'), ('cosine', 'cosine of word counts alone')], default='likeness', max_length=16)),
                ('jaccard', models.FloatField(default=0.5)),
                ('containment', models.FloatField(default=0.8)),
                ('skills', models.FloatField(default=0.3)),
                ('cosine', models.FloatField(default=0.95)),
                ('window_days', models.FloatField(default=7)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='LikenessSign',
            fields=[
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='ingestion.job')),
                ('slots', models.BinaryField(max_length=256)),
                ('words', models.PositiveIntegerField(help_text='Word pairs of the text.')),
                ('keys', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), help_text='Its rows of LikenessKey.', size=None)),
                ('version', models.CharField(max_length=8)),
            ],
        ),
        migrations.CreateModel(
            name='LikenessVerdict',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('said', models.CharField(blank=True, help_text='Empty: the word before is void.', max_length=16)),
                ('before', models.CharField(blank=True, max_length=16)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.AddField(
            model_name='job',
            name='is_copy',
            field=models.BooleanField(db_default=False, default=False, help_text='Another job of its cluster is shown.'),
        ),
        migrations.CreateModel(
            name='Cluster',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('canonical', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='ingestion.job')),
            ],
            options={
                'ordering': ['-updated_at', '-pk'],
            },
        ),
        migrations.AddField(
            model_name='job',
            name='cluster',
            field=models.ForeignKey(db_index=False, help_text='The jobs that are this one, told by other postings.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='jobs', to='ingestion.cluster'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('cluster__isnull', False)), fields=['cluster'], name='jobs_of_a_cluster'),
        ),
        migrations.AddField(
            model_name='likeness',
            name='job_a',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='ingestion.job'),
        ),
        migrations.AddField(
            model_name='likeness',
            name='job_b',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='ingestion.job'),
        ),
        migrations.AddField(
            model_name='likeness',
            name='said_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='likenessrule',
            name='created_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='likenessrule',
            name='source',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='ingestion.source'),
        ),
        migrations.AddField(
            model_name='likenessverdict',
            name='actor',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='likenessverdict',
            name='likeness',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='verdicts', to='ingestion.likeness'),
        ),
        migrations.AddIndex(
            model_name='likeness',
            index=models.Index(fields=['job_b', 'job_a'], name='likeness_of_the_newer'),
        ),
        migrations.AddIndex(
            model_name='likeness',
            index=models.Index(condition=models.Q(('said', ''), models.Q(('answer', 'unsure'), models.Q(('answer', 'same'), ('is_spot_check', True)), _connector='OR')), fields=['-jaccard', '-id'], name='likeness_to_review'),
        ),
        migrations.AddIndex(
            model_name='likeness',
            index=models.Index(condition=models.Q(('said', ''), _negated=True), fields=['said'], name='likeness_said'),
        ),
        migrations.AddConstraint(
            model_name='likeness',
            constraint=models.UniqueConstraint(fields=('job_a', 'job_b'), name='a_pair_once'),
        ),
        migrations.AddConstraint(
            model_name='likeness',
            constraint=models.CheckConstraint(condition=models.Q(('job_a__lt', models.F('job_b'))), name='the_older_job_first'),
        ),
        migrations.AddConstraint(
            model_name='likeness',
            constraint=models.CheckConstraint(condition=models.Q(('said', ''), ('said_at__isnull', False), _connector='OR'), name='a_verdict_has_its_time'),
        ),
        migrations.AddConstraint(
            model_name='likenessrule',
            constraint=models.CheckConstraint(condition=models.Q(('containment__range', (0.2, 1)), ('jaccard__range', (0.2, 1)), ('cosine__range', (0.2, 1)), ('skills__range', (0, 1)), ('window_days__range', (0, 365))), name='likeness_bars_are_shares'),
        ),
    ]
