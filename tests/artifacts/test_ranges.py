"""What a Range header asks for, by the standard's own examples and by chance."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobly.artifacts.errors import NoSuchPart
from jobly.artifacts.rules.ranges import Part, asked_part, is_still


@pytest.mark.parametrize(
    ("header", "size", "part"),
    [
        ("bytes=0-499", 10000, (0, 499)),
        ("bytes=500-999", 10000, (500, 999)),
        ("bytes=-500", 10000, (9500, 9999)),
        ("bytes=9500-", 10000, (9500, 9999)),
        ("bytes=0-0", 10000, (0, 0)),
        ("bytes=-1", 10000, (9999, 9999)),
        ("bytes=0-", 1, (0, 0)),
        ("bytes=0-99999999999999999999999999", 10, (0, 9)),
        ("bytes=-99999999999999999999999999", 10, (0, 9)),
        ("BYTES=1-2", 10, (1, 2)),
        (" bytes=1-2 ", 10, (1, 2)),
        ("bytes= 1-2 ,", 10, (1, 2)),
        # what a server may ignore
        ("", 10, None),
        ("bytes", 10, None),
        ("bytes=", 10, None),
        ("bytes=-", 10, None),
        ("bytes=a-b", 10, None),
        ("bytes=1", 10, None),
        ("bytes=--1", 10, None),
        ("bytes=1-2-3", 10, None),
        ("bytes=5-4", 10, None),
        ("bytes=1 - 2", 10, None),
        ("bytes=٣-٥", 10, None),  # noqa: RUF001 - digits of another script
        ("bytes=+1-2", 10, None),
        ("bytes=0x1-2", 10, None),
        ("items=0-1", 10, None),
        ("bytes=0-1,3-4", 10, None),
        ("bytes=0-1,1-2,2-3,3-4,4-5", 10, None),
        ("bytes=" + "0" * 300 + "-5", 10, None),
        ("bytes=0-", 0, None),
        ("bytes=-5", 0, None),
    ],
)
def test_a_header_asks_for_a_part_or_the_whole(header, size, part):
    assert asked_part(header, size) == (part and Part(*part))


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=99999999999-", "bytes=-0"])
def test_a_part_behind_the_end_is_refused(header):
    with pytest.raises(NoSuchPart) as caught:
        asked_part(header, 10)
    assert caught.value.status == 416


@given(st.binary(min_size=1, max_size=50), st.data())
def test_a_part_is_what_slicing_gives(content, data):
    size = len(content)
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, size + 5))
    suffix = data.draw(st.integers(1, size + 5))
    for header, expected in (
        (f"bytes={first}-{last}", content[first : last + 1]),
        (f"bytes={first}-", content[first:]),
        (f"bytes=-{suffix}", content[-suffix:]),
    ):
        part = asked_part(header, size)
        assert content[part.first : part.first + part.length] == expected


@given(
    st.text(max_size=60) | st.from_regex(r"bytes=[0-9,\- ]{0,40}", fullmatch=True),
    st.integers(0, 99),
)
def test_whatever_is_asked_the_answer_lies_within_the_file(header, size):
    try:
        part = asked_part(header, size)
    except NoSuchPart:
        assert re.fullmatch(r"[^=]*=[0-9,\- \t]*", header.strip(" \t"))
        return
    assert part is None or 0 <= part.first <= part.last < size


AT = datetime(2026, 5, 4, 3, 2, 1, 999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "same"),
    [
        ("", True),
        ('"abc"', True),
        ('"abd"', False),
        ('W/"abc"', False),
        ('"abc', False),
        ("Mon, 04 May 2026 03:02:01 GMT", True),
        ("Mon, 04 May 2026 03:02:02 GMT", False),
        ("Mon, 04 May 2026 03:02:00 GMT", False),
        ("abc", False),
        ("Mon, 99 May 2026", False),
        ("Mon, 04 May 99999999999 03:02:01 GMT", False),
        ("Mon, 04 May 2026 03:02:01 -0000", False),
    ],
)
def test_a_part_is_only_of_the_bytes_one_knows(header, same):
    assert is_still(header, etag='"abc"', modified=AT) is same
