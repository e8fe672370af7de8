"""What `manage.py check` refuses before anything is served."""

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks

from tenants.schema_versions import get_oldest_code, get_schema_version

IDS: dict[str, dict[str, Any]] = {
    "media_core.E001": {"AWS_DEFAULT_ACL": "public-read"},
    "media_core.E002": {"BUCKET_SIGNATURE_VERSION": "s3", "BUCKET_ADDRESSING_STYLE": "path"},
    "media_core.E003": {"BUCKET_NAME": "example_project"},
    "media_core.E004": {"BUCKET_ADDRESSING_STYLE": "virtual"},
    "tenants.E001": {"TENANT_APPS": [*django_settings.TENANT_APPS, "django.contrib.auth"],
                     "SHARED_APPS": [*django_settings.SHARED_APPS]},
    "tenants.E002": {"SESSION_COOKIE_DOMAIN": ".example.com"},
    "tenants.E003": {"TENANT_APPS": ["media_core"]},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _versions_are_known() -> None:
    """A process remembers the versions of its apps: they must not be found while a test changes TENANT_APPS."""
    get_schema_version()
    get_oldest_code()


def said(**given) -> dict[str, str]:
    """Return the ids of what the checks of tenants and media_core say, and what each says."""
    messages = run_checks(include_deployment_checks=given.get("deploy", False))
    ours = [
        message for message in messages if str(message.id).startswith(("tenants", "media_core"))
    ]
    return {str(message.id): f"{message.msg} {message.hint}" for message in ours}


def test_the_settings_of_the_suite_pass():
    assert said() == {}


@pytest.mark.parametrize("check", IDS)
def test_is_refused_with_a_remedy(check, settings):
    for name, value in IDS[check].items():
        setattr(settings, name, value)
    found = said()
    assert list(found) == [check]
    assert not found[check].endswith("None")


@pytest.mark.parametrize(("backups", "is_warned_of"), [(34, False), (35, False), (36, True)])
def test_removed_files_are_kept_as_long_as_backups_of_the_database(backups, is_warned_of, settings):
    settings.RETENTION_DAYS, settings.BACKUP_KEPT_DAYS = 35, backups
    warned = said().get("media_core.W012", "")
    assert ("RETENTION_DAYS=35 is less than BACKUP_KEPT_DAYS=36" in warned) == is_warned_of
    assert ("Set RETENTION_DAYS to 36 or more" in warned) == is_warned_of


@pytest.mark.parametrize(
    "name",
    ["AWS_S3_CUSTOM_DOMAIN", "AWS_QUERYSTRING_AUTH", "AWS_LOCATION", "AWS_S3_FILE_OVERWRITE"],
)
def test_every_stray_setting_of_django_storages_is_named(name, settings):
    setattr(settings, name, "anything")
    assert name in said()["media_core.E001"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "example_project",
        "Example",
        "bücher",
        "a..b",
        "-ab",
        "ab-",
        ".ab",
        "ab.",
        "a/b",
        "a b",
        "a" * 64,
        "abc\n",
        "192.168.0.1",
        "a.-b",
        "a-.b",
    ],
)
def test_what_is_no_bucket_name_is_refused(name, settings):
    settings.BUCKET_NAME = name
    assert "media_core.E003" in said()


@pytest.mark.parametrize("name", ["abc", "a" * 63, "my-bucket-7", "a.b.c", "0ab"])
def test_a_bucket_name_passes(name, settings):
    settings.BUCKET_NAME = name
    assert said() == {}


@pytest.mark.parametrize(
    ("version", "style", "fits"),
    [
        ("s3v4", "path", True),
        ("s3v4", "virtual", True),
        ("s3", "virtual", True),
        ("s3", "path", False),
    ],
)
def test_signature_and_addressing_fit_each_other(version, style, fits, settings):
    settings.BUCKET_SIGNATURE_VERSION, settings.BUCKET_ADDRESSING_STYLE = version, style
    settings.BUCKET_ENDPOINT_URL = "https://fsn1.example"
    assert ("media_core.E002" not in said()) == fits


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "10.0.0.7"])
def test_there_is_no_bucket_below_an_address(host, settings):
    settings.BUCKET_ENDPOINT_URL = f"https://{host}:9000"
    settings.BUCKET_ADDRESSING_STYLE = "virtual"
    assert list(said()) == ["media_core.E004"]


def test_a_deployment_speaks_https_to_its_bucket(settings):
    settings.BUCKET_ENDPOINT_URL = "http://fsn1.example"
    assert "media_core.W001" in said(deploy=True)
    settings.BUCKET_ENDPOINT_URL = "https://fsn1.example"
    assert "media_core.W001" not in said(deploy=True)


CONTRADICTIONS: list[tuple[str, str, dict[str, Any], str]] = [
    ("media_core.W002", "aws", {"PUBLIC_MEDIA_MODE": "acl"}, "which is policy there"),
    ("media_core.W002", "b2", {"PUBLIC_MEDIA_MODE": "policy"}, "which is gateway there"),
    ("media_core.W003", "aws", {"UPLOAD_MAX_BYTES": 5_000_000_001}, "5000000000 or less"),
    ("media_core.W004", "r2", {"BUCKET_SIGNATURE_VERSION": "s3"}, "s3v4"),
]


