"""Give every publication what its links are known by; those that are there get one each."""

from django.db import migrations, models

import distribution.models.distributions


class Migration(migrations.Migration):
    dependencies = [("distribution", "0001_distributions")]

    operations = [
        migrations.AddField(
            model_name="distribution",
            name="token",
            field=models.CharField(editable=False, max_length=32, null=True),
        ),
        migrations.RunSQL(
            "UPDATE distribution_distribution SET token = replace(gen_random_uuid()::text, '-', '')",
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name="distribution",
            name="token",
            field=models.CharField(
                default=distribution.models.distributions.new_token,
                editable=False,
                help_text="In the links of this publication; tells where an applicant came from.",
                max_length=32,
                unique=True,
            ),
        ),
    ]
