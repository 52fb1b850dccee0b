"""The users app's place in Django."""

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """People, companies and keys."""

    name = "jobly.users"
    label = "users"
