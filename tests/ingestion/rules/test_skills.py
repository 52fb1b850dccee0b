import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.rules.skills import canonical_skill, find_skills, mentions
from ingestion.rules.skills_reading import term_key
from ingestion.rules.skills_seed import terms


def names(text: str) -> list[str]:
    return [found.name for found in find_skills(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C, C++, C#, R, .NET, F# and Go", ["C", "C++", "C#", "R", ".NET", "F#", "Go"]),
        ("Senior Go Developer", ["Go"]),
        ("We write our services in Go.", ["Go"]),
        ("Experience with R and SAS", ["R", "SAS"]),
        ("Languages: C, D, R", ["C", "D", "R"]),
        ("python, go, rust", ["Python", "Go", "Rust"]),
        ("C/C++ firmware", ["C", "C++", "Firmware"]),
        ("ASP.NET, Node.js/.NET", ["ASP.NET", "Node.js", ".NET"]),
        ("Strong Excel skills", ["Excel"]),
        ("Proficient in Word, Excel and Outlook", ["Microsoft Word", "Excel", "Microsoft Outlook"]),
        ("Full-stack or full stack", ["Full-stack development"]),
        ("REST and SOAP, no rest on Sundays", ["REST APIs", "SOAP"]),
        ("TIG welding; forklift licence", ["Welding", "Forklift operation"]),
        (
            "RN with BLS and ACLS",
            ["Registered nurse", "Basic life support", "Advanced cardiac life support"],
        ),
        ("Erfahrung mit Électricité? Nein: JavaScript!", ["JavaScript"]),
        ("PostgreSQL (Postgres)", ["PostgreSQL"]),
        ("Spring Boot and React.js", ["Spring", "React"]),
        ("English, Spanish", ["English", "Spanish"]),
    ],
)
def test_skills_are_found_in_order_of_appearance(text, expected):
    assert names(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Go the extra mile",
        "go the extra mile for our guests",
        "We Go above and beyond",
        "You excel at sales calls",
        "Excel at your craft",
        "plan D",
        "plan C or plan D",
        "vitamin C",
        "Vitamin D and vitamin C",
        "Hepatitis C",
        "C-level stakeholders",
        "Series C funding",
        "R&D team",
        "Swift action and Spring cleaning",
        "Access to the building",
        "Word of mouth",
        "Our Teams Zoom ahead",
        "React to change",
        "On the Go",
        "Go-to-market",
        "24 hr shifts, 5 ml doses, bi-weekly",
        "scalable javanese",
    ],
)
def test_everyday_words_are_no_skills(text):
    found = set(names(text))

    assert not found & {"Go", "Excel", "C", "D", "R", "Swift", "Spring", "React", "Java", "Scala"}
    assert not found & {"Microsoft Access", "Microsoft Word", "Microsoft Teams", "Zoom"}
    assert not found & {"Machine learning", "Business intelligence", "Human resources"}


def test_the_span_is_the_evidence():
    text = "Du kannst – wirklich! – Kubernetes & naïve C++ code."

    assert [text[f.start : f.end] for f in find_skills(text)] == ["Kubernetes", "C++"]


def test_the_longer_term_beats_the_shorter_inside_it():
    assert names("Microsoft SQL Server") == ["SQL Server"]
    assert names("JavaScript") == ["JavaScript"]


def test_a_skill_we_do_not_know_keeps_its_name():
    assert canonical_skill("  Cheese   tasting, ") == "Cheese tasting"
    assert canonical_skill("postgres") == "PostgreSQL"


def test_every_spelling_means_one_skill_only():
    spellings = [" ".join(term.surface.replace("-", " ").lower().split()) for term in terms()]

    assert len(spellings) == len(set(spellings))
    assert len({term.name for term in terms()}) > 1_000


@settings(deadline=None)
@given(st.text(max_size=400))
def test_spans_lie_in_the_text_in_order(text):
    found = find_skills(text)

    assert all(0 <= f.start < f.end <= len(text) for f in found)
    assert [f.start for f in found] == sorted(f.start for f in found)


WORDS = st.sampled_from(
    [
        "Java",
        "C++",
        "sql",
        "REST",
        "Go",
        "é",
        "–",
        "x",
        "Machine learning",
        "ł",
        "日本",
        ".NET",
        "Excel",
    ]
)


@settings(deadline=None)
@given(st.lists(st.tuples(WORDS, st.sampled_from([" ", ", ", "/", ".\n", " – "])), max_size=30))
def test_the_span_of_a_mention_is_a_spelling_of_its_skill(words):
    text = "".join(word + gap for word, gap in words)
    spellings = {}
    for term in terms():
        spellings.setdefault(term.name, set()).add(term_key(term.surface))

    for term, start, end in mentions(text):
        said = term_key(text[start:end])
        assert said.removesuffix("s") in spellings[term.name] or said in spellings[term.name]
