"""What repeated passes keep for a way back goes when it is old, all or nothing of each."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from ingestion.actions import forgetting
from ingestion.actions import reprocessing as actions
from ingestion.errors import ReprocessingMoved
from ingestion.models import BeforeImage, Difference, Reprocessing
from ingestion.reports.reprocessing import found, to_forget
from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from tests.admin.world import address, signed_in
from tests.ingestion.test_reprocessing import again, read_by_v1
from tests.make import make_user

pytestmark = pytest.mark.django_db


def forget():
    with transaction():
        run = start("ingestion.forget_reprocessings", {}, actor=None)
    drain()
    run.refresh_from_db()
    assert run.status == "succeeded"
    return run.result


def aged(row, days):
    Reprocessing.objects.filter(pk=row.pk).update(ended_at=Now() - timedelta(days=days))


def test_only_what_ended_long_ago_is_forgotten_and_said_so(settings, monkeypatch):
    settings.REPROCESSING_KEEP_DAYS = 30
    monkeypatch.setattr(forgetting, "A_STEP", 2)
    read_by_v1()
    shadow = again(shadow=True)
    done = again()
    images, kept = BeforeImage.objects.count(), found(shadow)
    assert images
    assert Difference.objects.count() == 3
    aged(done, 29)
    aged(shadow, 29)
    assert forget() == {"reprocessings": 0, "before_images": 0, "differences": 0}

    aged(done, 31)
    aged(shadow, 31)
    assert to_forget() == {"reprocessings": 2, "before_images": images, "differences": 3}
    assert forget() == {"reprocessings": 2, "before_images": images, "differences": 3}
    shadow.refresh_from_db()
    assert found(shadow) == kept  # its counts stay
    for row, change in ((done, actions.roll_back), (shadow, actions.promote)):
        with pytest.raises(ReprocessingMoved, match="was forgotten on"):
            change(row, actor=None)
    page = signed_in(make_user(is_staff=True, is_superuser=True)).get(
        address(Reprocessing, "change", done.pk)
    )
    assert "What it kept was forgotten" in page.content.decode()
    assert "Roll back" not in page.content.decode()


def test_what_is_being_put_back_is_not_forgotten_under_way():
    read_by_v1()
    row = again()
    aged(row, 400)
    actions.begin_rollback(row)
    assert forget()["before_images"] == 0
    assert BeforeImage.objects.exists()


def test_what_broke_off_goes_on():
    read_by_v1()
    row = again()
    Reprocessing.objects.filter(pk=row.pk).update(forgotten_at=Now())
    assert forget()["before_images"] > 0
    assert not BeforeImage.objects.exists()
