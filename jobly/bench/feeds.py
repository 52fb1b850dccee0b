"""Bench `feed`: a company's feed streamed, against the same feed built with ElementTree."""

import hashlib
import io
import time
from functools import partial
from typing import Any
from xml.etree import ElementTree

from django.db import connection

from distribution.actions import feeding
from distribution.models import Feed
from distribution.reports.feeds import each_page, frame_of, pieces
from distribution.rules.feeds.boards import indeed_head, indeed_pairs
from distribution.rules.feeds.formats import FORMATS
from distribution.rules.feeds.listed import Frame, Listed, spots
from ingestion.models import Employer, Job, Source
from jobly.users.models import Company

from .measuring import Memory, Report, Side, compare, in_turns, summary

INDEED = FORMATS["indeed"]
EMPLOYERS = 50
PARAGRAPH = (
    "<p>You join a crew of twelve that builds and mends pipes for ships, by hand and by machine, "
    "reads drawings, writes down what was done and teaches those who came later.</p>"
    "<ul><li>Certificates for TIG &amp; MMA</li><li>Good health, good humour</li></ul>"
)
JOBS = """
    INSERT INTO ingestion_job (company_id, source_id, employer_id, employer_flagged, title,
        description_html, description_text, location_text, city, region, country, more_places,
        cells, remote, reach, employment_type, seniority, salary_min, salary_max, salary_currency,
        salary_period, salary_source, salary_text, skills, skill_facts, department, occupation,
        benefits, education, apply_url, url, reference, language, status, on_board, posted_at,
        url_key, content_key, content_hash, is_copy, is_demo)
    SELECT %(company)s, %(source)s, (%(employers)s::bigint[])[1 + n %% %(many)s], false,
        'Welder of pipes, crew ' || n, repeat(%(text)s, 4), repeat('Pipes and drawings. ', 60),
        'Bergen, Norway', 'Bergen', 'Vestland', 'NO', '[]', '{}', '', '', 'FULL_TIME', 'senior',
        50000000 + n, 60000000 + n, 'NOK', 'YEAR', 'stated', '', '{}', '[]', 'production', '',
        '{}', '', 'https://jobs.example/apply/' || n, '', 'REF-' || n, 'en', 'live', true,
        now() - n %% 80 * interval '1 day', '', lpad(n::text, 64, '0'), lpad(n::text, 64, '0'),
        false, false
    FROM generate_series(1, %(rows)s) n
"""


def bench(rows: int, repeats: int) -> Report:
    """Write a feed of `rows` jobs both ways; growth says how much memory ours takes over start."""
    company = _filled(rows)
    feed = feeding.present(company, INDEED)
    frame = frame_of(feed, company, INDEED)
    memory, tree_memory = Memory(), Memory()
    ours = Side("feed", rows, partial(_streamed, feed, frame, memory))
    tree = Side("ElementTree in memory", rows, partial(_built, company, frame, tree_memory))
    in_turns([ours, tree], repeats)
    equal = _parsed(_bytes(feed, frame)) == _parsed(_built_bytes(company, frame))
    checks = _checks(company, feed)
    return Report(
        name="feed",
        rows=rows,
        repeats=repeats,
        ours=summary(ours) | {"memory_mb": round(memory.most, 1)},
        against=[compare(ours, tree) | {"memory_mb": round(tree_memory.most, 1)}],
        growth=_growth(rows),
        answers_equal=equal and ours.answer > 0,
        checks=checks,
    )


def _filled(rows: int) -> Company:
    """Make a company with so many jobs on its board, and nothing else."""
    Feed.objects.all().delete()
    Job.objects.all().delete()
    company, _ = Company.objects.get_or_create(slug="bench", defaults={"name": "Bench & Sons"})
    source, _ = Source.objects.get_or_create(name="bench", company=company)
    for number in range(EMPLOYERS):
        name = f"Yard {number}"
        Employer.objects.get_or_create(key=name.lower(), defaults={"name": name})
    employers = list(Employer.objects.order_by("pk").values_list("pk", flat=True)[:EMPLOYERS])
    given: dict[str, Any] = {"company": company.pk, "source": source.pk, "employers": employers}
    with connection.cursor() as cursor:
        cursor.execute(JOBS, {**given, "many": EMPLOYERS, "text": PARAGRAPH, "rows": rows})
        cursor.execute("VACUUM ANALYZE ingestion_job")
    return company


