"""`manage.py replay` does a run again where it is called, workers or no workers."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.actions.kinds import run
from jobly.runs.models import Run

pytestmark = pytest.mark.django_db


@run("proof.parent", stepwise=True, waits=True, retry="never")
def parent(progress, *, parts: int, good: bool = True) -> None:
    if not good:
        raise ValueError(parts)
    for number in range(parts):
        progress.start("proof.part", {"n": number})


@run("proof.part")
def part(*, n: int) -> None:
    pass


def failed(**args):
    with transaction():
        one = start("proof.parent", {"parts": 2, "good": False} | args, actor=None, key="k")
    drain()
    return one


def replay(*arguments):
    output = StringIO()
    call_command("replay", *map(str, arguments), "--json", stdout=output)
    return json.loads(output.getvalue())


def test_a_run_is_done_again_with_other_arguments_to_the_end_of_its_parts():
    one = failed()
    told = replay(one.pk, "--args", '{"parts": 3}')
    assert (told["status"], told["replay_of"], told["done"]) == ("succeeded", str(one.pk), 3)
    again = Run.objects.get(pk=told["run"])
    assert (again.args, again.idempotency_key) == ({"parts": 3}, "k")
    assert Run.objects.filter(parent=again, status="succeeded").count() == 3


def test_a_dry_run_says_what_would_be_and_changes_nothing():
    one = failed()
    told = replay(one.pk, "--dry-run", "--args", '{"parts": 1}')
    assert (told["dry_run"], told["run"], told["args"]) == (True, None, {"parts": 1})
    assert (told["kind"], told["queue"], told["replay_of"]) == (
        "proof.parent", "default", str(one.pk),
    )  # fmt: skip
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--args", '{"wrong": 1}'], "missing a required argument"),
        ([], "The repetition"),
    ],
)
def test_what_is_refused_or_fails_again_ends_with_one_line_and_one(capsys, arguments, said):
    one = failed()
    with pytest.raises(SystemExit) as left:
        replay(one.pk, *arguments)
    assert left.value.code == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if said in line]
    assert len(lines) == 1


def test_a_run_that_succeeded_is_left_alone(capsys):
    with transaction():
        one = start("proof.part", {"n": 1}, actor=None)
    drain()
    for options in ([], ["--dry-run"]):
        with pytest.raises(SystemExit):
            replay(one.pk, *options)
    assert capsys.readouterr().err.count("This run has succeeded; nothing was started.") == 2


def test_wrong_usage_is_told_apart():
    with pytest.raises(CommandError, match="not JSON"):
        replay("01a201e0-3ba4-703b-ad58-3fd4389bba56", "--args", "{")
    with pytest.raises(CommandError, match="in braces"):
        replay("01a201e0-3ba4-703b-ad58-3fd4389bba56", "--args", "[1]")
    with pytest.raises(SystemExit):
        replay("01a201e0-3ba4-703b-ad58-3fd4389bba56")
