"""XML as we write it, and descriptions in the tags that a board keeps.

XML 1.0 has no way to write most control characters: they are dropped before anything else, so that
none that goes can leave a "]]>" behind.
"""

import re
from collections.abc import Iterable

import nh3

from distribution.rules.payloads import HEADING, ORDERED, RICH_TAGS

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
CONTROLS = bytes([*range(9), 11, 12, *range(14, 32)])
NO_CHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")  # U+FFFE and U+FFFF, as UTF-8
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
INDEED_TAGS = frozenset("b h1 h2 h3 h4 h5 h6 br p ul li strong em table".split())
PLAIN_TAGS = frozenset(
    "p br hr div ul ol li b strong i em u h1 h2 h3 h4 h5 h6 blockquote table tr th td".split()
)


def legal(text: str) -> str:
    """Drop what XML cannot say."""
    return ILLEGAL.sub("", text)


def is_legal(written: bytes) -> bool:
    """Whether XML can say all that was written; much faster than looking at each text."""
    if len(written.translate(None, CONTROLS)) != len(written):
        return False
    return not any(mark in written for mark in NO_CHARACTERS)


def cdata(text: str) -> str:
    """Wrap a text as character data; a "]]>" in it is parted over two sections."""
    if "]]>" in text:
        text = text.replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{text}]]>"


def escaped(text: str) -> str:
    """Escape a text for elements and double-quoted attributes."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;")


def tagged(pairs: Iterable[tuple[str, str]]) -> str:
    """Write elements of character data, one after the other."""
    pairs = list(pairs)
    written = "".join([f"<{tag}><![CDATA[{text}]]></{tag}>" for tag, text in pairs])
    if written.count("]]>") == len(pairs):
        return written
    return "".join([f"<{tag}>{cdata(text)}</{tag}>" for tag, text in pairs])


LINKEDIN_TAGS = frozenset(RICH_TAGS)
TAG = re.compile(r"<[^>]*>")
_BARE = {
    tags: frozenset(f"<{slash}{tag}>" for tag in tags for slash in ("", "/"))
    for tags in (INDEED_TAGS, PLAIN_TAGS, LINKEDIN_TAGS)
}


def kept(html: str, tags: frozenset[str]) -> str:
    """Return a description with only these tags, without attributes.

    What was sanitised when it came in and holds nothing but these, bare, the sanitiser would leave
    as it is; it takes ten times as long to say so.
    """
    found = TAG.findall(html)
    if len(found) == html.count("<") and _BARE[tags].issuperset(found):
        return html
    return nh3.clean(html, tags=set(tags), attributes={})


def for_indeed(html: str) -> str:
    """Return a description in the tags Indeed keeps; numbered lists turn into bullets."""
    return kept(ORDERED.sub(r"<\1ul>", html) if "ol>" in html else html, INDEED_TAGS)


def for_linkedin(html: str) -> str:
    """Return a description in the tags LinkedIn keeps; headings turn bold, numbers bullets."""
    if "<h" in html:
        html = HEADING.sub(lambda m: "</b></p>" if m[1] else "<p><b>", html)
    return kept(ORDERED.sub(r"<\1ul>", html) if "ol>" in html else html, LINKEDIN_TAGS)


def for_readers(html: str) -> str:
    """Return a description for anybody else."""
    return kept(html, PLAIN_TAGS)
