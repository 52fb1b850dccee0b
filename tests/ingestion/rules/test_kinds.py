import pytest

from ingestion.rules import kinds


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Full-time", "FULL_TIME"),
        ("FULL_TIME", "FULL_TIME"),
        ("Full\u2013time and Contractor", "FULL_TIME"),
        ("FullTime", "FULL_TIME"),
        ("F", "FULL_TIME"),
        ("Vollzeit", "FULL_TIME"),
        ("Permanent", "FULL_TIME"),
        ("part time", "PART_TIME"),
        ("Teilzeit", "PART_TIME"),
        ("P", "PART_TIME"),
        ("Contract", "CONTRACTOR"),
        ("Freelance", "CONTRACTOR"),
        ("Temporary", "TEMPORARY"),
        ("Seasonal", "TEMPORARY"),
        ("Internship (full-time)", "INTERN"),
        ("PRN", "PER_DIEM"),
        ("Volunteer", "VOLUNTEER"),
        ("Zeppelin", "OTHER"),
        ("", ""),
        ("n/a", ""),
    ],
)
def test_an_employment_type_becomes_the_word_of_schema_org(text, kind):
    assert kinds.employment_type(text) == kind


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Marketing Intern", "INTERN"),
        ("Internal Auditor", ""),
        ("Cook (part-time)", "PART_TIME"),
        ("Volunteer Coordinator", ""),
        ("Interim Head of Finance", "TEMPORARY"),
        ("Contract Manager", ""),
        ("Java Developer - Contract", "CONTRACTOR"),
    ],
)
def test_a_title_says_its_kind_only_plainly(title, kind):
    assert kinds.employment_type_of_title(title) == kind


@pytest.mark.parametrize(
    ("text", "remote"),
    [
        ("true", "remote"),
        ("false", ""),
        ("Hybrid", "hybrid"),
        ("ON_SITE", "onsite"),
        ("On-site", "onsite"),
        ("fully_remote", "remote"),
        ("TELECOMMUTE", "remote"),
        ("", ""),
        ("maybe", ""),
    ],
)
def test_a_remote_field_is_read(text, remote):
    assert kinds.remote_of_field(text) == remote


@pytest.mark.parametrize(
    ("title", "remote"),
    [
        ("Data Engineer (Remote)", "remote"),
        ("Nurse, hybrid", "hybrid"),
        ("Remote Sensing Analyst", ""),
        ("Remote Operations Engineer", ""),
        ("Virtual Reality Developer", ""),
        ("Distributed Systems Engineer", ""),
    ],
)
def test_a_title_may_say_remote(title, remote):
    assert kinds.remote_of_title(title) == remote


@pytest.mark.parametrize(
    ("text", "remote"),
    [
        ("This is a fully remote position.", "remote"),
        ("Location: Remote", "remote"),
        ("Hybrid role, two days in Bergen.", "hybrid"),
        ("You work with remote teams in Asia.", ""),
        ("This is not a remote position.", ""),
        ("Remote work is not possible; this role is remote in spirit.", ""),
        ("We sell remote controls.", ""),
    ],
)
def test_a_description_is_believed_only_when_it_speaks_of_the_job(text, remote):
    assert kinds.remote_of_description(text) == remote


@pytest.mark.parametrize(
    ("title", "level"),
    [
        ("Software Engineering Intern", "intern"),
        ("Werkstudent Logistik", "intern"),
        ("Junior Accountant", "junior"),
        ("Graduate Engineer", "junior"),
        ("Nurse", ""),
        ("Internal Auditor", ""),
        ("Software Engineer II", "mid"),
        ("Sr. Welder", "senior"),
        ("Senior Consultant", "senior"),
        ("Team Lead Warehouse", "lead"),
        ("Head of Purchasing", "lead"),
        ("Principal Engineer", "lead"),
        ("Staff Software Engineer", "lead"),
        ("Staff Nurse", ""),
        ("Director of Sales", "director"),
        ("Associate Director, Biology", "director"),
        ("Vice President, Legal", "executive"),
        ("Chief Financial Officer", "executive"),
        ("CTO", "executive"),
        ("Managing Director", "executive"),
        ("Account Executive", ""),
        ("Executive Assistant to the CEO", ""),
        ("Lead Generation Specialist", ""),
        ("Product Owner", ""),
        ("HR Business Partner", ""),
        ("Managing Partner", "executive"),
        ("Data Entry Clerk", ""),
        ("Student Affairs Coordinator", ""),
        ("Medical Assistant", ""),
        ("Assistant Buyer", "junior"),
        ("V.P. of Operations", "executive"),
        ("Site Superintendent", "lead"),
    ],
)
def test_a_title_states_its_level(title, level):
    assert kinds.seniority_of_title(title) == level


def test_a_stated_level_wins_over_the_title():
    assert kinds.seniority("Entry level", "Senior Clerk") == "junior"
    assert kinds.seniority("Mid-Senior level", "Clerk") == "senior"
    assert kinds.seniority("Not Applicable", "Senior Clerk") == "senior"
    assert kinds.seniority("", "Clerk") == ""
