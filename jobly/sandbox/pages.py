"""The boards as a job seeker sees them: a list and a page for every posting."""

import html
import json
import sqlite3
import time
from html.parser import HTMLParser
from typing import Final

from jobly.sandbox import checks, posts, store
from jobly.sandbox.wire import Response

NAMES: Final = {
    "linkedin": "LinkedIn",
    "indeed": "Indeed",
    "glassdoor": "Glassdoor",
    "hook": "Webhook",
}
#: Postings a board's list shows, newest first.
SHOWN: Final = 200
BREAKS: Final = frozenset({"p", "br", "li", "ul", "ol", "div", "h1", "h2", "h3", "h4", "tr"})
STYLE: Final = """
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:0 auto;padding:1.5rem}
header p,small{opacity:.75}
section{margin:2rem 0}
ul{list-style:none;padding:0}
li{padding:.6rem 0;border-top:1px solid color-mix(in srgb,currentColor 20%,transparent)}
pre{white-space:pre-wrap;font:inherit}
a:focus-visible{outline:3px solid}
"""
POLICY: Final = ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")


class _Text(HTMLParser):
    """Collects the text of a description and drops its markup."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append("\n" if tag in BREAKS and not attrs else "\n" * (tag in BREAKS))

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def front(db: sqlite3.Connection, base_url: str, now: float) -> Response:
    """Show every board with its newest postings."""
    sections = "".join(_section(db, base_url, board, now) for board in store.BOARDS)
    lead = "<p>Practice boards: what is published here is seen on this machine only.</p>"
    return _page("Sandbox boards", f"<header><h1>Sandbox boards</h1>{lead}</header>{sections}")


def posting(base_url: str, row: sqlite3.Row | None, now: float) -> Response:
    """Show one posting, or say that it is not there."""
    home = f'<p><a href="{html.escape(base_url)}/">All boards</a></p>'
    if row is None or not posts.is_visible(row, now):
        gone = "<h1>This job is not here</h1><p>It was taken down, or is not shown yet.</p>"
        return _page("Not here", home + gone, status=404)
    facts = [row["company"], row["location"], row["pay"], NAMES[row["board"]]]
    line = " · ".join(html.escape(fact) for fact in facts if fact)
    apply = ""
    if checks.is_url(row["apply_url"]):
        link = html.escape(row["apply_url"])
        apply = f'<p><a rel="nofollow noopener" href="{link}">Apply on the company site</a></p>'
    body = f"{_data(row)}<h1>{html.escape(row['title'])}</h1><p>{line}</p>{apply}"
    return _page(row["title"], f"{home}{body}<pre>{html.escape(_plain(row))}</pre>")


def _data(row: sqlite3.Row) -> str:
    """Return what real boards tell search engines of a posting."""
    said = {
        "@context": "https://schema.org/",
        "@type": "JobPosting",
        "title": row["title"],
        "identifier": {"@type": "PropertyValue", "name": "id", "value": row["external_id"]},
    }
    text = json.dumps(said).replace("<", "\\u003c")
    return f'<script type="application/ld+json">{text}</script>'


def _section(db: sqlite3.Connection, base_url: str, board: str, now: float) -> str:
    rows = [row for row in posts.live(db, board, now) if posts.is_visible(row, now)]
    items = "".join(_item(base_url, row, now) for row in rows[-1 : -SHOWN - 1 : -1])
    more = f"<p>The newest {SHOWN} are shown.</p>" if len(rows) > SHOWN else ""
    listed = f"<ul>{items}</ul>{more}" if rows else "<p>No jobs here yet.</p>"
    return f'<section id="{board}"><h2>{NAMES[board]} ({len(rows)})</h2>{listed}</section>'


def _item(base_url: str, row: sqlite3.Row, now: float) -> str:
    link, title = html.escape(posts.url(base_url, row)), html.escape(row["title"])
    minutes = int(max(0.0, now - row["created_at"]) // 60)
    place = html.escape(f"{row['company']} · {row['location']} · {minutes} min ago")
    return f'<li><a href="{link}">{title}</a><br><small>{place}</small></li>'


def _plain(row: sqlite3.Row) -> str:
    parser = _Text()
    parser.feed(row["description"])
    parser.close()
    lines = [line.strip() for line in "".join(parser.parts).splitlines()]
    return "\n".join(line for line in lines if line)


def _page(title: str, body: str, status: int = 200) -> Response:
    year = time.gmtime().tm_year
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}'
        '</title><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>{body}</main>"
        f"<footer><small>Jobly sandbox, {year}</small></footer></body></html>"
    )
    return Response(status, text.encode(), "text/html; charset=utf-8", (POLICY,))
