"""Descriptions: whatever a source sends becomes safe HTML and plain text."""

import html
import re
from typing import Final

import nh3

from ingestion.rules.texts import strip_controls, unescape

MAX_DESCRIPTION: Final = 200_000
TAGS: Final = frozenset(
    [
        "p",
        "br",
        "hr",
        "div",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "b",
        "strong",
        "i",
        "em",
        "u",
        "s",
        "sub",
        "sup",
        "small",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "pre",
        "code",
        "a",
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
    ]
)
# What stands between these is no text for a reader and goes with the tag.
_SILENT: Final = frozenset(
    ["script", "style", "svg", "iframe", "object", "template", "noscript", "title", "math"]
)

# The sanitiser takes quadratic time for deep nesting; no description needs so many tags.
_MOST_TAGS: Final = 4_000
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,2000}>")
_ESCAPED_TAG = re.compile(
    r"&lt;/?(?:p|div|br|ul|ol|li|span|strong|b|em|h[1-6]|a|table)\b", re.IGNORECASE
)
_BLOCK_TAGS = "p div ul ol dl dt dd h1 h2 h3 h4 h5 h6 blockquote pre table caption tr"
#: What a tag, as the sanitiser writes it, puts between the words around it.
_GAPS: Final = {
    **{mark: "\n" for tag in _BLOCK_TAGS.split() for mark in (tag, f"/{tag}")},
    "br": "\n",
    "hr": "\n",
    "li": "\n- ",
    "/li": "\n",
    "/td": " ",
    "/th": " ",
}
_BULLET = re.compile(r"^[ \t]*(?:[-*•·▪●◦‣–]|o(?=[ \t]{2}))[ \t]+(?=\S)")
_BULLETS: Final = frozenset("-*•·▪●◦‣–o")
_EMPTY = re.compile(r"<(p|div|li|h[1-6])>(?:\s|&nbsp;|<br>)*</\1>")

_cleaner = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags=set(_SILENT),
    attributes={"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}},
    url_schemes={"http", "https", "mailto"},
    link_rel="nofollow noopener noreferrer",
    strip_comments=True,
)


def sanitise(markup: str) -> str:
    """Return only the allowed tags of HTML, links marked as not ours. Idempotent."""
    return _cleaner.clean(markup)


def read_description(text: str, *, shape: str) -> tuple[str, str]:
    """Return the safe HTML and the plain text of a description.

    `shape` is "html", "escaped_html" (HTML escaped once more) or "text". HTML without a single
    tag is read as text, and HTML whose tags are all escaped is unescaped once.
    """
    text = strip_controls(text[:MAX_DESCRIPTION]).strip()
    if not text:
        return "", ""
    if shape != "text" and (shape == "escaped_html" or _is_escaped(text)):
        text = html.unescape(text)
    if shape == "text":
        safe = paragraphs(unescape(text))  # escaped again, and of our own tags only
    elif text.count("<") > _MOST_TAGS or not _TAG.search(text):
        safe = paragraphs(html.unescape(_TAG.sub(" ", text)))
    else:
        safe = _EMPTY.sub("", sanitise(text))
    while len(safe) > MAX_DESCRIPTION:
        safe = sanitise(safe[: len(safe) * 9 // 10])  # a cut tag is closed again
    return safe.strip(), plain_text(safe)


def _is_escaped(text: str) -> bool:
    return "&lt;" in text and not _TAG.search(text) and bool(_ESCAPED_TAG.search(text))


def paragraphs(text: str) -> str:
    """Turn plain text into HTML: blank lines part paragraphs, "- " and "• " lines are lists."""
    text = html.escape(text.replace("\r\n", "\n").replace("\r", "\n"), quote=False)
    out: list[str] = []
    lines: list[str] = []
    items: list[str] = []
    for line in text.split("\n"):
        bare = line.strip()
        bullet = bare[:1] in _BULLETS and _BULLET.match(line)
        if bullet:
            _close_paragraph(out, lines)
            items.append(line[bullet.end() :].strip())
            continue
        if items:
            _close_list(out, items)
        if bare:
            lines.append(bare)
        elif lines:
            _close_paragraph(out, lines)
    _close_list(out, items)
    _close_paragraph(out, lines)
    return "".join(out)


def _close_paragraph(out: list[str], lines: list[str]) -> None:
    if lines:
        out.append(f"<p>{'<br>'.join(lines)}</p>")
        lines.clear()


def _close_list(out: list[str], items: list[str]) -> None:
    if items:
        out.append(f"<ul><li>{'</li><li>'.join(items)}</li></ul>")
        items.clear()


def plain_text(safe: str) -> str:
    """Return the text of sanitised HTML: a line a block, list items led by "- "."""
    # The sanitiser escapes every "<" of text and attributes, so each begins a tag.
    text, *pieces = safe.split("<")
    parts = [text]
    for piece in pieces:
        tag, _, words = piece.partition(">")
        parts.append(_GAPS.get(tag, "") + words)
    text = "".join(parts)
    text = html.unescape(text) if "&" in text else text
    lines = map(_single_spaced, text.split("\n"))
    return "\n".join(line for line in lines if line)


def _single_spaced(line: str) -> str:
    """Return the words of a line with one space between; most lines have no other."""
    if "  " in line or not line.isprintable():
        return " ".join(line.split())
    return line.strip(" ")
