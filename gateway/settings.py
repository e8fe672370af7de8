"""The one reader of the environment. `.env.example` explains every variable; a test keeps the two together.

Safe without configuration: debug off, no default secret, cookies only over HTTPS, an unknown host gets nothing.
"""

from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from gateway.environment import Environment, require_bucket_location
from media_core.bucket.providers import PROVIDERS
from tenants.database.pool import add_pool
from tenants.errors import GatewayError
from tenants.prefixes import validate_deployment_prefix

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment()
ENV_FILE = Path(env.read_text("DJANGO_ENV_FILE", default=str(BASE_DIR / ".env")))
# What is set in the environment wins over the file.
env.read_file("DJANGO_ENV_FILE", ENV_FILE)

# --- Deployment

DEBUG = env.read_bool("DJANGO_DEBUG", default=False)
SECRET_KEY = env.read_secret(
    "DJANGO_SECRET_KEY",
    "Make one: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
)
# What the keys before this one signed stays good: sessions, password-reset links, addresses of files on disk.
SECRET_KEY_FALLBACKS = env.read_secrets("DJANGO_SECRET_KEY_FALLBACKS")
AGENCY_HOST = env.read_host("AGENCY_HOST", default="agency.localhost")
# TenantMiddleware is the gate: a host that is neither the agency's nor an active domain's gets a plain 404.
ALLOWED_HOSTS = ["*"]
HTTPS_ONLY = env.read_bool("HTTPS_ONLY", default=True)
# Where browsers reach us without HTTPS, on somebody's own machine: links in mails have it. 0 is HTTP's own.
HTTP_PORT = env.read_number("HTTP_PORT", default=0, at_least=0, at_most=65535)
SECURE_PROXY_SSL_HEADER = env.read_header("SECURE_PROXY_SSL_HEADER")
# How many proxies of ours stand before us: that many addresses at the end of X-Forwarded-For are believed.
ALLAUTH_TRUSTED_PROXY_COUNT = env.read_number(
    "TRUSTED_PROXY_COUNT", default=0, at_least=0, at_most=9
)

# gunicorn believes a SCRIPT_NAME header of a local proxy: a stranger could put any host into a mailed link.
FORCE_SCRIPT_NAME = ""
ROOT_URLCONF = "gateway.urls_tenant"
AGENCY_URLCONF = "gateway.urls_agency"
# An address is right or it is not there: a redirect would tell which ones exist.
APPEND_SLASH = False
WSGI_APPLICATION = "gateway.wsgi.application"

# --- Apps: identity is shared, content is not (docs/explanation/decisions/README.md)

SHARED_APPS = [
    "tenants",
    "tenants.people",
    "tenants.jobs",
    "media_core.bucket",
    "django_tenants",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "procrastinate.contrib.django",
]
TENANT_APPS = ["tenants.stamp", "media_core"]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]

TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
# One SET per binding instead of one per cursor. Only for connections that keep their session (tenants/database).
TENANT_LIMIT_SET_CALLS = True
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]

MIDDLEWARE = [
    "gateway.health.HealthMiddleware",
    "gateway.request_log.RequestLogMiddleware",
    # Before all that answers by itself: an unknown host gets nothing, not even a redirect or a static file.
    "tenants.middleware.TenantMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "gateway.error_responses.ErrorMiddleware",
    "tenants.slots.SlotMiddleware",
    "media_core.uploads.body_limits.BodyLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "tenants.people.identity.PersonMiddleware",
    "tenants.middleware.SuspendedMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "gateway" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "tenants.people.context_processors.add_page_identity",
            ]
        },
    }
]

# Each app declares its kinds of jobs in a module of this name (tenants/jobs).
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"

# --- Database and cache

