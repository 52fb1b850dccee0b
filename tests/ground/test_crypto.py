"""Secrets at rest: unreadable in rows, dumps and reprs; readable through every key of the ring."""

import io
import json

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, models, transaction

from jobly import crypto
from jobly.errors import AuthExpired
from jobly.runs.models import Run

CANARY = "canary-token-0123456789"
FIRST, SECOND, THIRD = (Fernet.generate_key().decode() for _ in range(3))


class Vault(models.Model):
    """A table of this test alone."""

    name = models.CharField(max_length=10, blank=True)
    secrets = crypto.EncryptedJSONField(null=True)

    class Meta:
        app_label = "ground"

    def __str__(self):
        return self.name


@pytest.fixture
def vault(db, settings):
    settings.FIELD_ENCRYPTION_KEYS = [FIRST]
    with connection.schema_editor() as editor:
        editor.create_model(Vault)
    yield Vault
    with connection.schema_editor() as editor:
        editor.delete_model(Vault)


def stored(row):
    with connection.cursor() as cursor:
        cursor.execute("SELECT secrets FROM ground_vault WHERE id = %s", [row.pk])
        return cursor.fetchone()[0]


def test_a_value_is_read_as_it_was_written(vault):
    value = {"token": CANARY, "nested": {"list": [1, None, "ü"]}}
    row = vault.objects.create(secrets=value)
    assert row.secrets == value
    assert vault.objects.get().secrets == value
    row.refresh_from_db()
    assert row.secrets == value


def test_the_row_holds_a_key_id_and_no_canary(vault):
    row = vault.objects.create(secrets={"token": CANARY})
    text = stored(row)
    assert CANARY not in text
    assert len(text.partition(":")[0]) == 8
    assert text.partition(":")[2].startswith("gAAAAA")


def test_nothing_stays_null_and_can_be_asked_for(vault):
    vault.objects.create(secrets=None)
    vault.objects.create(secrets={})
    assert vault.objects.get(secrets__isnull=True).secrets is None
    assert vault.objects.get(secrets__isnull=False).secrets == {}


def test_a_change_inside_the_value_is_saved(vault):
    row = vault.objects.create(secrets={"a": 1})
    row = vault.objects.get()
    row.secrets["b"] = 2
    row.save()
    assert vault.objects.get().secrets == {"a": 1, "b": 2}


def test_saving_another_column_leaves_the_sealed_text_alone(vault):
    row = vault.objects.create(secrets={"a": 1})
    before = stored(row)
    again = vault.objects.get()
    again.name = "new"
    again.save()
    assert stored(row) == before


def test_deferred_values_come_when_asked_for(vault):
    vault.objects.create(secrets={"a": 1})
    assert vault.objects.only("name").get().secrets == {"a": 1}


def test_reprs_show_nothing(vault):
    row = vault.objects.create(secrets={"token": CANARY})
    again = vault.objects.get()
    assert CANARY not in repr(again.__dict__)
    assert CANARY not in repr(again.secrets) + str(again.secrets) + f"{again.secrets}"
    assert CANARY not in repr(again.__dict__)
    assert CANARY not in repr(vault.objects.values("secrets")[0]) + repr(row)


def test_dumps_hold_sealed_text_and_load_again(vault):
    vault.objects.create(secrets={"token": CANARY})
    dump = serializers.serialize("json", vault.objects.all())
    assert CANARY not in dump
    text = json.loads(dump)[0]["fields"]["secrets"]
    loaded = vault(secrets=vault._meta.get_field("secrets").to_python(text))
    loaded.save()
    assert vault.objects.get(pk=loaded.pk).secrets == {"token": CANARY}
    assert stored(loaded) == text


@pytest.mark.parametrize("value", ["text", ["list"], 7])
def test_only_objects_are_sealed(vault, value):
    with pytest.raises(TypeError), transaction.atomic():
        vault.objects.create(secrets=value)


@pytest.mark.parametrize("lookup", ["secrets__contains", "secrets__startswith", "secrets__gt"])
def test_nobody_searches_in_secrets(vault, lookup):
    with pytest.raises(FieldError):
        vault.objects.filter(**{lookup: "x"})


def test_forms_and_admin_do_not_offer_it():
    assert not Vault._meta.get_field("secrets").editable


# the ring


def test_every_key_of_the_ring_reads_and_the_first_writes(vault, settings):
    old = vault.objects.create(secrets={"n": 1})
    settings.FIELD_ENCRYPTION_KEYS = [SECOND, FIRST]
    new = vault.objects.create(secrets={"n": 2})
    assert [row.secrets["n"] for row in vault.objects.order_by("pk")] == [1, 2]
    assert stored(old).partition(":")[0] != stored(new).partition(":")[0]


