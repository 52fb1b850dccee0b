"""Make an API key from the command line."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from jobly.commands import JoblyCommand
from jobly.errors import Rejected
from jobly.users.actions import create_api_key
from jobly.users.models import User
from jobly.users.reports import company_by_slug


class Command(JoblyCommand):
    """`apikey create --user EMAIL [--company SLUG] --scopes a,b [--expires DAYS]`."""

    help = "Make an API key; its text is shown once."

    def arguments(self, parser: ArgumentParser) -> None:
        """Name the person, the company, the scopes and the lifetime."""
        parser.add_argument("verb", choices=["create"])
        parser.add_argument("--user", required=True, metavar="EMAIL")
        parser.add_argument("--company", metavar="SLUG")
        parser.add_argument("--scopes", required=True, metavar="A,B")
        parser.add_argument("--expires", type=int, metavar="DAYS")
        parser.add_argument("--name", default="made by command")

    def run(self, **options: Any) -> dict[str, Any]:
        """Make the key and return it with its text."""
        user = User.objects.filter(email=options["user"].lower()).first()
        if user is None:
            raise Rejected(f"There is no person {options['user']}; no key was made.")
        company = None
        if options["company"]:
            company = company_by_slug(options["company"])
        key, text = create_api_key(
            user,
            scopes=[word for word in options["scopes"].split(",") if word],
            company=company,
            lifetime=timedelta(days=options["expires"]) if options["expires"] else None,
            name=options["name"],
        )
        return {"key": text, "id": key.pk, "scopes": key.scopes, "expires_at": key.expires_at}
