"""The page of one job: facts, safe HTML, markup, and what is left when it ended."""

import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from ingestion.rules.display import experience
from tests.make import make_company, make_employer, make_job, make_member, make_sighting, make_user

pytestmark = pytest.mark.django_db
VECTORS = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "<svg/onload=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="java&#10;script:alert(1)">x</a>',
    '<p style="position:fixed">x</p>',
    '<iframe src="https://evil.example"></iframe>',
    '<form action="https://evil.example"><input name=q></form>',
    "<math><mtext></p><style><img src=x onerror=alert(1)>",
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    '<base href="https://evil.example/">',
    "</div></main></body><script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
]


def page(client, job, status=200):
    answer = client.get(job.path)
    assert answer.status_code == status
    return answer


def markup(answer):
    found = re.search(
        r'<script type="application/ld\+json" nonce="([^"]+)">(.*?)</script>',
        answer.content.decode(),
        re.DOTALL,
    )
    return (found[1], json.loads(found[2])) if found else None


def prose(answer):
    body = answer.content.decode()
    return body[body.index('<div class="prose">') : body.index('<aside class="side">')]


@pytest.mark.parametrize("vector", VECTORS)
def test_a_description_can_do_nothing_however_it_came_into_the_table(client, vector):
    job = make_job(description_html=f"<p>Weld.</p>{vector}")
    shown = prose(page(client, job)).lower()
    for bad in ("<script", "onerror", "onload", "javascript:", "style=", "<iframe", "<form",
                "<input", "<meta", "<base", "<svg", "<img", "</body"):  # fmt: skip
        assert bad not in shown
    assert "<p>weld.</p>" in shown


def test_links_of_a_description_are_marked_as_not_ours(client):
    job = make_job(description_html='<p><a href="https://x.example">x</a></p>')
    assert 'rel="nofollow noopener noreferrer"' in prose(page(client, job))


@pytest.mark.parametrize("vector", VECTORS)
def test_no_text_of_a_job_becomes_markup(client, vector):
    job = make_job(
        f"Welder {vector}",
        employer=make_employer(f"Yard {vector}"),
        location_text=vector,
        reference=vector,
        skills=[vector],
        description_text=vector,
    )
    sighting = make_sighting(job, url=f"https://x.example/{vector}")
    sighting.source.name = vector
    sighting.source.save()
    body = page(client, job).content.decode().replace(prose(page(client, job)), "")
    bare = re.sub(r'<script type="application/ld\+json".*?</script>', "", body, flags=re.DOTALL)
    assert vector not in bare
    assert "<script" not in bare
    _, posting = markup(page(client, job))
    assert posting["title"] == job.title


def test_the_page_tells_every_fact(client):
    now = timezone.now()
    job = make_job(
        employer=make_employer("Yard"),
        region="Viken",
        remote="hybrid",
        seniority="senior",
        salary_min=250_00,
        salary_max=300_00,
        salary_currency="NOK",
        salary_period="HOUR",
        salary_annual_min=520_000_00,
        salary_annual_max=624_000_00,
        salary_source="text",
        skills=["Welding", "TIG"],
        posted_at=now - timedelta(days=3),
        expires_at=now + timedelta(days=5),
        reference="REQ-17",
    )
    make_sighting(job, url="https://board.example/17")
    body = page(client, job).content.decode()
    for text in (
        "NOK 250 – NOK 300 an hour",
        "about NOK 520,000 – NOK 624,000 a year",
        "read in the description",
        "Hybrid",
        "Senior",
        "Full time",
        "Oslo, Norway",
        'href="/?skills=TIG"',
        "REQ-17",
        "Apply until",
        "Seen at 1 source",
        'href="https://board.example/17" rel="nofollow noopener"',
        f'href="{job.apply_url}" rel="nofollow noopener"',
        f'<link rel="canonical" href="http://testserver{job.path}">',
        '<meta name="description" content="Welder wanted. Weld pipes',
    ):
        assert text in body
    assert 'name="robots"' not in body


def test_live_jobs_carry_a_job_posting_with_the_nonce_of_the_policy(client):
    job = make_job(posted_at=timezone.now() - timedelta(days=3))
    answer = page(client, job)
    nonce, posting = markup(answer)
    assert f"'nonce-{nonce}'" in answer["Content-Security-Policy"]
    assert "'unsafe-inline'" not in answer["Content-Security-Policy"].split("script-src")[1][:60]
    assert (posting["@type"], posting["title"]) == ("JobPosting", "Welder")
    assert posting["jobLocation"]["address"]["addressCountry"] == "NO"


def test_a_posting_is_as_old_as_our_first_sight_when_nobody_says_when_it_was_posted(client):
    job = make_job(first_seen_at=timezone.now() - timedelta(days=30))
    _, posting = markup(page(client, job))
    assert posting["datePosted"] == job.first_seen_at.date().isoformat()


