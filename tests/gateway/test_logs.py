"""Logs: one JSON object per line, whose request and tenant it was, and no secret, nor one anywhere else."""

import json
import logging
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from gateway.logs import ContextFilter, JsonFormatter, redact
from media_core.documents.models import Document
from media_core.storages.presigned import presign_get
from tenants.binding import bind_agency, bind_tenant
from tenants.domains import find_tenant_by_host
from tenants.people.models import Session
from tests.conftest import PASSWORD, browser_at, new_session
from tests.environment import ROOT
from tests.mailing import send_mail_of

pytestmark = pytest.mark.django_db
SIGNED = "https://b.fsn1.example/acme/private/x?X-Amz-Credential=AKIA&X-Amz-Signature=0f3a&x=1"
SIGNED_V2 = "https://b.fsn1.example/acme/private/x?AWSAccessKeyId=AKIA&Signature=0f3a%3D&Expires=1"
RESET = "https://acme.example/accounts/password/reset/key/1f-0f3a-bc/"


class Lines(logging.Handler):
    """Collects lines as the handler of settings.LOGGING writes them."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(JsonFormatter())
        self.addFilter(ContextFilter())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def read(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def log() -> Iterator[Lines]:
    handler = Lines()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def test_the_handler_of_settings_is_put_together_like_this():
    logging_settings: dict[str, Any] = settings.LOGGING
    (stderr,) = logging_settings["handlers"].values()
    assert stderr["filters"] == ["context"]
    assert logging_settings["formatters"][stderr["formatter"]]["()"] == "gateway.logs.JsonFormatter"
    assert logging_settings["root"]["handlers"] == ["stderr"]
    assert not [name for name, one in logging_settings["loggers"].items() if one.get("handlers")]


# --- whose line it is


def test_each_request_leaves_one_line(log, acme, browse):
    answer = browse(acme, "ada").get("/")
    (line,) = [line for line in log.read() if line["logger"] == "gateway.request_log"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "", 200)
    assert (line["tenant"], line["request_id"]) == (str(acme.id), answer.headers["X-Request-ID"])
    assert line["milliseconds"] > 0


def test_two_requests_have_two_ids(log, acme, globex, browse):
    for tenant, who in ((acme, "ada"), (globex, "eve")):
        browse(tenant, who).get("/")
    lines = [line for line in log.read() if line["logger"] == "gateway.request_log"]
    assert [line["tenant"] for line in lines] == [str(acme.id), str(globex.id)]
    assert len({line["request_id"] for line in lines}) == 2


def test_a_refused_form_names_its_path_in_no_line(log, acme, people):
    browser = browser_at("acme.example", new_session(people["ada"], acme))
    browser.handler.enforce_csrf_checks = True
    assert browser.post("/upload?a-secret-name.pdf", {"x": "1"}).status_code == 403
    assert log.lines
    assert not [line for line in log.lines if "a-secret-name" in line]


def test_a_clients_own_request_id_is_not_taken(log, acme):
    answer = browser_at("acme.example").get("/", headers={"x-request-id": "mine\nforged"})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])
    assert "mine" not in "".join(log.lines)


def test_an_unknown_host_is_nobodys(log, world):
    browser_at("nobody.example").get("/")
    (line,) = [line for line in log.read() if line["logger"] == "gateway.request_log"]
    assert (line["tenant"], line["status"]) == ("", 404)


def test_a_line_says_which_tenant_was_bound(log, acme, globex):
    with bind_tenant(acme):
        logging.getLogger("x").warning("one")
        with bind_tenant(globex):
            logging.getLogger("x").warning("two")
    with bind_agency():
        logging.getLogger("x").warning("three")
    logging.getLogger("x").warning("four")
    assert [line["tenant"] for line in log.read()] == [str(acme.id), str(globex.id), "agency", ""]


@pytest.mark.parametrize(
    "text", ["two\nlines", "a\r\nb", 'quote "', "\x1b[31m", "日本語", "\u2028"]
)
def test_a_message_stays_one_line_of_json(text, log):
    logging.getLogger("x").warning("%s", text)
    (line,) = log.lines
    assert len(line.splitlines()) == 1 or "\u2028" in text
    assert log.read()[0]["message"] == text


CRASHES = """
import threading, warnings
import django
django.setup()
warnings.warn("old")
thread = threading.Thread(target=lambda: open("/nowhere/X-Amz-Signature=0f3a"))
thread.start()
thread.join()
raise ValueError("X-Amz-Signature=0f3a")
"""


def test_warnings_and_crashes_are_lines_of_json_too():
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "gateway.settings"}
    said = subprocess.run(  # noqa: S603 - our own lines
        [sys.executable, "-c", CRASHES], env=environment, cwd=ROOT, capture_output=True, check=False
    ).stderr.decode()
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["logger"] for line in lines] == ["py.warnings", "gateway.logs", "gateway.logs"]
    assert ["Error: " in line.get("exc_info", "") for line in lines] == [False, True, True]
    assert "0f3a" not in said


def test_a_failing_page_logs_the_route_and_no_path(log, acme, store, browse):
    browser = browse(acme, "ada")
    browser.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{acme.schema_name}".media_core_document RENAME TO away')
    assert browser.get(f"/d/{uuid.uuid4()}/a-secret-name.pdf").status_code == 500
    assert "d/<uuid:document_id>" in "".join(log.lines)
    assert "a-secret-name" not in "".join(log.lines)


# --- no secret in a line


def failing() -> None:
    raise ValueError(SIGNED)


SPOKEN = {
    "message": lambda logger: logger.warning(SIGNED),
    "argument": lambda logger: logger.warning("see %s", SIGNED),
    "named argument": lambda logger: logger.warning("see %(url)s", {"url": SIGNED}),
    "object": lambda logger: logger.warning("see %s", ValueError(SIGNED)),
    "exception as message": lambda logger: logger.warning(ValueError(SIGNED)),
    "extra": lambda logger: logger.warning("see", extra={"url": SIGNED}),
    "nested extra": lambda logger: logger.warning("see", extra={"data": {"urls": [SIGNED]}}),
    "version 2": lambda logger: logger.warning(SIGNED_V2),
    "reset": lambda logger: logger.warning(RESET),
    "bytes": lambda logger: logger.warning("%r", SIGNED.encode()),
    "dictionary": lambda logger: logger.warning({"url": SIGNED}),
}


@pytest.mark.parametrize("way", SPOKEN)
def test_no_way_of_logging_a_link_shows_its_signature(way, log):
    SPOKEN[way](logging.getLogger("x"))
    (line,) = log.lines
    assert "0f3a" not in line
    assert "[redacted]" in line


def test_no_traceback_shows_a_signature(log):
    try:
        failing()
    except ValueError:
        logging.getLogger("x").exception("It failed.")
    (line,) = log.lines
    assert "ValueError" in line
    assert "0f3a" not in line


@pytest.mark.parametrize("text", ["?next=%2Fx%3FX-Amz-Signature%3D0f3a", "X-Amz-Signature: 0f3a"])
def test_a_link_within_a_link_is_redacted(text):
    assert "0f3a" not in redact(text)


def test_a_line_that_cannot_be_formatted_does_not_end_the_request(log):
    logging.getLogger("x").warning("%d", "no number")


@pytest.mark.parametrize("name", ["boto3", "botocore.auth", "s3transfer", "urllib3.connectionpool"])
def test_boto_does_not_log_what_it_signs(name):
    assert logging.getLogger(name).getEffectiveLevel() >= logging.WARNING


# --- no secret anywhere after a day's work


def signed_in(browser: Client) -> list[bytes]:
    """Sign in by the form, upload, list, open; return the bodies of all pages."""
    file = SimpleUploadedFile("offer.pdf", b"bytes")
    answers = [
        browser.get("/accounts/login/"),
        browser.post("/accounts/login/", {"login": "ed@acme.example", "password": PASSWORD}),
        browser.post("/upload", {"file": file, "visibility": "private"}, follow=True),
        browser.get("/"),
    ]
    assert b"offer.pdf" in answers[-1].content
    return [answer.content for answer in answers]


def reset_password(browser: Client) -> list[bytes]:
    """Ask for a reset, follow the mail, choose a password."""
    asked = browser.post("/accounts/password/reset/", {"email": "vic@acme.example"}, follow=True)
    send_mail_of(find_tenant_by_host("acme.example"))
    link = re.search(r"https://\S+/password/reset/key/\S+", str(mail.outbox[-1].body))
    assert link
    form = browser.get(urlsplit(link[0]).path, follow=True)
    chosen = dict.fromkeys(("password1", "password2"), "a new good passphrase")
    done = browser.post(form.request["PATH_INFO"], chosen)
    assert done.status_code == 302
    return [asked.content, form.content, done.content]


def text_in_the_database() -> str:
    """Return every column of every table of every schema as text, sessions decoded."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        said = []
        for schema, table in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{schema}"."{table}" t')  # noqa: S608 - the catalogue's names
            said += [row for (row,) in cursor.fetchall()]
    return "\n".join(said) + "".join(str(one.get_decoded()) for one in Session.objects.all())


