"""What a mailed link says is ours to say, whatever the request says of itself."""

import pytest
from django.core import mail

from gateway.environment import Environment
from tests.conftest import browser_at

pytestmark = pytest.mark.django_db

RESET = "/accounts/password/reset/"
OURS = "https://globex.example/accounts/password/reset/key/"


def mailed(**request):
    browser_at(request.pop("host", "globex.example")).post(
        RESET, {"email": "eve@globex.example"}, **request
    )
    return mail.outbox[-1].body


@pytest.mark.parametrize("script", ["http://evil.example", "/x", "//evil.example"])
def test_a_script_name_is_not_believed(script, acme, globex, people):
    body = mailed(SCRIPT_NAME=script)
    assert OURS in body
    assert "evil" not in body
    assert "/x/" not in body


@pytest.mark.parametrize("host", ["globex.example:1337", "GLOBEX.example.", "globex.example"])
def test_the_host_is_the_one_we_know_without_a_port(host, acme, globex, people):
    assert OURS in mailed(host=host)


def test_a_mail_server_that_fails_tells_nobody_who_belongs(acme, globex, people, settings):
    for name, value in Environment().mail("NO_MAIL_URL", "smtp://127.0.0.1:9").items():
        setattr(settings, name, value)
    answers = [
        browser_at("globex.example").post(RESET, {"email": email})
        for email in ("eve@globex.example", "ada@acme.example", "nobody@acme.example")
    ]
    assert {(answer.status_code, answer.headers["Location"]) for answer in answers} == {
        (302, f"{RESET}done/")
    }
