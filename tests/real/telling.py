"""A program beside a world: `python -m tests.real.telling write|people|session|ring`.

`write`: threads that tell on both companies' streams, and roll some of it back. `people`: members
of the company with a key each. `session`: the cookie of the recruiter, signed in. They answer in
JSON. `ring`: tells once on the streams that each line of its input names, and answers by a line.
"""

import argparse
import json
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

import django

django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import connection  # noqa: E402

from jobly.runs.actions import emit, transaction  # noqa: E402
from jobly.runs.rules.streams import company_stream  # noqa: E402
from jobly.users.models import ApiKey, Company, Membership, User  # noqa: E402
from jobly.users.rules import new_key  # noqa: E402

BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True)
class Told:
    """Something was told, to whom, and when by the clock that never jumps."""

    name: ClassVar[str] = "proof.told"
    whose: str
    sent: float
    padding: str


class Undone(Exception):
    """This transaction shall leave nothing."""


def write(options: argparse.Namespace) -> dict[str, int]:
    """Tell so many times from so many threads; return how much was told on each stream."""
    companies = list(Company.objects.order_by("slug"))
    ours = [company for company in companies if company.slug == "acme"]
    told: Counter[str] = Counter()
    lock = threading.Lock()

    def work(seed: int) -> None:
        draw = random.Random(seed)  # noqa: S311
        for _ in range(options.times):
            company = draw.choice(companies if options.foreign else ours)
            try:
                _tell(company, options, undo=draw.random() < options.undone)
            except Undone:
                continue
            with lock:
                told[company_stream(company.pk)] += options.each
            time.sleep(options.pause)
        connection.close()

    threads = [
        threading.Thread(target=work, args=(options.seed + n,)) for n in range(options.threads)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return dict(told)


def _tell(company: Company, options: argparse.Namespace, *, undo: bool) -> None:
    with transaction():
        for _ in range(options.each):
            emit(Told(company.slug, time.monotonic(), "x" * options.pad), company=company)
        if undo:
            raise Undone


def people(options: argparse.Namespace) -> list[dict[str, str]]:
    """Make members of the company, each with a key; return whose streams and the keys."""
    made = [new_key() for _ in range(options.count)]
    users = User.objects.bulk_create(
        [User(email=f"{prefix}@acme.example", password="!") for _, prefix, _ in made]
    )
    company = Company.objects.get(slug="acme")
    Membership.objects.bulk_create([Membership(user=user, company=company) for user in users])
    ApiKey.objects.bulk_create(
        [
            ApiKey(user=user, prefix=prefix, digest=digest, scopes=["runs"])
            for user, (_, prefix, digest) in zip(users, made, strict=True)
        ]
    )
    return [
        {"user": str(user.pk), "key": text} for user, (text, _, _) in zip(users, made, strict=True)
    ]


def session(options: argparse.Namespace) -> str:
    """Sign the recruiter in; return the cookie."""
    user = User.objects.get(email="recruiter@acme.example")
    store = SessionStore()
    store[SESSION_KEY], store[BACKEND_SESSION_KEY] = str(user.pk), BACKEND
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    return f"sessionid={store.session_key}"


def ring(options: argparse.Namespace) -> str:
    """Tell once for each line of the input, on the streams it names."""
    for line in sys.stdin:
        with transaction():
            emit(Told("acme", time.monotonic(), "x" * options.pad), streams=line.split())
        sys.stdout.write("told\n")
        sys.stdout.flush()
    return "over"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["write", "people", "session", "ring"])
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--times", type=int, default=10, help="transactions of each thread")
    parser.add_argument("--each", type=int, default=1, help="events in a transaction")
    parser.add_argument("--undone", type=float, default=0.0, help="share that is rolled back")
    parser.add_argument("--foreign", action="store_true", help="tell the other company too")
    parser.add_argument("--pad", type=int, default=0, help="bytes of padding in an event")
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1)
    options = parser.parse_args()
    does: dict[str, Any] = {"write": write, "people": people, "session": session, "ring": ring}
    sys.stdout.write(json.dumps(does[options.what](options)))


if __name__ == "__main__":
    main()
