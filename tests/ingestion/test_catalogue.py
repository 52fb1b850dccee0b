"""The public address of a job."""

from django.utils.text import slugify
from hypothesis import given
from hypothesis import strategies as st

from ingestion.models.catalogue import job_slug

ODD = st.sampled_from(" -_\t\n\x1c\x1f\x00aZ09.,&/äßπ\u00a0\u3000İ")


@given(st.text(ODD | st.characters(), max_size=30), st.text(ODD, max_size=60))
def test_the_readable_part_is_the_slug_of_title_and_employer(title, employer):
    assert job_slug(title, employer) == (slugify(f"{title} {employer}")[:80] or "job")