@pytest.mark.parametrize(("status", "words"), [("closed", "is closed"), ("expired", "has expired")])
def test_an_ended_job_says_so_shows_open_ones_and_has_no_markup(client, status, words):
    job = make_job("Pipe Welder", status=status, expires_at=timezone.now() - timedelta(days=1))
    make_job("Senior Pipe Welder", employer=make_employer("Alike"))
    make_job("Cook", employer=job.employer)
    make_job("Painter", employer=make_employer("Far off"))
    answer = page(client, job)
    body = answer.content.decode()
    assert words in body
    assert 'content="noindex"' in body
    assert markup(answer) is None
    assert job.apply_url not in body
    assert [other.title for other in answer.context["similar"]] == ["Senior Pipe Welder", "Cook"]


def test_a_job_past_its_date_carries_no_markup_before_it_is_swept(client):
    job = make_job(expires_at=timezone.now() - timedelta(minutes=1))
    assert markup(page(client, job)) is None


def test_a_removed_job_is_gone_and_tells_nothing(client):
    job = make_job("Secret welder", status="removed")
    assert "Secret" not in page(client, job, status=410).content.decode()


def test_drafts_and_jobs_kept_inside_are_for_their_company(client):
    company = make_company()
    draft = make_job("Draft", company=company, status="draft", on_board=True)
    inside = make_job("Inside", company=company)
    for stranger in (None, make_user(), make_member(make_company())):
        if stranger:
            client.force_login(stranger)
        page(client, draft, status=404)
        page(client, inside, status=404)
    client.force_login(make_member(company, role="viewer"))
    assert "Draft." in page(client, draft).content.decode()
    body = page(client, inside).content.decode()
    assert "Not on the public board" in body
    assert 'content="noindex"' in body
    assert markup(page(client, inside)) is None


def test_another_slug_leads_to_the_right_address_for_good(client):
    job = make_job("Welder", employer=make_employer("Yard"))
    assert job.path == f"/jobs/{job.pk}-welder-yard/"
    for other in (f"/jobs/{job.pk}/", f"/jobs/{job.pk}-cook/", f"/jobs/{job.pk}-welder-yard-2/"):
        answer = client.get(other)
        assert (answer.status_code, answer["Location"]) == (301, job.path)


def test_another_slug_of_a_hidden_job_tells_nothing(client):
    job = make_job("Inside", company=make_company())
    assert client.get(f"/jobs/{job.pk}-x/").status_code == 404


def test_a_job_without_latin_letters_has_an_address(client):
    job = make_job("溶接工", employer=make_employer("造船所"))
    assert job.path == f"/jobs/{job.pk}-job/"
    page(client, job)


@pytest.mark.parametrize("number", [0, 999, 2**63, 10**30])
def test_an_unknown_number_is_not_found(client, number):
    assert client.get(f"/jobs/{number}/").status_code == 404


@pytest.mark.parametrize(
    ("apply_url", "url", "target"),
    [
        ("javascript:alert(1)", "https://ok.example/", "https://ok.example/"),
        ("mailto:jobs@yard.example", "", "mailto:jobs@yard.example"),
        ("//evil.example", "data:text/html,x", ""),
    ],
)
def test_one_applies_only_where_a_link_may_lead(client, apply_url, url, target):
    answer = client.get(make_job(apply_url=apply_url, url=url).path + "?next=//evil.example")
    assert answer.context["target"] == target
    body = answer.content.decode()
    assert "evil.example" not in body
    assert ("gives no link to apply by" in body) == (not target)


def test_the_page_takes_as_many_queries_for_one_source_as_for_many(
    client, django_assert_max_num_queries
):
    client.get("/")
    job = make_sighting().job
    assert job.path  # reads the employer, here and not below
    with django_assert_max_num_queries(7) as one:
        page(client, job)
    for _ in range(9):
        make_sighting(job)
        make_job(employer=job.employer)
    with django_assert_max_num_queries(7) as many:
        page(client, job)
    assert len(many) <= len(one)


def test_one_source_that_shows_a_job_twice_is_one_source(client):
    job = make_job()
    first = make_sighting(job)
    make_sighting(job, source=first.source)
    assert "Seen at 1 source<" in page(client, job).content.decode()


def test_a_job_is_only_read(client):
    assert client.post(make_job().path).status_code == 405


def test_what_the_job_asks_for_and_gives_is_said(client):
    job = make_job(
        experience_months=36, education="bachelor", benefits=["Meals", "Equity"],
        more_places=[{"city": "Bergen", "region": "", "country": "NO", "lat": None, "lon": None}],
    )  # fmt: skip

    text = client.get(job.path).content.decode()
    for said in ("3 years", "Bachelor&#x27;s degree", "Meals, Equity", "Bergen"):
        assert said in text
    bare = client.get(make_job("Welder").path).content.decode()
    for term in ("Experience</dt>", "Education</dt>", "Benefits</dt>", "Also in</dt>"):
        assert term not in bare


@pytest.mark.parametrize(
    ("months", "words"),
    [(None, ""), (0, "None needed"), (12, "1 year"), (18, "18 months"), (60, "5 years")],
)
def test_experience_is_said_in_years_where_they_are_whole(months, words):
    assert experience(months) == words
