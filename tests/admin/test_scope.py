"""Nobody meets a row of another company in the back office, whichever door is tried."""

from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import ForeignKey
from django.urls import reverse

from distribution.models import Channel, Distribution
from ingestion.models import Job, Upload
from jobly.runs.models import Run
from jobly.users.admin import scoped
from jobly.users.models import ApiKey, Membership
from tests.distribution.make import make_channel, make_distribution
from tests.make import make_job, make_member, make_user

from .world import address, make_world, models, signed_in

pytestmark = pytest.mark.django_db
KEPT_OUT = {302, 403, 404}


@pytest.fixture
def zebra():
    return make_world("zebra")


@pytest.fixture
def lion():
    return make_world("lion")


@pytest.fixture(params=["owner", "recruiter", "viewer"])
def browser(request, lion):
    """A browser of a member of the lions, in each role."""
    if request.param == "owner":
        return signed_in(lion.owner)
    return signed_in(make_member(lion.company, request.param))


def says(response, word):
    return word in b"".join(response).decode(errors="replace").lower()


def test_pages_of_foreign_rows_do_not_exist(browser, zebra):
    for label, model in models():
        row = zebra.rows.get(label)
        if row is None:
            continue
        for verb in ("change", "delete", "history"):
            url = address(model, verb, row.pk)
            for call in (browser.get, browser.post):
                answer = call(url)
                assert answer.status_code in KEPT_OUT, (url, answer.status_code)
                assert not says(answer, "zebra"), url


def test_own_addresses_of_pages_keep_foreign_rows_out(browser, zebra):
    collection = zebra.rows["ingestion.rawcollection"]
    distribution = zebra.rows["distribution.distribution"]
    applicant = zebra.rows["distribution.applicant"]
    pages = [
        ("get", reverse("admin:ingestion_rawcollection_raw", args=[collection.pk])),
        ("post", reverse("admin:distribution_distribution_decide", args=[distribution.pk])),
        ("post", reverse("admin:distribution_applicant_decide", args=[applicant.pk])),
        ("get", reverse("admin:distribution_applicant_data", args=[applicant.pk])),
        ("get", reverse("admin:distribution_applicant_questions", args=[distribution.job_id])),
        ("post", reverse("admin:distribution_applicant_questions", args=[distribution.job_id])),
        ("get", publish_url(upload=zebra.rows["ingestion.upload"].pk)),
        ("post", publish_url(upload=zebra.rows["ingestion.upload"].pk)),
        ("get", publish_url(job=zebra.rows["ingestion.job"].pk)),
        ("post", publish_url(job=zebra.rows["ingestion.job"].pk)),
        ("get", look_url(upload=zebra.rows["ingestion.upload"].pk)),
        ("post", look_url(upload=zebra.rows["ingestion.upload"].pk)),
        ("get", look_url(job=zebra.rows["ingestion.job"].pk)),
        ("post", look_url(job=zebra.rows["ingestion.job"].pk)),
    ]  # fmt: skip
    for method, url in pages:
        answer = getattr(browser, method)(url, {"verb": "close", "channels": ["linkedin"]})
        assert answer.status_code in KEPT_OUT, url
        assert not says(answer, "zebra"), url
    assert not Run.objects.filter(kind="distribution.apply").exists()


def look_url(**query):
    return f"{reverse('admin:ingestion_suggestion_look')}?{urlencode(query)}"


def publish_url(**query):
    return f"{reverse('admin:distribution_distribution_publish')}?{urlencode(query)}"


def test_no_list_choice_or_filter_shows_a_foreign_row(browser, zebra, lion):
    urls = [reverse("admin:index"), reverse("admin:search") + "?s=zebra"]
    apps = ("users", "runs", "ingestion", "distribution")
    urls += [reverse("admin:app_list", args=[app]) for app in apps]
    for _, model in models():
        urls += [address(model, "changelist"), address(model, "add")]
    for url in urls:
        answer = browser.get(url)
        assert answer.status_code in {200, 302, 403, 404}, url
        assert not says(answer, "zebra"), url


