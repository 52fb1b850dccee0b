"""Normalisers: other processes make of items what this one would, and none outlives its parent."""

import io
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from ingestion.actions.collections import Arrival, source_named, store_collection
from ingestion.actions.processing import helpers_for
from ingestion.clients.normalisers import MODULE, Normalisers
from ingestion.errors import FileRefused
from ingestion.rules.occupations import normal_form
from ingestion.rules.posting import RawPosting, RowProblem
from ingestion.rules.readers import Shape, read
from ingestion.rules.rows import Means, columns_of
from ingestion.rules.skills_facts import skill_facts
from ingestion.rules.taxonomies import Entry
from ingestion.rules.transformers import CURRENT
from ingestion.rules.vocabulary import OURS, vocabulary_of
from jobly.runs.actions.execution import drain

SECONDS = 20


@dataclass
class Batch:
    items: list[RawPosting]


MEANS = Means(
    transformer=CURRENT,
    collected_at=datetime(2026, 11, 2, 9, tzinfo=UTC),
    employer="Harbour Works",
    adapter="file",
    request={},
    words=OURS,
)


def batches(count, size=40):
    for number in range(count):
        yield Batch([item(number * size + one + 1) for one in range(size)])


def item(row):
    return RawPosting(
        row,
        {"n": row},
        external_id=f"R{row}",
        title="" if row % 7 == 0 else f"Welder {row}",
        location="Oslo, Norway",
        description="<p>Three years of <b>Python</b> and PostgreSQL.</p>",
        salary="40.000 – 50.000 EUR" if row % 2 else "a lot",
        posted_at="3 days ago",
    )


def plain(made):
    """Return what was made, errors without the items that their rows hold."""
    return [
        (one.row, one.field, one.code, one.message) if isinstance(one, RowProblem) else one
        for one in made
    ]


def expected(batch):
    return plain([columns_of(one, MEANS) for one in batch.items])


def until_ready(normalisers, count):
    end = time.monotonic() + SECONDS
    while len(normalisers.idle) < count:
        assert time.monotonic() < end, "no helper got ready"
        normalisers._look_who_is_ready()
        time.sleep(0.02)


@pytest.mark.parametrize("helpers", [0, 1, 3])
def test_batches_come_back_in_order_as_one_process_makes_them(helpers):
    with Normalisers(MEANS, helpers) as normalisers:
        until_ready(normalisers, helpers)
        found = list(normalisers.each(batches(9)))
        assert len(normalisers.idle) == helpers
    assert [batch.items[0].row for batch, _ in found] == [1 + 40 * n for n in range(9)]
    for batch, made in found:
        assert plain(made) == expected(batch)
    assert any(isinstance(one, RowProblem) for _, made in found for one in made)


def test_what_nobody_is_ready_for_is_made_here():
    with Normalisers(MEANS, 1) as normalisers:
        os.kill(normalisers.all[0].child.pid, signal.SIGSTOP)
        assert [plain(made) for _, made in normalisers.each(batches(3))] == [
            expected(batch) for batch in batches(3)
        ]


def test_a_helper_that_dies_loses_nothing():
    with Normalisers(MEANS, 2) as normalisers:
        until_ready(normalisers, 2)
        found = []
        for batch, made in normalisers.each(batches(8)):
            if not found:
                for helper in normalisers.all:
                    helper.child.kill()
            found.append((batch, made))
    assert [plain(made) for _, made in found] == [expected(batch) for batch in batches(8)]


def test_a_refusal_comes_after_the_batches_before_it():
    def refusing():
        yield from batches(3)
        raise FileRefused("broken", "The file ends in the middle.")

    seen = []
    with Normalisers(MEANS, 2) as normalisers:
        until_ready(normalisers, 2)
        with pytest.raises(FileRefused):
            seen.extend(batch.items[0].row for batch, _ in normalisers.each(refusing()))
    assert seen == [1, 41, 81]


def test_no_helper_outlives_its_block():
    with Normalisers(MEANS, 2) as normalisers:
        pids = [helper.child.pid for helper in normalisers.all]
    assert not any(is_alive(pid) for pid in pids)


def test_no_helper_outlives_a_parent_that_is_killed():
    program = (
        "import time\n"
        "from datetime import datetime\n"
        "from ingestion.clients.normalisers import Normalisers\n"
        "from ingestion.rules.rows import Means\n"
        "from ingestion.rules.vocabulary import OURS\n"
        "team = Normalisers(Means('v2', datetime.now(), '', 'file', {}, OURS), 2)\n"
        "print(*(helper.child.pid for helper in team.all), flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        # a child that has just begun has no command line for a moment
        until(lambda: all(is_alive(pid) for pid in pids))
        parent.kill()
    until(lambda: not any(is_alive(pid) for pid in pids))


def until(condition):
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_alive(pid):
    """Whether it runs; of one that is dead and not waited for no command is left."""
    try:
        return MODULE.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def travelled(words):
    return pickle.loads(pickle.dumps(words))  # noqa: S301 # our own


def test_an_imported_vocabulary_travels():
    known = vocabulary_of(
        [Entry("s1", "Zymurgical blending", ("yeast blending",))],
        [Entry("o1", "zymurgist", ("brewing yeast keeper",))],
    )
    came = travelled(known)

    assert travelled(OURS) is OURS
    assert came.skills.by_key == known.skills.by_key
    assert dict(came.occupations) == dict(known.occupations)
    text = "Zymurgical blending and Python, each day."
    named = [fact.name for fact in skill_facts((), "", text, came.skills)]
    assert named == [fact.name for fact in skill_facts((), "", text, known.skills)]
    assert "Zymurgical blending" in named
    title = "Brewing yeast keeper"
    assert normal_form(title, came.occupations) == normal_form(title, known.occupations)


@pytest.mark.django_db
def test_a_large_file_has_the_rows_of_its_items_one_by_one():
    padding = "Weld pipes of ships. " * 290
    text = "Reference,Job Title,Company,Location,Description\n" + "".join(
        f'R{n},{"" if n % 9 == 0 else "Welder"},Harbour Works,"Oslo, Norway",{n}: {padding}\n'
        for n in range(1, 1_701)
    )
    assert helpers_for(len(text)) > 0
    collection = store_collection(
        source_named("large"), Arrival(io.BytesIO(text.encode()), "jobs.csv", {}), actor=None
    )
    drain(limit=1)  # and do not load it

    made = collection.processings.get()
    assert (made.raw, made.failed) == (1700, 188)
    adapter = collection.source.adapter
    how = replace(MEANS, collected_at=collection.collected_at, adapter=adapter)
    rows = made.items.order_by("row").values_list(
        "row", "external_id", "url_key", "content_key", "content_hash", "data", "error_code", "raw"
    )
    with collection.artifact.open() as stream:
        for came, row in zip(read(stream, Shape(**collection.shape)), rows, strict=True):
            assert isinstance(came, RawPosting)
            one = columns_of(came, how)
            if isinstance(one, RowProblem):
                assert row == (came.row, "", "", "", "", None, one.code, came.raw)
            else:
                assert row == (came.row, *one[:4], orjson.loads(one[4]), "", None)