def _streamed(feed: Feed, frame: Frame, memory: Memory) -> int:
    """Stream the feed to nowhere and return its bytes."""
    with memory:
        return sum(len(piece) for piece, _ in pieces(feed, INDEED, frame))


def _built(company: Company, frame: Frame, memory: Memory) -> int:
    with memory:
        return len(_built_bytes(company, frame))


def _built_bytes(company: Company, frame: Frame) -> bytes:
    """Build the same feed as the documentation of ElementTree has it, from rows of the ORM."""
    head = indeed_head(frame).partition("\n")[2] + "</source>"
    root = ElementTree.fromstring(head)  # noqa: S314 # our own
    rows = Job.objects.live().filter(company=company, on_board=True).select_related("employer")
    for job in rows.order_by("pk"):
        listed = _listed(job, frame)
        for spot in spots(listed):
            entry = ElementTree.SubElement(root, "job")
            for tag, text in indeed_pairs(listed, spot, frame):
                ElementTree.SubElement(entry, tag).text = text
    out = io.BytesIO()
    ElementTree.ElementTree(root).write(out, encoding="UTF-8", xml_declaration=True)
    return out.getvalue()


def _listed(job: Job, frame: Frame) -> Listed:
    """Read off a row what a feed tells, so that both sides say the same."""
    return Listed(
        job_id=job.pk,
        title=job.title,
        description=job.description_html,
        employer=job.employer.name,
        employer_url=job.employer.url,
        location_text=job.location_text,
        city=job.city,
        region=job.region,
        country=job.country,
        more_places=job.more_places,
        remote=job.remote,
        employment_type=job.employment_type,
        seniority=job.seniority,
        department=job.department,
        education=job.education,
        experience_months=job.experience_months,
        salary_min=job.salary_min,
        salary_max=job.salary_max,
        currency=job.salary_currency,
        period=job.salary_period,
        salary_source=job.salary_source,
        apply_url=job.apply_url,
        url=job.url,
        requisition=job.reference,
        listed_at=min(filter(None, (job.posted_at, job.first_seen_at))),
        expires_at=job.expires_at,
        updated_at=frame.changed_at,  # the edition that told of it first
        on_board=job.on_board,
        token="",
        relisted=0,
        page=job.path,
    )


def _bytes(feed: Feed, frame: Frame) -> bytes:
    return b"".join(piece for piece, _ in pieces(feed, INDEED, frame))


def _parsed(raw: bytes) -> str:
    """Return a digest of all elements and texts, as a foreign parser reads them."""
    known = hashlib.sha256()
    for _, one in ElementTree.iterparse(io.BytesIO(raw)):  # noqa: S314 # made here, just now
        known.update(f"{one.tag}\x1f{(one.text or '').strip()}\x1e".encode())
        if one.tag == "job":
            one.clear()
    return known.hexdigest()


def _growth(rows: int) -> list[dict[str, float]]:
    """Stream a tenth and all of the rows, once each, with the memory that took over start."""
    found = []
    for count in (max(1, rows // 10), rows):
        company = _filled(count)
        began = time.perf_counter()
        feed = feeding.present(company, INDEED)
        settled = time.perf_counter() - began
        memory = Memory()
        side = Side(
            "growth", count, partial(_streamed, feed, frame_of(feed, company, INDEED), memory)
        )
        in_turns([side], 1)
        line = {"rows": count, "seconds": round(side.median, 3)}
        more = {"memory_mb": round(memory.most, 1), "edition_seconds": round(settled, 3)}
        found.append(line | more)
    return found


def _checks(company: Company, feed: Feed) -> list[dict[str, Any]]:
    """Time what an unchanged feed costs, and read it without writing it."""
    began = time.perf_counter()
    feeding.present(company, INDEED)
    same = time.perf_counter() - began
    began = time.perf_counter()
    count = sum(each_page(feed, len))
    read = time.perf_counter() - began
    return [
        {"name": "nothing changed", "milliseconds": round(same * 1000, 1)},
        {"name": "read, not written", "jobs": count, "reading_seconds": round(read, 3)},
    ]
