"""Jobs that PostgreSQL makes of stored items are those that we would make of their postings."""

from datetime import UTC, datetime

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.actions.catalogue import CONTENT, values_of
from ingestion.actions.collections import source_named
from ingestion.actions.inserting import PAID, SAME, insert_jobs
from ingestion.models import Employer, Job, ProcessedJob
from ingestion.rules.employers import employer_key
from ingestion.rules.gazetteer import Place
from ingestion.rules.normalise import Posting
from ingestion.rules.salaries import Salary
from ingestion.rules.skills_facts import SkillFact
from tests.make import make_collection, make_company, make_processing

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
# what PostgreSQL's literals, JSON and COPY could each read as something else than itself
ODD = st.sampled_from("aZ09 ,{}[]()\"'\\\n\t&<>:;%$NULL|äß日😀\u2028\u00a0")
TEXT = st.text(ODD, max_size=12)
ADDRESS = st.sampled_from(("", "https://a.example/1", "https://b.example/2?x=%7B%22&y=\\"))
MINOR = st.none() | st.integers(0, 9 * 10**15)
DEGREES = st.none() | st.floats(-179.9, 179.9, allow_nan=False)
TIMES = st.none() | st.datetimes(
    datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001 # made aware
)  # fmt: skip


@st.composite
def salaries(draw):
    low, high = sorted((draw(st.integers(0, 9 * 10**15)), draw(st.integers(0, 9 * 10**15))))
    return Salary(
        draw(st.sampled_from((None, low))), draw(st.sampled_from((None, high))),
        draw(st.sampled_from(("", "EUR"))), draw(st.sampled_from(("", "YEAR", "HOUR"))),
        draw(MINOR), draw(MINOR), "text", draw(TEXT), draw(st.floats(0, 1)),
    )  # fmt: skip


PLACES = st.builds(
    Place,
    city=TEXT,
    region=TEXT,
    country=st.sampled_from(("", "NO")),
    lat=st.none() | st.floats(-90, 90, allow_nan=False),
    lon=DEGREES,
)
FACTS = st.builds(
    SkillFact,
    name=TEXT,
    need=st.sampled_from(("", "required")),
    field=st.sampled_from(("title", "skills")),
    start=st.integers(0, 99),
    end=st.integers(0, 99),
)
POSTINGS = st.builds(
    Posting,
    external_id=TEXT,
    title=TEXT.filter(bool),
    employer=TEXT,
    employer_flagged=st.booleans(),
    employer_url=ADDRESS,
    location_text=TEXT,
    city=TEXT,
    region=TEXT,
    country=st.sampled_from(("", "NO")),
    lat=st.none() | st.floats(-90, 90, allow_nan=False),
    lon=DEGREES,
    remote=st.sampled_from(("", "remote")),
    employment_type=st.sampled_from(("", "FULL_TIME")),
    seniority=st.sampled_from(("", "senior")),
    salary=st.none() | salaries(),
    description_html=TEXT,
    description_text=TEXT,
    skills=st.lists(TEXT, max_size=3).map(tuple),
    apply_url=ADDRESS,
    url=ADDRESS,
    posted_at=TIMES,
    expires_at=TIMES,
    language=st.sampled_from(("", "en")),
    department=TEXT,
    occupation=TEXT,
    skill_facts=st.lists(FACTS, max_size=2).map(tuple),
    benefits=st.lists(TEXT, max_size=2).map(tuple),
    education=st.sampled_from(("", "bachelor")),
    experience_months=st.none() | st.integers(0, 600),
    employer_domain=st.sampled_from(("", "a.example")),
    employer_size=st.sampled_from(("", "11-50")),
    is_agency=st.booleans(),
    employer_logo=ADDRESS,
    more_places=st.lists(PLACES, max_size=2).map(tuple),
    reach=st.sampled_from(("", "europe")),
)


@pytest.fixture
def processing():
    return make_processing(make_collection(source_named("site")))


def stored(processing, row, data):
    return ProcessedJob.objects.create(
        processing=processing,
        row=row,
        external_id=data["external_id"],
        url_key=f"u{row}",
        content_key=f"c{row}",
        content_hash=f"h{row}",
        data=data,
    )


def as_json(posting):
    return orjson.loads(orjson.dumps(posting.to_dict()))


def made_of(items, source):
    made = insert_jobs(source, [item.pk for item in items], seen=AT)
    return [Job.objects.get(pk=made[item.pk].job_id) for item in items]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(postings=st.lists(POSTINGS, min_size=1, max_size=4))
def test_each_column_is_what_the_posting_says(processing, postings):
    processing.items.all().delete()
    items = [stored(processing, n, as_json(one)) for n, one in enumerate(postings)]

    made = insert_jobs(processing.collection.source, [item.pk for item in items], seen=AT)

    employers = dict(Employer.objects.values_list("key", "pk"))
    for item, posting in zip(items, postings, strict=True):
        job_id, url = made[item.pk]
        job = Job.objects.filter(pk=job_id)
        (found,) = job.values(*CONTENT)
        assert found == dict(zip(CONTENT, values_of(item, posting, employers), strict=True))
        assert url == (posting.url or posting.apply_url)
        (known,) = job.values_list("reference", "source", "status", "first_seen_at", "last_seen_at")
        assert known == (posting.external_id, processing.collection.source_id, "live", AT, AT)
        assert employer_key(posting.employer) == job.get().employer.key


def test_no_column_is_forgotten():
    apart = {"employer_id", "cells", "url_key", "content_key", "content_hash"}
    assert {*SAME, *PAID} == {*CONTENT} - apart


def test_what_an_older_version_stored_is_read_as_it_is_now(processing):
    data = {
        "external_id": "A1", "title": "Cook", "employer": "Works", "employer_flagged": False,
        "employer_url": "", "location_text": "", "city": "", "region": "", "country": "",
        "lat": None, "lon": None, "remote": "", "employment_type": "", "seniority": "",
        "salary": None, "description_html": "", "description_text": "", "skills": ["Baking"],
        "apply_url": "", "url": "", "posted_at": None, "expires_at": None, "language": "",
    }  # fmt: skip
    item = stored(processing, 1, data)

    (job,) = made_of([item], processing.collection.source)

    values = values_of(item, Posting.from_dict(data), {"works": job.employer_id})
    (found,) = Job.objects.filter(pk=job.pk).values(*CONTENT)
    assert found == dict(zip(CONTENT, values, strict=True))


def test_a_demo_companys_job_is_its_own():
    company = make_company("demo", name="Demo")
    processing = make_processing(
        make_collection(source_named("file", company=company, is_demo=True))
    )
    item = stored(processing, 1, {"title": "Cook", "employer": "Demo", "external_id": ""})

    (job,) = made_of([item], processing.collection.source)

    assert (job.company, job.is_demo, job.on_board) == (company, True, False)


def test_a_thousand_items_take_as_many_statements_as_two(processing):
    source = processing.collection.source
    counts = []
    for first, many in ((0, 2), (10, 1000)):
        numbers = range(first, first + many)
        ProcessedJob.objects.bulk_create(
            ProcessedJob(
                processing=processing, row=n, external_id=f"{n}", url_key="", content_key=f"{n}",
                content_hash="", data={"title": "Cook", "employer": f"Works {n % 9}"},
            )
            for n in numbers
        )  # fmt: skip
        items = list(processing.items.filter(row__in=numbers).values_list("pk", flat=True))
        with CaptureQueriesContext(connection) as asked:
            assert len(insert_jobs(source, items, seen=AT)) == many
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_nothing_is_asked_for_nothing(processing, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert insert_jobs(processing.collection.source, [], seen=AT) == {}
