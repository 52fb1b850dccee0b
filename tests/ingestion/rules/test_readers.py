"""Every shape of file is read into the same words; the samples are ours, in the sources' shapes."""

import io
import json
from pathlib import Path

import pytest

from ingestion.errors import FileRefused
from ingestion.rules.posting import RawPosting, RowProblem
from ingestion.rules.readers import HEAD_BYTES, describe, read, recognise

SAMPLES = Path(__file__).parent.parent / "samples"


def read_bytes(data, name="", **options):
    shape = recognise(data[:HEAD_BYTES], size=len(data), file_name=name)
    return list(read(io.BytesIO(data), shape, **options))


def read_sample(name, **options):
    return read_bytes((SAMPLES / name).read_bytes(), name, **options)


SHAPES: dict[str, tuple[int, dict[str, object]]] = {
    "greenhouse.json": (
        2,
        {
            "external_id": "4100",
            "title": "Crane Welder",
            "employer": "Quay Works",
            "location": "Bergen, Norway",
            "employment_type": "Full-time",
            "description": "&lt;p&gt;Weld frames &amp;amp; arms.&lt;/p&gt;",
            "description_format": "escaped_html",
            "url": "https://boards.greenhouse.example/quay/jobs/4100",
            "posted_at": "2026-03-02T09:00:00-05:00",
            "category": "Yard",
        },
    ),
    "lever.json": (
        1,
        {
            "external_id": "0b6f",
            "title": "Tram Driver",
            "employer": "",
            "location": "Oslo; Moss",
            "country": "NO",
            "remote": "on-site",
            "employment_type": "Part-time",
            "salary_min": "210",
            "salary_currency": "NOK",
            "salary_period": "per-hour-wage",
            "description": "<div>Drive trams.</div>\n<h3>You bring</h3>\n"
            "<ul><li>A licence</li></ul>\n<div>Free rides.</div>",
            "apply_url": "https://jobs.lever.example/rail/0b6f/apply",
            "posted_at": "1772442000000",
        },
    ),
    "ashby.json": (
        1,
        {
            "title": "Lock Keeper",
            "location": "Ghent; Bruges",
            "city": "Ghent",
            "remote": "Onsite",
            "salary": "€30K – €36K",
            "salary_min": "30000",
            "salary_currency": "EUR",
            "salary_period": "1 YEAR",
        },
    ),
    "recruitee.json": (
        1,
        {
            "title": "Night Baker",
            "employer": "Oven & Sons",
            "remote": "onsite",
            "salary_max": "2900",
            "salary_period": "month",
            "description": "<p>Bake bread.</p>\n<p>Strong arms.</p>",
            "apply_url": "https://jobs.oven.example/o/baker/c/new",
        },
    ),
    "smartrecruiters.json": (
        1,
        {
            "external_id": "7440",
            "title": "Ward Nurse",
            "employer": "Fjord Care",
            "remote": "hybrid",
            "description": "",
            "url": "https://jobs.smartrecruiters.com/FjordCare/7440",
            "language": "en",
        },
    ),
    "smartrecruiters_detail.json": (
        1,
        {
            "description": "<h3>The job</h3>\n<p>Care at night.</p>\n"
            "<h3>Who we are</h3>\n<p>A hospital.</p>"
        },
    ),
    "workable.json": (
        1,
        {
            "external_id": "AB12",
            "employer": "Lantern Labs",
            "location": "Cádiz, Andalusia, Spain",
            "remote": "true",
            "posted_at": "2026-06-15",
        },
    ),
    "workday_list.json": (
        2,
        {
            "external_id": "JR-501",
            "title": "Milk Grader",
            "location": "Hobart (TAS)",
            "posted_at": "Posted 6 Days Ago",
            "url": "",
        },
    ),
    "workday_detail.json": (
        1,
        {
            "external_id": "JR-501",
            "employer": "Dairy Drinks Pty",
            "country": "Australia",
            "posted_at": "2026-06-15",
            "expires_at": "2026-07-13",
        },
    ),
    "bamboohr.json": (
        1,
        {"title": "Court Clerk", "location": "Tulsa, Oklahoma", "remote": "hybrid", "url": ""},
    ),
    "pinpoint.json": (
        1,
        {
            "title": "Bridge Architect",
            "salary_min": "70",
            "salary_max": "90.5",
            "salary_period": "hour",
            "description": "<p>Draw bridges.</p>\n<h3>What you do</h3>\n<ul><li>Draw.</li></ul>",
            "expires_at": "2026-08-28T23:59:59-04:00",
        },
    ),
    "rippling.json": (1, {"external_id": "2f06", "title": "Ledger Clerk", "location": "Dover, DE"}),
    "eightfold.json": (
        1,
        {
            "external_id": "1099555",
            "employer": "",
            "employer_url": "mines.example",
            "location": "Kiruna, Sweden; Luleå, Sweden",
            "posted_at": "1772442000",
        },
    ),
    "teamtailor.json": (
        1,
        {
            "external_id": "71",
            "title": "Pattern Cutter",
            "employer": "Tailor & Twine",
            "city": "Borås",
            "country": "SE",
            "url": "https://career.twine.example/jobs/71-pattern-cutter",
            "description": "<p>Cut patterns.</p>",
        },
    ),
    "jsearch.json": (
        1,
        {
            "external_id": "abc==",
            "title": "Studio Potter",
            "employer": "Clay Co",
            "location": "Austin, TX, US",
            "remote": "false",
            "salary_max": "22.5",
            "skills": ("Glazing", "Kilns"),
            "description": "Throw pots.\n• daily\n\nQualifications\n• Steady hands",
            "description_format": "text",
        },
    ),
    "jsearch_v2.json": (
        1,
        {
            "title": "Kiln Operator",
            "location": "Leeds, UK",
            "apply_url": "https://clay.example/kiln",
        },
    ),
    "remotive.json": (1, {"title": "Map Editor", "remote": "remote", "salary": "$40k"}),
    "arbeitnow.json": (
        1,
        {"external_id": "fahrer-kiel-1", "employment_type": "full-time", "posted_at": "1786807824"},
    ),
    "remoteok.json": (
        1,
        {"title": "Tide Modeller", "employer": "Tidal & Co", "salary_min": "", "salary_max": ""},
    ),
    "himalayas.json": (
        1,
        {"employer": "Peak Data", "location": "Nepal; India", "expires_at": "1791997231"},
    ),
    "jobicy.json": (1, {"title": "Audio & Video Lead", "salary_period": "yearly"}),
    "themuse.json": (1, {"employer": "Musée Clair", "location": "Lyon, France"}),
    "adzuna.json": (
        1,
        {"employer": "Oak Ltd", "salary_period": "year", "employment_type": "full_time"},
    ),
    "usajobs.json": (
        1,
        {
            "external_id": "700",
            "employer": "Park Service",
            "salary_period": "hour",
            "apply_url": "https://usajobs.example/job/700/apply",
            "description": "Guide visitors.",
        },
    ),
    "hackernews.json": (
        4,
        {
            "title": "Senior Rust Engineer",
            "employer": "Tidepool Labs",
            "location": "Lisbon, Portugal or REMOTE (EU)",
            "employment_type": "Full-time",
            "salary": "€80k-€95k",
            "apply_url": "https://tidepool.example/jobs",
            "url": "https://news.ycombinator.com/item?id=801",
            "posted_at": "1770053906",
        },
    ),
    "hackernews_item.json": (1, {"title": "Kite Designer", "employer": "Nimbus"}),
    "ats_snapshot.json": (2, {"title": "Diver", "location": "Perth; Darwin"}),
    "jsonld_single.json": (
        1,
        {
            "external_id": "H-7",
            "employer": "Hive & Honey",
            "location": "Graz, Styria, AT",
            "country": "AT",
            "employment_type": "FULL_TIME",
            "salary_min": "2100",
            "salary_period": "MONTH",
            "expires_at": "2026-05-01T00:00",
        },
    ),
    "jsonld_graph.json": (1, {"title": "Beekeeper"}),
    "nlx.jsonl.gz": (
        2,
        {
            "external_id": "b8b7",
            "employer": "River Media",
            "city": "Vienna",
            "salary_min": "",
            "description": "Serve on the ferry.\n\nResponsibilities\nServe coffee",
        },
    ),
    "generic.json": (
        2,
        {
            "external_id": "3520",
            "title": "Lab Manager",
            "employer": "Polar Institute",
            "city": "Tromsø",
            "country": "NOR",
            "posted_at": "2026-02-09",
            "category": "Science; Lab",
        },
    ),
    "nested.json": (
        1,
        {
            "external_id": "n1",
            "title": "Glass Blower",
            "employer": "Glow",
            "employment_type": "",
            "salary_min": "100",
            "salary_currency": "SEK",
            "skills": ("glass", "fire"),
        },
    ),
    "personio.xml": (
        1,
        {
            "external_id": "183",
            "title": "Lift Engineer",
            "employer": "Alpen SE & Co. KG",
            "location": "Munich; Berlin",
            "employment_type": "full-time",
            "description": "<h3>Your tasks</h3>\n<p>Build lifts.</p>\n"
            "<h3>Profile</h3>\n<p>No fear.</p>",
        },
    ),
    "neogov.xml": (
        1,
        {
            "external_id": "41",
            "employer": "Lake County",
            "location": "Elsinore, CA",
            "salary_min": "65",
            "salary_period": "Hour",
            "expires_at": "Sun, 20 Sep 2026 04:59:00",
            "description": "<p>Inspect water.</p>\n<h3>qualifications</h3>\n<p>Five years.</p>",
        },
    ),
    "wwr.rss": (
        2,
        {
            "title": "Brush Designer",
            "employer": "Pixelworks",
            "location": "Anywhere in the World",
            "remote": "remote",
            "employment_type": "Full-Time",
        },
    ),
    "dotted.rss": (
        2,
        {
            "external_id": "lever:1",
            "title": "Buyer, Timber",
            "employer": "Spruce",
            "location": "Umeå, Sweden",
        },
    ),
    "dashed.rss": (
        2,
        {
            "title": "Director, Glass Archive",
            "employer": "Museum of Light",
            "location": "Ghent BEL",
            "description": "<p>Museum of Light keeps <em>glass</em>.<br>Come.</p>"
            "<p><strong>Location:</strong> Ghent BEL</p>",
        },
    ),
    "places_in_titles.rss": (2, {"title": "Account Clerk - Oslo", "employer": ""}),
    "stack.rss": (
        1,
        {"title": "Map Engineer", "employer": "Cedar GmbH", "location": "Köln, Germany"},
    ),
    "atom.xml": (
        1,
        {
            "external_id": "urn:job:5",
            "title": "Sail Maker",
            "employer": "Sail Loft",
            "url": "https://sail.example/jobs/5",
            "posted_at": "2026-02-01T00:00:00Z",
            "description": "<div><p>Sew <b>sails</b> &amp; flags.</p></div>",
        },
    ),
    "indeed.xml": (
        1,
        {
            "external_id": "unique123",
            "employer": "Big Tile",
            "city": "Phoenix",
            "region": "AZ",
            "salary": "$20 per hour",
            "employment_type": "full-time",
        },
    ),
    "unclosed.rss": (
        2,
        {"external_id": "1", "title": "Rope & Knot Maker", "url": "https://loose.example/1"},
    ),
    "recruiter.csv": (
        2,
        {
            "external_id": "ACME-0",
            "title": "Welder",
            "employer": "Acme Demo",
            "salary": "$40000 - $50000 a year",
            "description_format": "html",
        },
    ),
    "rated.csv": (
        2,
        {
            "external_id": "",
            "title": "Data Miner",
            "employer": "Shovel Research",
            "location": "Reno, NV",
            "description": "Dig data.\nDeep.",
            "description_format": "text",
        },
    ),
    "city.csv": (
        2,
        {
            "external_id": "87990",
            "title": "Tree Pruner",
            "employer": "PARKS DEPT",
            "employment_type": "Full-time",
            "seniority": "",
            "salary_min": "42405",
            "salary_max": "65485",
            "salary_period": "Annual",
            "location": "1 Park Row",
            "expires_at": "30-JUN-2019",
            "description": "Prune trees.\n\nMinimum Qual Requirements\nTwo years of pruning.",
        },
    ),
    "german.csv": (
        1,
        {
            "title": "Bäcker (m/w/d)",
            "employer": "Müller & Söhne",
            "location": "Köln",
            "posted_at": "01.03.2026",
        },
    ),
    "unicode.txt": (1, {"title": "Løper", "employer": "Øl & Brød", "city": "Ålesund"}),
    "report.csv": (1, {"title": "Usher", "apply_url": "https://odeon.example/1"}),
    "jobs.xlsx": (
        2,
        {
            "external_id": "10045",
            "title": "Clock Maker",
            "city": "Bern",
            "salary_min": "70000",
            "salary_max": "80000.5",
            "posted_at": "2026-03-01",
            "remote": "true",
        },
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_sample_of_every_source_is_read_into_our_words(name):
    count, wanted = SHAPES[name]
    rows = read_sample(name)

    assert [row.row for row in rows] == list(range(1, count + 1))
    assert all(isinstance(row, RawPosting) for row in rows)
    assert {field: getattr(rows[0], field) for field in wanted} == wanted
    for row in rows:
        json.dumps(row.raw, allow_nan=False)


def test_every_sample_has_a_row_in_the_table():
    others = {"lines.jsonl", "quotes.csv"}
    assert {path.name for path in SAMPLES.iterdir() if path.is_file()} >= set(SHAPES) | others


def test_a_comment_that_offers_no_job_has_no_title():
    titles = [row.title for row in read_sample("hackernews.json")]
    assert titles[1:] == ["Power Engineers", "field botanist and researcher", ""]


def test_an_unnamed_place_is_taken_from_the_path_workday_gives():
    assert read_sample("workday_list.json")[1].location == "Norway - Oslo Centre"


def test_a_work_model_in_the_place_of_a_place_is_told_apart():
    planner = read_sample("greenhouse.json")[1]
    assert (planner.remote, planner.location) == ("Hybrid", "Bergen, Norway")


def test_a_broken_line_of_json_costs_only_itself():
    rows = read_sample("lines.jsonl")
    assert [type(row) for row in rows] == [RawPosting, RowProblem, RawPosting]
    assert (rows[1].row, rows[1].code) == (2, "broken_json")
    assert rows[2].title == "Reed Thatcher"


def test_broken_quotes_cost_only_their_own_line():
    rows = read_sample("quotes.csv")
    told = [row.title if isinstance(row, RawPosting) else row.code for row in rows]
    assert told == [
        "Fitter",
        "Turner",
        "broken_quotes",
        "Roofer",
        "Glazier",
        "too_many_cells",
        "Paver",
    ]
    assert rows[0].description == 'She said "go"'
    assert rows[4].description == "two\nlines"


def test_a_mapping_made_by_a_person_beats_every_guess():
    data = b"Title,What,Who\nignored,Diver,Kelp\n"
    (row,) = read_bytes(data, mapping={"title": "What", "employer": "who"})
    assert (row.title, row.employer) == ("Diver", "Kelp")


def test_a_mapping_names_keys_of_json_too():
    data = b'[{"a": {"b": "Diver"}, "title": "no", "company": "Kelp"}]'
    (row,) = read_bytes(data, mapping={"title": "a.b"})
    assert (row.title, row.employer) == ("Diver", "Kelp")


@pytest.mark.parametrize(
    ("mapping", "code"),
    [({"title": "Nope"}, "unknown_column"), ({"colour": "Title"}, "unknown_field")],
)
def test_a_mapping_that_names_nothing_is_refused(mapping, code):
    with pytest.raises(FileRefused) as refused:
        read_bytes(b"Title,Company\nDiver,Kelp\n", mapping=mapping)
    assert refused.value.code == code


def test_a_table_without_titles_is_refused_with_its_columns_named():
    with pytest.raises(FileRefused) as refused:
        read_bytes(b"city,population\nOslo,700000\n")
    assert refused.value.code == "no_title_column"
    assert "“population”" in refused.value.message


def test_a_table_without_titles_can_still_be_described_for_mapping():
    data = b"what,firm\nDiver,Kelp\n"
    preview = describe(io.BytesIO(data), recognise(data, size=len(data)))
    assert preview.columns == ("what", "firm")
    assert "title" not in preview.mapping
    assert preview.samples == ({"what": "Diver", "firm": "Kelp"},)


@pytest.mark.parametrize("name", ["jobs.xlsx", "generic.json", "indeed.xml", "recruiter.csv"])
def test_a_preview_shows_columns_mapping_and_first_rows(name):
    data = (SAMPLES / name).read_bytes()
    preview = describe(io.BytesIO(data), recognise(data, size=len(data)))
    assert set(preview.mapping) >= {"title", "employer", "external_id"}
    assert set(preview.mapping.values()) <= set(preview.columns)
    assert preview.samples
    first = preview.postings[0]
    assert isinstance(first, RawPosting)
    assert first.title


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        (b'{"jobs": [], "meta": {"total": 0}}', 0),
        (b"[]", 0),
        (b'{"status": "OK", "data": []}', 0),
        (b'{"status": "OK", "data": {"jobs": []}}', 0),
        (b"Job Title,Company\n", 0),
    ],
)
def test_an_answer_without_jobs_is_read_as_none(answer, count):
    assert len(read_bytes(answer)) == count


