"""Wagtail, django-filer and an app of our own in every tenant's schema, with Django's users and sessions.

What the how-tos show is this, name by name: test_howtos.py compares.
"""

from gateway.settings import *  # noqa: F403 - a project starts from the gateway's settings
from gateway.settings import STORAGES, TEMPLATES

# --- docs/howto/use-with-your-app.md

SHARED_APPS = [
    "tenants",
    "tenants.people",
    "tenants.jobs",
    "media_core.bucket",
    "django_tenants",
    # Shared: Django remembers the numbers of content types for the whole process.
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "procrastinate.contrib.django",
]
TENANT_APPS = [
    "tenants.stamp",
    "media_core",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.admin",
    "tests.untouched.plain",
]

AUTH_USER_MODEL = "auth.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
SESSION_ENGINE = "django.contrib.sessions.backends.db"
LOGIN_URL = "admin:login"

MIDDLEWARE = [
    "gateway.health.HealthMiddleware",
    "gateway.request_log.RequestLogMiddleware",
    "tenants.middleware.TenantMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "gateway.error_responses.ErrorMiddleware",
    "tests.untouched.policy.PolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tenants.middleware.SuspendedMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES[0]["OPTIONS"]["context_processors"].append("django.contrib.auth.context_processors.auth")
# The gateway's own handler keeps files for its own views only.
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
ROOT_URLCONF = "tests.untouched.urls"
AGENCY_URLCONF = "tests.untouched.urls_agency"
APPEND_SLASH = True
PRIVATE_MEDIA_READERS = "tests.untouched.plain.readers.may_read"

# --- docs/howto/use-with-wagtail.md

TENANT_APPS += [
    "wagtail.contrib.forms",
    "wagtail.contrib.redirects",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
]
WAGTAIL_SITE_NAME = "Our site"
WAGTAILADMIN_BASE_URL = "https://www.example.com"
WAGTAILDOCS_DOCUMENT_MODEL = "plain.PrivateDocument"
WAGTAILDOCS_SERVE_METHOD = "redirect"
LOGIN_URL = "wagtailadmin_login"
# Wagtail shows previews in frames of its own.
X_FRAME_OPTIONS = "SAMEORIGIN"

# --- docs/howto/use-with-django-filer.md

TENANT_APPS += ["easy_thumbnails", "filer"]
FILER_STORAGES = {
    "public": {
        "main": {"ENGINE": STORAGES["default"]["BACKEND"]},
        "thumbnails": {"ENGINE": STORAGES["default"]["BACKEND"]},
    },
    "private": {
        "main": {"ENGINE": STORAGES["private"]["BACKEND"], "UPLOAD_TO_PREFIX": "filer"},
        "thumbnails": {"ENGINE": STORAGES["private"]["BACKEND"]},
    },
}

# --- last of all

INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]

# --- for the tests only

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
