"""Reads environment variables for settings.py, and says which one is wrong and how to mend it."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
import environ
from django.core.exceptions import ImproperlyConfigured

from tenants.errors import HostRefused
from tenants.host_names import normalize_host

MAIL_OPTIONS = {
    "EMAIL_FILE_PATH": "file_path",
    "EMAIL_HOST": "host",
    "EMAIL_PORT": "port",
    "EMAIL_HOST_USER": "username",
    "EMAIL_HOST_PASSWORD": "password",
    "EMAIL_USE_TLS": "use_tls",
    "EMAIL_USE_SSL": "use_ssl",
    "EMAIL_TIMEOUT": "timeout",
}
SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
PLACEHOLDERS = frozenset({"", "change-me"})
POSTGRES_SCHEMES = frozenset({"postgres", "postgresql"})
FALSE_WORDS = frozenset({"false", "off", "n", "no", "0"})
# What django-environ reads; it logs any other line as it is, secrets included.
ENV_FILE_LINE = re.compile(r"(#.*|(?:export )?[A-Za-z_0-9]+=.*|\s*)")


class Environment(environ.FileAwareEnv):  # type: ignore[misc]  # django-environ ships no types
    """django-environ's reader (`NAME_FILE` works for every `NAME`) with refusals that name the remedy."""

    def read_file(self, name: str, path: Path) -> None:
        """Set what the file sets and the environment does not. A file that is not there sets nothing."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(
                f"{name}={path} cannot be read ({error}): give the gateway's user a text file, and run commands as it."
            ) from error
        for number, line in enumerate(lines, start=1):
            if not ENV_FILE_LINE.fullmatch(line):
                raise ImproperlyConfigured(
                    f"{name}={path}: line {number} is neither NAME=value nor a comment that begins with #."
                )
        self.read_env(path)

    def read_text(self, name: str, default: str = "") -> str:
        """Return a value as it is written: a `$` in a secret is a `$`. The last newline of a file is none of it."""
        try:
            given: str = self.ENVIRON.get(name, default)
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(
                f"{name}_FILE cannot be read ({error}): name a text file."
            ) from error
        return given.rstrip("\r\n")

    def read_secret(self, name: str, remedy: str) -> str:
        """Return a value that has no default. The value is never part of the error."""
        value = self.read_text(name)
        if value in PLACEHOLDERS:
            raise ImproperlyConfigured(f"{name} is not set. {remedy}")
        return value

    def read_secrets(self, name: str) -> list[str]:
        """Return several values, written with spaces or line breaks between them. None is part of an error."""
        values = self.read_text(name).split()
        if not PLACEHOLDERS.isdisjoint(values):
            raise ImproperlyConfigured(
                f"{name} has a placeholder in it. Give former keys, or nothing."
            )
        return values

    def read_bucket_value(self, name: str) -> str:
        """Return a value without which there is no bucket."""
        return self.read_secret(name, "docs/howto/deploy.md says where to find it.")

    def read_base_url(self, name: str) -> str:
        """Return a URL to which names are appended, without its last slash; empty when the variable is."""
        given = self.read_text(name).rstrip("/")
        url = urlsplit(given)
        if given and not (url.scheme in {"http", "https"} and url.hostname and not url.query):
            raise ImproperlyConfigured(
                f"{name}={given}: give a URL such as https://cdn.example.com, or nothing."
            )
        return given

    def read_number(self, name: str, default: int, at_least: int, at_most: int) -> int:
        """Return a whole number between two bounds."""
        given = self.read_text(name, str(default))
        if not given.isascii() or not given.isdecimal() or not at_least <= int(given) <= at_most:
            raise ImproperlyConfigured(
                f"{name}={given}: give a whole number from {at_least} to {at_most}."
            )
        return int(given)

    def read_bool(self, name: str, *, default: bool) -> bool:
        """Return a yes or no. What is neither is refused, not read as no."""
        given = self.read_text(name, str(default))
        if given.lower() not in {*self.BOOLEAN_TRUE_STRINGS, *FALSE_WORDS}:
            raise ImproperlyConfigured(f"{name}={given}: give True or False.")
        return given.lower() in self.BOOLEAN_TRUE_STRINGS

    def read_choice(self, name: str, default: str, choices: Collection[str]) -> str:
        """Return one of a few words; the default need not be among them."""
        given = self.read_text(name, default)
        if given not in {default, *choices}:
            raise ImproperlyConfigured(f"{name}={given}: give one of {', '.join(sorted(choices))}.")
        return given

    def read_host(self, name: str, default: str) -> str:
        """Return a host name in the form in which hosts are compared."""
        given = self.read_text(name, default)
        try:
            return normalize_host(given)
        except HostRefused as error:
            raise ImproperlyConfigured(
                f"{name}={given}: give a host name, such as {default}."
            ) from error

    def read_endpoint(self, name: str) -> str:
        """Return the URL of a service: scheme and host, no path, no credentials; empty when the variable is."""
        given = self.read_text(name).rstrip("/")
        if given and not is_endpoint(given):
            shown = given if "@" not in given else "…"
            raise ImproperlyConfigured(
                f"{name}={shown}: give scheme and host only, such as https://s3.example.com."
            )
        return given

    def read_database(self, name: str, default: str) -> dict[str, Any]:
        """Return Django's settings of a PostgreSQL URL. The URL, which has a password, is never part of the error."""
        given = self.read_text(name, default)
        try:
            url, read = urlsplit(given), self.db_url_config(given)
            known = url.scheme in POSTGRES_SCHEMES and (url.port is None or url.port > 0)
        except (ValueError, ImproperlyConfigured):
            known = False
        if not known:
            raise ImproperlyConfigured(
                f"{name} is no PostgreSQL URL: write postgres://user:password@host:5432/database, "
                "and characters such as / @ : # in the password as %2F %40 %3A %23."
            )
        return dict(read)

    def read_mail(self, name: str, default: str, timeout_seconds: int) -> dict[str, Any]:
        """Return the settings of an e-mail URL: EMAIL_*, or from Django 6.1 on MAILERS, which takes their place."""
        try:
            old: dict[str, Any] = self.email_url_config(self.read_text(name, default))
        except (ValueError, KeyError, ImproperlyConfigured) as error:
            raise ImproperlyConfigured(
                f"{name} is no e-mail URL: write smtp://user:password@host:587, smtp+tls://… or filemail:////folder."
            ) from error
        if old["EMAIL_BACKEND"] == SMTP_BACKEND:
            old["EMAIL_TIMEOUT"] = timeout_seconds
        if django.VERSION < (6, 1):
            return old
        options = {
            option: old[setting] for setting, option in MAIL_OPTIONS.items() if old.get(setting)
        }
        return {"MAILERS": {"default": {"BACKEND": old["EMAIL_BACKEND"], "OPTIONS": options}}}

    def list_set_variables(self, names: Collection[str]) -> list[str]:
        """Return those of these variables that are set, though nothing reads them."""
        return sorted(name for name in names if name in self.ENVIRON)

    def read_header(self, name: str) -> tuple[str, str] | None:
        """Return Django's form of "Header-Name: value", or None when the variable is empty."""
        given = self.read_text(name)
        if not given:
            return None
        header, colon, value = (part.strip() for part in given.partition(":"))
        if not (header and colon and value):
            raise ImproperlyConfigured(
                f"{name}={given}: give a header and its value, as in X-Forwarded-Proto: https."
            )
        return f"HTTP_{header.upper().replace('-', '_')}", value


def is_endpoint(given: str) -> bool:
    """Return whether this is a URL of scheme, host and maybe port, and nothing else."""
    try:
        url = urlsplit(given)
        return bool(
            url.scheme in {"http", "https"}
            and url.hostname
            and (url.port is None or url.port > 0)
            and not (url.path or url.query or url.fragment or url.username or url.password)
        )
    except ValueError:
        return False


def require_bucket_location(provider: str, **places: str) -> None:
    """Raise ImproperlyConfigured for a place of the bucket that is empty: its provider has none for everybody."""
    for name, place in places.items():
        if not place:
            raise ImproperlyConfigured(
                f"{name} is not set, and BUCKET_PROVIDER={provider} has none that is everybody's. "
                "Set yours: docs/reference/providers.md says what it looks like."
            )
