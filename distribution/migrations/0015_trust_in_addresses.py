"""Trust only those addresses of which the log of the admin says that an operator gave them.

Rows of before `address_trusted` count as an operator's, whoever entered them. Where nothing says
who did, an address is called at public places only, until an operator saves it again.
"""

import json
from typing import Any

from django.db import migrations

ADDED, CHANGED = 1, 2  # what the log calls them
WHERE = {"address", "base url", "options"}  # what the form calls the fields that say where calls go


def distrust(apps: Any, schema_editor: Any) -> None:
    """Take trust away from channels with an address of nobody knows whom."""
    channels = apps.get_model("distribution", "Channel")
    for row in channels.objects.filter(address_trusted=True, rehearsal=None).iterator():
        if _is_foreign(row) and not _by_operator(apps, row):
            channels.objects.filter(pk=row.pk).update(address_trusted=False)


def _is_foreign(row: Any) -> bool:
    """Whether it calls more than its kind's own addresses and the practice boards."""
    from distribution.rules.channels import DEFAULTS, addresses_of

    usual = DEFAULTS[row.kind]
    own = addresses_of(usual.base_url, usual.options)
    return bool(addresses_of(row.base_url, row.options) - own)


def _by_operator(apps: Any, row: Any) -> bool:
    """Whether the last person who is known to have said where it calls was an operator."""
    log = apps.get_model("admin", "LogEntry").objects.filter(
        content_type__app_label="distribution",
        content_type__model="channel",
        object_id=str(row.pk),
        action_flag__in=[ADDED, CHANGED],
    )
    told = [one for one in log.select_related("user").order_by("action_time", "pk") if _says(one)]
    return bool(told) and (told[-1].user.is_staff or told[-1].user.is_superuser)


def _says(entry: Any) -> bool:
    """Whether an entry is about where a channel calls; one that cannot be read may be."""
    if entry.action_flag == ADDED:
        return True
    try:
        parts = json.loads(entry.change_message)
        fields = {name.lower() for part in parts for name in part.get("changed", {})["fields"]}
    except (ValueError, TypeError, KeyError, AttributeError):
        return True
    return bool(fields & WHERE)


class Migration(migrations.Migration):
    dependencies = [
        ("distribution", "0014_gaps"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(distrust, migrations.RunPython.noop)]