_given = env.read_database("DATABASE_URL", default="postgres:///gateway")
_database = {
    **_given,
    # A server that vanished without a word is noticed within seconds; what DATABASE_URL says counts more.
    "OPTIONS": {"connect_timeout": 5, "tcp_user_timeout": 10_000, **_given.get("OPTIONS", {})},
    "ENGINE": "tenants.database",
    "CONN_MAX_AGE": env.read_number("DATABASE_CONN_MAX_AGE", default=60, at_least=0, at_most=3600),
    "CONN_HEALTH_CHECKS": True,
}
DATABASES = {
    "default": add_pool(
        _database, env.read_number("DATABASE_POOL_SIZE", default=0, at_least=0, at_most=100)
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# In the database, so that sign-in is throttled over all workers together.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "tenants_cacheentry",
        "KEY_FUNCTION": "tenants.binding.make_cache_key",
        # Beyond this Django throws entries away by their keys, among them counters of somebody under attack; and it
        # counts them all at every write, so `clearsessions` removes the expired ones every day.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# --- People, sessions, sign-in

AUTH_USER_MODEL = "people.Person"
AUTHENTICATION_BACKENDS = ["tenants.people.backends.MemberBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "tenants.people.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {"reset_password": "tenants.people.forms.ResetPasswordForm"}
# Per address, per person and address, and per person from everywhere. The last one is high: reaching it shuts the
# person out as well, so it must take an attacker many addresses.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "login_failed_person": "100/h/key",
}

SESSION_ENGINE = "tenants.people.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600
_cookie_prefix = "__Host-" if HTTPS_ONLY else ""
SESSION_COOKIE_NAME = f"{_cookie_prefix}session"
CSRF_COOKIE_NAME = f"{_cookie_prefix}csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_FAILURE_VIEW = "gateway.error_responses.csrf_failure"

# --- Headers

SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.read_bool(
    "HSTS_SUBDOMAINS", default=False
)
# "no-referrer" would make browsers send `Origin: null` with our own forms; links are given out with no-referrer.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Tenants bring hosts of their own: whether all under a domain have HTTPS is for its owner to say (HSTS_SUBDOMAINS).
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# --- The bucket. None of these is named AWS_*: django-storages would pick such settings up by itself.

try:
    LOCATION_PREFIX = validate_deployment_prefix(env.read_text("LOCATION_PREFIX", default=""))
except GatewayError as error:
    raise ImproperlyConfigured(f"LOCATION_PREFIX: {error}") from error
USE_S3_MEDIA = env.read_bool("USE_S3_MEDIA", default=True)
# On disk the keys may be missing; objects that were left in the bucket are out of reach then.
_read_bucket_value = env.read_bucket_value if USE_S3_MEDIA else env.read_text
BUCKET_ACCESS_KEY = _read_bucket_value("AWS_ACCESS_KEY_ID")
BUCKET_SECRET_KEY = _read_bucket_value("AWS_SECRET_ACCESS_KEY")
BUCKET_NAME = _read_bucket_value("AWS_STORAGE_BUCKET_NAME")
BUCKET_PROVIDER = env.read_choice(
    "BUCKET_PROVIDER", "hetzner", {"hetzner", "aws", "r2", "b2", "ceph", "generic"}
)
# What is empty below is as at this provider.
_provider = PROVIDERS[BUCKET_PROVIDER]
BUCKET_REGION = env.read_text("AWS_S3_REGION_NAME", default="") or _provider.region.value
BUCKET_ENDPOINT_URL = env.read_endpoint("AWS_S3_ENDPOINT_URL") or _provider.build_endpoint(
    BUCKET_REGION
)
if BUCKET_NAME:
    require_bucket_location(
        BUCKET_PROVIDER, AWS_S3_ENDPOINT_URL=BUCKET_ENDPOINT_URL, AWS_S3_REGION_NAME=BUCKET_REGION
    )
BUCKET_SIGNATURE_VERSION = (
    env.read_choice("AWS_S3_SIGNATURE_VERSION", "", {"s3v4", "s3"}) or _provider.signature.value
)
BUCKET_ADDRESSING_STYLE = (
    env.read_choice("AWS_S3_ADDRESSING_STYLE", "", {"virtual", "path"})
    or _provider.addressing.value
)
# acl: public objects carry an ACL. policy: the bucket's policy publishes them. gateway: nothing in it is public.
PUBLIC_MEDIA_MODE = (
    env.read_choice("PUBLIC_MEDIA_MODE", "", {"acl", "policy", "gateway"})
    or _provider.public_mode.value
)
# Where the bucket's public objects are reached from outside, such as a CDN; empty is the bucket itself.
PUBLIC_MEDIA_BASE_URL = env.read_base_url("PUBLIC_MEDIA_BASE_URL")
PUBLIC_MEDIA_IMMUTABLE = env.read_bool("PUBLIC_MEDIA_IMMUTABLE", default=False)
# What `manage.py bucket doctor` proved counts for so long.
BUCKET_PROOF_DAYS = env.read_number("BUCKET_PROOF_DAYS", default=30, at_least=1, at_most=365)
# At most so many connections to the bucket are open in each process; gunicorn reads how many of these there are.
BUCKET_CONNECTIONS = env.read_number("BUCKET_CONNECTIONS", default=50, at_least=2, at_most=1000)
# All workers together send so many requests a second at most, so that people come first (Hetzner takes 750).
BUCKET_WORKER_REQUESTS = env.read_number(
    "BUCKET_WORKER_REQUESTS", default=200, at_least=1, at_most=100_000
)
WEB_THREADS = env.read_number("WEB_THREADS", default=8, at_least=1, at_most=1000)
WEB_CONCURRENCY = env.read_number("WEB_CONCURRENCY", default=2, at_least=1, at_most=1000)
PUBLIC_PHOTOS_WITHOUT_LOCATION = env.read_bool("PUBLIC_PHOTOS_WITHOUT_LOCATION", default=True)

# django-storages knows these; here they would publish or unsign, and nothing reads them.
UNREAD_VARIABLES = env.list_set_variables(
    ("AWS_DEFAULT_ACL", "AWS_QUERYSTRING_AUTH", "AWS_S3_CUSTOM_DOMAIN", "AWS_CLOUDFRONT_KEY")
)

# --- Without a bucket

DISK_MEDIA_ROOT = env.read_text("DISK_MEDIA_ROOT", default="") or str(BASE_DIR / "media")
# How private files on disk are sent: by us, or by the web server that stands before us.
DISK_MEDIA_SENDER = env.read_choice(
    "DISK_MEDIA_SENDER", "gateway", {"gateway", "x-accel-redirect", "x-sendfile"}
)
DISK_MEDIA_INTERNAL_URL = env.read_text("DISK_MEDIA_INTERNAL_URL", default="/_rooms/")

# --- Links and uploads

PRESIGNED_URL_EXPIRATION = env.read_number(
    "PRESIGNED_URL_EXPIRATION", default=300, at_least=1, at_most=3600
)
UPLOAD_MAX_BYTES = env.read_number(
    "UPLOAD_MAX_BYTES", default=100_000_000, at_least=1, at_most=5_000_000_000
)
# Who reads the private files of apps: a function of one of them, or all members.
PRIVATE_MEDIA_READERS = (
    env.read_text("PRIVATE_MEDIA_READERS", default="") or "media_core.documents.app_readers.members"
)
# A file of an upload waits here while it is checked, not in memory.
FILE_UPLOAD_HANDLERS = ["media_core.uploads.handlers.LimitedUploadHandler"]
FILE_UPLOAD_TEMP_DIR = env.read_text("UPLOAD_TEMP_DIR", default="") or None

TRASH_DAYS = env.read_number("TRASH_DAYS", default=30, at_least=1, at_most=3650)
# How long condemned originals and files of apps stay in the bucket: longer than the oldest backup of the database.
RETENTION_DAYS = env.read_number("RETENTION_DAYS", default=35, at_least=0, at_most=3650)
BACKUP_KEPT_DAYS = env.read_number("BACKUP_KEPT_DAYS", default=30, at_least=0, at_most=3650)

# --- Mail, static files, language, logs

vars().update(
    env.read_mail(
        "EMAIL_URL",
        default="smtp://localhost:25",
        # No worker waits longer for any answer of the mail server.
        timeout_seconds=env.read_number("EMAIL_TIMEOUT", default=10, at_least=1, at_most=60),
    )
)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.read_text("DEFAULT_FROM_EMAIL", default="gateway@localhost")
STATIC_URL = "/static/"
STATIC_ROOT = env.read_text("STATIC_ROOT", default="") or str(BASE_DIR / "staticfiles")
# Any app stores by these, under the tenant that is bound: docs/howto/use-with-your-app.md.
STORAGES = {
    "default": {"BACKEND": "media_core.app_files.storages.PublicAppStorage"},
    "private": {"BACKEND": "media_core.app_files.storages.PrivateAppStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
LOG_LEVEL = env.read_choice("LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"})
LOGGING_CONFIG = "gateway.logs.configure_logging"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"context": {"()": "gateway.logs.ContextFilter"}},
    "formatters": {"json": {"()": "gateway.logs.JsonFormatter"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "filters": ["context"],
        }
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # Their debug output holds signatures and presigned URLs.
        **{name: {"level": "WARNING"} for name in ("boto3", "botocore", "s3transfer", "urllib3")},
        # It logs each job with its arguments; tenants.jobs says what matters.
        "procrastinate": {"level": "WARNING"},
        # "Not Found: /d/…" would bring file names into the log; every request has its own line.
        "django.request": {"level": "ERROR"},
        # So would a form that is refused.
        "django.security.csrf": {"level": "ERROR"},
        "django": {"handlers": [], "propagate": True, "level": LOG_LEVEL},
        "django.server": {"handlers": [], "propagate": True, "level": LOG_LEVEL},
    },
}
