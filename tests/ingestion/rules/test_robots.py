"""robots.txt: what each answer allows, which group holds, what wildcards mean."""

from datetime import timedelta

import pytest

from ingestion.rules.robots import LONGEST_DELAY, MOST_BYTES, Robots, State, state_of, text_of

AGENT = "JoblyBot"
SITE = "https://boats.example"


def rules(text):
    return Robots(State.RULES, text)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (200, State.RULES),
        (204, State.RULES),
        (301, State.CLOSED),  # what is left after too many redirects
        (401, State.OPEN),
        (403, State.OPEN),
        (404, State.OPEN),
        (410, State.OPEN),
        (500, State.CLOSED),
        (503, State.CLOSED),
        (None, State.CLOSED),
    ],
)
def test_what_each_status_means(status, state):
    assert state_of(status) is state


def test_no_file_allows_everything_and_an_unreachable_site_nothing():
    assert Robots(State.OPEN).allows(f"{SITE}/jobs", AGENT)
    assert not Robots(State.CLOSED).allows(f"{SITE}/jobs", AGENT)


OWN_GROUP = "User-agent: *\nDisallow: /\n\nUser-agent: joblybot\nDisallow: /private/\n"
WILD = (
    "User-agent: *\nDisallow: /*?sort=\nDisallow: /*.pdf$\n"
    "Allow: /jobs/*/open\nDisallow: /jobs/old\n"
)


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        (OWN_GROUP, "/jobs", True),  # our own group holds, whatever all others are told
        (OWN_GROUP, "/private/jobs", False),
        ("User-agent: JoblyBotNews\nDisallow: /\n", "/jobs", True),  # somebody else's name
        ("User-agent: bot\nDisallow: /\n", "/jobs", True),
        ("User-agent: *\nDisallow: /jobs\nAllow: /jobs/open\n", "/jobs/open/1", True),
        ("User-agent: *\nDisallow: /jobs\nAllow: /jobs/open\n", "/jobs/shut", False),
        ("User-agent: a\nUser-agent: JoblyBot\nDisallow: /x\n", "/x", False),
        ("User-agent: *\nDisallow:\n", "/jobs", True),
        ("Disallow: /\n", "/jobs", True),  # a rule of nobody's
        (WILD, "/jobs?sort=new", False),
        (WILD, "/files/job.pdf", False),
        (WILD, "/files/job.pdf?page=2", True),
        (WILD, "/jobs/old/open", True),
        ("\ufeffUser-agent: *\r\nDisallow: /jobs # not yet\r\n", "/jobs", False),
        ("<html>not a robots file</html>", "/jobs", True),
    ],
)
def test_the_most_particular_group_and_rule_hold(text, path, allowed):
    assert rules(text_of(text.encode())).allows(SITE + path, AGENT) is allowed


def test_rules_behind_500_kib_hold_and_a_cut_line_is_no_rule():
    filler = b"# " + b"x" * 97 + b"\n"
    before = filler * (500 * 1024 // len(filler))
    body = b"User-agent: *\n" + before + b"Disallow: /late\n"
    assert not rules(text_of(body)).allows(f"{SITE}/late", AGENT)

    long = b"User-agent: *\nDisallow: /early\n" + b"Disallow: /" + b"y" * MOST_BYTES
    kept = text_of(long)
    assert len(kept) < MOST_BYTES
    assert kept.endswith("/early\n")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("Crawl-delay: 7", 7),
        ("Crawl-delay: 0.5", 0.5),
        ("Request-rate: 1/20", 20),
        ("Crawl-delay: -3", 0),
        ("Crawl-delay: soon", 0),
        ("Crawl-delay: nan", 0),
        ("Crawl-delay: 99999999", LONGEST_DELAY.total_seconds()),
    ],
)
def test_the_pause_a_site_asks_for(said, seconds):
    text = f"User-agent: *\n{said}\nDisallow: /x\n"
    assert rules(text).gap(AGENT) == timedelta(seconds=seconds)
    assert Robots(State.OPEN, text).gap(AGENT) == timedelta()
