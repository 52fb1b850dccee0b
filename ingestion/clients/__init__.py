"""The sources that can be asked, one line each; `rules.sources` has their figures."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ingestion.rules import entries
from ingestion.rules.asking import Wish
from ingestion.rules.entries import Entry

from . import (
    adzuna,
    arbeitnow,
    ashby,
    feed,
    greenhouse,
    hackernews,
    himalayas,
    jobicy,
    jsearch,
    lever,
    pages,
    personio,
    recruitee,
    remoteok,
    remotive,
    smartrecruiters,
    teamtailor,
    themuse,
    usajobs,
    weworkremotely,
    workable,
    workday,
)
from .walking import Ask, Link, Page

__all__ = ["SOURCES", "Client"]


@dataclass(frozen=True, slots=True)
class Client:
    """How a source is asked: its pages and, where those are lists, one posting of a list.

    `entries` reads what a page lists; of each entry its key and what changes when it does.
    `each` asks for the postings of entries where that takes more than an address.
    """

    pages: Callable[[Link, Wish], Iterator[Page]]
    detail: Callable[[Wish, Mapping[str, Any]], Ask] | None = None
    entries: Callable[[bytes, str], list[Entry]] = entries.postings
    each: Callable[[Link, Wish, list[Entry]], Iterator[Page | None]] | None = None


SOURCES: Mapping[str, Client] = MappingProxyType(
    {
        "adzuna": Client(adzuna.pages),
        "arbeitnow": Client(arbeitnow.pages),
        "ashby": Client(ashby.pages),
        "feed": Client(feed.pages),
        "greenhouse": Client(greenhouse.pages),
        "hackernews": Client(hackernews.pages, hackernews.detail, entries.stories),
        "himalayas": Client(himalayas.pages),
        "jobicy": Client(jobicy.pages),
        "jsearch": Client(jsearch.pages, each=jsearch.each),
        "lever": Client(lever.pages),
        "linkedin_guest": Client(pages.walk, None, pages.unread, pages.each),
        "pages": Client(pages.walk, None, pages.unread, pages.each),
        "personio": Client(personio.pages),
        "recruitee": Client(recruitee.pages),
        "remoteok": Client(remoteok.pages),
        "remotive": Client(remotive.pages),
        "smartrecruiters": Client(smartrecruiters.pages, smartrecruiters.detail),
        "teamtailor": Client(teamtailor.pages),
        "themuse": Client(themuse.pages),
        "usajobs": Client(usajobs.pages),
        "weworkremotely": Client(weworkremotely.pages),
        "workable": Client(workable.pages),
        "workday": Client(workday.pages, workday.detail),
    }
)
