"""Whom to ask who reads an app's private files: PRIVATE_MEDIA_READERS names it."""

from collections.abc import Callable
from inspect import iscoroutinefunction, signature

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.module_loading import import_string

from tenants.people.identity import find_member

# What stands in PRIVATE_MEDIA_READERS answers. An app's is not ours: whatever it answers, only True is a yes.
Readers = Callable[[HttpRequest, str], object]
REMEDY = "Name a function that takes the request and the file's name, as package.module.function; or nothing."


def members(request: HttpRequest, name: str) -> bool:
    """Return whether a member asks, or somebody of the agency on a visit: they all read what apps store."""
    return find_member(request) is not None


def load_app_readers() -> Readers:
    """Return the function that says who reads which file. Raises ImproperlyConfigured. No query."""
    dotted = settings.PRIVATE_MEDIA_READERS
    try:
        named = import_string(dotted)
    except ImportError as error:
        raise make_readers_error(f"cannot be imported ({error})") from error
    if not callable(named) or iscoroutinefunction(named):
        raise make_readers_error("is no function, or an asynchronous one")
    readers: Readers = named
    return readers


def refuse_misnamed_readers() -> None:
    """Raise ImproperlyConfigured for what cannot be asked, or takes other arguments."""
    readers = load_app_readers()
    try:
        signature(readers).bind(HttpRequest(), "")
    except TypeError as error:
        raise make_readers_error(f"takes other arguments ({error})") from error
    except ValueError:
        # Some that are written in C do not tell what they take.
        return


def make_readers_error(why: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"PRIVATE_MEDIA_READERS={settings.PRIVATE_MEDIA_READERS} {why}. {REMEDY}"
    )
