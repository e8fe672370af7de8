"""Opening a document: permission, record, link; and what it costs."""

import uuid
from urllib.parse import urlsplit

import pytest
import requests
from django.db import connection

from media_core.documents.models import AccessEvent, Document
from media_core.documents.permissions import may_read
from media_core.documents.publishing import take_down
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tenants.people.identity import Member
from tenants.people.models import Role
from tests.conftest import new_session
from tests.media_core.conftest import document_row, stored_row
from tests.media_core.wsgi import asked
from tests.samples import pdf
from tests.wire import bucket_requests, statements

pytestmark = pytest.mark.django_db


def events(tenant):
    with bind_tenant(tenant):
        return list(AccessEvent.objects.all())


def opened(browser, document, name="x", method="get"):
    return getattr(browser, method)(f"/d/{document.id}/{name}")


# --- GET


def test_leads_to_the_bytes(acme, store, browse):
    document = store(acme, b"acme's bytes")
    answer = opened(browse(acme, "vic"), document)
    assert answer.status_code == 302
    assert requests.get(answer.headers["Location"], timeout=60).content == b"acme's bytes"


def test_the_address_works_without_the_name_and_with_any(acme, store, browse):
    document, browser = store(acme), browse(acme, "vic")
    for path in (f"/d/{document.id}", f"/d/{document.id}/anything%20else"):
        assert browser.get(path).status_code == 302


def test_the_redirect_is_kept_by_no_cache_and_told_to_no_site(acme, store, browse):
    headers = opened(browse(acme, "vic"), store(acme)).headers
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Cookie" in headers["Vary"]


def test_only_the_location_holds_the_link(acme, store, browse):
    answer = opened(browse(acme, "vic"), store(acme))
    del answer.headers["Location"]
    assert "Signature" not in str(answer.headers)
    assert answer.content == b""


def test_each_link_is_written_down_once(acme, globex, store, browse, people):
    document = store(acme, name="offer.pdf")
    opened(browse(acme, "vic"), document)
    (event,) = events(acme)
    assert (event.document_id, event.document_name) == (document.id, "offer.pdf")
    assert (event.person_id, event.person_name) == (people["vic"].id, "Vic")
    assert events(globex) == []


def test_no_link_without_a_record(acme, store, browse):
    document, browser = store(acme), browse(acme, "vic")
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{acme.schema_name}".media_core_accessevent RENAME TO away')
    browser.raise_request_exception = False
    answer = opened(browser, document)
    assert (answer.status_code, "Location" in answer.headers) == (500, False)


# --- HEAD


def test_head_is_answered_from_the_row(acme, store, browse):
    document = store(acme, pdf(), name="Übersicht – Q3.pdf")
    with bucket_requests() as requested:
        answer = opened(browse(acme, "vic"), document, method="head")
    assert (answer.status_code, answer.content) == (200, b"")
    assert (answer.headers["Content-Length"], answer.headers["Content-Type"]) == (
        str(len(pdf())),
        "application/pdf",
    )
    assert answer.headers["Content-Disposition"].startswith("inline; filename*=utf-8''%C3%9Cber")
    assert (requested, events(acme)) == ([], [])
    assert "Location" not in answer.headers


def test_head_says_what_get_then_gives(acme, store, browse):
    document, browser = store(acme, b"12345", name="page.html"), browse(acme, "vic")
    described = opened(browser, document, method="head").headers
    given = requests.get(opened(browser, document).headers["Location"], timeout=60).headers
    for name in ("Content-Length", "Content-Type", "Content-Disposition", "Cache-Control"):
        assert described[name] == given[name]


# --- who


def test_a_public_document_is_for_everybody_at_an_address_without_a_signature(acme, store, browse):
    document = store(acme, b"for all", visibility="public")
    address = opened(browse(acme), document).headers["Location"]
    assert urlsplit(address).path.endswith(f"/acme/media/{document.public_copy_id}/offer.pdf")
    assert urlsplit(address).query == ""
    assert requests.get(address, timeout=60).content == b"for all"


def test_a_stranger_who_is_given_no_secret_leaves_no_record(acme, store, browse):
    opened(browse(acme), store(acme, visibility="public"))
    assert events(acme) == []


