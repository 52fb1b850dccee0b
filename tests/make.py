"""One row of each model, valid by default; keyword arguments override."""

from itertools import count

from django.contrib.postgres.search import SearchVector
from django.db.models import Value
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from ingestion.models import (
    Employer,
    Enrichment,
    Job,
    JobSearch,
    ProcessedJob,
    Processing,
    RawCollection,
    Sighting,
    Source,
    Suggestion,
    Upload,
)
from ingestion.rules.enrichment.views import basis_of
from jobly.artifacts.models import Artifact
from jobly.users.actions import create_api_key
from jobly.users.models import Company, Membership, User

numbers = count(1)
PASSWORD = "correct horse battery staple"


def make_user(email=None, *, password=PASSWORD, **overrides):
    email = email or f"person{next(numbers)}@example.org"
    return User.objects.create_user(email, password, **overrides)


def make_company(slug=None, **overrides):
    slug = slug or f"company-{next(numbers)}"
    return Company.objects.create(**{"slug": slug, "name": slug.title()} | overrides)


def make_member(company=None, role="recruiter", **overrides):
    user = make_user(**overrides)
    Membership.objects.create(user=user, company=company or make_company(), role=role)
    return user


def make_key(user=None, *, company=None, scopes=("jobs:read", "jobs:write"), **overrides):
    key, text = create_api_key(
        user or make_user(), company=company, scopes=list(scopes), **overrides
    )
    return key, text


def make_artifact(**overrides):
    number = next(numbers)
    fields = {"path": f"raw/{number}", "sha256": f"{number:064x}", "size": 1, "kind": "raw"}
    return Artifact.objects.create(**fields | {"content_type": "text/csv"} | overrides)


def make_source(name=None, **overrides):
    return Source.objects.create(name=name or f"source {next(numbers)}", **overrides)


def make_collection(source=None, **overrides):
    fields = {"source": source or make_source(), "artifact": None} | overrides
    fields["artifact"] = fields["artifact"] or make_artifact()
    return RawCollection.objects.create(**fields)


def make_processing(collection=None, **overrides):
    fields = {"collection": collection or make_collection(), "transformer": "v1"}
    return Processing.objects.create(**fields | overrides)


def make_processed(processing=None, **overrides):
    fields = {"processing": processing or make_processing(), "row": next(numbers), "data": {}}
    return ProcessedJob.objects.create(**fields | overrides)


def make_employer(name=None, **overrides):
    name = name or f"Employer {next(numbers)}"
    return Employer.objects.create(**{"name": name, "key": name.lower()} | overrides)


def make_job(title="Welder", *, searchable=True, **overrides):
    number = next(numbers)
    fields = {
        "title": title,
        "description_html": f"<p>{title} wanted. " + "Weld pipes with care. " * 8 + "</p>",
        "description_text": f"{title} wanted. " + "Weld pipes with care. " * 8,
        "location_text": "Oslo, Norway",
        "city": "Oslo",
        "country": "NO",
        "employment_type": "FULL_TIME",
        "apply_url": f"https://jobs.example/{number}",
        "url": f"https://jobs.example/{number}",
        "content_key": f"{number:064x}",
        "content_hash": f"{number:064x}",
    } | overrides
    fields["source"] = fields.get("source") or make_source(company=fields.get("company"))
    fields["employer"] = fields.get("employer") or make_employer()
    job = Job.objects.create(**fields)
    job.refresh_from_db()
    if searchable:
        words = SearchVector(Value(job.title), config="english")
        JobSearch.objects.create(job=job, document=words, newest=job.posted_at or Now())
    return job


def make_sighting(job=None, **overrides):
    job = job or make_job()
    fields = {"job": job, "source": job.source, "key": f"ref:{next(numbers)}"} | overrides
    fields["processing"] = fields.get("processing") or make_processing(
        make_collection(fields["source"])
    )
    return Sighting.objects.create(**fields)


def make_upload(company=None, **overrides):
    company = company or make_company()
    fields = {"company": company} | overrides
    fields["collection"] = fields.get("collection") or make_collection(
        make_source(company=company, kind="upload")
    )
    return Upload.objects.create(**fields)


def make_suggestion(job=None, **overrides):
    job = job or make_job(company=make_company())
    fields = {
        "job": job,
        "field": "title",
        "original": {"title": job.title},
        "value": {"title": f"Senior {job.title}"},
        "evidence": job.title,
        "is_safe": True,
    } | overrides
    fields["enrichment"] = fields.get("enrichment") or Enrichment.objects.create(
        job=job,
        run_id=uuid7(),
        provider="offline",
        model="rules",
        prompt_version="1",
        basis=basis_of(job.description_text),
    )
    return Suggestion.objects.create(**fields)
