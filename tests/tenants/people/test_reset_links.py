"""What a mailed link says is ours to say, whatever the request says of itself."""

import pytest
from django.core import mail

from tests.conftest import browser_at
from tests.mailing import send_mail_of

pytestmark = pytest.mark.django_db

RESET = "/accounts/password/reset/"
OURS = "https://globex.example/accounts/password/reset/key/"


def mailed(globex, **request):
    browser_at(request.pop("host", "globex.example")).post(
        RESET, {"email": "eve@globex.example"}, **request
    )
    send_mail_of(globex)
    return mail.outbox[-1].body


@pytest.mark.parametrize("script", ["http://evil.example", "/x", "//evil.example"])
def test_a_script_name_is_not_believed(script, acme, globex, people):
    body = mailed(globex, SCRIPT_NAME=script)
    assert OURS in body
    assert "evil" not in body
    assert "/x/" not in body


@pytest.mark.parametrize("host", ["globex.example:1337", "GLOBEX.example.", "globex.example"])
def test_the_host_is_the_one_we_know_without_a_port(host, acme, globex, people):
    assert OURS in mailed(globex, host=host)
