"""Files of apps at their permanent addresses: where they lead, in which mode, with which headers, and what it costs."""

from urllib.parse import quote, urlsplit

import pytest
import requests
from django.db import connection
from django.utils import timezone

from media_core.app_files.models import AppFile
from media_core.documents.models import AccessEvent
from media_core.ledger.models import StoredObject
from tenants.binding import bind_tenant
from tests.apps import address_of, kept
from tests.conftest import new_session
from tests.media_core.documents.test_open import cost
from tests.samples import pdf
from tests.wire import bucket_requests

pytestmark = pytest.mark.django_db
NAMES = [
    "a.pdf",
    "Übersicht – Q3.pdf",
    "a b+c%2F&?#.pdf",
    "日本/語 😀.pdf",
    "tilde~/x;y=z,@:$'.pdf",
]
SECRET = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"}


def events(tenant):
    with bind_tenant(tenant):
        return list(AccessEvent.objects.all())


def bytes_of(answer):
    return b"".join(answer.streaming_content)


# --- Private


@pytest.mark.parametrize("name", NAMES)
def test_the_address_that_an_app_shows_leads_to_the_bytes(name, acme, browse):
    row = kept(acme, b"acme's bytes", name)
    address = address_of(acme, row)
    assert (row.name, "Signature" in address) == (name, False)
    answer = browse(acme, "vic").get(address)
    given = requests.get(answer.headers["Location"], timeout=60)
    assert given.content == b"acme's bytes"
    assert quote(name.rpartition("/")[2], safe="") in given.headers["Content-Disposition"].replace(
        "'", "%27"
    ) or (name.rpartition("/")[2] in given.headers["Content-Disposition"])


def test_the_redirect_is_kept_by_no_cache_and_told_to_no_site(acme, browse):
    answer = browse(acme, "vic").get(address_of(acme, kept(acme)))
    assert SECRET.items() <= dict(answer.headers).items()
    assert "Cookie" in answer.headers["Vary"]
    assert answer.content == b""


def test_each_link_is_written_down_once_with_the_end_of_a_long_name(acme, globex, browse, people):
    name = f"{'folder/' * 40}x.pdf"
    row = kept(acme, name=name)
    browse(acme, "vic").get(address_of(acme, row))
    (event,) = events(acme)
    assert (event.document_id, event.document_name) == (row.stored_object_id, name[-200:])
    assert (event.person_id, event.person_name) == (people["vic"].id, "Vic")
    assert events(globex) == []


@pytest.mark.parametrize("area", ["private", "media"])
def test_head_says_what_get_then_gives(area, acme, browse, settings):
    settings.PUBLIC_MEDIA_MODE = "gateway"
    row, browser = kept(acme, pdf(), "Übersicht.pdf", area), browse(acme, "vic")
    with bucket_requests() as requested:
        answer = browser.head(address_of(acme, row))
    assert (answer.status_code, requested, events(acme)) == (200, [], [])
    assert "Location" not in answer.headers
    link = browser.get(address_of(acme, row)).headers["Location"]
    given = requests.get(link, timeout=60).headers
    for name in ("Content-Length", "Content-Type", "Content-Disposition", "Cache-Control"):
        assert answer.headers[name] == given[name]
    assert answer.headers["Content-Type"] == "application/pdf"


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "x.js"])
def test_what_could_run_is_only_downloaded(name, acme, browse):
    row = kept(acme, b"<svg onload='alert(1)'>", name)
    answer = requests.get(
        browse(acme, "vic").get(address_of(acme, row)).headers["Location"], timeout=60
    )
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_on_disk_it_leads_to_a_signed_address(acme, browse, settings, tmp_path):
    settings.USE_S3_MEDIA, settings.DISK_MEDIA_ROOT = False, str(tmp_path)
    row, browser = kept(acme, b"on disk"), browse(acme, "vic")
    link = browser.get(address_of(acme, row)).headers["Location"]
    assert link.startswith("/files/")
    assert bytes_of(browse(acme).get(link)) == b"on disk"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "trace"])
def test_is_for_reading_only(method, acme, browse):
    answer = getattr(browse(acme, "ada"), method)(address_of(acme, kept(acme)))
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def cost_of(committed, acme, person, area="private", **given):
    def ask():
        row = kept(acme, area=area)
        key = new_session(person, acme) if person else ""
        return cost("acme.example", f"/{area}/{row.name}", key, **given)

    return committed(ask)


