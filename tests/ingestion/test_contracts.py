"""What a source sends is learned; what departs from it is told, set aside or taken."""

import io

import orjson
import pytest
from django.urls import reverse

from ingestion.actions.collections import Arrival, store_collection
from ingestion.actions.contracts import accept_breach, refuse_breach, tolerate
from ingestion.errors import BreachMoved
from ingestion.models import Contract, ContractBreach, Job, Processing, RawCollection
from jobly.runs.actions import start, transaction
from jobly.runs.actions.execution import drain
from jobly.runs.models import Event
from tests.admin.world import signed_in
from tests.make import make_processed, make_source, make_user

pytestmark = pytest.mark.django_db


def item(number, **fields):
    known = {"title": f"Baker {number}", "company": "Harbour", "location": "Oslo, Norway"}
    return {"id": number, **known, "description": f"Bake bread {number}."} | fields


def store(source, *items):
    stream = io.BytesIO(orjson.dumps({"jobs": items}))
    return store_collection(source, Arrival(stream, "jobs.json"), actor=None)


def send(source, *items):
    collection = store(source, *items)
    drain()
    collection.refresh_from_db()
    return collection


@pytest.fixture
def source():
    row = make_source(kind="api")
    for collection in range(3):
        send(row, *(item(collection * 10 + n) for n in range(8)))
    return row


def odd(number, **fields):
    return item(number, id=f"JR-{number}", **fields)


def standing():
    return set(ContractBreach.objects.values_list("kind", "field", "times", "status"))


def test_a_source_that_goes_on_as_it_was_is_no_matter(source):
    collection = send(source, *(item(n) for n in range(100, 108)))

    assert collection.status == "processed"
    assert not ContractBreach.objects.exists()
    assert collection.schema_fingerprint == Contract.objects.get().fingerprint


def test_what_departs_is_loaded_and_told_once_unless_somebody_minds(source):
    first = send(source, *(odd(n) for n in range(100, 108)))
    send(source, *(odd(n) for n in range(110, 118)))

    assert first.status == "processed"
    assert Job.objects.count() == 24 + 16
    assert standing() == {("changed_type", "id", 2, "open")}
    (event,) = Event.objects.filter(fact="ingestion.contract_broken")
    assert event.data["breaches"] == ["“id” was number and is text."]
    assert event.data["set_aside"] is False


def broken_off(source, *items, behind):
    """Store a collection whose pass went away behind so many rows."""
    data = send(make_source("pattern", kind="upload"), item(1)).processings.get().items.get().data
    collection = store(source, *items)
    half = Processing.objects.create(
        collection=collection, transformer="v2", status="processing", raw=behind, processed=behind
    )
    for row in range(1, behind + 1):
        make_processed(half, row=row, data=data)
    drain()
    collection.refresh_from_db()
    return collection


def test_a_pass_that_broke_off_is_judged_by_all_its_rows_and_once(source):
    items = [*(odd(n) for n in range(100, 104)), *(item(n) for n in range(104, 108))]
    collection = broken_off(source, *items, behind=4)
    assert collection.status == "processed"
    (breach,) = ContractBreach.objects.all()
    assert (breach.kind, breach.field, breach.count, breach.row) == ("changed_type", "id", 4, 1)

    known = Contract.objects.get().known
    collection = send(source, *(item(n) for n in range(200, 208)))
    learned = Contract.objects.get().known
    assert learned["items"] == known["items"] + 8
    Processing.objects.filter(collection=collection).update(processed_at=None)
    with transaction():
        start("ingestion.process", {"collection_id": str(collection.pk)}, actor=None)
    drain()
    assert Contract.objects.get().known == learned


def test_set_aside_it_keeps_its_bytes_and_loads_when_it_is_accepted(source):
    tolerate(Contract.objects.get(), Contract.Tolerance.QUARANTINE)
    held = send(source, *(odd(n, logo="x") for n in range(100, 108)))

    assert (held.status, held.error_code) == ("quarantined", "contract_broken")
    assert "“id” was number and is text." in held.error
    assert Job.objects.count() == 24
    with held.artifact.open() as stream:
        assert b"JR-100" in stream.read()

    new_field, changed = ContractBreach.objects.order_by("-field")
    assert accept_breach(new_field, actor=make_user()) == 0  # it waits for the other one too
    assert accept_breach(changed, actor=None) == 1
    drain()
    held.refresh_from_db()
    assert (held.status, held.error_code) == ("processed", "")
    assert Job.objects.count() == 32
    assert send(source, *(odd(n) for n in range(200, 208))).status == "processed"


def test_a_refused_change_sets_later_collections_aside(source):
    send(source, *(odd(n) for n in range(100, 108)))
    breach = ContractBreach.objects.get()
    refuse_breach(breach, actor=None)
    with pytest.raises(BreachMoved):
        refuse_breach(breach, actor=None)

    held = send(source, *(odd(n) for n in range(200, 208)))
    assert held.status == "quarantined"
    assert send(source, *(item(n) for n in range(300, 308))).status == "processed"
    assert accept_breach(breach, actor=None) == 1
    with pytest.raises(BreachMoved):
        accept_breach(breach, actor=None)
    drain()
    held.refresh_from_db()
    assert held.status == "processed"


def test_another_shape_is_set_aside_whatever_is_tolerated_but_everything(source):
    def strange(start):
        return [{"name": f"Cook {n}", "job title": f"Cook {n}"} for n in range(start, start + 5)]

    assert send(source, *strange(0)).status == "quarantined"
    assert {kind for kind, *_ in standing()} == {"unknown_shape"}

    tolerate(Contract.objects.get(), Contract.Tolerance.ACCEPT)
    assert send(source, *strange(10)).status == "processed"


def test_people_may_send_files_of_any_columns():
    row = make_source(kind="upload")
    for columns in range(5):
        send(row, *(item(n, **{f"column {columns}": "x"}) for n in range(20)))

    assert not Contract.objects.exists()
    assert not RawCollection.objects.filter(schema_fingerprint="").exists()


def test_operators_see_and_decide_on_the_pages(source, django_assert_max_num_queries):
    send(source, *(odd(n, logo="x") for n in range(100, 108)))
    staff = signed_in(make_user(is_staff=True, is_superuser=True))
    contracts = reverse("admin:ingestion_contract_changelist")
    breaches = reverse("admin:ingestion_contractbreach_changelist")

    def post(url, action, *rows):
        sent = {"action": action, "_selected_action": [row.pk for row in rows]}
        return staff.post(url, sent, follow=True).content.decode()

    with django_assert_max_num_queries(12):
        text = staff.get(breaches).content.decode()
    assert "“id” was number and is text." in text
    assert "JR-100" in text
    assert "24 items, 3 collections" in staff.get(contracts).content.decode()

    first, second = ContractBreach.objects.order_by("field")
    assert "Accepted; 0 collections" in post(breaches, "accept_selected", first)
    assert "set aside from now on" in post(breaches, "refuse_selected", second)
    post(contracts, "set_aside", Contract.objects.get())
    assert Contract.objects.get().tolerance == "quarantine"
    assert set(ContractBreach.objects.values_list("status", flat=True)) == {"accepted", "refused"}
