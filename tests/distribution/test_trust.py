"""Whose addresses are trusted after the upgrade: what the admin's log says, and nothing else."""

import json
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType

from distribution.actions.channels import connect_sandbox
from distribution.models import Channel
from tests.distribution.make import make_channel
from tests.make import make_company, make_member, make_user

pytestmark = pytest.mark.django_db
PRIVATE = "http://10.0.0.7:8080"
upgrade = import_module("distribution.migrations.0015_trust_in_addresses").distrust


def note(channel, user, flag=ADDITION, *fields):
    message = [{"changed": {"fields": list(fields)}}] if flag == CHANGE else [{"added": {}}]
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(Channel),
        object_id=str(channel.pk),
        object_repr=str(channel),
        action_flag=flag,
        change_message=json.dumps(message),
    )


def trusted(channel):
    upgrade(apps, None)
    return Channel.objects.get(pk=channel.pk).address_trusted


@pytest.fixture
def company():
    return make_company("acme")


@pytest.fixture
def operator():
    return make_user(is_staff=True)


@pytest.fixture
def recruiter(company):
    return make_member(company, "owner")


@pytest.fixture
def channel(company):
    row = make_channel(company, "glassdoor", base_url=PRIVATE)
    assert row.address_trusted
    return row


def test_an_address_of_nobody_knows_whom_is_not_trusted(channel):
    assert not trusted(channel)
    assert channel.base_url == PRIVATE


def test_what_an_operator_made_stays_trusted(channel, operator):
    note(channel, operator)
    assert trusted(channel)


def test_what_a_recruiter_made_is_not(channel, recruiter):
    note(channel, recruiter)
    assert not trusted(channel)


@pytest.mark.parametrize(
    ("fields", "kept"), [(("Address",), False), (("Options",), False), (("Name",), True)]
)
def test_the_last_word_on_the_address_counts(channel, operator, recruiter, fields, kept):
    note(channel, operator)
    note(channel, recruiter, CHANGE, *fields)
    assert trusted(channel) is kept


def test_an_operator_who_saved_it_again_vouches_for_it(channel, operator, recruiter):
    note(channel, recruiter)
    note(channel, operator, CHANGE, "Address")
    assert trusted(channel)


def test_an_entry_nobody_can_read_is_held_against_its_writer(channel, operator, recruiter):
    note(channel, operator)
    note(channel, recruiter, CHANGE, "Name")
    LogEntry.objects.filter(user=recruiter).update(change_message="renamed")
    assert not trusted(channel)


def test_what_the_installation_made_stays_trusted(company):
    connect_sandbox(company)
    upgrade(apps, None)
    assert all(row.address_trusted for row in Channel.objects.filter(company=company))


def test_a_demo_channel_that_was_led_elsewhere_does_not(company):
    connect_sandbox(company)
    row = Channel.objects.filter(company=company, slug="glassdoor")
    row.update(base_url=PRIVATE)
    assert not trusted(row.get())
