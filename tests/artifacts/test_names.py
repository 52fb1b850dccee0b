"""Names: where bytes lie, what is ours there, how a download is called, which URL is a place."""

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote
from uuid import UUID

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from jobly.artifacts.errors import BadPlace
from jobly.artifacts.rules.keeping import KEEP_DAYS, keeping
from jobly.artifacts.rules.names import attachment, download_name, is_ours, place_of
from jobly.artifacts.rules.places import backend_of, overlap, shown
from jobly.environment import env

NAME = UUID("5f0c1d1e-9b1a-4c58-8f5e-2f6d3f1c7a90")


@given(st.sampled_from(sorted(KEEP_DAYS)), st.uuids(), st.integers(0, 10**11))
def test_every_place_we_make_is_known_as_ours(kind, number, seconds):
    assert is_ours(place_of(kind, number, datetime.fromtimestamp(seconds, UTC)))


@pytest.mark.parametrize(
    "name",
    [
        "raw",
        "raw/x",
        f"raw/{NAME}",
        f"raw/2026/01/02/{NAME}.csv",
        f"other/folder/raw/2026/01/02/{NAME}",
        f"raw/2026/01/02/{NAME}\n",
        "raw/2026/01/02/notes.txt",
        f"Raw/2026/01/02/{NAME}",
        ".part-" + "0" * 32,
        "",
    ],
)
def test_what_others_put_there_is_not_ours(name):
    assert not is_ours(name)


def test_leftovers_are_ours():
    assert is_ours("raw/2026/01/02/.part-" + "0" * 32)
    assert is_ours("doctor/.part-" + "0" * 32)
    assert is_ours("doctor/" + "0" * 64)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("jobs.csv", 'attachment; filename="jobs.csv"'),
        ("two words.csv", 'attachment; filename="two words.csv"'),
        ('a"b.csv', 'attachment; filename="a_b.csv"'),
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        (r"C:\jobs.csv", 'attachment; filename="jobs.csv"'),
        ("x\r\nSet-Cookie: a=b", 'attachment; filename="xSet-Cookie_ a=b"'),
        ("...", 'attachment; filename="download"'),
        ("", 'attachment; filename="download"'),
        (".htaccess", 'attachment; filename="htaccess"'),
        ("naïve.csv", "attachment; filename=\"naive.csv\"; filename*=UTF-8''na%C3%AFve.csv"),
        (
            "50% off;.csv",
            "attachment; filename=\"50_ off_.csv\"; filename*=UTF-8''50%25%20off%3B.csv",
        ),
        (
            "求人.csv",
            "attachment; filename=\"download.csv\"; filename*=UTF-8''%E6%B1%82%E4%BA%BA.csv",
        ),
        (
            "a\uff0fb\uff02c.csv",
            "attachment; filename=\"a_b_c.csv\"; filename*=UTF-8''a%EF%BC%8Fb%EF%BC%82c.csv",
        ),
        ("ab\u202egnp.exe", 'attachment; filename="abgnp.exe"'),
        ("x" * 300 + ".csv", f'attachment; filename="{"x" * 146}.csv"'),
    ],
)
def test_a_download_has_a_name_that_is_safe_everywhere(name, expected):
    assert attachment(name) == expected


@given(st.text(max_size=400))
def test_any_name_makes_a_header_that_reads_back(name):
    header = attachment(name)
    assert re.fullmatch(r"[ -~]+", header)
    plain, _, encoded = header.removeprefix('attachment; filename="').partition('"')
    assert plain.strip()
    assert not set(plain) & set('/\\"%;')
    told = unquote(encoded.removeprefix("; filename*=UTF-8''")) if encoded else plain
    assert told == download_name(name)
    assert not set(download_name(name)) & set('/\\\r\n\x00"')


