"""Settings: what they read, what they refuse and how they say so, and what holds when nothing is chosen."""

import ast
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.exceptions import ImproperlyConfigured

from media_core.bucket.providers import PROVIDERS

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "gateway" / "settings.py"
EXAMPLE = ROOT / ".env.example"
SECRET = "only-the-operator-knows-this"
REQUIRED = {
    "DJANGO_SECRET_KEY": f"{SECRET}-signs-sessions-{'x' * 30}",
    "AWS_ACCESS_KEY_ID": f"{SECRET}-access",
    "AWS_SECRET_ACCESS_KEY": f"{SECRET}-bucket",
    "AWS_STORAGE_BUCKET_NAME": "a-bucket",
    "DATABASE_URL": f"postgres://gateway:{SECRET}@127.0.0.1/gateway",
    "EMAIL_URL": f"smtp://gateway:{SECRET}@127.0.0.1:25",
}
NO_FILE = {"DJANGO_ENV_FILE": "/nonexistent/.env"}


def environment(**given: str | None) -> dict[str, str]:
    """Return an environment with what is required; None takes a variable away."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    asked = {**kept, **REQUIRED, **NO_FILE, **given}
    return {name: value for name, value in asked.items() if value is not None}


def settings_with(file: Path = SETTINGS, **given: str | None) -> dict[str, Any]:
    """Return what a settings module makes of an environment."""
    with mock.patch.dict(os.environ, environment(**given), clear=True):
        return runpy.run_path(str(file))


def manage(*arguments: str, **given: str | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(**given),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


# --- .env.example


def variables_read() -> set[str]:
    """Return the first argument of every call of a method of `env` in settings.py."""
    return {
        str(node.args[0].value)
        for node in ast.walk(ast.parse(SETTINGS.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).startswith(("env.", "_read_bucket_value"))
        and isinstance(node.args[0], ast.Constant)
    }


def variables_named() -> list[str]:
    return re.findall(r"^#?([A-Z][A-Z0-9_]+)=", EXAMPLE.read_text(), re.MULTILINE)


def test_the_example_names_exactly_what_settings_read():
    assert len(variables_read()) >= 25
    assert sorted(variables_named()) == sorted(variables_read())


def test_nothing_but_settings_reads_the_environment():
    readers = {
        str(path.relative_to(ROOT))
        for app in ("gateway", "tenants", "media_core")
        for path in (ROOT / app).rglob("*.py")
        if re.search(r"os\.(environ|getenv)", path.read_text()) and "demo" not in path.parts
    }
    assert readers == {"gateway/wsgi.py"}


@pytest.mark.parametrize("name", variables_named())
def test_every_variable_of_the_example_is_explained(name):
    paragraphs = EXAMPLE.read_text().split("\n\n")
    (own,) = [part for part in paragraphs if re.search(rf"^#?{name}=", part, re.MULTILINE)]
    before = re.split(rf"^#?{name}=", own, flags=re.MULTILINE)[0]
    comments = re.findall(r"^# .+", before, re.MULTILINE)
    assert comments or paragraphs[paragraphs.index(own) - 1].startswith("# ---")


def test_the_example_as_it_is_is_refused_for_its_placeholders():
    with pytest.raises(ImproperlyConfigured, match="DJANGO_SECRET_KEY is not set"):
        settings_with(SETTINGS, **{**dict.fromkeys(REQUIRED), "DJANGO_ENV_FILE": str(EXAMPLE)})


# --- what is refused

BAD = [
    ("DJANGO_SECRET_KEY", "", "token_urlsafe"),
    ("DJANGO_SECRET_KEY", "change-me", "token_urlsafe"),
    ("AWS_ACCESS_KEY_ID", "", "deploy.md"),
    ("AWS_SECRET_ACCESS_KEY", "", "deploy.md"),
    ("AWS_STORAGE_BUCKET_NAME", "change-me", "deploy.md"),
    ("DJANGO_DEBUG", "maybe", "give True or False"),
    ("DJANGO_DEBUG", "", "give True or False"),
    ("HTTPS_ONLY", "2", "give True or False"),
    ("HSTS_SUBDOMAINS", "sometimes", "give True or False"),
    ("USE_S3_MEDIA", "nonsense", "give True or False"),
    ("TRUSTED_PROXY_COUNT", "10", "0 to 9"),
    ("TRUSTED_PROXY_COUNT", "-1", "0 to 9"),
    ("DATABASE_CONN_MAX_AGE", "3601", "0 to 3600"),
    ("DATABASE_POOL_SIZE", "101", "0 to 100"),
    ("PRESIGNED_URL_EXPIRATION", "0", "1 to 3600"),
    ("PRESIGNED_URL_EXPIRATION", "3601", "1 to 3600"),
    ("PRESIGNED_URL_EXPIRATION", "1e2", "1 to 3600"),
    ("PRESIGNED_URL_EXPIRATION", "٣٠٠", "1 to 3600"),
    ("PUBLIC_MEDIA_MODE", "public", "acl, gateway, policy"),
    ("BUCKET_PROVIDER", "amazon", "aws, b2, ceph, generic, hetzner, r2"),
    ("BUCKET_PROVIDER", "", "aws, b2, ceph, generic, hetzner, r2"),
    ("BUCKET_CONNECTIONS", "1", "2 to 1000"),
    ("WEB_CONCURRENCY", "1001", "1 to 1000"),
    ("PUBLIC_MEDIA_BASE_URL", "cdn.example.com", "https://cdn.example.com"),
    ("PUBLIC_MEDIA_BASE_URL", "https://cdn.example.com/?a=b", "https://cdn.example.com"),
    ("PUBLIC_MEDIA_IMMUTABLE", "always", "give True or False"),
    ("PUBLIC_PHOTOS_WITHOUT_LOCATION", "some", "give True or False"),
    ("DISK_MEDIA_SENDER", "nginx", "gateway, x-accel-redirect, x-sendfile"),
    ("UPLOAD_MAX_BYTES", "5000000001", "1 to 5000000000"),
    ("UPLOAD_MAX_BYTES", "100 MB", "1 to 5000000000"),
    ("AWS_S3_ENDPOINT_URL", "fsn1.example", "scheme and host only"),
    ("AWS_S3_ENDPOINT_URL", "https://fsn1.example/bucket", "scheme and host only"),
    ("AWS_S3_ENDPOINT_URL", "ftp://fsn1.example", "scheme and host only"),
    ("AWS_S3_SIGNATURE_VERSION", "v4", "s3, s3v4"),
    ("AWS_S3_ADDRESSING_STYLE", "auto", "path, virtual"),
    ("LOCATION_PREFIX", "agency", "write 'agency/'"),
    ("LOCATION_PREFIX", "/", "begins with a letter"),
    ("LOCATION_PREFIX", "../", "begins with a letter"),
    ("LOCATION_PREFIX", "media/", "names an area"),
    ("SECURE_PROXY_SSL_HEADER", "https", "X-Forwarded-Proto: https"),
    ("LOG_LEVEL", "LOUD", "DEBUG, ERROR, INFO, WARNING"),
]


@pytest.mark.parametrize(("name", "value", "remedy"), BAD)
def test_a_bad_value_is_refused_with_variable_value_and_remedy(name, value, remedy):
    with pytest.raises(ImproperlyConfigured) as refused:
        settings_with(**{name: value})
    said = str(refused.value)
    assert said.startswith(name)
    assert remedy in said
    assert value in said or value == "change-me"
    assert SECRET not in said


UNCLEAR = [
    ("DATABASE_URL", f"postgres://gateway:{SECRET}@127.0.0.1:port/gateway"),
    ("DATABASE_URL", f"postgres://gateway:{SECRET}/with/slashes@127.0.0.1/gateway"),
    ("DATABASE_URL", f"mysql://gateway:{SECRET}@127.0.0.1/gateway"),
    ("DATABASE_URL", f"postgress://gateway:{SECRET}@127.0.0.1/gateway"),
    ("EMAIL_URL", f"nonsense://gateway:{SECRET}@127.0.0.1"),
    ("EMAIL_URL", f"smtp://gateway:{SECRET}@127.0.0.1:port"),
    ("AWS_S3_ENDPOINT_URL", f"https://key:{SECRET}@fsn1.example"),
    ("AWS_S3_ENDPOINT_URL", "https://fsn1.example:port"),
    ("AWS_S3_ENDPOINT_URL", "https://[fsn1.example"),
    ("AGENCY_HOST", ""),
    ("AGENCY_HOST", "no host!"),
    ("DJANGO_SECRET_KEY_FILE", "/nonexistent/secret"),
]


@pytest.mark.parametrize(("name", "value"), UNCLEAR)
def test_no_bad_value_ends_in_a_riddle_or_tells_a_secret(name, value):
    with pytest.raises(ImproperlyConfigured, match=f"^{name}") as refused:
        settings_with(**{name: value})
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("given", ["change-me", f"{SECRET} change-me"])
def test_a_placeholder_is_no_former_key(given):
    with pytest.raises(ImproperlyConfigured, match=r"^DJANGO_SECRET_KEY_FALLBACKS") as refused:
        settings_with(DJANGO_SECRET_KEY_FALLBACKS=given)
    assert SECRET not in str(refused.value)


def test_former_keys_stand_beside_each_other():
    made = settings_with(DJANGO_SECRET_KEY_FALLBACKS="the-last-one  the-one-before\n")
    assert made["SECRET_KEY_FALLBACKS"] == ["the-last-one", "the-one-before"]
    assert settings_with()["SECRET_KEY_FALLBACKS"] == []


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("UPLOAD_MAX_BYTES", [], 1),
        ("WEB_THREADS", [], 1),
        ("UPLOAD_MAX_BYTES", ["--config", "python:tests.no_gunicorn_options"], 4),
    ],
)
def test_gunicorn_says_a_wrong_setting_without_a_traceback(name, options, code):
    """Also where its own file is not read; there each worker says it."""
    command = [sys.executable, "-m", "gunicorn", "gateway.wsgi", "--bind=127.0.0.1:0", *options]
    done = subprocess.run(  # noqa: S603 - our own server
        command, cwd=ROOT, env=environment(**{name: "much", "EMAIL_URL": None}),
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    (said,) = [line for line in done.stderr.splitlines() if not re.match(r"\[|\{", line)]
    assert said.startswith(f"Not configured: {name}=much: give a whole number from 1 to ")
    assert SECRET not in done.stderr


@pytest.mark.parametrize("arguments", [["check"], ["migrate"]])
def test_with_nothing_set_one_line_says_what_to_do(arguments):
    done = manage(*arguments, **dict.fromkeys(REQUIRED))
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("Not configured: DJANGO_SECRET_KEY is not set. Make one: python -c")


# --- where values come from


@pytest.fixture
def beside_manage(tmp_path: Path) -> Path:
    """Return a settings.py in a project of its own, where a .env can be put."""
    (tmp_path / "gateway").mkdir()
    return Path(shutil.copy(SETTINGS, tmp_path / "gateway"))


def test_a_file_beside_manage_py_is_read(beside_manage):
    (beside_manage.parents[1] / ".env").write_text("UPLOAD_MAX_BYTES=7\n")
    made = settings_with(beside_manage, DJANGO_ENV_FILE=None)
    assert made["UPLOAD_MAX_BYTES"] == 7


def test_the_environment_wins_over_the_file(beside_manage):
    (beside_manage.parents[1] / ".env").write_text("UPLOAD_MAX_BYTES=7\nLOG_LEVEL=ERROR\n")
    made = settings_with(beside_manage, DJANGO_ENV_FILE=None, UPLOAD_MAX_BYTES="8")
    assert (made["UPLOAD_MAX_BYTES"], made["LOG_LEVEL"]) == (8, "ERROR")


def test_a_file_one_folder_up_is_not_read(beside_manage):
    (beside_manage.parents[2] / ".env").write_text("UPLOAD_MAX_BYTES=7\n")
    made = settings_with(beside_manage, DJANGO_ENV_FILE=None)
    (beside_manage.parents[2] / ".env").unlink()
    assert made["UPLOAD_MAX_BYTES"] == 100_000_000


@pytest.mark.parametrize("line", [f"AWS_SECRET_ACCESS_KEY: {SECRET}", SECRET, "  INDENTED=1"])
def test_a_line_that_sets_nothing_is_refused_by_its_number(line, tmp_path):
    file = tmp_path / "env"
    file.write_text(f"# comment\n\nUPLOAD_MAX_BYTES=7\n{line}\n")
    with pytest.raises(ImproperlyConfigured, match=f"^DJANGO_ENV_FILE={file}: line 4") as refused:
        settings_with(DJANGO_ENV_FILE=str(file))
    assert SECRET not in str(refused.value)


def test_a_file_that_cannot_be_read_is_not_passed_over(tmp_path):
    with pytest.raises(ImproperlyConfigured, match=f"^DJANGO_ENV_FILE={tmp_path} cannot be read"):
        settings_with(DJANGO_ENV_FILE=str(tmp_path))


SHOW = "import gateway.settings as s; print(repr(s.BUCKET_SECRET_KEY), repr(s.SECRET_KEY))"


def print_settings(**given: str | None) -> str:
    """Return the two secrets that a fresh process has read."""
    done = subprocess.run(  # noqa: S603 - this Python, on our own text
        [sys.executable, "-c", SHOW], cwd=ROOT, env=environment(**given), check=True,
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize(
    "end",
    ["", "\n", "\r\n"],
    ids=["bare", "newline", "dos"],
)
def test_a_secret_may_lie_in_a_file_of_its_own(end, tmp_path):
    for name in ("AWS_SECRET_ACCESS_KEY", "DJANGO_SECRET_KEY"):
        (tmp_path / name).write_bytes(f"{name}-from-a-file{end}".encode())
    files = {f"{path.name}_FILE": str(path) for path in tmp_path.iterdir()}
    expected = "'AWS_SECRET_ACCESS_KEY-from-a-file' 'DJANGO_SECRET_KEY-from-a-file'"
    assert print_settings(AWS_SECRET_ACCESS_KEY=None, DJANGO_SECRET_KEY=None, **files) == expected


def test_a_secret_that_begins_with_a_dollar_is_itself():
    secret = f"$HOME{SECRET}"
    assert settings_with(DJANGO_SECRET_KEY=secret)["SECRET_KEY"] == secret


# --- without a bucket

NO_BUCKET: dict[str, Any] = {name: None for name in REQUIRED if name.startswith("AWS_")}


def test_without_a_bucket_its_variables_may_be_missing():
    made = settings_with(USE_S3_MEDIA="False", **NO_BUCKET)
    assert (made["USE_S3_MEDIA"], made["BUCKET_NAME"], made["BUCKET_SECRET_KEY"]) == (False, "", "")
    assert made["DISK_MEDIA_ROOT"] == str(ROOT / "media")


def test_a_missing_use_s3_media_never_means_the_disk():
    """What is not read must not store private files somewhere else, without a word (tutorial, defect 1)."""
    assert settings_with()["USE_S3_MEDIA"] is True
    with pytest.raises(ImproperlyConfigured, match="AWS_ACCESS_KEY_ID is not set"):
        settings_with(**NO_BUCKET)


def test_files_on_disk_never_lie_in_the_source_tree_or_side_by_side():
    """The tutorial's MEDIA_ROOT was empty: private and public files went into the working folder (defect 2)."""
    assert not settings_with(USE_S3_MEDIA="False").get("MEDIA_ROOT")
    done = manage(
        "check", USE_S3_MEDIA="False", DISK_MEDIA_ROOT=str(ROOT / "media_core"), **NO_BUCKET
    )
    assert (done.returncode, "media_core.E021" in done.stderr) == (1, True), done.stderr