def test_a_lost_key_is_expired_access_and_breaks_no_list(vault, settings):
    vault.objects.create(name="a", secrets={"n": 1})
    settings.FIELD_ENCRYPTION_KEYS = [SECOND]
    (row,) = list(vault.objects.all())
    row.name = "b"
    row.save()
    with pytest.raises(AuthExpired) as caught:
        _ = row.secrets
    assert caught.value.status == 503
    row.secrets = {"n": 2}
    row.save()
    assert vault.objects.get().secrets == {"n": 2}


@pytest.mark.parametrize("text", ["", "nonsense", "00000000:gAAAAA", "{}"])
def test_a_damaged_value_is_expired_access(vault, text):
    row = vault.objects.create(secrets={"n": 1})
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ground_vault SET secrets = %s WHERE id = %s", [text, row.pk])
    with pytest.raises(AuthExpired):
        _ = vault.objects.get().secrets


@pytest.mark.parametrize("keys", [[], ["short"], ["ü" * 44]])
def test_a_ring_that_is_none_stops_with_a_line(settings, keys):
    settings.FIELD_ENCRYPTION_KEYS = keys
    with pytest.raises(ImproperlyConfigured):
        crypto.seal({})


# turning it


def turn(model, *, dry_run=False):
    found = crypto.rotate_column(model, "secrets", dry_run=dry_run)
    assert found.column == "ground.vault.secrets"
    return {"rotated": found.rotated, "current": found.current, "unreadable": found.unreadable}


@pytest.fixture
def many(vault):
    """More rows than a batch."""
    vault.objects.bulk_create(vault(name=str(n), secrets={"n": n}) for n in range(450))
    vault.objects.create(name="none", secrets=None)
    return vault


def test_after_a_turn_the_old_key_may_go(many, settings):
    settings.FIELD_ENCRYPTION_KEYS = [SECOND, FIRST]
    assert turn(many) == {"rotated": 450, "current": 0, "unreadable": 0}
    settings.FIELD_ENCRYPTION_KEYS = [SECOND]
    rows = many.objects.filter(secrets__isnull=False)
    assert {row.name: row.secrets["n"] for row in rows} == {str(n): n for n in range(450)}


def test_a_turn_half_done_goes_on_where_it_was(many, settings):
    settings.FIELD_ENCRYPTION_KEYS = [SECOND, FIRST]
    for row in many.objects.filter(secrets__isnull=False)[:100]:
        row.secrets = dict(row.secrets)
        row.save()
    assert turn(many) == {"rotated": 350, "current": 100, "unreadable": 0}
    assert turn(many) == {"rotated": 0, "current": 450, "unreadable": 0}


def test_a_dry_turn_counts_and_changes_nothing(many, settings):
    settings.FIELD_ENCRYPTION_KEYS = [SECOND, FIRST]
    assert turn(many, dry_run=True)["rotated"] == 450
    assert turn(many, dry_run=True)["rotated"] == 450


def test_values_beyond_reading_are_counted_and_left(many, settings):
    row = many.objects.get(name="7")
    before = stored(row)
    settings.FIELD_ENCRYPTION_KEYS = [THIRD]
    many.objects.filter(name="8").update(secrets={"n": 8})
    assert turn(many) == {"rotated": 0, "current": 1, "unreadable": 449}
    assert stored(row) == before


def test_a_value_that_somebody_else_just_wrote_is_not_overwritten(many, settings):
    row = many.objects.get(name="7")
    old = stored(row)
    settings.FIELD_ENCRYPTION_KEYS = [SECOND, FIRST]
    row.secrets = {"n": "newer"}
    row.save()
    assert crypto._rotate_one(many, "secrets", (row.pk, old), dry_run=False) == "current"
    assert many.objects.get(name="7").secrets == {"n": "newer"}


def command(*args):
    out = io.StringIO()
    call_command("rotate_keys", "--json", *args, stdout=out)
    return json.loads(out.getvalue())


def test_the_command_turns_every_column_there_is_as_a_run(db):
    columns = {f"{model._meta.label_lower}.{name}" for model, name in crypto.encrypted_columns()}
    assert columns >= {"distribution.channel.credentials", "distribution.channel.token"}
    report = command()
    assert {column["column"] for column in report["columns"]} == columns
    assert (report["rotated"], report["unreadable"], report["dry_run"]) == (0, 0, False)
    assert Run.objects.get().status == Run.Status.SUCCEEDED


def test_the_command_can_only_count(db):
    assert command("--dry-run")["dry_run"] is True
    assert not Run.objects.exists()
