"""Structured logs, and the sanitiser that every line passes last.

`sanitise` also serves whoever stores what strangers sent (analytics, run errors).
"""

import json
import logging
import re
from collections.abc import Callable, Mapping, MutableMapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import structlog

REDACTED = "[redacted]"
MAX_DEPTH = 8
MAX_WIDTH = 100  # items of one container
MAX_NODES = 2_000  # values of one line
MAX_TEXT = 16_000  # characters of one string
OVERHANG = 512  # characters read beyond MAX_TEXT, so that no half secret survives the cut
MAX_KEY = 100
SAFE_INTEGER = 1 << 63
LUHN_NINE = 9

# Names whose value is a secret, whatever it is; "tokens" counts model tokens and is none.
WORDS = (
    r"passw(?:or)?d|passphrase|pwd|secret|token(?!s)|api[_-]?key|authori[sz]ation|cookie"
    r"|credential|private[_-]?key|signature|session[_-]?(?:id|key)|sessionid|csrf|jwt|bearer"
    r"|cvv|cvc|iban|card[_-]?n(?:umber|o)"
)
SECRET_NAME = re.compile(
    rf"(?:{WORDS})|(?:^|[_-])(?:otp|pin|ssn|auth|card|session)(?:$|[_-])", re.IGNORECASE
)
# Names whose value is about a person; numbers and flags under them are statistics.
PERSONAL_NAME = re.compile(
    r"e-?mail|phone|mobile|(?:first|last|full|given|family)[_-]?name|surname|birth|street",
    re.IGNORECASE,
)

TEXT_PATTERNS = (
    # quoting in quoting in quoting doubles backslashes without end
    (re.compile(r"\\{2,}"), r"\\"),
    # user and password in a URL
    (re.compile(r"(?<=://)[^/\s@]{1,200}@"), REDACTED + "@"),
    (
        re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{0,8000}(?:-----END[A-Z -]*)?"),
        REDACTED,
    ),
    # headers take the rest of their line
    (
        re.compile(
            r"((?:proxy-)?authori[sz]ation|(?:set-)?cookie)([\\\"']{0,4}\s{0,3}[:=]\s{0,3})"
            r"(?![\\\"']*\[redacted\])[^\r\n]+",
            re.IGNORECASE,
        ),
        rf"\1\2{REDACTED}",
    ),
    # name=value, name: value, "name": "value", also escaped in a string in a string
    (
        re.compile(
            rf"((?:{WORDS})[\w-]{{0,40}}[\\\"']{{0,4}}\s{{0,3}}(?:[:=]|%3D)\s{{0,3}}[\\]{{0,3}})"
            r"(?:\"[^\"]*\"|'[^']*'|[^\s&,;}\"'\\]+)",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"\bBearer\s+[\w.~+/=-]{6,}", re.IGNORECASE), f"Bearer {REDACTED}"),
    (re.compile(r"\bBasic\s+(?=[\w+/]*[0-9A-Z=])[\w+/]{6,}={0,2}"), f"Basic {REDACTED}"),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?"), REDACTED),  # JWT
    (
        re.compile(
            r"\b(?:jb_[a-z0-9]{8}_[\w-]{10,}|[spr]k[-_][\w-]{16,}|gh[pousr]_\w{20,}|whsec_[\w+/=]{8,}"
            r"|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,}|gAAAAA[\w-]{20,}={0,2})"
        ),
        REDACTED,
    ),
    # anything long of mixed case with digits; hashes and UUIDs are of one case
    (
        re.compile(r"(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*[0-9])[\w-]{32,}={0,2}"),
        REDACTED,
    ),
    (re.compile(r"[\w.+%-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"), "[e-mail]"),
    # +49 171 2345678, (020) 7946 0958, 555-123-4567, 0171 2345678; no dates, no counters
    (
        re.compile(r"(?<![\w+])(?:\+|00)[1-9][0-9]{0,2}(?:[ ./()-]{0,2}[0-9]){6,12}(?![0-9])"),
        "[phone]",
    ),
    (re.compile(r"(?<![\w.-])\(?[0-9]{3}\)?[ .-]{1,2}[0-9]{3}[ .-][0-9]{4}(?![\w-])"), "[phone]"),
    (
        re.compile(
            r"(?<![\w.:-])\(?0[1-9][0-9]{1,4}\)?[ /-]?[0-9]{3,4}(?:[ -]?[0-9]){2,5}(?![\w-])"
        ),
        "[phone]",
    ),
)
CARD = re.compile(r"(?<![\w-])[0-9](?:[ -]?[0-9]){12,18}(?![\w-])")
PLAIN_WORD = re.compile(r"[A-Za-z_./-]{0,15}")  # too short for any secret: no need to look further
LINE_BREAKS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")


#: who else wants the records of this process; a set-up of logging that is repeated keeps them
listeners: list[Callable[[logging.LogRecord], None]] = []


class Tap(logging.Handler):
    """Hand records to those who listen, such as the ledger, which keeps what its runs log."""

    def emit(self, record: logging.LogRecord) -> None:
        """Tell every listener; one that fails harms nobody."""
        for listener in listeners:
            try:
                listener(record)
            except Exception:  # noqa: BLE001 - as the library does with a bad log call
                self.handleError(record)


