"""The settings of Wagtail's own tests, with tenants, and with the gateway's storages under all files."""

from wagtail.test import settings as wagtail_settings

from gateway.settings import *  # noqa: F403 - a project starts from the gateway's settings
from gateway.settings import CACHES, DATABASES, STORAGES
from tests.untouched.settings import (  # noqa: F401 - the settings of any project with users of its own
    AGENCY_URLCONF,
    APPEND_SLASH,
    AUTHENTICATION_BACKENDS,
    FILE_UPLOAD_HANDLERS,
    SESSION_ENGINE,
    SHARED_APPS,
)

# These stay the gateway's: where the rows, the cache and the files are.
DATABASES["default"]["TEST"] = {"NAME": f"test_wagtail_{DATABASES['default']['NAME']}"}
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
OURS = {"DATABASES": DATABASES, "CACHES": CACHES, "STORAGES": STORAGES}

vars().update({
    name: value for name, value in vars(wagtail_settings).items() if name.isupper()
} | OURS)  # fmt: skip

TENANT_APPS = [
    "tenants.stamp",
    "media_core",
    *(app for app in wagtail_settings.INSTALLED_APPS if app not in SHARED_APPS),
]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]
MIDDLEWARE = [
    "tests.untouched.wagtail_own.hosts.HostMiddleware",
    "tenants.middleware.TenantMiddleware",
    *wagtail_settings.MIDDLEWARE,
]
ROOT_URLCONF = "tests.untouched.wagtail_own.urls"
PRIVATE_MEDIA_READERS = "tests.untouched.wagtail_own.urls.everybody"
# Whatever Wagtail's tests expect of cookies, headers and logs is Django's default.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "sessionid", "csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
MESSAGE_STORAGE = "django.contrib.messages.storage.fallback.FallbackStorage"
X_FRAME_OPTIONS = "DENY"
WAGTAILDOCS_SERVE_METHOD = "serve_view"
LOGGING_CONFIG = None
# The app of Wagtail's tests has 62 migrations, which take a minute. The plugin creates its tables instead.
MIGRATION_MODULES = {"tests": "tests.untouched.wagtail_own.no_migrations"}
