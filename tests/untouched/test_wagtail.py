"""Wagtail's own admin pages in two tenants: they work in transactions, and delete files when those are committed."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from wagtail.documents import get_document_model
from wagtail.images import get_image_model

from media_core.app_files.models import AppFile
from tenants.binding import bind_tenant
from tenants.models import Quota, Tenant
from tests.proof import reported
from tests.untouched.conftest import browser
from tests.untouched.rooms import all_live, asked_in_bucket, file, live, pdf, picture

ROOT_COLLECTION = 1


def sent(name: str, content: bytes, content_type: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type)


def form(title: str, body: SimpleUploadedFile | None = None) -> dict[str, Any]:
    fields = {"title": title, "collection": ROOT_COLLECTION, "tags": "one, two"}
    no_focus = dict.fromkeys(
        ("focal_point_x", "focal_point_y", "focal_point_width", "focal_point_height"), ""
    )
    return {**fields, **no_focus, "description": "", **({"file": body} if body else {})}


def posted(client: Client, path: str, fields: dict[str, Any]) -> None:
    answer = client.post(path, fields)
    assert answer.status_code == 302, answer.context and answer.context.get("form").errors


@pytest.fixture
def acme(committed: dict[str, Tenant]) -> Tenant:
    return committed["acme"]


@pytest.fixture
def globex(committed: dict[str, Tenant]) -> Tenant:
    return committed["globex"]


# --- documents


def upload_document(tenant: Tenant, content: bytes = b"") -> Any:
    body = sent("minutes.pdf", content or pdf(), "application/pdf")
    posted(browser(tenant, "editor"), "/admin/documents/add/", form("Minutes", body))
    with bind_tenant(tenant):
        return get_document_model().objects.get()


def test_a_document_is_uploaded_in_the_admin(acme, globex):
    made = upload_document(acme)
    assert (made.title, made.file.name, made.file_size) == (
        "Minutes", "documents/minutes.pdf", len(pdf()),
    )  # fmt: skip
    assert set(live(acme, "private")) == {made.file.name}
    assert all_live(globex) == {}


def test_the_admins_list_shows_the_tenants_own_documents(acme, globex):
    upload_document(acme)
    assert "Minutes" in browser(acme, "editor").get("/admin/documents/").content.decode()
    assert "Minutes" not in browser(globex, "editor").get("/admin/documents/").content.decode()


def test_a_document_gets_another_title_and_another_file(acme, globex):
    first = upload_document(acme)
    upload_document(globex)
    path, client = f"/admin/documents/edit/{first.pk}/", browser(acme, "editor")
    posted(client, path, form("Other title"))
    posted(client, path, form("Other", sent("new.pdf", pdf("two"), "application/pdf")))
    with bind_tenant(acme):
        made = get_document_model().objects.get()
        assert (made.title, made.file.read()) == ("Other", pdf("two"))
        old = AppFile.objects.get(name=first.file.name)
        assert (old.state, set(live(acme, "private"))) == ("deleted", {made.file.name})
    with bind_tenant(globex):
        assert get_document_model().objects.get().file.read() == pdf()


def test_a_deleted_document_is_deleted_in_one_tenant(acme, globex):
    first = upload_document(acme)
    upload_document(globex)
    posted(browser(acme, "editor"), f"/admin/documents/delete/{first.pk}/", {})
    assert (all_live(acme), set(all_live(globex))) == ({}, {"documents/minutes.pdf"})
    with bind_tenant(acme):
        assert not get_document_model().objects.exists()
        assert AppFile.objects.filter(state="deleted").count() == 1


def test_many_documents_come_by_the_page_for_many(acme):
    client = browser(acme, "editor")
    for number in range(3):
        body = sent("a.pdf", pdf(str(number)), "application/pdf")
        answer = client.post("/admin/documents/multiple/add/", {"title": "a", "files[]": body})
        assert answer.json()["success"]
    assert len(live(acme, "private")) == 3


def test_an_editor_of_one_tenant_has_no_admin_at_another(acme, globex):
    made = upload_document(globex)
    client = browser(acme, "editor")
    path = f"/admin/documents/edit/{made.pk}/"
    answer = client.get(path, headers={"host": "globex.example"})
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/admin/login/")
    assert client.get(path).status_code != 200


# --- what does not fit


def test_a_document_beyond_the_quota_is_refused_and_leaves_nothing(acme):
    Quota.objects.filter(tenant=acme).update(quota_bytes=3)
    client = browser(acme, "editor")
    body = sent("minutes.pdf", pdf(), "application/pdf")
    answer = client.post("/admin/documents/add/", form("Minutes", body))
    assert (answer.status_code, "not enough room" in answer.content.decode()) == (413, True)
    with bind_tenant(acme):
        assert not get_document_model().objects.exists()
    assert all_live(acme) == {}


# --- images


def upload_image(tenant: Tenant, colour: str = "red") -> Any:
    body = sent("view.png", picture(colour, (300, 200)), "image/png")
    posted(browser(tenant, "editor"), "/admin/images/add/", form("View", body))
    with bind_tenant(tenant):
        return get_image_model().objects.get()


def test_an_image_is_uploaded_in_the_admin(acme, globex):
    made = upload_image(acme)
    assert (made.width, made.height) == (300, 200)
    assert made.file.name in live(acme, "media")
    assert all_live(globex) == {}


def test_an_image_is_replaced_and_its_renditions_with_it(acme):
    first = upload_image(acme)
    with bind_tenant(acme):
        former = first.get_rendition("fill-50x50").file.name
    body = sent("other.png", picture("blue", (120, 80)), "image/png")
    path, client = f"/admin/images/{first.pk}/", browser(acme, "editor")
    posted(client, path, form("Other", body))
    with bind_tenant(acme):
        made = get_image_model().objects.get()
        assert (made.title, made.width) == ("Other", 120)
        assert made.get_rendition("fill-50x50").file.name in live(acme, "media")
    assert not {first.file.name, former} & set(live(acme, "media"))


def test_a_deleted_image_takes_its_renditions_along(acme):
    made = upload_image(acme)
    with bind_tenant(acme):
        made.get_rendition("width-40")
    assert len(live(acme, "media")) >= 2
    posted(browser(acme, "editor"), f"/admin/images/{made.pk}/delete/", {})
    assert all_live(acme) == {}


def test_a_rendition_is_public_counted_and_of_its_tenant(acme, globex):
    sizes = {}
    for tenant, colour in ((acme, "red"), (globex, "blue")):
        made = upload_image(tenant, colour)
        with bind_tenant(tenant):
            rendition = made.get_rendition("fill-50x40|format-jpeg")
            sizes[tenant] = rendition.url, rendition.file.name
    for tenant, (url, name) in sizes.items():
        row = live(tenant, "media")[name]
        answer = requests.get(url, timeout=10)
        assert (answer.status_code, len(answer.content)) == (200, row.size_bytes)
        assert answer.headers["Content-Type"] == row.content_type == "image/jpeg"
    assert sizes[acme][1] == sizes[globex][1]
    assert sizes[acme][0] != sizes[globex][0]


@pytest.fixture
def expired_proof(acme: Tenant) -> Iterator[None]:
    """Let the newest report know only what was proved too long ago."""
    report = reported(days_ago=31, made_at=timezone.now())
    yield
    report.delete()


@pytest.mark.usefixtures("expired_proof")
def test_a_rendition_is_made_after_the_proof_of_the_bucket_has_run_out(acme, globex):
    """A visitor waits for the page: it must not fail because no worker ran for a month."""
    for tenant in (acme, globex):
        made = upload_image(tenant)
        with bind_tenant(tenant):
            url = made.get_rendition("width-20").url
        assert requests.get(url, timeout=10).status_code == 200


def test_renditions_are_not_remembered_for_another_tenant(acme, globex):
    """Wagtail keeps them in Django's cache, by the number of the image."""
    urls = {}
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            content = file(picture(), "a.png")
            # The same number in both.
            made = get_image_model().objects.create(id=999, title="a", file=content)
            made.get_rendition("width-30")
            again = get_image_model().objects.get(pk=made.pk)
            urls[tenant] = again.get_rendition("width-30").url
    assert "/acme/" in urls[acme]
    assert "/globex/" in urls[globex]


def test_the_admins_list_of_images_shows_previews_of_the_tenant(acme, globex):
    upload_image(acme)
    page = browser(acme, "editor").get("/admin/images/").content.decode()
    shown = re.findall(r'<img[^>]+src="([^"]+)"', page)
    assert any("/acme/media/images/" in src for src in shown)
    assert "/acme/" not in browser(globex, "editor").get("/admin/images/").content.decode()


def test_a_deleted_image_is_gone_from_the_bucket_for_everybody(acme):
    made = upload_image(acme)
    row = live(acme, "media")[made.file.name]
    assert asked_in_bucket(acme, row).status_code == 200
    posted(browser(acme, "editor"), f"/admin/images/{made.pk}/delete/", {})
    assert asked_in_bucket(acme, row).status_code in {403, 404}
