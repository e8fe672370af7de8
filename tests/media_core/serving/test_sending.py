"""How a file on disk is sent: headers, conditions, parts, and what the web server is told when it sends."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import override_settings
from django.utils.http import http_date

from gateway.demo.samples import make_pdf
from media_core.ledger.models import StoredObject
from media_core.storages.disk_storage import get_disk_storage
from media_core.storages.tenant_storage import sign_url
from tenants.binding import bind_tenant
from tests.media_core.wsgi import asked
from tests.wire import statements

pytestmark = pytest.mark.django_db
BODY = b"0123456789"


@pytest.fixture
def document(store, acme, globex, settings, tmp_path):
    settings.USE_S3_MEDIA = False
    settings.DISK_MEDIA_ROOT = str(tmp_path)
    return store(acme, BODY, name="Übersicht.pdf")


@pytest.fixture
def path(document, acme):
    with bind_tenant(acme):
        return sign_url(document.original, file_name=document.name)


@pytest.fixture
def ask(path, acme, browse):
    """Ask for the file with some headers."""

    def send(method="get", **headers):
        return getattr(browse(acme), method)(path, headers=headers)

    return send


def body(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_a_browser_may_run_nothing_of_it_and_no_cache_keeps_it(document, store, acme, browse):
    stored = store(acme, make_pdf("x", 1)).original
    with bind_tenant(acme):
        answer = browse(acme).get(sign_url(stored, file_name="x.pdf"))
    assert (len(body(answer)), answer.headers["Content-Type"]) == (
        stored.size_bytes,
        "application/pdf",
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "script-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Vary" not in answer.headers or "Cookie" not in answer.headers["Vary"]


@pytest.mark.parametrize("name", ["a.png", "a.mp4", "a.html", "a.svg", "README"])
def test_everything_but_a_pdf_is_in_a_sandbox(name, document, store, acme, browse):
    stored = store(acme, BODY, name=name).original
    with bind_tenant(acme):
        path = sign_url(stored, file_name=name)
    answer = browse(acme).get(path)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Content-Security-Policy"].endswith("sandbox")
    assert body(answer) == BODY


def test_head_is_what_get_says_without_the_bytes(ask):
    head, get = ask("head"), ask()
    assert (head.status_code, head.content) == (200, b"")
    differing = {name for name in get.headers if head.headers.get(name) != get.headers[name]}
    assert differing == {"X-Request-ID"}
    assert body(get) == BODY


def test_the_end_of_the_name_cannot_be_moved_into_the_signature(path, acme, browse):
    signed, _, name = path.rpartition("/")
    payload, _, signature = signed.rpartition(".")
    stem, _, ending = name.rpartition(".")
    assert browse(acme).get(f"{payload}.{ending}.{signature}/{stem}").status_code == 404


# --- parts

WHOLE = (200, BODY, None)


@pytest.mark.parametrize(
    ("header", "answered"),
    [
        ("bytes=2-4", (206, b"234", "bytes 2-4/10")),
        ("BYTES=2-4", (206, b"234", "bytes 2-4/10")),
        ("bytes=0-", (206, BODY, "bytes 0-9/10")),
        ("bytes=9-9", (206, b"9", "bytes 9-9/10")),
        ("bytes=-1", (206, b"9", "bytes 9-9/10")),
        ("bytes=-99", (206, BODY, "bytes 0-9/10")),
        ("bytes=5-999999999999999999", (206, b"56789", "bytes 5-9/10")),
        ("bytes=10-", (416, None, "bytes */10")),
        ("bytes=99-100", (416, None, "bytes */10")),
        ("bytes=-0", (416, None, "bytes */10")),
        ("bytes=4-2", WHOLE),
        ("bytes=0-0,2-2", WHOLE),
        ("bytes=" + "0-0," * 3000 + "1-1", WHOLE),
        ("bytes=", WHOLE),
        ("bytes=-", WHOLE),
        ("bytes=a-b", WHOLE),
        ("bytes=٢-٤", WHOLE),
        ("bytes=1-" + "9" * 5000, WHOLE),
        ("pages=1-2", WHOLE),
        ("", WHOLE),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_one_part_is_given_and_what_is_odd_gets_the_whole(header, answered, ask):
    answer = ask(range=header)
    status, content, where = answered
    assert (answer.status_code, answer.headers.get("Content-Range")) == (status, where)
    given = body(answer)
    if content is not None:
        assert given == content
        assert answer.headers["Content-Length"] == str(len(content))


def test_a_part_of_another_version_is_the_whole(ask):
    first = ask("head").headers
    for same in (first["ETag"], first["Last-Modified"]):
        assert body(ask(range="bytes=2-4", if_range=same)) == b"234"
    for other in ('"another"', "Thu, 01 Jan 1970 00:00:01 GMT", "nonsense", f"W/{first['ETag']}"):
        assert body(ask(range="bytes=2-4", if_range=other)) == BODY


def test_head_overlooks_a_range(ask):
    assert (ask("head", range="bytes=2-4").status_code, ask("head").headers["Content-Length"]) == (
        200,
        "10",
    )


# --- conditions


def test_what_is_known_is_not_sent_again(ask, document):
    tag = ask("head").headers["ETag"]
    for headers in (
        {"if_none_match": tag},
        {"if_none_match": f'"x", W/{tag}'},
        {"if_none_match": "*"},
    ):
        answer = ask(**headers)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == tag
        assert answer.headers["Cache-Control"] == "private, no-store"
    later = http_date((document.original.stored_at + timedelta(hours=1)).timestamp())
    assert ask(if_modified_since=later).status_code == 304
    assert body(ask(if_none_match='"another"')) == BODY


def test_a_condition_that_does_not_hold_is_said(ask):
    assert ask(if_match='"another"').status_code == 412


# --- what is not on disk any more


def damaged(document, acme):
    with bind_tenant(acme):
        return get_disk_storage("private").find_path(document.original)


def test_a_file_that_is_lost_or_cut_looks_like_what_is_missing_and_is_logged(
    document, path, acme, browse, caplog
):
    client = browse(acme)
    missing = client.get("/files/no.such/file")
    os.truncate(damaged(document, acme), 3)
    assert (client.get(path).status_code, client.get(path).content) == (404, missing.content)
    assert "ObjectDiffers" in caplog.text
    with bind_tenant(acme):
        get_disk_storage("private").remove(document.original)
    assert client.get(path).content == missing.content
    assert "ObjectMissing" in caplog.text


def test_a_disk_that_is_away_is_no_missing_file(path, acme, browse, settings, tmp_path):
    settings.DISK_MEDIA_ROOT = str(tmp_path / "away")
    assert browse(acme).get(path).status_code == 503


def test_the_address_is_in_no_log(path, acme, browse, capsys):
    client = browse(acme)
    for headers in ({"range": "bytes=99-"}, {"if_match": '"x"'}):
        client.get(path, headers=headers)
    client.get(path.replace("/files/", "/files/A"))
    assert path.split("/")[2] not in capsys.readouterr().err


# --- who sends


@override_settings(DISK_MEDIA_SENDER="x-accel-redirect", DISK_MEDIA_INTERNAL_URL="/_rooms/")
def test_nginx_is_told_where_it_lies(document, ask):
    answer = ask(range="bytes=2-4")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["X-Accel-Redirect"] == f"/_rooms/acme/{document.original.name}"
    assert answer.headers["Content-Type"] == document.original.content_type
    assert "; filename*=utf-8''%C3%9Cbersicht.pdf" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "private, no-store"


@override_settings(DISK_MEDIA_SENDER="x-sendfile")
def test_apache_is_told_where_it_lies_percent_encoded(document, ask, settings, tmp_path):
    folder = tmp_path / "räume & more"
    tmp_path.joinpath("acme").rename(folder / "acme") if folder.mkdir() is None else None
    settings.DISK_MEDIA_ROOT = str(folder)
    told = ask().headers["X-Sendfile"]
    assert re.fullmatch(r"[A-Za-z0-9/._%-]+", told)
    assert told.endswith(f"/r%C3%A4ume%20%26%20more/acme/{document.original.name}")


@pytest.mark.parametrize("sender", ["x-accel-redirect", "x-sendfile"])
def test_the_web_server_is_sent_to_nothing_that_is_not_there(sender, document, ask, acme, settings):
    settings.DISK_MEDIA_SENDER = sender
    with bind_tenant(acme):
        get_disk_storage("private").remove(document.original)
    answer = ask()
    assert (answer.status_code, set(answer.headers) & {"X-Accel-Redirect", "X-Sendfile"}) == (
        404,
        set(),
    )


# --- what it costs, and that it is closed


def open_files(root):
    """Return which files below a folder this process has open."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    there = [str(link.readlink()) for link in links if link.exists()]
    return [path for path in there if path.startswith(str(root))]


@pytest.mark.parametrize("how", ["whole", "part", "not at all", "head", "not modified"])
def test_the_file_is_closed_when_the_answer_is(how, ask, tmp_path):
    if how == "head":
        ask("head")
    elif how == "not modified":
        ask(if_none_match="*")
    else:
        answer = ask(**({"range": "bytes=2-4"} if how == "part" else {}))
        assert len(open_files(tmp_path)) == 1
        if how != "not at all":
            body(answer)
        answer.close()
    assert open_files(tmp_path) == []


@pytest.fixture
def on_disk(settings, tmp_path):
    settings.USE_S3_MEDIA, settings.DISK_MEDIA_ROOT = False, str(tmp_path)


def test_sending_costs_one_query_besides_the_binding(on_disk, committed, store, acme):

    def send():
        stored = store(acme, BODY).original
        with bind_tenant(acme):
            path = sign_url(StoredObject.objects.get(pk=stored.pk), file_name="x.pdf")
        asked("acme.example", path)
        with statements() as sent:
            answer = asked("acme.example", path)
        return answer, sent

    answer, sent = committed(send)
    assert (answer.status, answer.content) == (200, BODY)
    # SET search_path, the object.
    assert len(sent) <= 2, sent
