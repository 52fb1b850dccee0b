"""Which migrations may leave models alone that they do not change."""

import pytest
from django.db import models
from django.db.migrations import operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState

from jobly.management.commands.migrate import is_plain, only_what_changes

NAME = operations.AddField("job", "name", models.TextField())


@pytest.mark.parametrize(
    ("step", "plain"),
    [
        (operations.AlterField("job", "name", models.CharField(max_length=9)), True),
        (operations.AlterField("job", "name", models.CharField(max_length=9, unique=True)), False),
        (operations.AlterField("job", "id", models.BigAutoField(primary_key=True)), False),
        (operations.RunSQL("SELECT 1"), True),
        (operations.RunPython(lambda apps, editor: None), False),
        (operations.RenameModel("Job", "Posting"), False),
        (operations.RenameField("job", "id", "number"), False),
        (operations.AlterModelTable("job", "posting"), False),
        (operations.DeleteModel("job"), False),
    ],
    ids=lambda value: getattr(value, "description", None) or type(value).__name__,
)
def test_what_others_may_point_to_is_not_plain(step, plain):
    assert is_plain([NAME, step]) is plain


def test_most_of_our_migrations_are_plain():
    ours = MigrationLoader(None).disk_migrations.values()

    assert sum(is_plain(migration.operations) for migration in ours) > 0.8 * len(ours)


def test_only_the_changed_model_is_rendered_and_all_are_where_they_are_asked_for():
    state = ProjectState()
    key = ("id", models.BigAutoField(primary_key=True))
    state.add_model(ModelState("runs", "Job", [key]))
    job = models.ForeignKey("runs.Job", models.CASCADE)
    state.add_model(ModelState("runs", "Note", [key, ("job", job)]))
    before = state.apps.get_model("runs", "note")
    with only_what_changes(state):
        NAME.state_forwards("runs", state)

    assert state.apps.get_model("runs", "note") is before
    assert state.apps.get_model("runs", "job")._meta.get_field("name")
    state.clear_delayed_apps_cache()
    assert state.apps.get_model("runs", "note").job.field.related_model._meta.get_field("name")
    NAME.state_forwards("runs", state)  # and from here on as Django does it
    assert "_find_reload_model" not in vars(state)