def test_asking_a_list_for_foreign_rows_gives_none(browser, zebra, lion):
    foreign = {
        Upload: {"company": zebra.company.pk, "q": "zebra"},
        Job: {"company": zebra.company.pk, "company__slug": "zebra", "q": "zebra"},
        Channel: {"company": zebra.company.pk, "q": "zebra", "trouble": "yes"},
        Distribution: {
            "company": zebra.company.pk,
            "channel": zebra.rows["distribution.channel"].pk,
            "job__id__exact": zebra.rows["ingestion.job"].pk,
            "upload": zebra.rows["ingestion.upload"].pk,
        },
        Run: {"company": zebra.company.pk, "q": str(zebra.rows["runs.run"].pk)},
        ApiKey: {"company": zebra.company.pk, "q": "zebra"},
        Membership: {"company": zebra.company.pk, "q": "zebra"},
    }
    for model, narrowed in foreign.items():
        for name, value in narrowed.items():
            answer = browser.get(address(model, "changelist"), {name: value}, follow=True)
            assert f"{zebra.word} " not in answer.content.decode(), (model, name)
            assert zebra.word + "." not in answer.content.decode(), (model, name)


def test_autocomplete_finds_no_foreign_row(browser, zebra):
    url = reverse("admin:autocomplete")
    for _, model in models():
        for field in model._meta.fields:
            if not isinstance(field, ForeignKey):
                continue
            asked = {
                "app_label": model._meta.app_label,
                "model_name": model._meta.model_name,
                "field_name": field.name,
                "term": "zebra",
            }
            answer = browser.get(url, asked)
            assert answer.status_code in {200, 403, 404}
            assert not says(answer, "zebra"), asked


def test_actions_on_foreign_rows_change_nothing(browser, zebra):
    before = kept(zebra)
    for label, model in models():
        row = zebra.rows.get(label)
        registered = admin.site.get_model_admin(model)
        if row is None:
            continue
        for action in registered.actions or ():
            name = action if isinstance(action, str) else action.__name__
            chosen = {"action": name, "_selected_action": [row.pk], "index": 0}
            answer = browser.post(address(model, "changelist"), chosen)
            assert answer.status_code in {200, 302, 403}
    assert kept(zebra) == before


def kept(world):
    """Return every row of a company as text."""
    return {
        label: {name: getattr(value, "text", str(value)) for name, value in found.items()}
        for label, row in world.rows.items()
        for found in type(row).objects.filter(pk=row.pk).values()
    }


def test_forms_take_no_foreign_company(zebra, lion):
    browser = signed_in(lion.owner)
    sent = {
        Upload: {"mode": "skip", "file": SimpleUploadedFile("jobs.csv", b"title\nWelder\n")},
        Channel: {"kind": "internal", "slug": "x", "name": "x", "options": "{}"},
        Membership: {"email": lion.owner.email, "role": "owner"},
        ApiKey: {"scopes": ["runs"], "days": 1},
    }
    for model, body in sent.items():
        answer = browser.post(address(model, "add"), body | {"company": zebra.company.pk})
        assert answer.status_code == 200, model  # the form again, with its errors
    assert Upload.objects.filter(company=zebra.company).count() == 1
    assert Channel.objects.filter(company=zebra.company).count() == 1
    assert Membership.objects.filter(company=zebra.company).count() == 1
    assert ApiKey.objects.filter(company=zebra.company).count() == 1


def test_jobs_of_two_companies_are_not_published_together(zebra, lion):
    browser = signed_in(lion.owner)
    own, foreign = lion.rows["ingestion.job"].pk, zebra.rows["ingestion.job"].pk
    url = reverse("admin:distribution_distribution_publish") + f"?job={own}&job={foreign}"
    answer = browser.get(url)
    assert answer.status_code == 200
    assert not says(answer, "zebra")


def test_the_public_catalogue_is_not_for_a_recruiters_list(lion):
    make_job("Giraffe keeper")
    make_job("Giraffe keeper of the board", company=None, on_board=True)
    listed = signed_in(lion.owner).get(address(Job, "changelist"))
    assert not says(listed, "giraffe")