def test_strangers_may_keep_the_way_to_a_public_address_for_five_minutes(acme, store, browse):
    document = store(acme, visibility="public")
    for method in ("get", "head"):
        headers = opened(browse(acme), document, method=method).headers
        assert headers["Cache-Control"] == "public, max-age=300"
        assert "Cookie" in headers["Vary"]


def test_a_member_who_opens_what_is_public_is_written_down_and_kept_by_no_cache(
    acme, store, browse, people
):
    answer = opened(browse(acme, "vic"), store(acme, b"for all", visibility="public"))
    assert requests.get(answer.headers["Location"], timeout=60).content == b"for all"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert [event.person_id for event in events(acme)] == [people["vic"].id]


def test_in_gateway_mode_a_public_document_has_a_signed_link_and_a_record(
    acme, store, browse, settings
):
    settings.PUBLIC_MEDIA_MODE = "gateway"
    answer = opened(browse(acme), store(acme, b"for all", visibility="public"))
    assert "Signature" in answer.headers["Location"]
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert requests.get(answer.headers["Location"], timeout=60).content == b"for all"
    (event,) = events(acme)
    assert (event.person_id, event.person_name, str(event)) == (
        None,
        "",
        "anonymous opened offer.pdf",
    )


def test_what_was_taken_down_is_for_members_only(acme, store, browse):
    document = store(acme, visibility="public")
    with bind_tenant(acme):
        take_down(document.pk)
    assert opened(browse(acme), document).status_code == 404
    assert opened(browse(acme, "vic"), document).status_code == 302


def test_a_public_document_of_globex_is_not_found_at_acme(acme, globex, store, browse):
    document = store(globex, visibility="public")
    assert opened(browse(acme), document).status_code == 404
    assert opened(browse(globex), document).status_code == 302


def public_row():
    stored = stored_row(area="media", name=f"media/{uuid.uuid4()}/x.pdf")
    return document_row(visibility="public", original=stored, public_copy=stored)


def taken_down_row():
    return document_row(visibility="public")


MEMBERS = [None, *(Member(uuid.UUID(int=number), role, role) for number, role in enumerate(Role))]


@pytest.mark.parametrize(
    "member", MEMBERS, ids=lambda member: member.name if member else "stranger"
)
@pytest.mark.parametrize("state", ["private", "public", "taken down"])
def test_the_question_about_one_document_and_about_many_is_answered_alike(member, state, acme):
    with bind_tenant(acme):
        document = {"private": document_row, "public": public_row}.get(state, taken_down_row)()
        listed = Document.objects.readable_by(member).filter(pk=document.pk).exists()
    assert listed == may_read(member, document)
    assert listed == (member is not None or state == "public")


def seen(answer) -> tuple[int, bytes, dict[str, str]]:
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-ID"}
    return answer.status_code, answer.content, headers


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("state", ["pending", "abandoned"])
def test_what_is_not_stored_yet_looks_like_what_is_missing(state, method, acme, browse):
    with bind_tenant(acme):
        document = document_row(original=stored_row(state))
    browser = browse(acme, "ada")
    missing = seen(getattr(browser, method)(f"/d/{uuid.uuid4()}/x"))
    assert seen(opened(browser, document, method=method)) == missing
    assert missing[0] == 404


@pytest.mark.parametrize("who", ["", "ada", "vic"])
def test_what_is_foreign_looks_like_what_is_missing(who, acme, globex, store, browse):
    foreign, browser = store(globex, visibility="public"), browse(acme, who)
    for method in ("get", "head"):
        missing = seen(getattr(browser, method)(f"/d/{uuid.uuid4()}/x"))
        assert seen(opened(browser, foreign, method=method)) == missing


@pytest.mark.parametrize("method", ["get", "head"])
def test_what_a_stranger_may_not_read_looks_like_what_is_missing(method, acme, store, browse):
    private, stranger = store(acme), browse(acme)
    missing = seen(getattr(stranger, method)(f"/d/{uuid.uuid4()}/x"))
    assert seen(opened(stranger, private, method=method)) == missing
    assert events(acme) == []


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "trace"])
def test_is_for_reading_only(method, acme, store, browse):
    answer = opened(browse(acme, "ada"), store(acme), method=method)
    assert answer.status_code == 405
    assert (answer.headers["Allow"], events(acme)) == ("GET, HEAD", [])