def test_a_deployment_on_disk_has_no_warning(tmp_path):
    tmp_path.chmod(0o700)
    done = manage(
        "check", "--deploy", "--fail-level", "WARNING", HSTS_SUBDOMAINS="True",
        USE_S3_MEDIA="False", DISK_MEDIA_ROOT=str(tmp_path), **NO_BUCKET,
    )  # fmt: skip
    assert (done.returncode, "0 silenced" in done.stdout) == (0, True), done.stderr


# --- the provider

BUCKET = ("ENDPOINT_URL", "REGION", "SIGNATURE_VERSION", "ADDRESSING_STYLE")


def bucket_of(**given: str) -> tuple[str, ...]:
    """Return endpoint, region, signature, addressing and public mode of an environment."""
    made = settings_with(SETTINGS, **given)
    return (*(made[f"BUCKET_{name}"] for name in BUCKET), made["PUBLIC_MEDIA_MODE"])


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({}, ("https://fsn1.your-objectstorage.com", "fsn1", "s3v4", "virtual", "acl")),
        (
            {"AWS_S3_REGION_NAME": "hel1"},
            ("https://hel1.your-objectstorage.com", "hel1", "s3v4", "virtual", "acl"),
        ),
        (
            {"BUCKET_PROVIDER": "aws", "AWS_S3_REGION_NAME": "eu-central-1"},
            ("https://s3.eu-central-1.amazonaws.com", "eu-central-1", "s3v4", "virtual", "policy"),
        ),
        (
            {"BUCKET_PROVIDER": "b2", "AWS_S3_REGION_NAME": "eu-central-003"},
            ("https://s3.eu-central-003.backblazeb2.com", "eu-central-003", "s3v4", "virtual",
             "gateway"),
        ),
        (
            {"BUCKET_PROVIDER": "r2", "AWS_S3_ENDPOINT_URL": "https://r2.example"},
            ("https://r2.example", "auto", "s3v4", "virtual", "gateway"),
        ),
    ],
)  # fmt: skip
def test_what_is_empty_is_as_at_the_provider(given, made):
    empty = dict.fromkeys(("AWS_S3_SIGNATURE_VERSION", "AWS_S3_ADDRESSING_STYLE"), "")
    assert bucket_of(**given) == bucket_of(PUBLIC_MEDIA_MODE="", **empty, **given) == made


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_is_set_wins_over_every_provider(name):
    made = bucket_of(
        BUCKET_PROVIDER=name,
        AWS_S3_ENDPOINT_URL="https://s3.example",
        AWS_S3_REGION_NAME="here",
        AWS_S3_SIGNATURE_VERSION="s3",
        AWS_S3_ADDRESSING_STYLE="path",
        PUBLIC_MEDIA_MODE="policy",
    )
    assert made == ("https://s3.example", "here", "s3", "path", "policy")


