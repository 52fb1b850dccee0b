"""What publishing costs, and when what is on a board ends."""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('distribution', '0007_hooks'),
        ('ingestion', '0019_what_a_pass_is_made_by'),
        ('users', '0004_company_time_zone'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Budget',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('period', models.CharField(choices=[('month', 'each month'), ('total', 'in all')], default='month', max_length=8)),
                ('cap_minor', models.PositiveBigIntegerField(help_text='In hundredths: 50000 is 500.00.', verbose_name='cap')),
                ('currency', models.CharField(default='EUR', max_length=3)),
                ('warn_at', models.PositiveSmallIntegerField(default=80, help_text='Percent of the cap.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='warn at')),
                ('told_for', models.CharField(blank=True, editable=False, max_length=8)),
                ('told_level', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'ordering': ['company', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Charge',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('flat', 'for a posting'), ('credit', 'a credit'), ('click', 'for clicks'), ('apply', 'for applications'), ('refund', 'given back')], max_length=8)),
                ('amount_minor', models.BigIntegerField(help_text='Below zero when it was given back.')),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('credits', models.SmallIntegerField(default=0)),
                ('units', models.PositiveIntegerField(default=1, help_text='Postings, clicks or applications.')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('key', models.CharField(editable=False, max_length=100, unique=True)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.AddField(
            model_name='channel',
            name='at_end',
            field=models.CharField(choices=[('remind', 'remind us'), ('renew', 'renew it'), ('relist', 'list it anew')], db_default='remind', default='remind', max_length=8, verbose_name='when a stay nears its end'),
        ),
        migrations.AddField(
            model_name='channel',
            name='cost_model',
            field=models.CharField(choices=[('none', 'nothing'), ('flat', 'for a posting'), ('per_click', 'for each click'), ('per_apply', 'for each application')], db_default='none', default='none', max_length=10),
        ),
        migrations.AddField(
            model_name='channel',
            name='credits_left',
            field=models.PositiveIntegerField(blank=True, help_text='Postings paid for and not used. Empty: not counted.', null=True),
        ),
        migrations.AddField(
            model_name='channel',
            name='currency',
            field=models.CharField(blank=True, db_default='EUR', default='EUR', max_length=3),
        ),
        migrations.AddField(
            model_name='channel',
            name='price_minor',
            field=models.PositiveBigIntegerField(db_default=0, default=0, help_text='In hundredths: 29900 is 299.00. For a posting; a relisting costs again.', verbose_name='price'),
        ),
        migrations.AddField(
            model_name='channel',
            name='renew_before_days',
            field=models.PositiveSmallIntegerField(db_default=2, default=2, help_text='Days before its end a posting is renewed or relisted.'),
        ),
        migrations.AddField(
            model_name='channel',
            name='renew_most',
            field=models.PositiveSmallIntegerField(db_default=3, default=3, help_text='Times in a row this happens by itself.'),
        ),
        migrations.AddField(
            model_name='channel',
            name='stay_days',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Days the board keeps a posting. Empty: as its kind does.', null=True),
        ),
        migrations.AddField(
            model_name='distribution',
            name='close_asked_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='distribution',
            name='close_reason',
            field=models.CharField(blank=True, db_default='', default='', max_length=200),
        ),
        migrations.AddField(
            model_name='distribution',
            name='expires_at',
            field=models.DateTimeField(blank=True, help_text='When its stay ends.', null=True),
        ),
        migrations.AddField(
            model_name='distribution',
            name='gone_at',
            field=models.DateTimeField(editable=False, help_text='When a look found that the board shows it no more.', null=True),
        ),
        migrations.AddField(
            model_name='distribution',
            name='plan_id',
            field=models.UUIDField(blank=True, editable=False, help_text='The run that planned it with others.', null=True),
        ),
        migrations.AddField(
            model_name='distribution',
            name='relist_asked_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='distribution',
            name='relisted_from',
            field=models.OneToOneField(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='relisted_as', to='distribution.distribution'),
        ),
        migrations.AddField(
            model_name='distribution',
            name='relists',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, help_text='Times in a row it was listed anew.'),
        ),
        migrations.AddField(
            model_name='distribution',
            name='reminded_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='distribution',
            name='renewals',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, help_text='Times it was renewed by itself.'),
        ),
        migrations.AddField(
            model_name='distribution',
            name='still_there_at',
            field=models.DateTimeField(editable=False, help_text='When the board was seen to show it after its end.', null=True),
        ),
        migrations.AddIndex(
            model_name='distribution',
            index=models.Index(condition=models.Q(('expires_at__isnull', False), ('status', 'published')), fields=['company', 'expires_at'], name='stays'),
        ),
        migrations.AddIndex(
            model_name='distribution',
            index=models.Index(condition=models.Q(('still_there_at', None), _negated=True), fields=['still_there_at'], name='leftovers'),
        ),
        migrations.AddIndex(
            model_name='distribution',
            index=models.Index(condition=models.Q(('plan_id', None), _negated=True), fields=['plan_id'], name='of_a_plan'),
        ),
        migrations.AddConstraint(
            model_name='channel',
            constraint=models.CheckConstraint(condition=models.Q(('cost_model__in', ['none', 'flat', 'per_click', 'per_apply'])), name='known_cost_model'),
        ),
        migrations.AddConstraint(
            model_name='channel',
            constraint=models.CheckConstraint(condition=models.Q(('at_end__in', ['remind', 'renew', 'relist'])), name='known_end_of_stay'),
        ),
        migrations.AddField(
            model_name='budget',
            name='channel',
            field=models.ForeignKey(blank=True, help_text='Empty: all channels together.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='distribution.channel'),
        ),
        migrations.AddField(
            model_name='budget',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='users.company'),
        ),
        migrations.AddField(
            model_name='budget',
            name='user',
            field=models.ForeignKey(blank=True, help_text='Empty: whoever publishes.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='recruiter'),
        ),
        migrations.AddField(
            model_name='charge',
            name='actor',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='charge',
            name='channel',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='distribution.channel'),
        ),
        migrations.AddField(
            model_name='charge',
            name='company',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='users.company'),
        ),
        migrations.AddField(
            model_name='charge',
            name='distribution',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='charges', to='distribution.distribution'),
        ),
        migrations.AddConstraint(
            model_name='budget',
            constraint=models.UniqueConstraint(fields=('company', 'channel', 'user', 'period', 'currency'), name='one_budget_a_purpose', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='budget',
            constraint=models.CheckConstraint(condition=models.Q(('warn_at__gte', 1), ('warn_at__lte', 100)), name='warns_within_its_cap'),
        ),
        migrations.AddIndex(
            model_name='charge',
            index=models.Index(fields=['company', 'currency', 'at'], name='distributio_company_906308_idx'),
        ),
        migrations.AddIndex(
            model_name='charge',
            index=models.Index(fields=['channel', 'at'], name='distributio_channel_a6e0c5_idx'),
        ),
        migrations.AddConstraint(
            model_name='charge',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount_minor__lte', 0), ('credits__lte', 0), ('kind', 'refund')), models.Q(models.Q(('kind', 'refund'), _negated=True), ('amount_minor__gte', 0), ('credits__gte', 0)), _connector='OR'), name='only_refunds_give_back'),
        ),
    ]
