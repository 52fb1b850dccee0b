"""Reviewing pairs in the back office: side by side, one word a pair, and what it shows."""

import re
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from ingestion.models import Cluster, Job, Likeness, LikenessRule
from ingestion.reports.pairs import standing_rule
from ingestion.rules.likeness.judging import Rule
from jobly.runs.actions.execution import drain
from tests.ingestion.test_duplicates import load, pair, row, two_boards, words
from tests.make import make_employer, make_member, make_user

pytestmark = pytest.mark.django_db
REVIEW = "admin:ingestion_likeness_review"
CHANGE = "admin:ingestion_likeness_change"
QUALITY = "admin:ingestion_likeness_quality"


@pytest.fixture
def staff():
    client = Client()
    person = make_user(is_staff=True, is_superuser=True)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    client.person = person
    return client


def unsure(seed=30, number=1):
    text = words(seed)
    load(f"first {number}", row(number, text))
    load(f"second {number}", row(number + 1, text, title="Senior Pump Engineer"))


def say(client, pk, said):
    address = reverse("admin:ingestion_likeness_say", args=[pk])
    return client.post(address, {"said": said}, follow=True)


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def test_a_pair_stands_side_by_side_with_what_differs_marked(staff):
    unsure()
    page = text_of(staff.get(reverse(REVIEW), follow=True))
    assert 'Title<span class="pr-mark"> differs' in page
    assert "Senior Pump Engineer" in page
    assert "Place</th><td>Oslo, Norway" in page
    assert "named by one only" in page
    assert "1 waits for a person" in page


def test_a_word_a_pair_leads_to_the_next_and_can_be_taken_back(staff):
    unsure(31, 1)
    unsure(32, 5)
    first = staff.get(reverse(REVIEW))
    pk = int(first.url.rstrip("/").split("/")[-2])
    answer = say(staff, pk, "same")
    assert answer.redirect_chain[-1][0] != reverse(CHANGE, args=[pk])
    assert "The pair before is noted" in text_of(answer)
    noted = Likeness.objects.get(pk=pk)
    assert (noted.said, noted.said_by) == ("same", staff.person)
    assert Cluster.objects.count() == 1

    page = text_of(say(staff, pk, ""))
    assert "Taken back" in page
    assert not Cluster.objects.exists()
    refused = text_of(say(staff, pk, ""))
    assert "nothing was changed" in refused


def test_the_last_pair_leads_back_to_the_list(staff):
    unsure(33)
    page = text_of(say(staff, pair().pk, "different"))
    assert "No other pair waits for a person" in page


def test_words_that_are_none_and_reading_only_are_refused(staff):
    unsure(34)
    address = reverse("admin:ingestion_likeness_say", args=[pair().pk])
    assert staff.post(address, {"said": "perhaps"}).status_code == 404
    assert staff.get(address).status_code == 405
    assert pair().said == ""


@pytest.mark.parametrize("name", [REVIEW, QUALITY, "admin:ingestion_likeness_changelist"])
def test_only_operators_come_here(name):
    client = Client()
    member = make_member(role="owner")
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse(name)).status_code in {302, 403}
    assert client.post(reverse("admin:ingestion_likeness_say", args=[1])).status_code in {302, 403}


def test_other_bars_show_what_they_would_do_and_change_it_only_when_confirmed(staff):
    two_boards(35)
    say(staff, pair().pk, "same")
    page = text_of(staff.get(reverse(QUALITY)))
    assert "100.0% (1 of 1; 20.7% to 100.0%)" in page
    bars = {
        "name": "likeness", "jaccard": "0.99", "containment": "1", "skills": "0.3",
        "cosine": "0.95", "window_days": "7",
    }  # fmt: skip
    tried = text_of(staff.get(reverse(QUALITY), bars))
    assert "What these bars would do today" in tried
    assert "recall 0.0% (0 of 1" in tried
    assert not LikenessRule.objects.exists()

    answer = staff.post(reverse(QUALITY), bars)
    assert answer.url.startswith("/runs/")
    assert (standing_rule().jaccard, LikenessRule.objects.get().created_by) == (0.99, staff.person)


def test_a_source_may_have_bars_of_its_own(staff):
    two_boards(38)
    mine, other = (row.source for row in Job.objects.order_by("pk"))
    bars = {
        "name": "likeness", "jaccard": "0.99", "containment": "1", "skills": "0.3",
        "cosine": "0.95", "window_days": "7", "source": str(mine.pk),
    }  # fmt: skip
    tried = text_of(staff.get(reverse(QUALITY), bars))
    assert f"would do today for {mine}" in tried
    assert "<strong>0</strong> pairs would be merged, <strong>1</strong> split" in tried

    staff.post(reverse(QUALITY), bars)
    drain()
    assert (standing_rule(mine).jaccard, standing_rule(other), standing_rule().jaccard) == (
        0.99, Rule(), 0.5,
    )  # fmt: skip
    assert pair().answer == "unsure"  # one of its two sources does not say so any more
    page = staff.get(reverse(QUALITY)).content.decode()
    assert f'<a href="?source={mine.pk}">{mine}</a>' in page
    assert 'value="0.99"' in staff.get(reverse(QUALITY), {"source": mine.pk}).content.decode()

    wrong = bars | {"source": str(UUID(int=1)), "jaccard": "0.3"}
    assert "Select a valid choice" in text_of(staff.post(reverse(QUALITY), wrong))
    assert LikenessRule.objects.count() == 1


def test_the_list_names_both_employers_and_the_dashboard_what_waits(staff):
    unsure(39)
    Job.objects.filter(pk=pair().job_b_id).update(employer=make_employer("Other Pumps"))
    listed = text_of(staff.get(reverse("admin:ingestion_likeness_changelist")))
    assert f"{pair().job_a.employer.name} / Other Pumps" in listed
    page = staff.get(reverse("admin:index")).content.decode()
    assert f'href="{reverse(REVIEW)}"' in page
    assert "pair may be one job" in page


def test_a_bar_out_of_range_is_named_and_changes_nothing(staff):
    bad = {"name": "likeness", "jaccard": "0.01", "containment": "x", "skills": "0.3",
           "cosine": "0.95", "window_days": "7"}  # fmt: skip
    page = text_of(staff.post(reverse(QUALITY), bad))
    assert "greater than or equal to 0.2" in page
    assert not LikenessRule.objects.exists()


def test_a_cluster_shows_its_postings_and_why(staff):
    two_boards(36)
    cluster = Cluster.objects.get()
    page = text_of(staff.get(reverse("admin:ingestion_cluster_change", args=[cluster.pk])))
    assert page.count("Pump Engineer</a>") == 3  # both postings, and their pair
    assert "as a copy" in page


def test_lists_cost_the_same_for_one_and_many(staff, django_assert_max_num_queries):
    two_boards(37)
    for number in range(10):
        load(f"a {number}", row(100 + number, f"Come. {words(50 + number)}"))
        load(f"b {number}", row(200 + number, f"Call. {words(50 + number)}"))
    assert Job.objects.filter(is_copy=True).count() == 11
    for name in ("admin:ingestion_likeness_changelist", "admin:ingestion_cluster_changelist"):
        with django_assert_max_num_queries(12):
            assert staff.get(reverse(name)).status_code == 200
