"""A company with one row of everything the back office shows, and ways to go there."""

from dataclasses import dataclass
from uuid import uuid4

from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils.timezone import now

from distribution.actions import feeding
from distribution.actions.endpoints import create_endpoint
from distribution.models import (
    Applicant,
    ApplicationTerms,
    Attempt,
    Distribution,
    FeedFetch,
    InboundHook,
    ReplyTemplate,
)
from distribution.rules.feeds.formats import FORMATS
from ingestion.models import ProcessedJob, SourceDay
from jobly.runs.actions import start, transaction
from tests.distribution.make import make_channel, make_distribution, make_posting
from tests.make import (
    make_artifact,
    make_collection,
    make_company,
    make_employer,
    make_key,
    make_member,
    make_processed,
    make_processing,
    make_source,
    make_suggestion,
    make_upload,
)

BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True)
class World:
    """The rows of one company, by model label; all their texts hold the company's word."""

    word: str
    company: object
    owner: object
    rows: dict


def make_world(word):
    """Make a company whose every row can be recognised by one word."""
    company = make_company(word, name=f"{word} works")
    owner = make_member(company, "owner", email=f"owner@{word}.example", name=f"{word} owner")
    key, _ = make_key(owner, company=company, name=f"{word} key")
    source = make_source(f"{word} uploads", company=company, kind="upload", employer=word)
    artifact = make_artifact(name=f"{word}.csv")
    collection = make_collection(source, artifact=artifact, file_name=f"{word}.csv")
    upload = make_upload(company, collection=collection, status="loaded", created_by=owner)
    processing = make_processing(collection, raw=2, processed=1, failed=1, loaded=1)
    failed = make_processed(
        processing,
        status=ProcessedJob.Status.FAILED,
        error_code="missing_title",
        error=f"{word}: no title",
        raw={"word": word},
        data=None,
    )
    employer = make_employer(f"{word} employer")
    job = make_posting(company, title=f"{word} welder", employer=employer, source=source)
    make_processed(processing, status=ProcessedJob.Status.LOADED, job_id=job.pk)
    channel = make_channel(company, slug="linkedin", name=f"{word} board")
    with transaction():
        distribution = make_distribution(job, channel, upload_id=upload.pk)
        run = start(
            "ingestion.process",
            {"collection_id": str(collection.pk)},
            actor=owner,
            company=company,
        )
    Distribution.objects.filter(pk=distribution.pk).update(
        status="rejected", error=f"{word} error", error_code="board_refused"
    )
    distribution.refresh_from_db()
    attempt = Attempt.objects.create(distribution=distribution, number=1, op="create")
    applicant = Applicant.objects.create(
        company=company,
        job=job,
        distribution=distribution,
        name=f"{word} person",
        email=f"person@{word}.example",
        email_key=f"person@{word}.example",
        form_key=uuid4(),
    )
    words = {"company": company, "subject": f"{word} subject", "body": word}
    rows = {
        "distribution.applicant": applicant,
        "distribution.applicationterms": ApplicationTerms.objects.create(company=company),
        "distribution.replytemplate": ReplyTemplate.objects.create(name=f"{word} no", **words),
        "users.user": owner,
        "users.company": company,
        "users.membership": owner.memberships.get(),
        "users.apikey": key,
        "runs.run": run,
        "ingestion.source": source,
        "ingestion.rawcollection": collection,
        "ingestion.processing": processing,
        "ingestion.processedjob": failed,
        "ingestion.upload": upload,
        "ingestion.employer": employer,
        "ingestion.job": job,
        "ingestion.suggestion": make_suggestion(job),
        "ingestion.sourceday": SourceDay.objects.create(source=source, day=now().date()),
        "distribution.channel": channel,
        "distribution.distribution": distribution,
        "distribution.attempt": attempt,
        "distribution.feedfetch": fetched(company, word),
        "distribution.inboundhook": InboundHook.objects.create(
            channel=channel, event_id=f"msg-{word}", body=f'{{"type": "{word}"}}'.encode()
        ),
        "distribution.hookendpoint": create_endpoint(company, url=f"https://{word}.example/h")[0],
    }
    return World(word, company, owner, rows)


def fetched(company, word):
    """Note that the company's feed was fetched once."""
    kind = FORMATS["generic"]
    fetch = feeding.Fetch(200, word, f"{word}bot/1")
    feeding.begin_fetch(feeding.present(company, kind), kind, fetch)
    return FeedFetch.objects.get(company=company)


def signed_in(person):
    """Return a browser in which the person is signed in."""
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client


def address(model, verb, *args):
    """Return the address of a model's page, or None where it has none."""
    meta = model._meta
    try:
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_{verb}", args=args)
    except NoReverseMatch:
        return None


def models():
    """Return every model the back office knows, with its label."""
    return [(model._meta.label_lower, model) for model in admin.site._registry]
