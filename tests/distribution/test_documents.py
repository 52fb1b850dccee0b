"""Files of applicants are told by their bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribution.rules.documents import MOST_BYTES, refusal, shown_name

from .applications import PDF, docx, odt, zipped

GOOD = {
    "cv.pdf": PDF,
    "Jane.Doe.v1.2.PDF": PDF,
    "cv.docx.pdf": PDF,  # as some programs call what they export
    "cv.docx": docx(),
    "cv.odt": odt(),
    "cv.txt": "Grüße, I weld.\n".encode(),
    "latin.txt": "Grüße".encode("cp1252"),
    "wide.txt": "Grüße".encode("utf-16"),
}
HTML = b"<!doctype html><script>alert(1)</script>"
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
BAD = {
    "empty": ("cv.pdf", b""),
    "too big": ("cv.txt", b"a" * (MOST_BYTES + 1)),
    "no ending": ("cv", PDF),
    "another ending": ("cv.rtf", b"{\\rtf1}"),
    "page called pdf": ("cv.pdf", HTML),
    "page called txt": ("cv.txt", b"\n " + HTML),
    "page called docx": ("cv.docx", HTML),
    "picture with programs": ("cv.svg", b"<svg onload=alert(1)>"),
    "svg called txt": ("cv.txt", b"<svg onload=alert(1)>"),
    "program inside": ("cv.exe.pdf", PDF),
    "program at the end": ("cv.pdf.exe", PDF),
    "page inside": ("cv.html.docx", docx()),
    "cut": ("cv.pdf", PDF[:30]),
    "not at its start": ("cv.pdf", b"GIF89a" + PDF),
    "paper and page": ("cv.pdf", b"%PDF-1.7\n<script>alert(1)</script>\n%%EOF"),
    "paper and archive": ("cv.pdf", PDF + zipped(a_html=HTML) + b"%%EOF"),
    "archive and paper": ("cv.docx", PDF + docx()),
    "archive behind something": ("cv.docx", b"MZ" + docx()),
    "something behind an archive": ("cv.docx", docx() + b"<script>"),
    "any archive": ("cv.docx", zipped(a_txt="a")),
    "macros": ("cv.docx", docx(word__vbaProject_bin=b"x")),
    "macros in odt": ("cv.odt", odt(Basic__Standard__Module1_xml=b"x")),
    "docx called odt": ("cv.odt", docx()),
    "damaged": ("cv.docx", docx()[:-30]),
    "controls": ("cv.txt", b"a\x00b"),
    "virus": ("cv.txt", EICAR),
}


@pytest.mark.parametrize("name", GOOD)
def test_documents_are_taken(name):
    assert refusal(name, GOOD[name]) == ""


@pytest.mark.parametrize("case", BAD)
def test_what_is_something_else_is_refused_in_words(case):
    name, content = BAD[case]
    said = refusal(name, content)
    assert said.endswith(".")
    assert len(said) > 15


def test_an_archive_that_would_fill_the_disk_is_refused():
    assert refusal("cv.docx", docx(a_txt="0" * (70 << 20)))


@given(st.text(max_size=30), st.binary(max_size=200))
def test_no_bytes_and_no_name_break_the_check(name, content):
    assert isinstance(refusal(name, content), str)
    assert isinstance(refusal("cv.docx", b"PK\x03\x04" + content), str)
    assert isinstance(refusal("cv.pdf", b"%PDF-" + content), str)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/cv.pdf", "cv.pdf"),
        ("C:\\Users\\jane\\cv.pdf", "cv.pdf"),
        ("cv\u202efdp.pdf", "cvfdp.pdf"),
        ("\x00\n", "file"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
    ],
)
def test_a_file_keeps_the_harmless_part_of_its_name(given, kept):
    assert shown_name(given) == kept
