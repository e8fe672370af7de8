"""Reads environment variables for settings.py, and says which one is wrong and how to mend it."""

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

import django
import environ
from django.core.exceptions import ImproperlyConfigured

MAIL_OPTIONS = {
    "EMAIL_FILE_PATH": "file_path",
    "EMAIL_HOST": "host",
    "EMAIL_PORT": "port",
    "EMAIL_HOST_USER": "username",
    "EMAIL_HOST_PASSWORD": "password",
    "EMAIL_USE_TLS": "use_tls",
    "EMAIL_USE_SSL": "use_ssl",
}
PLACEHOLDERS = frozenset({"", "change-me"})


class Environment(environ.FileAwareEnv):  # type: ignore[misc]  # django-environ ships no types
    """django-environ's reader (`NAME_FILE` works for every `NAME`) with refusals that name the remedy."""

    def secret(self, name: str, remedy: str) -> str:
        """Return a value that has no default. The value is never part of the error."""
        value: str = self.str(name, default="")
        if value in PLACEHOLDERS:
            raise ImproperlyConfigured(f"{name} is not set. {remedy}")
        return value

    def number(self, name: str, default: int, at_least: int, at_most: int) -> int:
        """Return a whole number between two bounds."""
        given: str = self.str(name, default=str(default))
        if not given.isascii() or not given.isdecimal() or not at_least <= int(given) <= at_most:
            raise ImproperlyConfigured(
                f"{name}={given}: give a whole number from {at_least} to {at_most}."
            )
        return int(given)

    def yes(self, name: str, *, default: bool) -> bool:
        """Return a yes or no. What is neither is refused, not read as no."""
        given: str = self.str(name, default=str(default)).lower()
        if given not in {*self.BOOLEAN_TRUE_STRINGS, "false", "off", "n", "no", "0"}:
            raise ImproperlyConfigured(f"{name}={given}: give True or False.")
        return given in self.BOOLEAN_TRUE_STRINGS

    def choice(self, name: str, default: str, choices: Collection[str]) -> str:
        """Return one of a few words."""
        given: str = self.str(name, default=default)
        if given not in choices:
            raise ImproperlyConfigured(f"{name}={given}: give one of {', '.join(sorted(choices))}.")
        return given

    def endpoint(self, name: str, default: str) -> str:
        """Return the URL of a service: scheme and host, no path, no credentials."""
        given: str = self.str(name, default=default).rstrip("/")
        url = urlsplit(given)
        if (
            url.scheme not in {"http", "https"}
            or not url.hostname
            or url.path
            or url.query
            or url.username
        ):
            raise ImproperlyConfigured(
                f"{name}={given}: give scheme and host only, such as {default}."
            )
        return given

    def mail(self, name: str, default: str) -> dict[str, Any]:
        """Return the settings of an e-mail URL: EMAIL_*, or from Django 6.1 on MAILERS, which takes their place."""
        old: dict[str, Any] = self.email_url(name, default=default)
        if django.VERSION < (6, 1):
            return old
        options = {
            option: old[setting] for setting, option in MAIL_OPTIONS.items() if old.get(setting)
        }
        return {"MAILERS": {"default": {"BACKEND": old["EMAIL_BACKEND"], "OPTIONS": options}}}

    def header(self, name: str) -> tuple[str, str] | None:
        """Return Django's form of "Header-Name: value", or None when the variable is empty."""
        given: str = self.str(name, default="")
        if not given:
            return None
        header, colon, value = (part.strip() for part in given.partition(":"))
        if not (header and colon and value):
            raise ImproperlyConfigured(
                f"{name}={given}: give a header and its value, as in X-Forwarded-Proto: https."
            )
        return f"HTTP_{header.upper().replace('-', '_')}", value
