"""Which files applicants may send along: told by their bytes, never by what they are called."""

import io
import re
import zipfile
from pathlib import PurePath

MOST_BYTES = 8 << 20  # of one file
MOST_UNPACKED = 64 << 20  # of all that an office document holds
MOST_PARTS = 2_000
HEAD, TAIL = 1024, 66_000  # bytes: an archive's end may stand behind a comment of 64 KB
TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "odt": "application/vnd.oasis.opendocument.text",
    "txt": "text/plain",
}
ACCEPT = ".pdf,.docx,.odt,.txt"
#: endings that run, open as a page or hide something, wherever in a name they stand
RUNS = frozenset(
    "exe com bat cmd scr pif msi js jse vbs vbe ps1 jar hta lnk html htm xhtml svg php py sh apk"
    " app dll iso img zip rar 7z docm dotm xlsm mht reg url wsf".split()
)
MARKUP = re.compile(
    rb"<\s*(?:!doctype|html|head|body|script|svg|iframe|\?xml|\?php)", re.IGNORECASE
)
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
TEST_VIRUS = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
ACTIVE = re.compile(r"vbaproject|\.bin$|\.exe$|\.js$|^basic/|^scripts/|activex", re.IGNORECASE)
ARCHIVE, ARCHIVE_END, PAPER = b"PK\x03\x04", b"PK\x05\x06", b"%PDF-"
KINDS = "PDF, DOCX, ODT or TXT"
UNFIT = f"This is no file we can take: send {KINDS}."


def refusal(name: str, content: bytes) -> str:
    """Say why a file is not taken, "" when it is."""
    *inner, ending = (part.lower().lstrip(".") for part in ("", *PurePath(name).suffixes))
    if not content:
        return "The file is empty."
    if len(content) > MOST_BYTES:
        return f"The file has more than {MOST_BYTES >> 20} MB; send a smaller one."
    if ending not in TYPES:
        return f"A file called …{'.' + ending if ending else ''} is not taken: send {KINDS}."
    if RUNS.intersection(inner):
        return "The file's name has two endings, one of a program; rename it."
    if TEST_VIRUS in content:
        return "A virus scanner would stop this file; it was not stored."
    return CHECKS[ending](content)


def _paper(content: bytes) -> str:
    """Check a PDF that is nothing else besides."""
    if not content.startswith(PAPER) or b"%%EOF" not in content[-HEAD:]:
        return "The file is called .pdf and is none, or was cut off; export it again."
    if ARCHIVE_END in content[-TAIL:] or MARKUP.search(content[:HEAD]):
        return UNFIT
    return ""


def _office(content: bytes, needed: str) -> str:
    """Check an office document without programs in it, and without anything around it."""
    if not content.startswith(ARCHIVE) or PAPER in content[:HEAD]:
        return "The file is not what its name says; save it again as a document."
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            end = content.rfind(ARCHIVE_END)
            behind = len(content) - end - 22 - len(archive.comment)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return "The file is damaged; save it again and send that."
    names = {part.filename for part in parts}
    too_big = len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED
    if needed not in names or too_big or behind or min(part.header_offset for part in parts):
        return UNFIT
    if any(ACTIVE.search(name) for name in names):
        return "The document holds a program (a macro); save it without."
    return ""


def _word(content: bytes) -> str:
    return _office(content, "word/document.xml")


def _open_document(content: bytes) -> str:
    if TYPES["odt"].encode() not in content[:HEAD]:
        return "The file is called .odt and is none; save it again as a document."
    return _office(content, "content.xml")


def _text(content: bytes) -> str:
    """Check a text: characters only, and no page in disguise."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError:
            return "The file is called .txt and is no text."
    if CONTROLS.search(text) or MARKUP.search(text.encode()[:HEAD]):
        return UNFIT
    return ""


CHECKS = {"pdf": _paper, "docx": _word, "odt": _open_document, "txt": _text}


def type_of(name: str) -> str:
    """Return the content type of a file that was taken."""
    return TYPES[PurePath(name).suffix.lower().lstrip(".")]


def shown_name(name: str) -> str:
    """Return the name a file is kept under: its last part, without signs that turn or hide text."""
    plain = "".join(sign for sign in re.split(r"[/\\]", name)[-1] if sign.isprintable())
    return plain.strip(" .")[-150:] or "file"
