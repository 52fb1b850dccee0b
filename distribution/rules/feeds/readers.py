"""The feeds that people's readers and search engines take: RSS 2.0, Atom, JSON Feed 1.1, sitemap.

One entry a job, whatever its places. Sources: ../contracts/google-for-jobs.md §1, §3 and §4.8,
RFC 4287 (Atom), jsonfeed.org/version/1.1, sitemaps.org/protocol.html.
"""

import json
from typing import Any
from urllib.parse import urlsplit

from ingestion.rules import jsonld

from .listed import Frame, Listed, iso, link, pay, plain, rfc822
from .markup import DECLARATION, TAG, cdata, escaped, for_readers, tagged

JOB_SPACE = "urn:x-jobly:job"  # of our own elements in RSS
POSTING_SPACE = "https://schema.org/JobPosting"  # of the posting beside each address for Google
RSS_TTL = 60  # minutes


def _known(job: Listed) -> list[tuple[str, str]]:
    """Return what RSS has no element for."""
    ends = (("salaryMin", job.salary_min), ("salaryMax", job.salary_max))
    pays = [(name, plain(end, job.currency)) for name, end in ends if end is not None]
    place = ", ".join(filter(None, (job.city, job.region, job.country)))
    pairs = [
        ("company", job.employer),
        ("location", job.location_text or place),
        ("employmentType", job.employment_type),
        ("remote", job.remote),
        *(pays if job.currency else ()),
        ("salaryCurrency", job.currency if pays else ""),
        ("salaryPeriod", job.period if pays else ""),
        ("validThrough", iso(job.expires_at) if job.expires_at else ""),
    ]
    return [(f"job:{name}", text) for name, text in pairs if text]


def rss_head(frame: Frame) -> str:
    """Open an RSS feed."""
    pairs = [
        ("title", f"Jobs at {frame.company}"),
        ("link", frame.board),
        ("description", f"Open jobs at {frame.company}"),
        ("language", frame.option("language") or "en"),
        ("lastBuildDate", rfc822(frame.changed_at)),
        ("ttl", str(RSS_TTL)),
    ]
    spaces = f'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:job="{JOB_SPACE}"'
    itself = f'<atom:link href="{escaped(frame.address)}" rel="self" type="application/rss+xml"/>'
    return f'{DECLARATION}<rss version="2.0" {spaces}><channel>{tagged(pairs)}{itself}'


def rss_entry(job: Listed, frame: Frame) -> str:
    """Write one job for RSS readers."""
    pairs = [
        ("title", job.title),
        ("link", link(job, frame)),
        ("description", for_readers(job.description)),
        ("pubDate", rfc822(job.listed_at)),
        *([("category", job.department)] if job.department else ()),
        *_known(job),
    ]
    key = f'<guid isPermaLink="false">{escaped(job.reference)}</guid>'
    return f"\n<item>{tagged(pairs)}{key}</item>"


def _tag_uri(frame: Frame, name: str) -> str:
    """Return an identifier that stays when addresses move (RFC 4151)."""
    return f"tag:{urlsplit(frame.site).hostname or 'localhost'},2026:{name}"


def atom_head(frame: Frame) -> str:
    """Open an Atom feed."""
    board, own = escaped(frame.board), escaped(frame.address)
    return (
        f'{DECLARATION}<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>{escaped(own)}</id><title>{escaped(f'Jobs at {frame.company}')}</title>"
        f"<updated>{iso(frame.changed_at)}</updated>"
        f"<author><name>{escaped(frame.company)}</name></author>"
        f'<link rel="self" type="application/atom+xml" href="{own}"/>'
        f'<link rel="alternate" type="text/html" href="{board}"/>'
    )


