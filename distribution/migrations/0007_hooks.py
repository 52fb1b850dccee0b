"""What boards tell us, whom we tell what, and counters with source and time."""

import django.db.models.deletion
import django.db.models.functions.datetime
import jobly.crypto
import uuid_utils.compat
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("distribution", "0006_before"),
        ('users', '0003_model_spend'),
    ]

    operations = [
        migrations.CreateModel(
            name='HookKey',
            fields=[
                ('channel', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='hook_key', serialize=False, to='distribution.channel')),
                ('scheme', models.CharField(choices=[('standard', 'Standard Webhooks'), ('indeed', 'Indeed Apply (X-Indeed-Signature)')], default='standard', max_length=16)),
                ('secret', jobly.crypto.EncryptedJSONField(default=dict, editable=False)),
                ('before', jobly.crypto.EncryptedJSONField(editable=False, null=True)),
                ('before_until', models.DateTimeField(editable=False, null=True)),
                ('changed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='HookEndpoint',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('url', models.URLField(max_length=500)),
                ('description', models.CharField(blank=True, max_length=200)),
                ('events', models.JSONField(blank=True, default=list, help_text='Empty = all.')),
                ('secret', jobly.crypto.EncryptedJSONField(default=dict, editable=False)),
                ('before', jobly.crypto.EncryptedJSONField(editable=False, null=True)),
                ('before_until', models.DateTimeField(editable=False, null=True)),
                ('enabled', models.BooleanField(default=True)),
                ('disabled_reason', models.CharField(blank=True, editable=False, max_length=300)),
                ('disabled_at', models.DateTimeField(editable=False, null=True)),
                ('failing_since', models.DateTimeField(editable=False, null=True)),
                ('timeouts', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('resting_until', models.DateTimeField(editable=False, null=True)),
                ('cursor', models.BigIntegerField(default=0, editable=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='users.company')),
            ],
            options={
                'ordering': ['company', '-id'],
            },
        ),
        migrations.CreateModel(
            name='HookDelivery',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('event_id', models.CharField(help_text='The same at every try and endpoint.', max_length=100)),
                ('type', models.CharField(max_length=100)),
                ('body', models.TextField(help_text='The very text that is signed and sent.')),
                ('state', models.CharField(choices=[('pending', 'on its way'), ('delivered', 'delivered'), ('dead', 'given up')], default='pending', max_length=16)),
                ('why', models.CharField(blank=True, max_length=300)),
                ('tries', models.PositiveSmallIntegerField(default=0, help_text='Of the present round.')),
                ('next_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='distribution.hookendpoint')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='HookTry',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('sent_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('ended_at', models.DateTimeField(null=True)),
                ('http_status', models.PositiveSmallIntegerField(null=True)),
                ('answer', models.TextField(blank=True, help_text='How the answer begins.')),
                ('error', models.CharField(blank=True, max_length=300)),
                ('ms', models.PositiveIntegerField(help_text='How long it took.', null=True)),
                ('delivery', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='distribution.hookdelivery')),
            ],
            options={
                'ordering': ['delivery', 'number'],
            },
        ),
        migrations.CreateModel(
            name='InboundHook',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('event_id', models.CharField(max_length=256)),
                ('type', models.CharField(blank=True, max_length=100)),
                ('topic', models.CharField(choices=[('status', 'Status'), ('metrics', 'Metrics'), ('applicant', 'Applicant'), ('other', 'Other')], default='other', max_length=16)),
                ('state', models.CharField(choices=[('received', 'received'), ('applied', 'applied'), ('parked', 'waiting for its time'), ('ignored', 'kept, nothing to do'), ('failed', 'could not be applied')], default='received', max_length=16)),
                ('why', models.CharField(blank=True, max_length=500)),
                ('body', models.BinaryField()),
                ('headers', models.JSONField(default=dict)),
                ('signed_at', models.DateTimeField(help_text='What the signature says.', null=True)),
                ('received_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('settled_at', models.DateTimeField(help_text='When it came to rest.', null=True)),
                ('repeats', models.PositiveIntegerField(default=0, help_text='How often the id came again.')),
                ('version', models.BigIntegerField(help_text='Grows with each event of a posting.', null=True)),
                ('channel', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='distribution.channel')),
                ('distribution', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='distribution.distribution')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Reading',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('source', models.CharField(choices=[('board', 'asked of the board'), ('webhook', 'told by the board'), ('person', 'entered by a person'), ('api', 'sent by a program')], max_length=8)),
                ('at', models.DateTimeField(help_text='When the counters stood so, as the source says.')),
                ('views', models.PositiveIntegerField(null=True)),
                ('clicks', models.PositiveIntegerField(null=True)),
                ('applications', models.PositiveIntegerField(null=True)),
                ('fell', models.BooleanField(default=False, help_text='A counter is lower than it was.')),
                ('late', models.BooleanField(default=False, help_text='A newer one of the source was there.')),
                ('noted_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('distribution', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='readings', to='distribution.distribution')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.AddIndex(
            model_name='hookendpoint',
            index=models.Index(condition=models.Q(('enabled', True)), fields=['company'], name='endpoints_to_tell'),
        ),
        migrations.AddConstraint(
            model_name='hookendpoint',
            constraint=models.UniqueConstraint(fields=('company', 'url'), name='endpoint_once_a_company'),
        ),
        migrations.AddIndex(
            model_name='hookdelivery',
            index=models.Index(fields=['endpoint', '-id'], name='deliveries_of_endpoint'),
        ),
        migrations.AddIndex(
            model_name='hookdelivery',
            index=models.Index(condition=models.Q(('state', 'pending')), fields=['next_at'], name='deliveries_to_make'),
        ),
        migrations.AddIndex(
            model_name='hookdelivery',
            index=models.Index(fields=['ended_at'], name='old_deliveries'),
        ),
        migrations.AddConstraint(
            model_name='hookdelivery',
            constraint=models.UniqueConstraint(fields=('endpoint', 'event_id'), name='told_once_an_endpoint'),
        ),
        migrations.AddConstraint(
            model_name='hookdelivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('next_at__isnull', False), ('state', 'pending')), models.Q(('ended_at__isnull', False), ('next_at', None), ('state__in', ['delivered', 'dead'])), _connector='OR'), name='delivery_ends_once'),
        ),
        migrations.AddConstraint(
            model_name='hooktry',
            constraint=models.UniqueConstraint(fields=('delivery', 'number'), name='tries_in_order'),
        ),
        migrations.AddIndex(
            model_name='inboundhook',
            index=models.Index(fields=['channel', '-id'], name='hooks_of_a_channel'),
        ),
        migrations.AddIndex(
            model_name='inboundhook',
            index=models.Index(fields=['distribution', 'topic', '-version'], name='newest_hook'),
        ),
        migrations.AddIndex(
            model_name='inboundhook',
            index=models.Index(fields=['received_at'], name='old_hooks'),
        ),
        migrations.AddIndex(
            model_name='inboundhook',
            index=models.Index(condition=models.Q(('state__in', ['received', 'parked'])), fields=['received_at'], name='hooks_to_apply'),
        ),
        migrations.AddConstraint(
            model_name='inboundhook',
            constraint=models.UniqueConstraint(fields=('channel', 'event_id'), name='hook_once_a_channel'),
        ),
        migrations.AddIndex(
            model_name='reading',
            index=models.Index(fields=['distribution', 'source', '-at'], name='newest_reading'),
        ),
        migrations.AddConstraint(
            model_name='reading',
            constraint=models.CheckConstraint(condition=models.Q(('views__isnull', False), ('clicks__isnull', False), ('applications__isnull', False), _connector='OR'), name='reading_says_something'),
        ),
    ]
