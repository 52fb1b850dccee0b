"""Employers: enriched by what postings tell, merged and parted by people."""

import pytest
from django.urls import reverse

from ingestion.actions.employers import employers_for, merge_employers, part_employers
from ingestion.errors import EmployersNotMerged
from ingestion.models import Employer, EmployerAlias, Job
from ingestion.rules.normalise import normalise
from ingestion.rules.posting import RawPosting
from tests.admin.world import signed_in
from tests.ingestion.rules.test_normalise import NOW
from tests.ingestion.test_pipeline import TWO, imported
from tests.make import make_employer, make_job, make_user

pytestmark = pytest.mark.django_db


def told(employer, **fields):
    posting, _ = normalise(RawPosting(1, {}, title="Baker", employer=employer, **fields), now=NOW)
    return posting


def test_what_postings_tell_fills_what_is_empty_and_replaces_nothing():
    employers_for([told("Fjord Works AS")])
    employers_for([told("Fjord Works", employer_url="https://fjordworks.no")])
    employers_for([told("FJORD WORKS", employer_url="https://other.no", employer_size="11-50")])

    row = Employer.objects.get()
    assert (row.name, row.domain, row.size) == ("Fjord Works AS", "fjordworks.no", "11-50")
    assert row.url == "https://fjordworks.no"


def test_an_agency_is_marked_when_it_is_new():
    employers_for([told("Harbour Staffing"), told("Fjord Works")])

    assert Employer.objects.get(is_agency=True).name == "Harbour Staffing"


def test_a_merge_moves_jobs_and_later_ones_come_under_it_too():
    kept, other = make_employer("Harbour"), make_employer("harbour works")
    job = make_job(employer=other)

    assert merge_employers(kept, [other], actor=make_user()) == 1
    job.refresh_from_db()
    assert job.employer == kept

    imported(TWO)
    assert set(Job.objects.values_list("employer__name", flat=True)) == {"Harbour"}
    assert Employer.objects.count() == 2


def test_a_merge_is_taken_back_with_the_jobs_it_moved():
    kept, other = make_employer("Harbour"), make_employer("Harbour Works")
    moved, own = make_job(employer=other), make_job(employer=kept)
    merge_employers(kept, [other], actor=None)

    assert part_employers(EmployerAlias.objects.get()) == 1
    moved.refresh_from_db()
    own.refresh_from_db()
    assert (moved.employer, own.employer) == (other, kept)
    assert not EmployerAlias.objects.exists()


def test_names_of_a_merged_employer_go_with_it():
    first, second, third = (make_employer(name) for name in ("A", "B", "C"))
    merge_employers(second, [first], actor=None)
    merge_employers(third, [second], actor=None)

    assert employers_for([told("A"), told("B")]) == {"a": third.pk, "b": third.pk}


@pytest.mark.parametrize("again", [True, False])
def test_an_employer_is_not_merged_with_itself_nor_twice(again):
    kept, other = make_employer("Harbour"), make_employer("Harbour Works")
    if again:
        merge_employers(kept, [other], actor=None)
    with pytest.raises(EmployersNotMerged):
        merge_employers(*((other, [kept]) if again else (kept, [kept])), actor=None)


def test_operators_merge_and_part_on_the_pages(django_assert_max_num_queries):
    staff = signed_in(make_user(is_staff=True, is_superuser=True))
    kept, other = make_employer("Harbour"), make_employer("Harbour Works", domain="harbour.no")
    make_job(employer=kept)
    make_job(employer=kept)
    make_job(employer=other)
    page = reverse("admin:ingestion_employer_changelist")

    def post(url, action, *rows):
        sent = {"action": action, "_selected_action": [row.pk for row in rows]}
        return staff.post(url, sent, follow=True).content.decode()

    assert "Choose at least two" in post(page, "merge_selected", kept)
    assert "1 merged into Harbour, 1 jobs" in post(page, "merge_selected", kept, other)
    kept.refresh_from_db()
    assert (kept.jobs.count(), kept.domain) == (3, "harbour.no")
    with django_assert_max_num_queries(12):
        text = staff.get(page).content.decode()
    assert "Harbour Works" not in text

    aliases = reverse("admin:ingestion_employeralias_changelist")
    assert "1 taken back, 1 jobs" in post(aliases, "part_selected", EmployerAlias.objects.get())
    assert other.jobs.count() == 1
