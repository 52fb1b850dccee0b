"""How work is called in front of people."""

import inspect

from django import template

from jobly.runs.actions.kinds import find_kind

register = template.Library()
FOREGROUND = {  # work of commands, which has no body in tasks
    "ingestion.import": "Import a file",
    "ingestion.process_all": "Process what waits",
    "ingestion.load_all": "Load what waits",
    "demo.load": "Load the demo",
    "crypto.rotate_keys": "Rotate the encryption keys",
}


@register.filter
def work_title(kind: str) -> str:
    """Say in a few words what runs of a kind do: the first line of their body's docstring."""
    known = find_kind(kind)
    doc = inspect.getdoc(known.body) if known else ""
    return FOREGROUND.get(kind) or (doc or kind).partition("\n")[0].rstrip(".")
