"""Kill -9 around an application: no file without its row, one application, one mail at most."""

import re
from email import message_from_bytes
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from jobly.embedded.instance import HOST

pytestmark = [pytest.mark.faults, pytest.mark.row(1)]
PDF = b"%PDF-1.7\ncanary\n%%EOF\n"
WAIT = 120  # seconds: a lease and a rest after the death


def page_of(world):
    """Make a job one applies for here; return its page."""
    (job,) = world.act("jobs", count=1)
    world.query(
        "UPDATE ingestion_job SET apply_url = '', url = '', on_board = true WHERE id = %s"
        " RETURNING id",
        job,
    )
    answer = requests.get(f"http://{HOST}:{world.port}/jobs/{job}/", timeout=20)
    return f"{answer.url}apply/"


def send(page, key):
    """Send the form as a browser does; None when the server died over it."""
    try:
        with requests.Session() as visitor:
            shown = visitor.get(page, timeout=20)
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', shown.text)[1]
            form = {
                "csrfmiddlewaretoken": token,
                "form_key": key,
                "name": "Jane Doe",
                "email": "jane@example.org",
                "consent": "on",
            }
            return visitor.post(page, data=form, files={"cv": ("cv.pdf", PDF)}, timeout=20)
    except requests.ConnectionError:
        return None


def mails(world):
    """Return the messages that left, by their ids."""
    files = Path(world.var, "mail").glob("*")
    texts = [text for file in files for text in file.read_bytes().split(b"-" * 79 + b"\n")]
    return [message_from_bytes(text)["Message-ID"] for text in texts if text.strip()]


@pytest.mark.story
@pytest.mark.parametrize(
    "point",
    [
        pytest.param("dist.cv_stored", marks=pytest.mark.quick),
        "dist.letter_begun",
        "dist.letter_sent",
        "dist.mid_erase",
    ],
)
def test_an_application_survives_a_death_at(point, world):
    died = world.var / "died"
    crash = {"JOBLY_CRASH": f"{point}:1", "JOBLY_CRASH_ONCE": str(died)}
    by_web = point == "dist.cv_stored"
    world.start_web(**(crash if by_web else {}))
    world.start_worker(**({} if by_web else crash))
    page, key = page_of(world), str(uuid4())
    sent = world.until(lambda: send(page, key), "the form is taken")
    assert sent.status_code == 200, sent.text
    assert "Your application" in sent.text
    world.until(lambda: is_settled(world), "the letter is sent, or in doubt", WAIT)
    assert world.count("distribution_applicant") == 1
    assert world.count("artifacts_artifact", "kind = 'applications' AND deleted_at IS NULL") == 1
    doubted = world.count("distribution_letter", "status = 'uncertain'")
    assert doubted == (1 if point in ("dist.letter_begun", "dist.letter_sent") else 0)
    # never twice: who cannot know whether it left sends nothing, and a person sees it
    assert len(mails(world)) == (0 if point == "dist.letter_begun" else 1)
    if point == "dist.mid_erase":
        erase(world, sent.url.partition("?")[0])
    assert died.exists(), f"nobody reached {point}"


def is_settled(world):
    return world.count("distribution_letter", "status IN ('sent', 'uncertain')")


def erase(world, page):
    """Have the data erased, die over it, and see that nothing is left."""
    path = world.value("SELECT path FROM artifacts_artifact WHERE kind = 'applications'")
    with requests.Session() as visitor:
        shown = visitor.get(page, timeout=20)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', shown.text)[1]
        sure = {"csrfmiddlewaretoken": token, "sure": "yes"}
        assert visitor.post(f"{page}erase/", data=sure, timeout=20).ok
    world.until(
        lambda: world.count("distribution_applicant", "erased_at IS NOT NULL"), "it is gone", WAIT
    )
    world.until(lambda: not Path(world.var, "storage", path).exists(), "the file is gone", WAIT)
    assert world.count("distribution_applicant", "email <> ''") == 0
    assert world.count("distribution_letter") == 0
    told = "type = 'distribution.applicant_erased'"
    assert world.count("runs_event", told) == 1
