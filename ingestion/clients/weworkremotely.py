"""We Work Remotely: one feed of everything, or of one category."""

from collections.abc import Iterator

from ingestion.rules.asking import Wish, segment

from .walking import Ask, Link, Page, walk


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/remote-jobs.rss, or /categories/{category}.rss."""
    narrowed = wish.settings.get("category")
    path = f"/categories/{segment(wish.settings, 'category')}.rss" if narrowed else None
    return walk(link, wish, lambda _: Ask(path or "/remote-jobs.rss"))
