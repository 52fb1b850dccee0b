"""What every test run stands on."""

import psycopg
import pytest
from django.db import connection


@pytest.mark.django_db
def test_the_database_has_vectors_and_our_role_is_no_superuser():
    with connection.cursor() as cursor:
        cursor.execute("SELECT '[1,2,3]'::vector <-> '[1,2,4]'::vector")
        assert cursor.fetchone() == (1.0,)
        cursor.execute("SELECT current_user, current_setting('is_superuser')")
        assert cursor.fetchone() == ("jobly", "off")


@pytest.mark.django_db
def test_texts_sort_alike_on_every_machine():
    with connection.cursor() as cursor:
        cursor.execute("SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database")
        assert set(cursor.fetchall()) == {("C.UTF-8", "UTF8")}


@pytest.mark.parametrize("again", [1, 2])
def test_valkey_is_empty_before_every_test(valkey, again):
    assert valkey.dbsize() == 0
    valkey.set("left", "over")


def test_nobody_reaches_the_database_over_the_network(var_dir):
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host="127.0.0.1", user="postgres", connect_timeout=2)
