"""Kill -9 of anything at any moment, drawn by a seed (row 2)."""

import time

import pytest

from tests.real.checks import gather, i3_each_file_is_taken_once, violations
from tests.real.load import Oracle, Recruiter
from tests.real.nemesis import Nemesis
from tests.real.watching import (
    followers,
    i13_strangers_saw_nothing,
    i14_no_secret_is_told,
    i15_all_is_bounded,
    what_clients_saw,
)
from tests.real.world import ALL_CHANNELS

pytestmark = [pytest.mark.faults, pytest.mark.row(2)]
PAUSE = (1.5, 3.0)


class Victims:
    """The programs of a world, each of which may be killed and is started again at once."""

    def __init__(self, world, draw, names):
        self.world, self.draw, self.forgotten = world, draw, []
        start = {"live": world.start_live, "web": world.start_web}
        self.running = {name: start.get(name, world.start_worker)(name) for name in names}
        self.workers = sorted(self.running.keys() - start.keys())

    def replace(self, name):
        self.running[name] = self.running[name].replace()

    def pool_process(self):
        """Kill one process of a pool, whose worker then makes another."""
        name = self.draw.choice(self.workers)
        if children := self.running[name].children():
            self.world.end_process(self.draw.choice(children))

    def broker(self):
        self.world.kill_valkey()
        self.world.restart_valkey()
        self.forgotten.append(self.world.value("SELECT clock_timestamp()"))

    def deeds(self):
        kills = {name: lambda name=name: self.replace(name) for name in self.running}
        return {**kills, "pool": self.pool_process, "broker": self.broker}


@pytest.mark.story
@pytest.mark.parametrize(
    ("seconds", "names"),
    [
        pytest.param(5, ("one", "web"), marks=pytest.mark.quick, id="5 s"),
        pytest.param(60, ("one", "two", "live", "web"), id="60 s"),
    ],
)
def test_whatever_is_killed_whenever_nothing_is_lost_or_doubled(seconds, names, world, draw):
    victims = Victims(world, draw, names)
    oracle, recruiter = Oracle(world), Recruiter(world, pause=0.7)
    clients = followers(world) if "live" in names else []
    oracle.start()
    recruiter.start()
    nemesis = Nemesis(world, draw, victims.deeds())
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        nemesis.rage(min(8, seconds), PAUSE)
        ids = [row["id"] for row in world.query("SELECT id FROM ingestion_job ORDER BY id LIMIT 6")]
        world.act("apply", channels=ALL_CHANNELS, job_ids=ids)
    world.until_answers()
    history = recruiter.finish()
    world.until_rest(120, mending=True)

    found = gather(world)
    found.forgotten = victims.forgotten
    assert violations(found) == []
    assert i3_each_file_is_taken_once(found, history) == []
    assert what_clients_saw(found, world, clients) == []
    assert i13_strangers_saw_nothing(oracle) == []
    assert i14_no_secret_is_told(world) == []
    assert i15_all_is_bounded(world) == []
    assert [sent.outcome for sent in history].count("ok") == len(history)
