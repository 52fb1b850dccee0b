"""Mail to applicants, by whatever EMAIL_URL names."""

import smtplib
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from jobly.errors import Rejected, Unavailable, Unknown

TIMEOUT = 20  # seconds a mail server may take to answer
FOREVER = 500  # SMTP codes from here on mean: do not try again


@dataclass(frozen=True, slots=True)
class Mail:
    """One message; `number` makes it the same message however often it is sent."""

    number: str
    to: str
    subject: str
    body: str


def send(mail: Mail) -> None:
    """Hand a message to the mail server.

    Raises: Unavailable when it surely was not taken; Unknown when it may have been; Rejected when
    it never will be.
    """
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >") or "localhost"
    message = EmailMessage(
        subject=mail.subject,
        body=mail.body,
        to=[mail.to],
        headers={"Message-ID": f"<{mail.number}@{host}>", "Auto-Submitted": "auto-generated"},
    )
    server = get_connection(timeout=TIMEOUT)
    try:
        server.open()
    except (smtplib.SMTPException, OSError) as exc:
        raise Unavailable(f"The mail server does not answer: {type(exc).__name__}.") from exc
    message.connection = server
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as exc:
        codes = [code for code, _ in exc.recipients.values()]
        raise _refused(min(codes, default=FOREVER)) from exc
    except smtplib.SMTPResponseException as exc:
        raise _refused(exc.smtp_code) from exc
    except ValueError as exc:  # a line break in a header, a host that no name server can know
        raise Rejected("Nobody can be written to at this address.") from exc
    except (smtplib.SMTPException, OSError) as exc:
        raise Unknown(f"The mail server broke off: {type(exc).__name__}.") from exc
    finally:
        _leave(server)


def _leave(server: Any) -> None:
    """End the talk; what the server said of the message stands, however this goes."""
    with suppress(smtplib.SMTPException, OSError):
        server.close()


def _refused(code: int) -> Rejected | Unavailable:
    """Say what a mail server's code means; its words may hold the address and stay with it."""
    if code >= FOREVER:
        return Rejected(f"The mail server turned the message down (code {code}).")
    return Unavailable(f"The mail server asks us to come again (code {code}).")
