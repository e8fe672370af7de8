"""Wagtail, django-filer and an app of our own in every tenant's schema, with Django's users and sessions.

What the how-tos show is tested to be exactly this.
"""

from gateway.settings import *  # noqa: F403 - a project starts from the gateway's settings
from gateway.settings import STORAGES, TEMPLATES

SHARED_APPS = [
    "tenants",
    "tenants.people",
    "django_tenants",
    # Shared: Django remembers the numbers of content types for the whole process.
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
]
TENANT_APPS = [
    "tenants.stamp",
    "media_core",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.admin",
    "tests.untouched.plain",
    # Wagtail
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
    # django-filer
    "easy_thumbnails",
    "filer",
]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]

AUTH_USER_MODEL = "auth.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
SESSION_ENGINE = "django.contrib.sessions.backends.db"
LOGIN_URL = "/admin/login/"

MIDDLEWARE = [
    "gateway.health.HealthMiddleware",
    "gateway.requests.RequestLogMiddleware",
    "tenants.middleware.TenantMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "gateway.answers.ErrorMiddleware",
    "tests.untouched.policy.PolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tenants.middleware.SuspendedMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# Wagtail shows previews in frames of its own.
X_FRAME_OPTIONS = "SAMEORIGIN"
# The gateway's own handler keeps files only for its own views.
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
ROOT_URLCONF = "tests.untouched.urls"
AGENCY_URLCONF = "tests.untouched.urls_agency"
APPEND_SLASH = True
TEMPLATES[0]["OPTIONS"]["context_processors"].append("django.contrib.auth.context_processors.auth")

WAGTAIL_SITE_NAME = "A site"
WAGTAILADMIN_BASE_URL = "https://acme.example"
WAGTAILDOCS_DOCUMENT_MODEL = "plain.PrivateDocument"
WAGTAILDOCS_SERVE_METHOD = "redirect"

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
THUMBNAIL_NAMER = "easy_thumbnails.namers.default"

PRIVATE_MEDIA_READERS = "tests.untouched.plain.readers.may_read"

# --- for the tests only

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
