"""Plays every source over real HTTP, in our own words: paging, quotas, validators and faults."""

import hashlib
import json
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape

from werkzeug import Request, Response

from tests.make import make_source

DAY = timedelta(days=1)
STARTED = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
TEXT = "You weld pipes with care, read drawings and keep the yard tidy. " * 4


@dataclass
class Opening:
    """One opening as the world has it; each source tells it in its own words."""

    number: int
    title: str = ""
    company: str = "Nordwerft"
    city: str = "Bergen"
    country: str = "NO"

    @property
    def at(self):
        return STARTED + self.number * timedelta(minutes=7)

    @property
    def text(self):
        return f"<p>{self.title}: {TEXT}</p>"


@dataclass
class Replay:
    """A server that has openings and tells them as `adapter` does.

    `faults` are answers given, in order, instead of the next ones; None lets one pass. `size` is
    how many a page of a list has where the source decides that.
    """

    httpserver: object
    adapter: str
    openings: list = field(default_factory=list)
    faults: deque = field(default_factory=deque)
    asked: list = field(default_factory=list)
    size: int = 10
    told: int | None = None
    validators: bool = True
    headers: dict = field(default_factory=dict)

    def __post_init__(self):
        self.httpserver.expect_request(re.compile(r"/.*")).respond_with_handler(self.answer)

    def open(self, count, **columns):
        first = len(self.openings) + 1
        for number in range(first, first + count):
            words = {"title": f"Pipe Engineer {number}"} | columns
            self.openings.insert(0, Opening(number, **words))  # the newest stand first
        return self

    @property
    def total(self):
        return len(self.openings) if self.told is None else self.told

    @property
    def url(self):
        return self.httpserver.url_for(BASES.get(self.adapter, "")).rstrip("/")

    def answer(self, request: Request) -> Response:
        self.asked.append(request)
        fault = self.faults.popleft() if self.faults else None
        if fault is not None:
            return fault if isinstance(fault, Response) else fault(request)
        found = PLAYS[self.adapter](self, request)
        if isinstance(found, Response):
            return found
        body = found if isinstance(found, bytes) else json.dumps(found).encode()
        kind = "application/xml" if body.startswith(b"<") else "application/json"
        headers = dict(self.headers)
        if self.validators:
            headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            if request.headers.get("If-None-Match") == headers["ETag"]:
                return Response(status=304, headers=headers)
        return Response(body, content_type=kind, headers=headers)

    def slice(self, start, size):
        return self.openings[start : start + size]


def lines(request, name, default=0):
    return int(request.args.get(name, default))


def greenhouse(replay, request):
    jobs = [
        {
            "id": o.number,
            "title": o.title,
            "absolute_url": f"https://boards.example/{o.number}",
            "company_name": o.company,
            "location": {"name": f"{o.city}, Norway"},
            "updated_at": o.at.isoformat(),
            "first_published": o.at.isoformat(),
            "content": escape(o.text),
            "departments": [{"id": 1, "name": "Yard"}],
            "offices": [],
            "metadata": None,
        }
        for o in replay.openings
    ]
    return {"jobs": jobs, "meta": {"total": replay.total}}


def lever(replay, request):
    return [
        {
            "id": f"lv-{o.number}",
            "text": o.title,
            "country": o.country,
            "workplaceType": "on-site",
            "categories": {"location": o.city, "commitment": "Full-time", "allLocations": [o.city]},
            "description": o.text,
            "lists": [{"text": "What you bring", "content": "<li>Patience</li>"}],
            "additional": "",
            "createdAt": int(o.at.timestamp() * 1000),
            "hostedUrl": f"https://jobs.example/{o.number}",
            "applyUrl": f"https://jobs.example/{o.number}/apply",
        }
        for o in replay.slice(lines(request, "skip"), lines(request, "limit"))
    ]