def test_a_days_work_leaves_a_link_in_the_location_header_alone(log, acme, mailoutbox, world):
    browser = browser_at("acme.example")
    bodies = signed_in(browser)
    with bind_tenant(acme):
        document = Document.objects.get()
    opened = browser.get(f"/d/{document.id}/x")
    assert "Signature=" in opened.headers["Location"]
    bodies += [opened.content, *reset_password(browser_at("acme.example"))]
    with bind_tenant(acme):
        text = text_in_the_database()
    assert "offer.pdf" in text
    mails = "".join(str(one.message()) for one in mailoutbox)
    everything = [*log.lines, *(body.decode() for body in bodies), mails, text]
    for secret in ("Signature=", "X-Amz-Credential", settings.BUCKET_SECRET_KEY, PASSWORD):
        assert not [part for part in everything if secret in part], secret


def test_a_reset_key_stands_in_the_mail_alone(log, acme, mailoutbox, world):
    bodies = reset_password(browser_at("acme.example"))
    (key,) = re.findall(r"/password/reset/key/(\S+?)/", str(mailoutbox[0].body))
    assert not [line for line in log.lines if key in line]
    assert not [body for body in bodies if key.encode() in body]


def test_a_failing_page_shows_and_logs_no_link(log, acme, store, browse):
    document = store(acme)
    with bind_tenant(acme):
        url = presign_get(document.original, file_name="x.pdf")
    browser = browse(acme, "ada")
    browser.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{acme.schema_name}".media_core_document RENAME TO away')
    answer = browser.get(f"/d/{document.id}/x", {"next": url})
    assert (answer.status_code, answer.content) == (
        500,
        b"Something went wrong on our side. It is logged.\n",
    )
    assert "ProgrammingError" in "".join(log.lines)
    assert not [
        line for line in log.lines if "Signature=" in line.replace("Signature=[redacted]", "")
    ]