def test_a_large_document_is_cut_into_its_items():
    text = "<p>" + "Plan the shift. " * 90 + "</p>"
    items = [{"id": i, "title": f"Planner {i}", "company": "A", "body": text} for i in range(14000)]
    document = {
        "facets": [{"name": "x", "city": "y"}],
        "meta": {},
        "jobs": items,
        "end": [{"a": 1}],
    }
    rows = read_bytes(json.dumps(document).encode())
    assert len(rows) == 14000
    assert (rows[-1].row, rows[-1].title) == (14000, "Planner 13999")


def test_bytes_of_another_encoding_are_read_where_they_stand():
    data = "Title,Company\nLøper,Brød\n".encode() + "Bäcker,Müller\n".encode("cp1252")
    assert [row.title for row in read_bytes(data)] == ["Løper", "Bäcker"]


def test_a_sheet_is_found_behind_others_and_below_a_heading():
    second = read_sample("jobs.xlsx")[1]
    assert (second.row, second.title, second.posted_at) == (
        2,
        "Watch Polisher",
        "2026-03-02T09:30:00",
    )


def test_counting_numbers_are_no_references():
    data = b"id,Title,Company\n1,Diver,Kelp\n2,Cook,Kelp\n3,Mate,Kelp\n"
    assert [row.external_id for row in read_bytes(data)] == ["", "", ""]


