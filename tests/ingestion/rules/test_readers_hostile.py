"""Whatever is sent, reading ends soon, in bounded memory, with postings, problems or a refusal."""

import contextlib
import gzip
import io
import json
import time
import tracemalloc
import zipfile
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.errors import FileRefused
from ingestion.rules.posting import RawPosting, RowProblem
from ingestion.rules.readers import HEAD_BYTES, describe, read, recognise
from ingestion.rules.readers.limits import LIMITS, Limits

from .test_readers import SAMPLES, SHAPES, read_bytes

SECONDS = 5
MEGABYTE = 1 << 20


def refusal_of(data, **options):
    with pytest.raises(FileRefused) as refused:
        read_bytes(data, **options)
    assert refused.value.message
    return refused.value.code


def zipped(**entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in entries.items():
            archive.writestr(name.replace("__", "/"), body)
    return out.getvalue()


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">
<!ENTITY a "&lol;&lol;&lol;&lol;">
<!ENTITY b "&a;&a;&a;&a;">]><rss><channel><item><title>&b;</title></item></channel></rss>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<rss><channel><item><title>&x;</title></item></channel></rss>"""

REFUSED = {
    "nothing": (b"", "empty_file"),
    "blanks": (b" \n\t\n", "empty_file"),
    "pdf": (b"%PDF-1.7 Title,Company\nA,B\n", "wrong_type"),
    "png": (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "wrong_type"),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "wrong_type"),
    "program": (b"\x7fELF\x02\x01\x01" + b"\0" * 60, "wrong_type"),
    "script": (b"#!/bin/sh\nTitle,Company\n", "wrong_type"),
    "svg": (b'<svg xmlns="x"><title>t</title></svg>', "wrong_type"),
    "zip": (zipped(jobs="Title,Company\nA,B\n"), "wrong_type"),
    "document": (
        zipped(**{"[Content_Types].xml": "<x/>", "word__document.xml": "<x/>"}),
        "wrong_type",
    ),
    "archive in archive": (gzip.compress(gzip.compress(b"Title\nA\n")), "wrong_type"),
    "web page": (b"<!doctype html><html><body><table><tr><td>Title</td></tr></table>", "html_page"),
    "piece behind a comment": (b"\n<!---->\n <!-- a -->\n<section><br><h1>Title</h1>", "html_page"),
    "piece of a page": (b"<div class='job'><h1>Title</h1></div>", "html_page"),
    "nul": (b"Title,Company\nWelder\0,Acme\n", "nul_bytes"),
    "nul in utf-16": ("Title,Company\nWelder\0,Acme\n".encode("utf-16"), "nul_bytes"),
    "another script": (
        "\u0414\u043b\u0436,\u0424\u043c\n\u0421\u0432\u0449,\u0410\u043a\n".encode("cp1251"),
        "unknown_encoding",
    ),
    "noise": (bytes(range(1, 9)) * 50, "unknown_type"),
    "laughs": (LAUGHS, "xml_dtd"),
    "outside": (OUTSIDE, "xml_dtd"),
    "cut json": (b'{"jobs": [{"id": 1, "title": "A", "company": "B"}, {"id"', "broken_json"),
    "deep json": (b'{"jobs": ' + b"[" * 5000 + b"]" * 5000 + b"}", "too_deep"),
    "deeper json": (b"[" * 200_000, "too_deep"),
    "deep xml": (b"<rss>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</rss>", "too_deep"),
    "other json": (b'{"status": "ERROR", "error": {"message": "No quota left"}}', "no_postings"),
    "other xml": (b"<?xml version='1.0'?><note><to>A</to></note>", "no_postings"),
    "cut xml": (b"<?xml version='1.0'?><note><to>A</", "broken_xml"),
    "wide": (b",".join(b"c%d" % i for i in range(600)) + b"\n", "too_many_columns"),
    "broken workbook": (zipped(**{"xl__workbook.xml": "<x/>"}), "broken_workbook"),
    "xlsx with entities": (
        zipped(**{"xl__workbook.xml": "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"}),
        "xml_dtd",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_holds_no_jobs_is_refused_by_name(name):
    data, code = REFUSED[name]
    assert refusal_of(data) == code


def test_a_refusal_tells_what_the_source_said():
    with pytest.raises(FileRefused, match="No quota left"):
        read_bytes(REFUSED["other json"][0])


def test_a_file_over_the_limit_is_refused_before_it_is_read():
    with pytest.raises(FileRefused) as refused:
        recognise(b"Title,Company\n", size=LIMITS.file_bytes + 1)
    assert refused.value.code == "file_too_large"


@cache
def bombs():
    sheet = (
        "<worksheet><sheetData>"
        + "<row><c><v>1</v></c></row>" * 400_000
        + "</sheetData></worksheet>"
    )
    wide = (
        "<worksheet><sheetData><row>"
        + "<c><v>1</v></c>" * 400_000
        + "</row></sheetData></worksheet>"
    )
    row = b'{"title": "A", "company": "B", "pad": "' + b"x" * 9 * MEGABYTE + b'"}'
    item = b"<item><title>A</title><description>" + b"x" * 20 * MEGABYTE + b"</description></item>"
    return {
        "million columns": (
            b",".join(b"Title%d" % i for i in range(1_000_000)),
            "too_many_columns",
        ),
        "million quoted columns": (b'"a",' * 1_000_000, "too_many_columns"),
        "gzip bomb": (
            gzip.compress(b"Title,Company\n" + (b"Diver,Kelp," + b"x" * 4000 + b"\n") * 16_000),
            "archive_bomb",
        ),
        "xlsx bomb": (zipped(xl__workbook="", **{"xl/workbook.xml": sheet}), "archive_bomb"),
        "xlsx of one row": (
            zipped(
                **{"xl/workbook.xml": "<x/>", "xl/worksheets/sheet1.xml": wide + noise(MEGABYTE)}
            ),
            "too_many_columns",
        ),
        "huge item": (b'{"jobs": [' + row + b"," + row + b"]}", "item_too_large"),
        "huge element": (b"<rss><channel>" + item + b"</channel></rss>", "item_too_large"),
    }


def noise(size):
    state, out = 1, []
    for _ in range(size // 4):
        state = state * 1103515245 + 12345 & 0x7FFFFFFF
        out.append(f"{state:08x}"[:4])
    return "<!--" + "".join(out) + "-->"


@pytest.mark.parametrize(
    "name",
    [
        "million columns",
        "million quoted columns",
        "gzip bomb",
        "xlsx bomb",
        "xlsx of one row",
        "huge item",
        "huge element",
    ],
)
def test_a_bomb_is_refused_soon_and_in_little_memory(name):
    data, code = bombs()[name]
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(FileRefused) as refused:
            for _ in read(io.BytesIO(data), recognise(data[:HEAD_BYTES], size=len(data))):
                pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refused.value.code == code
    assert time.process_time() - began < 4 * SECONDS  # tracing makes it several times slower
    assert peak < 120 * MEGABYTE


def test_a_lone_quote_loses_its_own_line_only():
    good = b"Diver,Kelp,fine\n"
    data = b"Title,Company,Note\n" + good * 1000 + b'"Cook,Kelp,open\n' + good * 40_000
    began = time.process_time()
    rows = read_bytes(data)
    problems = [row for row in rows if isinstance(row, RowProblem)]
    assert len(rows) == 41_001
    assert [problem.code for problem in problems] == ["broken_quotes"]
    assert problems[0].row == 1001
    assert time.process_time() - began < SECONDS


def test_quotes_that_never_close_on_every_line_end_soon():
    data = b"Title,Company,Note\n" + b'"a"b,"c\n' * 150_000
    began = time.process_time()
    rows = read_bytes(data)
    assert any(isinstance(row, RowProblem) for row in rows)
    assert time.process_time() - began < 4 * SECONDS


def test_a_cell_without_end_is_a_problem_of_its_row():
    data = b"Title,Company\nDiver," + b"x" * (2 * MEGABYTE) + b"\nCook,Kelp\n"
    rows = read_bytes(data)
    assert [isinstance(row, RowProblem) for row in rows] == [True, False]
    assert rows[1].title == "Cook"


def test_a_line_longer_than_a_record_may_be_is_left_out():
    data = b"Title,Company\nDiver," + b"x," * (9 * MEGABYTE) + b"\nCook,Kelp\n"
    rows = read_bytes(data)
    assert isinstance(rows[0], RowProblem)
    assert rows[-1].title == "Cook"


def test_too_many_rows_are_refused_after_the_last_that_fits():
    data = b"Title,Company\n" + b"Diver,Kelp\n" * 11
    shape = recognise(data, size=len(data))
    rows = read(io.BytesIO(data), shape, limits=Limits(rows=10))
    assert [next(rows).row for _ in range(10)] == list(range(1, 11))
    with pytest.raises(FileRefused) as refused:
        next(rows)
    assert refused.value.code == "too_many_rows"


def test_memory_does_not_grow_with_the_rows_of_a_table():
    def peak(count):
        data = b"Title,Company,Description\n" + (b"Diver,Kelp," + b"text " * 60 + b"\n") * count
        shape = recognise(data[:HEAD_BYTES], size=len(data))
        tracemalloc.start()
        try:
            for _ in read(io.BytesIO(data), shape):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(20_000) < 1.3 * peak(2_000)


def survives(data, name=""):
    with contextlib.suppress(FileRefused):
        shape = recognise(data[:HEAD_BYTES], size=len(data), file_name=name)
        with contextlib.suppress(FileRefused):
            for row in read(io.BytesIO(data), shape):
                assert isinstance(row, RawPosting | RowProblem)
        describe(io.BytesIO(data), shape)


FUZZ = settings(max_examples=60, deadline=5000, suppress_health_check=list(HealthCheck))


@FUZZ
@given(st.binary(max_size=2000))
def test_any_bytes_end_in_rows_or_a_refusal(data):
    survives(data)


@FUZZ
@given(
    st.sampled_from(
        [b"Title,Company\n", b"[", b'{"jobs": [', b"<rss><channel><item>", b"PK\x03\x04"]
    ),
    st.binary(max_size=600),
)
def test_any_bytes_after_a_good_beginning_end_in_rows_or_a_refusal(start, data):
    survives(start + data)


@FUZZ
@given(st.text(alphabet='",;\n\r\t|aÅ \\', max_size=400))
def test_any_mix_of_quotes_and_delimiters_is_read(text):
    survives(("Job Title,Company,Note\n" + text).encode())


@FUZZ
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "title",
                        "jobs",
                        "company",
                        "location",
                        "data",
                        "id",
                        "name",
                        "text",
                        "by",
                        "skills",
                        "@type",
                        "salary",
                    ]
                )
                | st.text(max_size=5),
                inner,
                max_size=5,
            )
        ),
        max_leaves=25,
    )
)
def test_any_json_is_read_or_refused(document):
    survives(json.dumps(document).encode())


@FUZZ
@given(st.sampled_from(sorted(SHAPES)), st.integers(0, 5000), st.binary(max_size=6))
def test_a_sample_damaged_anywhere_is_read_or_refused(name, place, damage):
    data = (SAMPLES / name).read_bytes()
    at = place % (len(data) + 1)
    survives(data[:at] + damage + data[at + len(damage) :], name)


@FUZZ
@given(st.sampled_from(sorted(SHAPES)), st.integers(0, 5000))
def test_a_sample_cut_off_anywhere_is_read_or_refused(name, place):
    data = (SAMPLES / name).read_bytes()
    survives(data[: place % (len(data) + 1)], name)