def test_a_writer_here_who_reads_there_changes_nothing_there(zebra, lion):
    person = make_member(lion.company, "recruiter")
    Membership.objects.create(user=person, company=zebra.company, role="viewer")
    browser = signed_in(person)
    there = zebra.rows["distribution.distribution"]
    assert browser.get(address(Distribution, "change", there.pk)).status_code == 200
    decide = reverse("admin:distribution_distribution_decide", args=[there.pk])
    assert browser.post(decide, {"verb": "close"}).status_code == 403
    chosen = {"action": "close_selected", "_selected_action": [there.pk], "index": 0}
    told = browser.post(address(Distribution, "changelist"), chosen, follow=True)
    assert "only reads" in told.content.decode()
    there.refresh_from_db()
    assert there.status == "rejected"
    assert browser.get(publish_url(upload=zebra.rows["ingestion.upload"].pk)).status_code == 403
    channel = address(Channel, "change", zebra.rows["distribution.channel"].pk)
    assert browser.post(channel, {"name": "mine"}).status_code == 403


def test_more_rows_than_one_press_changes_are_refused_and_none_is_changed(lion, monkeypatch):
    monkeypatch.setattr(scoped, "MOST_AT_ONCE", 1)
    row = lion.rows["distribution.distribution"]
    other = make_distribution(channel=make_channel(lion.company, slug="indeed"))
    Distribution.objects.update(status="pending")
    chosen = {"action": "close_selected", "_selected_action": [row.pk, other.pk], "index": 0}
    listed = address(Distribution, "changelist")
    told = signed_in(lion.owner).post(listed, chosen, follow=True).content.decode()
    assert "Choose at most 1," in told
    assert set(Distribution.objects.values_list("status", flat=True)) == {"pending"}


def test_a_viewer_sees_the_pages_and_no_button_that_would_refuse(lion):
    browser = signed_in(make_member(lion.company, "viewer"))
    for model in (Upload, Job, Distribution, Channel):
        label = model._meta.label_lower
        for url in (address(model, "changelist"), address(model, "change", lion.rows[label].pk)):
            page = browser.get(url)
            assert page.status_code == 200, url
            text = page.content.decode()
            for button in ("jb-btn--main", 'name="_save"', 'name="action"', "/decide/"):
                assert button not in text, (url, button)
    assert "jb-btn--main" not in browser.get(reverse("admin:index")).content.decode()


@pytest.mark.parametrize("model", [Upload, Channel, Membership, ApiKey])
def test_a_viewer_cannot_post(lion, model):
    browser = signed_in(make_member(lion.company, "viewer"))
    before = model.objects.count()
    assert browser.post(address(model, "add"), {"company": lion.company.pk}).status_code == 403
    assert model.objects.count() == before


def test_a_viewer_decides_nothing(lion):
    browser = signed_in(make_member(lion.company, "viewer"))
    row = lion.rows["distribution.distribution"]
    decide = reverse("admin:distribution_distribution_decide", args=[row.pk])
    assert browser.post(decide, {"verb": "retry"}).status_code == 403
    publish = publish_url(upload=lion.rows["ingestion.upload"].pk)
    assert browser.post(publish, {"channels": ["linkedin"]}).status_code == 403
    for label, model in models():
        if label not in lion.rows:
            continue
        for action in admin.site.get_model_admin(model).actions or ():
            name = action if isinstance(action, str) else action.__name__
            chosen = {"action": name, "_selected_action": [lion.rows[label].pk], "index": 0}
            browser.post(address(model, "changelist"), chosen)
    row.refresh_from_db()
    assert row.status == "rejected"
    assert Job.objects.get(pk=lion.rows["ingestion.job"].pk).status == "live"
    assert ApiKey.objects.get(pk=lion.rows["users.apikey"].pk).revoked_at is None
    assert Run.objects.get(pk=lion.rows["runs.run"].pk).status == "queued"


@pytest.mark.parametrize("who", ["nobody", "seeker"])
def test_who_works_for_no_company_stays_outside(client, who, lion):
    if who == "seeker":
        client = signed_in(make_user())
    for _, model in models():
        assert client.get(address(model, "changelist")).status_code == 302
    assert client.get(reverse("admin:index")).status_code == 302