def sanitise(value: Any) -> Any:
    """Return a copy without secrets and personal data, bounded in depth, width and length.

    Takes any value: containers by key and value patterns, JSON in strings, headers, URLs,
    exceptions by their text. Cycles end as "[cycle]".
    """
    return _clean(value, (), [MAX_NODES])


def configuration(*, level: str, style: str) -> dict[str, Any]:
    """Set up structlog and return the matching LOGGING: `style` is "text" or "json", on stderr.

    Each line carries what the context holds (request id, run id).
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    last = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        sanitising,
        as_json if style == "json" else as_text,
    ]
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [*shared, structlog.stdlib.ExtraAdder()],
        "processors": last,
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
            "tap": {"class": "jobly.logs.Tap", "level": "INFO"},
        },
        "root": {"level": level, "handlers": ["stderr", "tap"]},
        "loggers": {
            name: {"level": level, "handlers": [], "propagate": True}
            for name in ("django", "django.server", "celery", "daphne")
        },
    }


def sanitising(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Clean one log line; the last step before it becomes text."""
    found: dict[str, Any] = sanitise(event)
    return found


def as_json(_: Any, __: str, event: Mapping[str, Any]) -> str:
    """Write a line for collectors."""
    return orjson.dumps(event, default=str).decode()


def as_text(_: Any, __: str, event: Mapping[str, Any]) -> str:
    """Write a line for people; only a traceback may break it."""
    rest = dict(event)
    head = [rest.pop(name, "") for name in ("timestamp", "level", "logger", "event")]
    trace = rest.pop("exception", "")
    pairs = (f"{name}={orjson.dumps(value, default=str).decode()}" for name, value in rest.items())
    line = LINE_BREAKS.sub(" ", " ".join((*map(str, head), *pairs)))
    return f"{line}\n{trace}" if trace else line


def _clean(value: Any, above: tuple[int, ...], left: list[int]) -> Any:
    """Clean one value below the containers `above`, while `left` values may still be looked at."""
    left[0] -= 1
    if left[0] < 0:
        return "[cut]"
    if value is None or isinstance(
        value, bool | float | UUID | date | datetime | timedelta | Decimal
    ):
        return value
    if isinstance(value, int):
        return _clean_integer(value)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _clean_container(value, above, left)
    if isinstance(value, bytes | bytearray):
        value = bytes(value[: MAX_TEXT + OVERHANG]).decode("utf-8", "replace")
    if isinstance(value, BaseException):
        value = f"{type(value).__name__}: {value}"
    return _clean_text(value if isinstance(value, str) else repr(value), above, left)


def _clean_integer(value: int) -> int | str:
    """Keep a number that is no card number and that JSON can hold."""
    return value if abs(value) < SAFE_INTEGER and not _is_card(str(abs(value))) else REDACTED


def _clean_container(value: Any, above: tuple[int, ...], left: list[int]) -> Any:
    """Clean a mapping or a sequence."""
    if id(value) in above:
        return "[cycle]"
    if len(above) >= MAX_DEPTH:
        return "[deep]"
    above = (*above, id(value))
    more = len(value) - MAX_WIDTH
    if isinstance(value, Mapping):
        pairs = zip(value.items(), range(MAX_WIDTH), strict=False)
        cleaned = {_key(name): _clean_pair(name, item, above, left) for (name, item), _ in pairs}
        return cleaned | {"…": f"{more} more"} if more > 0 else cleaned
    items = [_clean(item, above, left) for item, _ in zip(value, range(MAX_WIDTH), strict=False)]
    return [*items, f"… {more} more"] if more > 0 else items


def _key(name: Any) -> str:
    """Return a key as text; an address may be one."""
    return str(_clean_text(str(name)[:MAX_KEY], (0,) * MAX_DEPTH, [0]))


def _clean_pair(name: Any, value: Any, above: tuple[int, ...], left: list[int]) -> Any:
    """Clean a named value."""
    if value is None or isinstance(value, bool):
        return value
    text = str(name)[:MAX_KEY]
    if SECRET_NAME.search(text):
        return REDACTED
    if PERSONAL_NAME.search(text) and not isinstance(value, int | float):
        return REDACTED
    return _clean(value, above, left)


def _clean_text(text: str, above: tuple[int, ...], left: list[int]) -> str:
    """Clean a string; JSON in it is cleaned as what it says."""
    if PLAIN_WORD.fullmatch(text):
        return text
    text = text[: MAX_TEXT + OVERHANG]
    if text[:1] in ("{", "[") and len(above) < MAX_DEPTH:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            pass
        else:
            return json.dumps(_clean(found, (*above, 0), left), default=str)[:MAX_TEXT]
    for pattern, instead in TEXT_PATTERNS:
        text = pattern.sub(instead, text)
    text = CARD.sub(lambda found: "[card]" if _is_card(found[0]) else found[0], text)
    return text[:MAX_TEXT]


def _is_card(text: str) -> bool:
    """Whether a run of digits is as long as a card number and passes the Luhn check."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    if not 13 <= len(digits) <= 19:  # noqa: PLR2004 # ISO/IEC 7812
        return False
    doubled = [2 * d - LUHN_NINE if d > 4 else 2 * d for d in digits[-2::-2]]  # noqa: PLR2004
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
