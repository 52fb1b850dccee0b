"""Django's `migrate`, which here renders again only the model that an operation changes.

After each operation Django renders anew every model that is related to the changed one. Ours are
nearly all related: 12,000 times a model was rendered while a database was made, 13 of the 17
seconds of a first start. The statements that are sent need the changed model alone, and of others
the names of their tables and keys, which stay.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import migrate
from django.db.migrations import Migration, operations
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

#: operations whose statements say nothing of other models but their tables' and keys' names
ABOUT_ONE = (
    operations.CreateModel,
    operations.AddField,
    operations.RemoveField,
    operations.AddIndex,
    operations.RemoveIndex,
    operations.AddConstraint,
    operations.RemoveConstraint,
    operations.AlterModelOptions,
    operations.RunSQL,
)


class Executor(MigrationExecutor):
    """Applies migrations, the plain ones without looking at what they do not change."""

    def apply_migration(
        self, state: ProjectState, migration: Migration, *args: Any, **options: Any
    ) -> ProjectState:
        """Apply one migration; one that is not plain finds every model as Django would have it."""
        if not is_plain(migration.operations):
            state.clear_delayed_apps_cache()
            state.apps  # noqa: B018 # renders all
            return super().apply_migration(state, migration, *args, **options)
        with only_what_changes(state):
            return super().apply_migration(state, migration, *args, **options)


def is_plain(steps: Iterable[Operation]) -> bool:
    """Say if each operation is about one model and nothing that others point to."""
    return all(_is_about_one(step) for step in steps)


def _is_about_one(step: Operation) -> bool:
    if isinstance(step, operations.AlterField):  # others may hold keys to a unique field
        return not (step.field.primary_key or step.field.unique)
    return type(step) in ABOUT_ONE


@contextmanager
def only_what_changes(state: ProjectState) -> Iterator[None]:
    """Have a state render again just the model it is told about; the rest counts as delayed."""

    def just_this(app_label: str, model_name: str, *_: Any, **__: Any) -> set[tuple[str, str]]:
        state.is_delayed = True
        return {(app_label, model_name)}

    state.__dict__["_find_reload_model"] = just_this
    try:
        yield
    finally:
        del state.__dict__["_find_reload_model"]


class Command(migrate.Command):
    """`migrate`, with all its options."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate."""
        migrate.MigrationExecutor = Executor  # type: ignore[attr-defined] # no argument takes it
        super().handle(*args, **options)