@pytest.mark.parametrize("name", ["r2", "b2", "ceph", "generic"])
def test_an_endpoint_that_is_not_everybodys_must_be_set(name):
    with pytest.raises(ImproperlyConfigured, match=r"^AWS_S3_ENDPOINT_URL is not set.*Set yours"):
        settings_with(BUCKET_PROVIDER=name)
    assert settings_with(BUCKET_PROVIDER=name, USE_S3_MEDIA="False", **NO_BUCKET)


def test_so_must_a_region():
    with pytest.raises(ImproperlyConfigured, match=r"^AWS_S3_REGION_NAME is not set"):
        settings_with(BUCKET_PROVIDER="b2", AWS_S3_ENDPOINT_URL="https://s3.example")


# --- what holds when nothing is chosen


def test_is_safe_without_configuration():
    made = settings_with()
    assert made["DEBUG"] is False
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"):
        assert made[name] is True
    assert made["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert made["CSRF_COOKIE_NAME"].startswith("__Host-")
    assert made["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert made["SECURE_PROXY_SSL_HEADER"] is None
    assert made["ALLAUTH_TRUSTED_PROXY_COUNT"] == 0


def test_signs_with_version_4_and_links_live_five_minutes():
    made = settings_with()
    assert (made["BUCKET_SIGNATURE_VERSION"], made["BUCKET_ADDRESSING_STYLE"]) == (
        "s3v4",
        "virtual",
    )
    assert made["PRESIGNED_URL_EXPIRATION"] == 300


def test_no_setting_is_one_that_django_storages_reads():
    made = settings_with()
    assert [name for name in made if name.startswith(("AWS_", "GZIP_"))] == []


def test_an_app_that_knows_nothing_of_tenants_stores_in_the_bound_ones_room_alone():
    made = settings_with()
    assert set(made["STORAGES"]) == {"default", "private", "staticfiles"}
    assert [made["STORAGES"][alias] for alias in ("default", "private")] == [
        {"BACKEND": "media_core.app_files.storages.PublicAppStorage"},
        {"BACKEND": "media_core.app_files.storages.PrivateAppStorage"},
    ]
    assert not made.get("MEDIA_ROOT")


def test_the_secrets_are_those_of_the_environment_alone():
    text = SETTINGS.read_text()
    assert "insecure" not in text
    assert settings_with()["SECRET_KEY"] == REQUIRED["DJANGO_SECRET_KEY"]


def test_debug_output_of_boto_stays_off_at_every_level():
    loggers = settings_with(LOG_LEVEL="DEBUG")["LOGGING"]["loggers"]
    for name in ("boto3", "botocore", "s3transfer", "urllib3"):
        assert loggers[name]["level"] == "WARNING"


def test_a_deployment_on_safe_defaults_has_no_warning():
    done = manage("check", "--deploy", "--fail-level", "WARNING", HSTS_SUBDOMAINS="True")
    assert (done.returncode, "0 silenced" in done.stdout) == (0, True), done.stderr
