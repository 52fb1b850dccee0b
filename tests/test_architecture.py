"""What import contracts cannot see: who writes, who starts work, what is hidden, how long it is."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import ForeignKey

ROOT = Path(__file__).parent.parent
APPS = ("ingestion", "distribution", "matching", "analytics", "notifications")
TENANT_FLOOR = ("jobly/runs", "jobly/users", "jobly/artifacts")
WRITES = {"save", "create", "get_or_create", "update_or_create", "bulk_create", "bulk_update"}
ROW_WRITES = {"update", "delete"}  # of a QuerySet; a dict has an update too
ROOTS = ("jobly", *APPS)
SOURCES = [
    path
    for app in ROOTS
    for path in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in path.parts
]
OURS = [p for p in SOURCES if str(p.relative_to(ROOT)).startswith((*APPS, *TENANT_FLOOR))]


def name_of(path):
    return str(path.relative_to(ROOT))


def calls_of(path):
    tree = ast.parse(path.read_text())
    moves = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        # a model's one write is its compare-and-set; people are made by Django's own commands
        and function.name in {"move", "create_user", "create_superuser"}
        for node in ast.walk(function)
    }
    return [n for n in ast.walk(tree) if isinstance(n, ast.Call) and id(n) not in moves]


def is_row_write(call):
    attribute = call.func
    if not isinstance(attribute, ast.Attribute):
        return False
    if attribute.attr in WRITES:
        return True
    receiver = ast.unparse(attribute.value)
    is_rows = re.search(r"\bobjects\b|\.filter\(|\.exclude\(|queryset\b", receiver)
    return attribute.attr in ROW_WRITES and bool(is_rows)


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_only_actions_write_rows(path):
    if path.stem == "actions" or "actions" in path.parts:
        return
    found = [f"{c.lineno}: {ast.unparse(c)[:80]}" for c in calls_of(path) if is_row_write(c)]
    assert not found


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_the_run_ledger_talks_to_celery(path):
    # the bench measures plain Celery beside us
    if "runs" in path.parts or "bench" in path.parts or path.name == "celery.py":
        return
    text = path.read_text()
    assert not [w for w in (".delay(", ".apply_async(", "send_task(") if w in text]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nothing_leaves_retries_or_delays_to_the_broker(path):
    words = ("countdown=", "eta=", "self.retry(", "acks_late=True", "rate_limit=")
    assert not [word for word in words if word in path.read_text()]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_model_is_reached_past_the_import_contracts(path):
    assert "get_model(" not in path.read_text()


def test_foreign_keys_across_apps_leave_no_reverse_accessor():
    shown = [
        str(field)
        for model in apps.get_models()
        for field in model._meta.fields
        if isinstance(field, ForeignKey)
        and model.__module__.split(".")[0] in ROOTS
        and _app(field.remote_field.model) != _app(model)
        and not field.remote_field.hidden
    ]
    assert not shown


def _app(model):
    return model._meta.app_label


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_file_over_400_lines_and_no_function_over_50(path):
    source = path.read_text()
    assert source.count("\n") <= 400
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 50, node.name


def test_an_entry_point_takes_its_own_actions_only():
    # a run kind is five lines: the task names an action, the action does the work
    for path in OURS:
        if path.stem != "tasks":
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                body = [n for n in node.body if not isinstance(n, ast.Expr) or ast.unparse(n)]
                assert len(body) <= 6, f"{name_of(path)}: {node.name}"
