"""The one settings file; only `jobly.environment` looks at the environment."""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import django_stubs_ext
import environ
from csp.constants import NONCE

from jobly import logs, menu, wiring
from jobly.artifacts.rules.keeping import keeping
from jobly.artifacts.rules.places import backend_of, moving
from jobly.embedded import addresses, secrets_for
from jobly.environment import env

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
ENV, _problems = env()
if _problems:
    sys.exit("Settings that cannot work; nothing was started:\n" + "\n".join(_problems))

VAR: Path = ENV["JOBLY_VAR"]
_embedded = addresses(VAR)
_secrets = secrets_for(VAR)
_instance_file = VAR / "instance.json"
INSTANCE: dict[str, Any] = json.loads(_instance_file.read_text()) if _instance_file.exists() else {}

DEBUG: bool = ENV["DEBUG"]
SECRET_KEY: str = ENV["SECRET_KEY"] or _secrets.secret_key
FIELD_ENCRYPTION_KEYS: list[str] = ENV["FIELD_ENCRYPTION_KEYS"] or list(
    _secrets.field_encryption_keys
)
ALLOWED_HOSTS: list[str] = ENV["ALLOWED_HOSTS"]
CSRF_TRUSTED_ORIGINS: list[str] = ENV["CSRF_TRUSTED_ORIGINS"]
CORS_ORIGINS: list[str] = ENV["CORS_ORIGINS"]
PUBLIC_URL: str = ENV["PUBLIC_URL"].rstrip("/")
LIVE_URL: str = ENV["LIVE_URL"].rstrip("/")
PORT: int = ENV["PORT"]
TRUSTED_PROXY_HOPS: int = ENV["TRUSTED_PROXY_HOPS"]
SANDBOX_URL: str = (ENV["SANDBOX_URL"] or INSTANCE.get("sandbox", "")).rstrip("/")
_https = PUBLIC_URL.startswith("https://")

INSTALLED_APPS = [
    "django_celery_beat",  # first: our admin of its tables replaces its own
    "jobly.users",
    "jobly.artifacts",
    "jobly.runs",
    "ingestion",
    "distribution",
    "jobly",
    "channels",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "jobly.adminsite.JoblyAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_prometheus",
    "axes",
    "csp",
]
MIDDLEWARE = [
    "jobly.middleware.request_id",
    "jobly.middleware.optional_slash",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "jobly.middleware.live_origin_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "jobly.middleware.idempotency",
    "jobly.middleware.untellable",
]
ROOT_URLCONF = "jobly.urls"
WSGI_APPLICATION = "jobly.wsgi.application"
ASGI_APPLICATION = "jobly.asgi.application"
APPEND_SLASH = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "jobly.context.page",
            ]
        },
    }
]

# database: a connection lives as long as its request or run; through a Unix socket that is cheap
DATABASES = {
    "default": {
        **environ.Env.db_url_config(ENV["DATABASE_URL"] or _embedded.database_url),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
    }
}
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
# a page read out of order costs hardly more than the next one, on any disk of this decade; the
# default of 4 makes the planner read whole tables where a hundred rows are asked for by key
DATABASES["default"].setdefault("OPTIONS", {})["options"] = (
    "-c idle_in_transaction_session_timeout=30s -c timezone=UTC -c random_page_cost=1.1"
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Valkey: one address, spelled for each library
VALKEY_URL: str = ENV["VALKEY_URL"] or _embedded.valkey_url
_socket = VALKEY_URL.removeprefix("unix://") if VALKEY_URL.startswith("unix://") else ""
CELERY_BROKER_URL = f"redis+socket://{_socket}" if _socket else VALKEY_URL
LIMITS_URL = f"redis+unix://{_socket}" if _socket else VALKEY_URL
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": VALKEY_URL}
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": VALKEY_URL, "socket_timeout": None}]},
    }
}

# people
AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "jobly.users.admin.roles.RoleBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_FORM_FIELD = "username"
AXES_CLIENT_IP_CALLABLE = "jobly.callers.client_ip"
AXES_LOCKOUT_TEMPLATE = "users/locked_out.html"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False  # the log tells of lock-outs; `axes_reset` ends one
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_NAME = "__Host-sessionid" if _https else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if _https else "csrftoken"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = False
CSRF_FAILURE_VIEW = "jobly.errorpages.csrf_failure"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

# transport and page security
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_HOPS else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": (),
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'", NONCE],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}
# stops that `check --deploy` raises for plain http on loopback, which embedded mode is
SILENCED_SYSTEM_CHECKS = (
    [] if _https else ["security.W004", "security.W008", "security.W012", "security.W016"]
) + ["security.W005", "security.W021"]

