"""What `manage.py check --deploy --database default` asks of others: the mail server, and the bucket."""

import time
from typing import Any

import pytest
from django.core.checks import run_checks

from gateway.environment import Environment
from tests.gunicorn import free_port
from tests.smtp_server import SmtpServer

pytestmark = pytest.mark.django_db
OURS = ("tenants.E006", "media_core.E005")


def run_our_checks(*, with_network: bool = True) -> dict[str, str]:
    databases = ["default"] if with_network else None
    messages = run_checks(include_deployment_checks=True, databases=databases)
    return {str(m.id): f"{m.msg} {m.hint}" for m in messages if m.id in OURS}


def use(settings: Any, mail: dict[str, Any]) -> None:
    for name, value in mail.items():
        setattr(settings, name, value)


def mail_by(url: str) -> dict[str, Any]:
    return Environment().read_mail("NO_MAIL_URL", url, timeout_seconds=1)


def test_what_answers_passes(settings):
    with SmtpServer() as server:
        use(settings, server.settings(timeout_seconds=1))
        assert run_our_checks() == {}
    assert server.mails == []


def test_a_mail_server_that_is_not_there_is_named(settings):
    port = free_port()
    use(settings, mail_by(f"smtp://gateway:the-secret@127.0.0.1:{port}"))
    found = run_our_checks()
    assert list(found) == ["tenants.E006"]
    assert f"127.0.0.1:{port}" in found["tenants.E006"]
    assert "Set EMAIL_URL" in found["tenants.E006"]
    assert "the-secret" not in found["tenants.E006"]


def test_a_mute_mail_server_holds_nobody_up(settings):
    with SmtpServer(is_mute=True) as server:
        use(settings, server.settings(timeout_seconds=1))
        began = time.monotonic()
        assert list(run_our_checks()) == ["tenants.E006"]
        assert time.monotonic() - began < 30


def test_a_mail_folder_that_cannot_be_made_is_named(settings, tmp_path):
    (tmp_path / "file").touch()
    use(settings, mail_by(f"filemail:///{tmp_path}/file/mail"))
    assert f"{tmp_path}/file/mail" in run_our_checks()["tenants.E006"]


def test_a_mail_folder_is_made(settings, tmp_path):
    use(settings, mail_by(f"filemail:///{tmp_path}/mail"))
    assert run_our_checks() == {}
    assert (tmp_path / "mail").is_dir()


WRONG = [
    ("BUCKET_SECRET_KEY", "not-the-secret"),
    ("BUCKET_ACCESS_KEY", "not-a-key"),
    ("BUCKET_NAME", "not-a-bucket"),
    ("BUCKET_ENDPOINT_URL", "http://127.0.0.1:1"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_bucket_that_refuses_us_is_named_with_the_remedy(name, value, settings):
    setattr(settings, name, value)
    found = run_our_checks()
    assert list(found) == ["media_core.E005"]
    assert f"{settings.BUCKET_NAME} at {settings.BUCKET_ENDPOINT_URL}" in found["media_core.E005"]
    assert "Compare AWS_ACCESS_KEY_ID" in found["media_core.E005"]
    assert "not-the-secret" not in found["media_core.E005"]


def test_without_a_database_nobody_is_asked(settings):
    settings.BUCKET_SECRET_KEY = "not-the-secret"
    use(settings, mail_by("smtp://127.0.0.1:1"))
    assert run_our_checks(with_network=False) == {}
