"""Settings from the environment: types, unsafe combinations, and the page that lists them."""

from pathlib import Path

import pytest

from jobly.environment import SETTINGS_TABLE, as_markdown, env

DOCS = Path(__file__).parent.parent / "docs" / "configuration.md"


def test_the_page_of_settings_is_the_table_of_settings():
    assert as_markdown() in DOCS.read_text()


def test_without_an_environment_everything_has_its_default():
    values, problems = env({})
    assert problems == []
    assert {s.name for s in SETTINGS_TABLE} == values.keys()


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"PORT": "eighty"}, "PORT: expected a whole number"),
        ({"PORT": "70000"}, "PORT: between 1 and 65534"),
        ({"DEBUG": "maybe"}, "DEBUG: expected true or false"),
        ({"DEBUG": "1", "PUBLIC_URL": "https://jobs.example.org"}, "DEBUG: must be off"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY: at least 32"),
        ({"PUBLIC_URL": "jobs.example.org"}, "PUBLIC_URL: expected an address"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT: text or json"),
        ({"COLLECTOR_AGENTS": "JoblyBot/1,Mozilla/5.0"}, "COLLECTOR_AGENTS: every name begins"),
        ({"COLLECTOR_PROXIES": "proxy:3128"}, "COLLECTOR_PROXIES: addresses such as"),
        ({"COLLECTOR_PRIVATE_ORIGINS": "http://a/b"}, "COLLECTOR_PRIVATE_ORIGINS: origins such"),
        (
            {"ALLOWED_HOSTS": "*", "PUBLIC_URL": "https://x.example"},
            "ALLOWED_HOSTS: name the hosts",
        ),
    ],
)
def test_what_cannot_work_is_one_line(environ, line):
    _, problems = env(environ)
    assert len(problems) == 1
    assert problems[0].startswith(line)


def test_lists_are_split_at_commas():
    assert env({"ALLOWED_HOSTS": "a.example, b.example"})[0]["ALLOWED_HOSTS"] == [
        "a.example",
        "b.example",
    ]
