"""What stores and proxies answer that is no S3: it is said in a line, never by a stack trace."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from media_core.bucket.client import get_bucket_client
from media_core.bucket.desired.apply import list_differences
from tests.media_core.bucket.test_sender import Busy, _busy_server, lasting_bucket

__all__ = ["_busy_server", "lasting_bucket"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("acme", "globex")]
REFUSED = b"<Error><Code>AccessDenied</Code></Error>"
REDIRECT = {"Location": "http://127.0.0.1:9/"}
ODD = {
    "a page": (200, b"<html><body>Sign in<br></body></html>", {}),
    "nothing": (200, b"", {}),
    "a refusal of S3 that nobody foresaw": (400, b"<Error><Code>InvalidRequest</Code></Error>", {}),
    "404 and no word": (404, b"", {}),
    "a redirect": (301, b"", REDIRECT),
    "a redirect for a while": (307, b"<Error><Code>TemporaryRedirect</Code></Error>", REDIRECT),
    "a joke": (418, b"", {}),
    "no date": (403, REFUSED, {"Date": "yesterday"}),
}
NO_POLICIES = ["no JSON", "[]", "null", '"x"', '{"Statement": "x"}', '{"Statement": ["x"]}']


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("action", ["doctor", "apply", "prove"])
def test_an_odd_answer_is_said_in_a_line(lasting_bucket: Busy, settings, odd, action):
    settings.BUCKET_ADDRESSING_STYLE, lasting_bucket.answers = "path", [ODD[odd]]
    with pytest.raises(CommandError) as refused:
        call_command("bucket", action, stdout=StringIO(), stderr=StringIO())
    assert not re.search(r"Signature|X-Amz|AWSAccessKeyId", str(refused.value))


def test_a_redirect_is_asked_once_and_not_followed(lasting_bucket: Busy, settings):
    settings.BUCKET_ADDRESSING_STYLE, lasting_bucket.answers = "path", [ODD["a redirect"]]
    with pytest.raises(Exception, match="301"):
        get_bucket_client().list_objects_v2(Bucket="b")
    assert len(lasting_bucket.asked) == 1


@pytest.mark.parametrize("policy", NO_POLICIES)
def test_a_policy_that_is_none_is_no_reason_to_write_one(lasting_bucket: Busy, settings, policy):
    settings.BUCKET_ADDRESSING_STYLE, settings.PUBLIC_MEDIA_MODE = "path", "policy"
    missing: tuple[int, bytes, dict[str, str]] = (
        404,
        b"<Error><Code>NoSuchLifecycleConfiguration</Code></Error>",
        {},
    )
    lasting_bucket.answers = [missing, missing, (200, policy.encode(), {})]
    found = {each.part: each.trouble for each in list_differences()}
    assert found["policy"].startswith("The bucket's policy cannot be read.")
