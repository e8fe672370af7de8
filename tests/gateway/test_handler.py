"""What is refused before a request is one: charsets that are no text."""

from io import BytesIO
from typing import Any

import pytest
from django.conf import settings

from tests.media_core.wsgi import asked

pytestmark = pytest.mark.django_db
HOSTS = ["acme.example", "nobody.example", settings.AGENCY_HOST]
RESET = "/accounts/password/reset/key/1f-0f3a-bc/"
# Charsets that are no text, that are none of a browser's, and that are none at all.
OTHERS = [
    "hex", "base64", "bz2", "zlib", "rot13", "uu", "idna", "punycode", "undefined", "utf-16", "latin-1", "none", "\xff",
]  # fmt: skip
REFUSAL = b"Send text in UTF-8: the Content-Type names another charset.\n"


@pytest.mark.parametrize("charset", OTHERS)
def test_another_charset_than_utf_8_is_refused(charset, world):
    answer = asked("acme.example", RESET, CONTENT_TYPE=f"a/b; charset={charset}")
    assert (answer.status, answer.content) == (400, REFUSAL)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/", RESET])
@pytest.mark.parametrize("host", HOSTS)
def test_it_is_refused_on_any_host_and_route(host, path, world):
    assert asked(host, path, CONTENT_TYPE="a/b; charset=hex").content == REFUSAL


@pytest.mark.parametrize(
    "parameter", ["x*=none''x", "x*=idna''x", "x*=undefined''x", "charset*0=he; charset*1=x"]
)  # fmt: skip
def test_a_content_type_that_cannot_be_read_is_refused(parameter, world):
    assert asked("acme.example", "/", CONTENT_TYPE=f"a/b; {parameter}").content == REFUSAL


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/password/reset/", "/upload"])
def test_a_form_is_refused_before_it_is_read(path, world):
    body, kind = BytesIO(b"--B--"), "multipart/form-data; boundary=B; charset=hex"
    form: dict[str, Any] = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "5", "wsgi.input": body}
    assert asked("acme.example", path, CONTENT_TYPE=kind, **form).content == REFUSAL
    assert body.tell() == 0


@pytest.mark.parametrize(
    "kind", ["text/plain", "a/b; charset=UTF-8", 'a/b; charset="utf8"', "", ";"]
)
def test_utf_8_is_taken(kind, world):
    assert asked("nobody.example", "/healthz", CONTENT_TYPE=kind).content == b"alive\n"