def test_columns_are_guessed_by_what_is_in_them_where_names_say_nothing():
    rows = [f"Diver {i},https://kelp.example/{i},2026-03-0{i + 1}" for i in range(6)]
    data = "\n".join(["Title,Column B,Column C", *rows]).encode()
    first = read_bytes(data)[0]
    assert (first.url, first.posted_at) == ("https://kelp.example/0", "2026-03-01")


def test_a_link_that_is_no_address_does_not_stop_a_feed():
    feed = (SAMPLES / "wwr.rss").read_bytes()
    first = read_bytes(
        feed.replace(b"<link>https://weworkremotely.com/remote-jobs/pix", b"<link>http://[pix")
    )
    assert len(first) == 2


def test_a_column_without_a_name_is_kept_while_it_holds_something():
    rows = read_bytes(b"Title,Company,,\nDiver,Kelp,note,\nCook,Kelp,,\n")
    assert [row.raw for row in rows] == [
        {"Title": "Diver", "Company": "Kelp", "column 3": "note"},
        {"Title": "Cook", "Company": "Kelp", "column 3": ""},
    ]


def test_an_id_of_a_json_answer_is_a_reference_even_if_it_counts():
    data = b'[{"id": 1, "title": "Cook", "city": "Oslo"}, {"id": 2, "title": "Mate", "city": ""}]'
    assert [row.external_id for row in read_bytes(data)] == ["1", "2"]


def test_pages_of_answers_are_read_as_one():
    page = json.loads((SAMPLES / "smartrecruiters.json").read_text())
    assert len(read_bytes(json.dumps({"pages": [page, page]}).encode())) == 2


def test_a_list_of_people_is_no_list_of_jobs():
    with pytest.raises(FileRefused):
        read_bytes(b"Name,City,Age\nAnna Berg,Oslo,41\nJo Lie,Moss,33\n")


def test_titles_alone_are_enough_where_they_are_surely_of_jobs():
    rows = read_bytes(b"Job Title,Reference\nWelder,W-1\nCook,C-1\n")
    assert [(row.title, row.external_id) for row in rows] == [("Welder", "W-1"), ("Cook", "C-1")]