@pytest.mark.parametrize(("method", "most"), [("GET", 5), ("HEAD", 4)])
def test_a_private_file_costs_five_statements_and_no_bucket_request(
    method, most, committed, acme, people
):
    answer, sent, requested = cost_of(committed, acme, people["vic"], REQUEST_METHOD=method)
    # A health check of the connection, SET search_path, the file, the session, and with GET the record.
    assert (answer.status, requested) == ({"GET": 302, "HEAD": 200}[method], [])
    assert len(sent) <= most, sent


# --- Public


def test_in_mode_gateway_it_leads_everybody_to_a_signed_link_and_is_not_written_down(
    acme, browse, settings
):
    settings.PUBLIC_MEDIA_MODE = "gateway"
    row = kept(acme, b"for all", "img/a b.png", "media")
    assert address_of(acme, row) == "/media/img/a%20b.png"
    answer = browse(acme).get(address_of(acme, row))
    assert SECRET.items() <= dict(answer.headers).items()
    assert requests.get(answer.headers["Location"], timeout=60).content == b"for all"
    assert events(acme) == []


def test_on_disk_it_is_given_with_headers_that_decide_what_a_browser_may_do(
    acme, browse, settings, tmp_path
):
    settings.USE_S3_MEDIA, settings.DISK_MEDIA_ROOT = False, str(tmp_path)
    row = kept(acme, b"<svg onload='alert(1)'>", "img/drawing.svg", "media")
    answer = browse(acme).get(address_of(acme, row))
    assert bytes_of(answer) == b"<svg onload='alert(1)'>"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="drawing.svg"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "public, max-age=300"


MODES = ["acl", "policy", "gateway"]


@pytest.mark.parametrize("later", MODES)
@pytest.mark.parametrize("first", MODES)
def test_an_address_at_the_host_stays_good_whatever_the_mode_becomes(
    first, later, acme, browse, settings
):
    settings.PUBLIC_MEDIA_MODE = first
    row = kept(acme, b"for all", "img/a.png", "media")
    settings.PUBLIC_MEDIA_MODE = later
    answer = browse(acme).get("/media/img/a.png")
    assert row.name == "img/a.png"
    assert requests.get(answer.headers["Location"], timeout=60).content == b"for all"


def test_an_address_in_the_bucket_stays_good_when_the_mode_becomes_gateway(acme, settings):
    address = address_of(acme, kept(acme, b"for all", "img/a.png", "media"))
    assert urlsplit(address).query == ""
    settings.PUBLIC_MEDIA_MODE = "gateway"
    assert requests.get(address, timeout=60).content == b"for all"


def test_a_public_file_costs_a_stranger_two_statements_and_no_bucket_request(committed, acme):
    answer, sent, requested = cost_of(committed, acme, None, "media")
    # SET search_path, which also says that the connection lives; the file.
    assert (answer.status, len(sent), requested) == (302, 2, []), sent


def test_a_document_that_came_from_disk_leads_to_a_signed_link_in_mode_gateway(
    acme, store, browse, settings
):
    document = store(acme, b"for all", visibility="public")
    path = f"/{document.public_copy.name}"
    assert "Signature" not in browse(acme).get(path).headers["Location"]
    settings.PUBLIC_MEDIA_MODE = "gateway"
    link = browse(acme).get(path).headers["Location"]
    assert requests.get(link, timeout=60).content == b"for all"
    assert "Signature" in link


@pytest.mark.parametrize("in_bucket", [True, False])
def test_a_name_that_another_file_may_have_next_is_kept_by_no_cache_for_a_year(
    in_bucket, acme, browse, settings, tmp_path
):
    settings.USE_S3_MEDIA, settings.DISK_MEDIA_ROOT = in_bucket, str(tmp_path)
    settings.PUBLIC_MEDIA_IMMUTABLE = True
    address = address_of(acme, kept(acme, area="media"))
    answer = requests.get(address, timeout=60) if in_bucket else browse(acme).get(address)
    answer.close()
    assert answer.headers["Cache-Control"] == "public, max-age=300"


def test_a_file_is_found_by_an_index_of_names(acme):
    now = timezone.now()
    with bind_tenant(acme), connection.cursor() as cursor:
        rows = StoredObject.objects.bulk_create(
            StoredObject(
                name=f"{area}/{number}", area=area, kind="app", size_bytes=1, state="stored", stored_at=now,
            )
            for area in ("media", "private")
            for number in range(1000)
        )  # fmt: skip
        AppFile.objects.bulk_create(
            AppFile(area=row.area, name=row.name, stored_object=row, state="saved", saved_at=now)
            for row in rows
        )
        cursor.execute("ANALYZE media_core_storedobject, media_core_appfile")
        private = AppFile.objects.live("private").served_now().filter(name="x").explain()
        public = StoredObject.objects.published().filter(name="media/x").explain()
    assert "app_file_name_once" in private
    assert "stored_object_name_once" in public