def ashby(replay, request):
    jobs = [
        {
            "id": f"as-{o.number}",
            "title": o.title,
            "department": "Yard",
            "employmentType": "FullTime",
            "location": o.city,
            "secondaryLocations": [],
            "publishedAt": o.at.isoformat(),
            "isListed": True,
            "isRemote": False,
            "workplaceType": "Onsite",
            "address": {"postalAddress": {"addressLocality": o.city, "addressCountry": "Norway"}},
            "jobUrl": f"https://ashby.example/{o.number}",
            "applyUrl": f"https://ashby.example/{o.number}/application",
            "descriptionHtml": o.text,
        }
        for o in replay.openings
    ]
    return {"jobs": jobs, "apiVersion": "1"}


def smartrecruiters(replay, request):
    number = request.path.rpartition("/")[2]
    if number != "postings":
        opening = next((o for o in replay.openings if str(o.number) == number), None)
        if opening is None:
            return Response('{"message": "no such posting"}', 404)
        return _smart(opening) | {
            "postingUrl": f"https://smart.example/{number}",
            "applyUrl": f"https://smart.example/{number}/apply",
            "active": True,
            "jobAd": {"sections": {"jobDescription": {"title": "The work", "text": opening.text}}},
        }
    offset = lines(request, "offset")
    found = replay.slice(offset, min(replay.size, lines(request, "limit")))
    head = {"offset": offset, "limit": replay.size, "totalFound": replay.total}
    return head | {"content": [_smart(o) for o in found]}


def _smart(opening):
    return {
        "id": str(opening.number),
        "uuid": f"u-{opening.number}",
        "name": opening.title,
        "refNumber": f"R{opening.number}",
        "company": {"identifier": "nordwerft", "name": opening.company},
        "releasedDate": opening.at.isoformat(),
        "location": {"city": opening.city, "country": "no", "remote": False},
        "typeOfEmployment": {"id": "permanent", "label": "Full-time"},
    }


def workable(replay, request):
    jobs = [
        {
            "title": o.title,
            "shortcode": f"WK{o.number}",
            "employment_type": "Full-time",
            "telecommuting": False,
            "department": "Yard",
            "url": f"https://workable.example/j/{o.number}",
            "application_url": f"https://workable.example/j/{o.number}/apply",
            "published_on": o.at.date().isoformat(),
            "country": "Norway",
            "city": city,
            "state": "",
            "description": o.text,
        }
        for o in replay.openings
        for city in (o.city, "Oslo")  # once for each place, under one code
    ]
    return {"name": "Nordwerft", "description": "", "jobs": jobs}


def recruitee(replay, request):
    offers = [
        {
            "id": o.number,
            "slug": f"welder-{o.number}",
            "title": o.title,
            "description": o.text,
            "requirements": "<p>A steady hand.</p>",
            "company_name": o.company,
            "department": "Yard",
            "city": o.city,
            "country_code": o.country,
            "location": f"{o.city}, Norway",
            "remote": False,
            "employment_type_code": "fulltime_permanent",
            "published_at": o.at.strftime("%Y-%m-%d %H:%M:%S UTC"),
            "careers_url": f"https://recruitee.example/o/{o.number}",
            "careers_apply_url": f"https://recruitee.example/o/{o.number}/c/new",
        }
        for o in replay.openings
    ]
    return {"offers": offers}


