"""What every test run stands on."""

import stat
from pathlib import Path

import psycopg
import pytest
import redis
from django.db import connection

from jobly.embedded import addresses


@pytest.mark.django_db
def test_the_database_has_vectors_and_the_role_is_no_superuser():
    with connection.cursor() as cursor:
        cursor.execute("SELECT '[1,2,3]'::vector <-> '[1,2,4]'::vector")
        assert cursor.fetchone() == (1.0,)
        cursor.execute("SELECT current_user, current_setting('is_superuser')")
        assert cursor.fetchone() == ("jobly", "off")
        cursor.execute("SHOW lc_collate")


def test_valkey_starts_every_test_empty(valkey: redis.Redis):
    assert valkey.dbsize() == 0
    valkey.set("left", "over")
