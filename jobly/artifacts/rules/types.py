"""What bytes are: by what they begin with, then by what they are called."""

import codecs
import re
from pathlib import PurePath

import puremagic

HEAD = 4096  # bytes that tell
UNKNOWN = "application/octet-stream"
PLAIN = "text/plain"
SURE = 0.3  # of puremagic's confidence: two bytes are chance, four are a signature
#: endings that say more than the bytes of a text can
TEXTS = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "txt": PLAIN,
    "log": PLAIN,
    "md": "text/markdown",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "ndjson": "application/x-ndjson",
    "xml": "application/xml",
    "rss": "application/xml",
    "atom": "application/xml",
}
MARKUP = (
    (re.compile(r"<svg[\s>]"), "image/svg+xml"),
    (re.compile(r"<(?:!doctype html|html|head|body|script|iframe|meta|title)[\s>/]"), "text/html"),
    (re.compile(r"<(?:\?xml|rss|feed|rdf:rdf|urlset|[a-z][\w:.-]*[\s>/])"), "application/xml"),
)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def content_type_of(head: bytes, *, name: str = "", claimed: str = "") -> str:
    """Say what a file is that begins with `head`.

    The bytes decide where they can; among what they leave open the claim does, then the name.
    """
    ending = PurePath(name).suffix.lower().lstrip(".")
    if not head:
        return claimed or TEXTS.get(ending, UNKNOWN)
    text = _text_of(head)
    if text is None:
        return _magic(head, ending) or _unless_text(claimed) or UNKNOWN
    return _markup(text) or _named_text(text, ending, claimed)


def _text_of(head: bytes) -> str | None:
    """Read the bytes as text, or return None when they are none."""
    encoding = next((name for mark, name in _MARKS.items() if head.startswith(mark)), "utf-8")
    reader = codecs.getincrementaldecoder(encoding)()
    try:
        text = reader.decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return None
    return None if _CONTROLS.search(text) or text.startswith(("%PDF", "{\\rtf", "%!PS")) else text


def _magic(head: bytes, ending: str) -> str:
    """Ask for a signature; of several that fit alike the name chooses."""
    try:
        found = [one for one in puremagic.magic_string(head) if one.confidence >= SURE]
    except (puremagic.PureError, ValueError):
        return ""
    if not found:
        return ""
    best = [one for one in found if one.confidence == max(each.confidence for each in found)]
    if head.startswith(b"PK\x03\x04"):
        return _zip(head, ending, {one.extension: one.mime_type for one in best})
    named = [one for one in best if one.extension == f".{ending}"]
    return next((str(one.mime_type) for one in named + best if one.mime_type), "")


def _zip(head: bytes, ending: str, kinds: dict[str, str]) -> str:
    """Tell an office document from any other archive by a part that each of them has."""
    is_office = b"[Content_Types].xml" in head or b"_rels/" in head
    folders = {b"xl/": ".xlsx", b"word/": ".docx", b"ppt/": ".pptx"}
    inside = next((kind for folder, kind in folders.items() if folder in head), f".{ending}")
    return (kinds.get(inside) if is_office else None) or "application/zip"


def _markup(text: str) -> str:
    """Recognise markup, whatever the file is called."""
    start = text.lstrip("\ufeff \t\r\n").lower()
    if not start.startswith("<"):
        return ""
    return next((kind for pattern, kind in MARKUP if pattern.search(start)), "")


def _named_text(text: str, ending: str, claimed: str) -> str:
    """Say what a text is that looks like none in particular."""
    is_json = text.lstrip("\ufeff \t\r\n")[:1] in tuple("[{")
    named = claimed if _is_text(claimed) else TEXTS.get(ending, "")
    if named.startswith("application/") and not is_json:
        return PLAIN  # neither JSON nor XML begins like this
    return named or ("application/json" if is_json else PLAIN)


def _is_text(kind: str) -> bool:
    return kind.startswith("text/") or kind.partition(";")[0] in TEXTS.values()


def _unless_text(kind: str) -> str:
    return "" if _is_text(kind) else kind