@pytest.mark.parametrize(("check", "name", "given", "remedy"), CONTRADICTIONS)
def test_what_contradicts_the_provider_is_warned_of(check, name, given, remedy, settings):
    settings.BUCKET_PROVIDER, settings.PUBLIC_MEDIA_MODE = name, "gateway"
    settings.BUCKET_ADDRESSING_STYLE = "virtual"
    settings.BUCKET_ENDPOINT_URL = "https://s3.example"
    assert said() == {}
    for setting, value in given.items():
        setattr(settings, setting, value)
    found = said()
    assert list(found) == [check]
    assert f"BUCKET_PROVIDER={name}" in found[check]
    assert remedy in found[check]


@pytest.mark.parametrize(("check", "name", "given", "remedy"), CONTRADICTIONS)
def test_what_nobody_knows_of_a_provider_is_not_warned_of(check, name, given, remedy, settings):
    settings.BUCKET_PROVIDER, settings.BUCKET_ADDRESSING_STYLE = "generic", "virtual"
    settings.BUCKET_ENDPOINT_URL = "https://s3.example"
    for setting, value in given.items():
        setattr(settings, setting, value)
    assert said() == {}


def test_all_workers_together_stay_below_the_connections_that_the_provider_allows(settings):
    settings.WEB_CONCURRENCY, settings.BUCKET_CONNECTIONS = 4, 64
    assert "media_core.W005" not in said(deploy=True)
    settings.WEB_CONCURRENCY = 5
    assert "BUCKET_CONNECTIONS=51 or less" in said(deploy=True)["media_core.W005"]
    settings.BUCKET_PROVIDER = "generic"
    assert "media_core.W005" not in said(deploy=True)


@pytest.mark.parametrize("name", ["SESSION", "CSRF", "LANGUAGE"])
def test_no_cookie_goes_to_all_hosts(name, settings):
    setattr(settings, f"{name}_COOKIE_DOMAIN", ".example.com")
    assert f"{name}_COOKIE_DOMAIN" in said()["tenants.E002"]


# --- on disk


@pytest.fixture
def on_disk(settings, tmp_path):
    settings.USE_S3_MEDIA = False
    settings.DISK_MEDIA_ROOT = str(tmp_path / "rooms")
    (tmp_path / "rooms").mkdir(mode=0o700)
    return tmp_path / "rooms"


def test_a_closed_folder_of_its_own_passes(on_disk):
    assert said() == {}


def test_without_a_bucket_no_check_asks_for_one(on_disk, settings):
    settings.BUCKET_NAME = settings.BUCKET_ACCESS_KEY = settings.BUCKET_SECRET_KEY = ""
    settings.BUCKET_ADDRESSING_STYLE = "virtual"
    assert said(deploy=True) == {}


def test_a_folder_that_is_not_there_is_refused_and_not_made(on_disk):
    on_disk.rmdir()
    assert "mkdir -m 700" in said()["media_core.E020"]
    assert not on_disk.exists()


def test_a_file_is_no_folder(on_disk):
    on_disk.rmdir()
    on_disk.touch()
    assert list(said()) == ["media_core.E020"]


@pytest.mark.parametrize("mode", [0o701, 0o704, 0o710, 0o740, 0o755, 0o777])
def test_a_folder_that_others_can_look_into_is_refused(mode, on_disk):
    on_disk.chmod(mode)
    assert "chmod 700" in said()["media_core.E022"]


@pytest.mark.parametrize("where", ["below", "above", "itself", "by a link"])
def test_private_files_never_lie_where_static_files_are_served(where, on_disk, settings):
    static = {
        "below": on_disk.parent,
        "above": on_disk / "static",
        "itself": on_disk,
        "by a link": on_disk.parent / "static",
    }[where]
    if where == "by a link":
        static.symlink_to(on_disk)
    settings.STATIC_ROOT = str(static)
    assert "media_core.E021" in said()


@pytest.mark.parametrize("package", ["gateway", "media_core/storages", "tenants", "."])
def test_nor_among_the_code(package, on_disk, settings):
    settings.DISK_MEDIA_ROOT = str(settings.BASE_DIR / package)
    assert "media_core.E021" in said()


@pytest.mark.parametrize("url", ["", "/", "_rooms/", "/_rooms", "https://example.com"])
def test_nginx_is_told_a_path_that_it_can_match(url, on_disk, settings):
    settings.DISK_MEDIA_SENDER, settings.DISK_MEDIA_INTERNAL_URL = "x-accel-redirect", url
    assert list(said()) == ["media_core.E023"]


def test_with_a_bucket_the_folder_is_not_looked_at(on_disk, settings):
    settings.USE_S3_MEDIA = True
    on_disk.rmdir()
    assert said() == {}