def atom_entry(job: Listed, frame: Frame) -> str:
    """Write one job for Atom readers."""
    kind = f'<category term="{escaped(job.department)}"/>' if job.department else ""
    return (
        f"\n<entry><id>{escaped(_tag_uri(frame, job.reference))}</id>"
        f"<title>{cdata(job.title)}</title>"
        f'<link rel="alternate" type="text/html" href="{escaped(link(job, frame))}"/>'
        f"<published>{iso(job.listed_at)}</published><updated>{iso(job.updated_at)}</updated>"
        f"<author><name>{cdata(job.employer)}</name></author>{kind}"
        f'<content type="html">{cdata(for_readers(job.description))}</content></entry>'
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_head(frame: Frame) -> str:
    """Open a JSON Feed; the items follow."""
    told = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"Jobs at {frame.company}",
        "home_page_url": frame.board,
        "feed_url": frame.address,
        "language": frame.option("language") or "en",
        "authors": [{"name": frame.company, "url": frame.board}],
        "_jobly": {
            "about": frame.board,
            "edition": frame.edition,
            "expected_jobs": frame.jobs,
            "built_at": iso(frame.changed_at),
        },
    }
    return f'{_json(told)[:-1]},"items":['


def json_entry(job: Listed, frame: Frame) -> str:
    """Write one job as an item of a JSON Feed; what the format has no word for is in `_jobly`."""
    first = {"location": job.location_text, "city": job.city, "region": job.region}
    more = [
        {name: place.get(name, "") for name in ("city", "region", "country")}
        for place in job.more_places
    ]
    told: dict[str, Any] = {
        "id": job.reference,
        "url": link(job, frame),
        "title": job.title,
        "content_html": for_readers(job.description) or "<p></p>",
        "date_published": iso(job.listed_at),
        "date_modified": iso(job.updated_at),
        "authors": [{"name": job.employer}],
    }
    if job.department:
        told["tags"] = [job.department]
    told["_jobly"] = {
        "about": frame.board,
        "company": job.employer,
        "places": [first | {"country": job.country}, *more],
        "remote": job.remote,
        "employment_type": job.employment_type,
        "seniority": job.seniority,
        "salary": pay(job),
        "expires_at": iso(job.expires_at) if job.expires_at else None,
    }
    return f"\n{_json(told)}"


def google_head(_frame: Frame) -> str:
    """Open the addresses of job pages as a sitemap, which is what Google takes."""
    spaces = f'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:job="{POSTING_SPACE}"'
    return f"{DECLARATION}<urlset {spaces}>"


def google_entry(job: Listed, frame: Frame) -> str:
    """Write the address of one job page and the posting that stands there.

    Nothing for a job whose page carries no posting: Google could not show it.
    """
    posting = jsonld.job_posting(published(job, frame), now=frame.changed_at)
    if posting is None or not job.on_board:
        return ""
    told = cdata(json.dumps(posting, ensure_ascii=False, separators=(",", ":")))
    place = escaped(frame.site + job.page)
    return (
        f"\n<url><loc>{place}</loc><lastmod>{iso(job.updated_at)}</lastmod>"
        f"<job:posting>{told}</job:posting></url>"
    )


def published(job: Listed, frame: Frame) -> jsonld.Published:
    """Return what the page of a job shows, for its markup."""
    return jsonld.Published(
        identifier=job.requisition or str(job.job_id),
        title=job.title,
        description_html=for_readers(job.description),
        description_text=TAG.sub(" ", job.description),
        employer=job.employer,
        employer_url=job.employer_url,
        posted_at=job.listed_at,
        expires_at=job.expires_at,
        city=job.city,
        region=job.region,
        country=job.country,
        remote=job.remote,
        employment_type=job.employment_type,
        target=job.apply_url or job.url or frame.site + job.page,
        direct=not (job.apply_url or job.url),
        education=job.education,
        experience_months=job.experience_months,
        more_places=tuple(job.more_places),
        pay_min=job.salary_min,
        pay_max=job.salary_max,
        pay_currency=job.currency,
        pay_period=job.period,
        pay_stated=job.salary_source == "stated",
    )