# --- what it costs, counted on the wire


def cost(host, path, session_key, **given):
    """Return statements and bucket requests of a request on a warm process and a kept connection."""
    asked(host, path, session_key, **given)
    with statements() as sent, bucket_requests() as requested:
        answer = asked(host, path, session_key, **given)
    return answer, sent, requested


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("who", ["ada", "vic"])
def test_opening_costs_three_statements_and_no_bucket_request(who, method, committed, acme, people):
    def open_one():
        with bind_tenant(acme):
            document = document_row()
        key = new_session(people[who], acme)
        return cost("acme.example", f"/d/{document.id}/x", key, REQUEST_METHOD=method)

    answer, sent, requested = committed(open_one)
    assert answer.status == (302 if method == "GET" else 200)
    # SET search_path, which also asks whether the connection lives; the session; the document with its record.
    assert (len(sent), requested) == (3, []), sent
    assert [statement.split()[0].strip('"') for statement in sent] == [
        "SET",
        "SELECT",
        "WITH" if method == "GET" else "SELECT",
    ]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("mode", ["acl", "policy", "gateway"])
def test_opening_a_public_document_costs_a_stranger_two(mode, method, committed, acme, settings):
    settings.PUBLIC_MEDIA_MODE = mode

    def open_one():
        with bind_tenant(acme):
            document = public_row()
        return cost("acme.example", f"/d/{document.id}/x", "", REQUEST_METHOD=method)

    answer, sent, requested = committed(open_one)
    # SET and the document, in mode gateway with the record.
    assert (answer.status, len(sent), requested) == (302 if method == "GET" else 200, 2, []), sent


def test_opening_costs_the_same_when_tenants_take_turns(committed, acme, globex, people):
    def open_in_turn():
        requests_of = []
        for tenant, host in ((acme, "acme.example"), (globex, "globex.example")):
            with bind_tenant(tenant):
                path = f"/d/{document_row().id}/x"
            requests_of.append((host, path, new_session(people["max"], tenant)))
        for request in requests_of * 2:
            asked(*request)
        with statements() as sent:
            answers = [asked(*request) for request in requests_of * 3]
        return {answer.status for answer in answers}, len(sent) / len(answers)

    assert committed(open_in_turn) == ({302}, 3.0)


def test_what_is_not_there_costs_no_more_than_what_is(committed, acme, people):
    def ask():
        return cost("acme.example", f"/d/{uuid.uuid4()}/x", new_session(people["vic"], acme))

    answer, sent, requested = committed(ask)
    assert (answer.status, len(sent), requested) == (404, 3, [])


def test_a_list_costs_the_same_whatever_its_length(committed, acme, people):
    def list_them():
        key, costs = new_session(people["vic"], acme), {}
        for number in (1, 10, 60):
            with bind_tenant(acme):
                while Document.objects.count() < number:
                    document_row()
            answer, sent, requested = cost("acme.example", "/", key)
            assert f'<span class="count">{number}</span>' in answer.content.decode()
            costs[number] = (len(sent), len(requested))
        return costs

    assert set(committed(list_them).values()) == {(5, 0)}


def test_the_list_holds_no_link_to_the_bucket(acme, store, browse, settings):
    store(acme)
    page = browse(acme, "ada").get("/").content.decode()
    assert "Signature" not in page
    assert settings.BUCKET_NAME not in page
    assert f":{urlsplit(settings.BUCKET_ENDPOINT_URL).port}" not in page


def test_the_counter_counts_what_django_does_not(acme, globex, django_assert_num_queries):
    Tenant.objects.count()  # the test's own BEGIN
    with statements() as sent, django_assert_num_queries(4):
        for tenant in (acme, globex):
            with bind_tenant(tenant):
                AccessEvent.objects.count()
    assert [
        statement.partition(" =")[0].strip('"') for statement in sent if "SET" in statement
    ] == [
        "SET search_path",
        "SET search_path",
    ]
    assert len(sent) == 4