# places


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("file:///srv/jobly", {"location": "/srv/jobly"}),
        ("file:///srv/job%20ly/", {"location": "/srv/job ly"}),
        ("file://localhost/srv", {"location": "/srv"}),
        (
            "s3://bucket",
            {"bucket_name": "bucket", "location": "", "addressing_style": "auto"},
        ),
        (
            "s3://key:se%2Fcret@bucket/a/b/?endpoint=http://127.0.0.1:9000&region=eu-north-1",
            {
                "bucket_name": "bucket",
                "location": "a/b",
                "access_key": "key",
                "secret_key": "se/cret",
                "endpoint_url": "http://127.0.0.1:9000",
                "region_name": "eu-north-1",
                "addressing_style": "path",
            },
        ),
    ],
)
def test_a_url_names_a_place(url, options):
    assert backend_of(url)["OPTIONS"] == options


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/srv/jobly",
        "srv",
        "file://srv/jobly",
        "file:relative",
        "file:///",
        "file:///srv/../etc",
        "file:///srv?x=1",
        "ftp://host/x",
        "http://host/x",
        "s3://",
        "s3:///bucket",
        "s3://bucket/a//b",
        "s3://bucket/../b",
        "s3://bucket?colour=blue",
        "s3://bucket?endpoint=ftp://x",
        "s3://bucket?endpoint=localhost:9000",
        "s3://bucket?region=",
        "s3://bucket?addressing=upside-down",
    ],
)
def test_what_is_no_place_is_refused_in_one_line(url):
    with pytest.raises(BadPlace) as caught:
        backend_of(url)
    assert "nothing was changed" in caught.value.message
    assert "\n" not in caught.value.message


def test_a_refusal_keeps_the_secret():
    with pytest.raises(BadPlace) as caught:
        backend_of("s3://key:hushhush@bucket?colour=blue")
    assert "hushhush" not in caught.value.message
    assert shown("s3://key:hushhush@bucket/a?endpoint=x") == "s3://bucket/a"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("file:///a", "file:///a/", True),
        ("file:///a", "file:///a/b", True),
        ("file:///a/b", "file:///a", True),
        ("file:///a", "file:///ab", False),
        ("file:///a", "s3://a", False),
        ("s3://a/x", "s3://a", True),
        ("s3://a/x", "s3://a/y", False),
        ("s3://a", "s3://b", False),
        ("s3://a?endpoint=http://x", "s3://a?endpoint=http://y", False),
        ("s3://k:s@a", "s3://a?region=x", True),
    ],
)
def test_places_that_overlap_are_known(one, other, same):
    assert overlap(backend_of(one), backend_of(other)) is same


# how long


def test_raw_bytes_are_kept_for_ever_and_all_else_for_a_while():
    for_ever = [kind for kind, days in KEEP_DAYS.items() if days is None]
    assert for_ever == ["applications", "raw", "runs"]
    assert keeping([]) == KEEP_DAYS


def test_an_operator_may_keep_a_kind_longer_or_shorter():
    changed = keeping(["exports=3", " rejects = ever ", "raw=ever"])
    assert changed == KEEP_DAYS | {"exports": 3, "rejects": None}


@pytest.mark.parametrize(
    "change",
    [
        *("raw=30", "exports", "exports=", "exports=0", "exports=-1", "exports=1.5"),
        *("exports=never", "unheard=1", "=1", "", "exports=99999999999", "exports=٣"),
    ],
)
def test_a_change_that_makes_no_sense_is_named(change):
    with pytest.raises(ValueError, match=r"kept for ever|no kind|expected"):
        keeping([change])


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        ({"STORAGE_URL": "ftp://x"}, "STORAGE_URL: 'ftp://x' is no place"),
        ({"STORAGE_URL": "file:///a", "STORAGE_OLD_URL": "nowhere"}, "STORAGE_OLD_URL: 'nowhere'"),
        ({"STORAGE_URL": "file:///a", "STORAGE_OLD_URL": "file:///a/b"}, "the same place"),
        ({"STORAGE_OLD_URL": "file:///a"}, "set STORAGE_URL too"),
        ({"ARTIFACT_KEEP_DAYS": "raw=3"}, "ARTIFACT_KEEP_DAYS: raw is kept for ever"),
    ],
)
def test_settings_that_cannot_work_stop_the_start_with_one_line(chosen, problem):
    _, problems = env(chosen)
    assert [problem in line for line in problems] == [True]
    assert "\n" not in problems[0]


def test_the_manual_has_every_kind():
    text = Path(settings.BASE_DIR, "docs", "storage.md").read_text()
    told = dict(re.findall(r"^\| `(\w+)` \| ([\w ]+) \|", text, re.MULTILINE))
    days = {kind: f"{n} days" if n else "for ever" for kind, n in KEEP_DAYS.items()}
    assert told == days