# languages and files
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = ["jobly.formats"]  # times say their zone
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR / "static"  # filled by collectstatic, where one wants a copy outside
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = True
STORAGE_URL: str = ENV["STORAGE_URL"] or f"file://{quote(str(VAR / 'storage'))}"
STORAGE_OLD_URL: str = ENV["STORAGE_OLD_URL"]
_place = backend_of(STORAGE_URL)
STORAGES: dict[str, dict[str, Any]] = {
    "default": moving(_place, backend_of(STORAGE_OLD_URL)) if STORAGE_OLD_URL else _place,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
ARTIFACT_KEEP_DAYS = keeping(ENV["ARTIFACT_KEEP_DAYS"])
SPOOL_DIR = VAR / "spool"  # answers of sources, while nothing can be stored
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 << 20
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 << 20
if ENV["EMAIL_URL"]:
    vars().update(environ.Env.email_url_config(ENV["EMAIL_URL"]))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = VAR / "mail"
DEFAULT_FROM_EMAIL = "jobly@localhost"

# models: a server of the operator's choice, or what works without any
OPENAI_API_KEY: str = ENV["OPENAI_API_KEY"]
OPENAI_BASE_URL: str = ENV["OPENAI_BASE_URL"]
OPENAI_MODEL: str = ENV["OPENAI_MODEL"]
OPENAI_PRICES: list[float] = [float(price) for price in ENV["OPENAI_PRICES"]]
EMBEDDING_MODEL: str = ENV["EMBEDDING_MODEL"]

# collecting pages: off, until an operator and a superuser say otherwise
COLLECTOR_WEB_ENABLED: bool = ENV["COLLECTOR_WEB_ENABLED"]
COLLECTOR_AGENT = f"JoblyBot/1 (+{ENV['COLLECTOR_CONTACT'] or PUBLIC_URL or 'jobly, self-hosted'})"
COLLECTOR_AGENTS: list[str] = ENV["COLLECTOR_AGENTS"]
COLLECTOR_PROXIES: list[str] = ENV["COLLECTOR_PROXIES"]
COLLECTOR_PRIVATE_ORIGINS: list[str] = ENV["COLLECTOR_PRIVATE_ORIGINS"]

# webhooks to companies' endpoints: public addresses only, and these
HOOK_PRIVATE_ORIGINS: list[str] = [origin.lower() for origin in ENV["HOOK_PRIVATE_ORIGINS"]]

# API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "jobly.users.api.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["jobly.api.FastJSON"],
    "DEFAULT_PARSER_CLASSES": [
        "rest_framework.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_PAGINATION_CLASS": "jobly.api.Pages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["jobly.api.PerCaller"],
    "DEFAULT_THROTTLE_RATES": {"caller": "1200/min", "anonymous": "600/min"},
    "EXCEPTION_HANDLER": "jobly.api.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Jobly",
    "DESCRIPTION": "Jobs in, jobs out, and every piece of work watchable.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "ApplicantStageEnum": "distribution.models.Applicant.Stage",
        "ChannelKindEnum": "distribution.models.Channel.Kind",
        "DistributionStatusEnum": "distribution.models.Distribution.Status",
        "HookDeliveryStateEnum": "distribution.models.HookDelivery.State",
        "InboundHookStateEnum": "distribution.models.InboundHook.State",
        "JobStatusEnum": "ingestion.models.Job.Status",
    },
}

# runs (ARCHITECTURE.md §4)
RUN_ON_EVENT = wiring.ON_EVENT
RUN_ON_CLOCK = wiring.ON_CLOCK
RUN_QUEUES = wiring.QUEUES
RUN_LEASE_SECONDS: int = ENV["RUN_LEASE_SECONDS"]
RUN_HEARTBEAT_SECONDS: float = ENV["RUN_HEARTBEAT_MS"] / 1000
RUN_SWEEP_SECONDS: float = ENV["RUN_SWEEP_MS"] / 1000
RUN_BACKOFF_SCALE: float = ENV["RUN_BACKOFF_PERCENT"] / 100
RUN_RELEASE_SECONDS: float = ENV["RUN_RELEASE_MS"] / 1000
RUN_QUEUED_LIMIT: int = ENV["RUN_QUEUED_LIMIT"]
RUN_BACKLOG_LIMIT: int = ENV["RUN_BACKLOG_LIMIT"]
RUN_KEEP_DAYS: int = ENV["RUN_KEEP_DAYS"]
REPROCESSING_KEEP_DAYS: int = ENV["REPROCESSING_KEEP_DAYS"]
RUN_CRASH: str = ENV["JOBLY_CRASH"]
RUN_CRASH_ONCE: str = ENV["JOBLY_CRASH_ONCE"]
WORKER_PROCESSES: int = ENV["WORKER_PROCESSES"]
CELERY_BEAT_SCHEDULER = "jobly.runs.actions.beat:Scheduler"
DJANGO_CELERY_BEAT_TZ_AWARE = True

LOGGING = logs.configuration(level=ENV["LOG_LEVEL"], style=ENV["LOG_FORMAT"])

UNFOLD: dict[str, Any] = menu.UNFOLD
