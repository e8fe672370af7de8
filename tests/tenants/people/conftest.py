"""The same people, with passwords that take no time to check, and browsers that sign in by the real page."""

import re
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from tenants.people.models import Person
from tests.conftest import PASSWORD

LOGIN = "/accounts/login/"


@pytest.fixture
def people(people: dict[str, Person], settings: Any) -> dict[str, Person]:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    Person.objects.update(password=make_password(PASSWORD))
    return {name: Person.objects.get(pk=person.pk) for name, person in people.items()}


def sign_in(client: Client, email: str, password: str = PASSWORD, **given: Any) -> Any:
    """Fill in and send the form of the sign-in page."""
    more = given.pop("more", {})
    return client.post(LOGIN, {"login": email, "password": password, **more}, **given)


def is_signed_in(client: Client) -> bool:
    """Return whether the start page is shown, and not the way to sign-in."""
    return client.get("/").status_code == 200


# What differs from answer to answer, whatever was asked.
ITS_OWN = {"X-Request-ID", "Expires", "Content-Length"}


def page_of(answer: Any, typed: str = "") -> tuple[int, dict[str, str], str]:
    """Return what can be told apart: status, headers and body, but for tokens and what was typed."""
    body = re.sub(r"(csrfmiddlewaretoken\W+value\W+)\w+", r"\1", answer.content.decode())
    headers = {name: value for name, value in answer.headers.items() if name not in ITS_OWN}
    return answer.status_code, headers, body.replace(typed, "") if typed else body
