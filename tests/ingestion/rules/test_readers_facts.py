"""What sources say in fields of what a job asks for and of its employer."""

import io

import orjson
import pytest

from ingestion.rules.readers import HEAD_BYTES, boards, read, recognise


def first_of(item, wrap="data"):
    data = orjson.dumps({wrap: [item]} if wrap else item)
    shape = recognise(data[:HEAD_BYTES], size=len(data), file_name="x.json")
    return next(iter(read(io.BytesIO(data), shape, mapping=None)))


def jsearch(**fields):
    known = {"job_id": "a", "job_title": "Baker", "employer_name": "Harbour", "job_country": "NO"}
    more = {"job_apply_link": "https://a.example", "job_description": "Bake.", "job_city": "Oslo"}
    return first_of(known | more | fields)


@pytest.mark.parametrize(
    ("flags", "education"),
    [
        ({"bachelors_degree": True, "postgraduate_degree": True}, "bachelors_degree"),
        ({"bachelors_degree": "false", "high_school": "true"}, "high_school"),
        ({"bachelors_degree": True, "degree_preferred": True}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_jsearch_flags_say_the_lowest_degree_that_is_required(flags, education):
    assert jsearch(job_required_education=flags).education == education


@pytest.mark.parametrize(
    ("told", "experience"),
    [
        ({"required_experience_in_months": 36, "experience_preferred": "false"}, "36 months"),
        ({"required_experience_in_months": 36, "experience_preferred": True}, ""),
        ({"required_experience_in_months": None}, ""),
        (None, ""),
    ],
)
def test_jsearch_says_experience_in_months(told, experience):
    assert jsearch(job_required_experience=told).experience == experience


def test_jsearch_names_benefits_and_a_logo():
    posting = jsearch(job_benefits=["dental_coverage"], employer_logo="https://a.example/l.png")

    assert posting.benefits == ("dental_coverage",)
    assert posting.employer_logo == "https://a.example/l.png"


def test_schema_org_tells_the_employer_and_what_is_required():
    posting = first_of(
        {
            "@type": "JobPosting",
            "title": "Baker",
            "description": "Bake.",
            "hiringOrganization": {
                "name": "Harbour",
                "logo": {"@type": "ImageObject", "url": "https://a.example/l.png"},
                "numberOfEmployees": {"value": 40},
            },
            "experienceRequirements": {"monthsOfExperience": 24},
            "educationRequirements": {"credentialCategory": "bachelor degree"},
            "jobBenefits": "Health insurance, 401k",
        },
        wrap="",
    )

    assert (posting.employer_logo, posting.employer_size) == ("https://a.example/l.png", "40")
    assert (posting.experience, posting.education) == ("24 months", "bachelor degree")
    assert posting.benefits == ("Health insurance, 401k",)


def test_only_the_skills_among_a_boards_tags_are_kept():
    tags = ["python", "exec", ".Net", "full time", "digital nomad", "Python"]
    for read_item in (boards.remoteok, boards.remotive):
        assert read_item({"tags": tags}, {})["skills"] == ("Python", ".NET")