def personio(replay, request):
    rows = "".join(
        f"<position><id>{o.number}</id><subcompany>{o.company}</subcompany>"
        f"<office>{o.city}</office><name>{o.title}</name><jobDescriptions><jobDescription>"
        f"<name>The work</name><value><![CDATA[{o.text}]]></value></jobDescription>"
        "</jobDescriptions><employmentType>permanent</employmentType><schedule>full-time</schedule>"
        f"<createdAt>{o.at.isoformat()}</createdAt></position>"
        for o in replay.openings
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><workzag-jobs>{rows}</workzag-jobs>'.encode()


def workday(replay, request):
    if request.method == "GET":
        code = request.path.rpartition("_")[2]
        o = next(o for o in replay.openings if f"JR-{o.number}" == code)
        return {
            "jobPostingInfo": {
                "id": f"w{o.number}",
                "title": o.title,
                "jobDescription": o.text,
                "location": o.city,
                "postedOn": "Posted Today",
                "startDate": o.at.date().isoformat(),
                "timeType": "Full time",
                "jobReqId": code,
                "country": {"descriptor": "Norway"},
                "externalUrl": f"https://workday.example/job/{code}",
            },
            "hiringOrganization": {"name": o.company, "url": ""},
        }
    asked = request.get_json()
    if asked["limit"] > 20:
        return Response('{"errorCode": "HTTP_400"}', 400)
    found = replay.slice(asked["offset"], asked["limit"])
    postings = [
        {
            "title": o.title,
            "externalPath": f"/job/{o.city}/Pipe-Engineer_JR-{o.number}",
            "locationsText": o.city,
            "postedOn": f"Posted {len(replay.asked)} Days Ago",  # never the same twice
            "bulletFields": [f"JR-{o.number}"],
        }
        for o in found
    ]
    total = replay.total if asked["offset"] == 0 else 0  # told on the first page only
    return {"total": total, "jobPostings": postings, "facets": [], "userAuthenticated": False}


def rss(replay, request, at="https://feed.example"):
    items = "".join(
        f"<item><title>{o.title}</title><link>{at}/{o.number}</link>"
        f"<guid>{at}/{o.number}</guid><pubDate>{o.at:%a, %d %b %Y %H:%M:%S} GMT"
        f"</pubDate><description>{escape(o.text)}</description></item>"
        for o in replay.openings
    )
    return f'<rss version="2.0"><channel><title>Nordwerft</title>{items}</channel></rss>'.encode()


def weworkremotely(replay, request):
    found = rss(replay, request, "https://weworkremotely.com/remote-jobs")
    return found.replace(b"<item><title>", b"<item><title>Nordwerft: ")


def remotive(replay, request):
    jobs = [
        {
            "id": o.number,
            "url": f"https://remotive.example/{o.number}",
            "title": o.title,
            "company_name": o.company,
            "category": "Yard",
            "tags": ["welding"],
            "job_type": "full_time",
            "publication_date": o.at.strftime("%Y-%m-%dT%H:%M:%S"),
            "candidate_required_location": "Norway",
            "salary": "",
            "description": o.text,
        }
        for o in replay.openings
    ]
    return {"0-legal-notice": "Link back.", "job-count": replay.total, "jobs": jobs}


def remoteok(replay, request):
    jobs = [
        {
            "slug": f"welder-{o.number}",
            "id": str(o.number),
            "epoch": int(o.at.timestamp()),
            "date": o.at.isoformat(),
            "company": o.company,
            "position": o.title,
            "tags": ["welding"],
            "description": o.text,
            "location": o.city,
            "salary_min": 0,
            "salary_max": 0,
            "apply_url": f"https://rok.example/l/{o.number}",
            "url": f"https://rok.example/{o.number}",
        }
        for o in replay.openings
    ]
    return [{"last_updated": 1, "legal": "Link back and say where it is from."}, *jobs]


def arbeitnow(replay, request):
    page = lines(request, "page", 1)
    found = replay.slice((page - 1) * replay.size, replay.size)
    rows = [
        {
            "slug": f"welder-{o.number}",
            "company_name": o.company,
            "title": o.title,
            "description": o.text,
            "remote": False,
            "url": f"https://arbeit.example/{o.number}",
            "tags": ["Yard"],
            "job_types": ["full time"],
            "location": o.city,
            "created_at": int(o.at.timestamp()),
        }
        for o in found
    ]
    more = page * replay.size < len(replay.openings)
    links = {"next": "https://elsewhere.example/?search=x" if more else None}
    return {"data": rows, "links": links, "meta": {"current_page": page, "per_page": replay.size}}


def himalayas(replay, request):
    offset = lines(request, "offset")
    jobs = [
        {
            "title": o.title,
            "excerpt": "",
            "companyName": o.company,
            "employmentType": "Full Time",
            "seniority": ["Mid-level"],
            "locationRestrictions": ["Norway"],
            "categories": ["Welding"],
            "description": o.text,
            "pubDate": int(o.at.timestamp()),
            "expiryDate": int((o.at + 60 * DAY).timestamp()),
            "applicationLink": f"https://himalayas.example/{o.number}",
            "guid": f"https://himalayas.example/{o.number}",
        }
        for o in replay.slice(offset, lines(request, "limit"))
    ]
    return {"offset": offset, "limit": 20, "totalCount": replay.total, "jobs": jobs}


def jobicy(replay, request):
    jobs = [
        {
            "id": o.number,
            "url": f"https://jobicy.example/{o.number}",
            "jobTitle": o.title,
            "companyName": o.company,
            "jobIndustry": ["Yard"],
            "jobType": ["full-time"],
            "jobGeo": "Norway",
            "jobLevel": "Any",
            "jobDescription": o.text,
            "pubDate": o.at.isoformat(),
        }
        for o in replay.slice(0, lines(request, "count", 20))
    ]
    return {"jobs": jobs}


def themuse(replay, request):
    page = lines(request, "page")
    found = replay.slice((page - 1) * 20, 20)
    results = [
        {
            "id": o.number,
            "name": o.title,
            "type": "external",
            "publication_date": o.at.isoformat(),
            "contents": o.text,
            "locations": [{"name": f"{o.city}, Norway"}],
            "categories": [{"name": "Yard"}],
            "levels": [{"name": "Mid Level", "short_name": "mid"}],
            "refs": {"landing_page": f"https://muse.example/{o.number}"},
            "company": {"id": 1, "short_name": "nw", "name": o.company},
        }
        for o in found
    ]
    count = -(-len(replay.openings) // 20)
    return {"page": page, "page_count": count, "total": replay.total, "results": results}


def adzuna(replay, request):
    if request.args.get("app_key") != "right":
        return Response('{"exception": "AUTH_FAIL", "display": "Authorisation failed"}', 401)
    page = int(request.path.rpartition("/")[2])
    size = lines(request, "results_per_page")
    results = [
        {
            "id": str(o.number),
            "title": o.title,
            "description": f"{TEXT}…",
            "created": o.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "redirect_url": f"https://adzuna.example/{o.number}?se={len(replay.asked)}",
            "company": {"display_name": o.company},
            "location": {"display_name": o.city, "area": ["Norway", o.city]},
            "category": {"label": "Trade", "tag": "trade"},
            "salary_is_predicted": "0",
        }
        for o in replay.slice((page - 1) * size, size)
    ]
    return {"count": replay.total, "results": results}


def usajobs(replay, request):
    if request.headers.get("Authorization-Key") != "right":
        return Response("{}", 401)
    page, size = lines(request, "Page"), lines(request, "ResultsPerPage")
    items = [
        {
            "MatchedObjectId": str(o.number),
            "MatchedObjectDescriptor": {
                "PositionID": f"P-{o.number}",
                "PositionTitle": o.title,
                "PositionURI": f"https://usajobs.example/{o.number}",
                "PositionLocationDisplay": o.city,
                "OrganizationName": o.company,
                "PublicationStartDate": o.at.date().isoformat(),
                "PositionSchedule": [{"Name": "Full-Time", "Code": "1"}],
                "UserArea": {"Details": {"JobSummary": TEXT}},
            },
        }
        for o in replay.slice((page - 1) * size, size)
    ]
    counts = {"SearchResultCount": len(items), "SearchResultCountAll": replay.total}
    return {"SearchResult": {**counts, "SearchResultItems": items}}


def hackernews(replay, request):
    if request.path.endswith("search_by_date"):
        stories = [("Who wants to be hired?", 7), ("Who is hiring?", 8)]
        return {
            "hits": [
                {
                    "objectID": str(number),
                    "title": f"Ask HN: {title} (November 2026)",
                    "num_comments": len(replay.openings),
                    "created_at_i": int(STARTED.timestamp()),
                }
                for title, number in stories
            ]
        }
    children = [
        {
            "id": o.number,
            "author": "yardboss",
            "created_at_i": int(o.at.timestamp()),
            "text": f"{o.company} | {o.title} | {o.city} | Onsite | Full-time<p>{TEXT}",
            "children": [],
        }
        for o in replay.openings
    ]
    gone = {"id": 999, "author": None, "text": None, "created_at_i": 1, "children": []}
    return {"id": 8, "title": "Ask HN: Who is hiring?", "children": [*children, gone]}


def jsearch_job(replay, o):
    return {
        "job_id": f"{o.number}==",
        "job_title": o.title,
        "employer_name": o.company,
        "job_publisher": "LinkedIn",
        "job_apply_link": f"https://apply.example/{o.number}?utm_source=google_jobs_apply",
        "job_description": TEXT,
        "job_is_remote": "false" if o.number % 2 else False,  # types drift
        "job_posted_at_timestamp": int(o.at.timestamp()),
        "job_posted_at": f"{len(replay.asked)} days ago",
        "job_city": o.city,
        "job_country": o.country,
        "job_required_experience": {"no_experience_required": "false"},
    }


def jsearch(replay, request):
    if not (request.headers.get("X-RapidAPI-Key") or request.headers.get("x-api-key")):
        return Response('{"message": "Invalid API key"}', 401)
    count = lines(request, "num_pages", 1) * 10
    head = {"status": "OK", "request_id": "r", "parameters": dict(request.args)}
    if request.path.endswith("/job-details"):
        one = [o for o in replay.openings if f"{o.number}==" == request.args["job_id"]]
        more = {"job_description": f"{TEXT} The pension is paid.", "employer_reviews": []}
        return head | {"data": [jsearch_job(replay, o) | more for o in one]}
    v2 = request.path.endswith("/search-v2")
    start = int(request.args.get("cursor") or 0) if v2 else (lines(request, "page", 1) - 1) * 10
    jobs = [jsearch_job(replay, o) for o in replay.slice(start, count)]
    if not v2:
        return head | {"data": jobs}
    behind = start + len(jobs)
    cursor = {"cursor": str(behind)} if behind < len(replay.openings) else {}
    return head | {"data": {"jobs": jobs, **cursor}}


PLAYS = {
    "greenhouse": greenhouse,
    "lever": lever,
    "ashby": ashby,
    "smartrecruiters": smartrecruiters,
    "workable": workable,
    "recruitee": recruitee,
    "personio": personio,
    "workday": workday,
    "teamtailor": rss,
    "remotive": remotive,
    "remoteok": remoteok,
    "arbeitnow": arbeitnow,
    "himalayas": himalayas,
    "jobicy": jobicy,
    "themuse": themuse,
    "adzuna": adzuna,
    "usajobs": usajobs,
    "weworkremotely": weworkremotely,
    "feed": rss,
    "hackernews": hackernews,
    "jsearch": jsearch,
}
BASES = {"feed": "/jobs.xml", "greenhouse": "/v1/boards/nordwerft"}
NEEDS = {
    "greenhouse": {"board": "nordwerft"},
    "lever": {"site": "nordwerft"},
    "ashby": {"board": "nordwerft"},
    "smartrecruiters": {"company": "nordwerft"},
    "workable": {"account": "nordwerft"},
    "recruitee": {"company": "nordwerft"},
    "personio": {"company": "nordwerft"},
    "workday": {"tenant": "nordwerft", "host": "wd3", "site": "Careers"},
    "teamtailor": {"company": "nordwerft"},
    "feed": {"url": "https://nordwerft.example/jobs.xml"},
    "usajobs": {"email": "ops@jobly.example"},
}
SECRETS = {
    "jsearch": {"api_key": "ak_right"},
    "adzuna": {"app_id": "me", "app_key": "right"},
    "usajobs": {"api_key": "right"},
}


def source_of(replay, **columns):
    """A source of the adapter that is played, asked without pauses."""
    fields = {
        "name": f"{replay.adapter} board",
        "adapter": replay.adapter,
        "kind": "api",
        "base_url": replay.url,
        "settings": NEEDS.get(replay.adapter, {}),
        "credentials": SECRETS.get(replay.adapter, {}),
        "call_delay": timedelta(),
        "call_timeout": timedelta(seconds=5),
    }
    return make_source(**fields | columns)
