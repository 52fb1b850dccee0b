"""OAuth 2.0 client credentials, as LinkedIn and Indeed both speak it."""

import re
from collections.abc import Mapping
from datetime import timedelta

import requests

from distribution.errors import CredentialsRefused
from distribution.rules.answers import Token
from distribution.rules.channels import Connection
from jobly.errors import Unavailable

from . import exchange

SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)  # up to thirty years


def client_credentials(
    connection: Connection, target: str, *, lifetime: timedelta, extra: Mapping[str, str]
) -> Token:
    """Fetch an access token; `lifetime` holds where the answer names none.

    Raises: CredentialsRefused, Unavailable.
    """
    form = {
        "grant_type": "client_credentials",
        "client_id": connection.credentials.get("client_id", ""),
        "client_secret": connection.credentials.get("client_secret", ""),
        **extra,
    }
    headers = {"Accept": "application/json"}
    response = exchange.call(
        connection, "POST", target, idempotent=True, data=form, headers=headers
    )
    if response.status_code in (requests.codes.bad_request, requests.codes.unauthorized):
        raise CredentialsRefused(
            "The board refused the channel's client id and secret.",
            status=response.status_code,
        )
    exchange.check(response, idempotent=True)
    answer = exchange.json_of(response, idempotent=True)
    text = exchange.text_at(answer, "access_token")
    if not text:
        raise Unavailable("The board gave no access token.")
    # LinkedIn's sample shows the seconds as a string (contract §2)
    seconds = exchange.text_at(answer, "expires_in")
    return Token(text, timedelta(seconds=int(seconds)) if SECONDS.fullmatch(seconds) else lifetime)
