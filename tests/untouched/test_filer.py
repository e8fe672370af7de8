"""django-filer in two tenants: its thumbnails, and its switch between public and private."""

from typing import Any

import pytest
import requests
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from filer.models import File, Image

from media_core.app_files.models import AppFile
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tests.untouched.conftest import browser
from tests.untouched.rooms import all_live, asked_in_bucket, live, pdf, picture, storage

SMALL = {"size": (20, 20), "crop": True}


@pytest.fixture
def acme(committed: dict[str, Tenant]) -> Tenant:
    return committed["acme"]


@pytest.fixture
def globex(committed: dict[str, Tenant]) -> Tenant:
    return committed["globex"]


def image(*, is_public: bool, colour: str = "red") -> Any:
    facts = {"original_filename": "team.png", "name": "Team", "is_public": is_public}
    body = SimpleUploadedFile("team.png", picture(colour))
    return Image.objects.create(file=body, **facts)


@pytest.mark.parametrize(("is_public", "area"), [(True, "media"), (False, "private")])
def test_thumbnails_lie_beside_their_picture_in_the_same_area(is_public, area, acme, globex):
    with bind_tenant(acme):
        made = image(is_public=is_public)
        thumbnail = made.file.get_thumbnail(SMALL)
        again = Image.objects.get(pk=made.pk).file.get_thumbnail(SMALL)
    assert set(live(acme, area)) == {made.file.name, thumbnail.name}
    assert (again.name, all_live(globex)) == (thumbnail.name, {})


def test_a_thumbnail_that_is_made_again_keeps_its_name(acme):
    """easy_thumbnails deletes and saves it under the same name, and does not ask under which it was saved."""
    with bind_tenant(acme):
        made = image(is_public=True)
        first = made.file.get_thumbnail(SMALL)
        row = live(acme, "media")[first.name]
        fresh = Image.objects.get(pk=made.pk).file
        fresh.save_thumbnail(fresh.generate_thumbnail(SMALL))
        second = live(acme, "media")[first.name]
    assert row.pk != second.pk
    assert asked_in_bucket(acme, second).status_code == 200


@pytest.mark.parametrize(("is_public", "area"), [(True, "media"), (False, "private")])
def test_a_thumbnail_that_is_made_again_in_a_transaction_keeps_its_name_too(
    is_public, area, acme, globex
):
    """As with ATOMIC_REQUESTS: the deletion is not committed when the new one is saved."""
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            made = image(is_public=is_public)
            first = made.file.get_thumbnail(SMALL)
            row = live(tenant, area)[first.name]
            with transaction.atomic():
                fresh = Image.objects.get(pk=made.pk).file
                fresh.save_thumbnail(fresh.generate_thumbnail(SMALL))
                with storage(area).open(first.name) as body:
                    assert body.read()
            second = live(tenant, area)
            assert set(second) == {made.file.name, first.name}
        assert row.pk != second[first.name].pk
        status = asked_in_bucket(tenant, second[first.name]).status_code
        assert status == (200 if is_public else 403)


def test_a_private_thumbnail_is_for_those_who_read_the_picture(acme):
    with bind_tenant(acme):
        path = image(is_public=False).file.get_thumbnail(SMALL).url
    assert path.startswith("/private/")
    assert browser(acme, "editor").get(path).status_code == 302
    assert browser(acme, "reader").get(path).status_code == 404
    assert browser(acme).get(path).status_code == 404


def test_a_file_that_becomes_private_leaves_the_public_place(acme):
    with bind_tenant(acme):
        made = image(is_public=True)
        made.file.get_thumbnail(SMALL)
        before = made.file.url
        made.is_public = False
        made.save()
    assert requests.get(before, timeout=10).status_code in {403, 404}
    assert (live(acme, "media"), set(live(acme, "private"))) == ({}, {made.file.name})


def test_a_file_that_becomes_public_is_there_for_everybody(acme):
    with bind_tenant(acme):
        made = image(is_public=False)
        made.is_public = True
        made.save()
        address = made.file.url
    assert requests.get(address, timeout=10).content == picture()
    assert live(acme, "private") == {}


def test_a_deleted_picture_takes_its_thumbnails_along(acme):
    with bind_tenant(acme):
        made = image(is_public=True)
        made.file.get_thumbnail(SMALL)
        Image.objects.get(pk=made.pk).delete()
        states = set(AppFile.objects.values_list("stored_object__area", "state"))
    assert all_live(acme) == {}
    # The public objects were moved to where nobody reaches them.
    assert states == {("private", "deleted")}


def test_the_same_thumbnail_is_each_tenants_own(acme, globex):
    urls = {}
    for tenant, colour in ((acme, "red"), (globex, "blue")):
        with bind_tenant(tenant):
            urls[tenant] = image(is_public=True, colour=colour).file.get_thumbnail(SMALL).url
    bodies = {requests.get(one, timeout=10).content for one in urls.values()}
    assert len(bodies) == 2


# --- its admin


def uploaded(tenant: Tenant, name: str, content: bytes, content_type: str) -> Any:
    body = SimpleUploadedFile(name, content, content_type)
    path = "/django-admin/filer/clipboard/operations/upload/no_folder/"
    answer = browser(tenant, "editor").post(path, {"file": body})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_file_is_uploaded_changed_and_deleted_in_the_admin(acme, globex):
    assert "error" not in uploaded(acme, "plan.pdf", pdf(), "application/pdf")
    with bind_tenant(acme):
        made = File.objects.get()
    assert made.file.name in live(acme, "media")
    client, path = browser(acme, "editor"), f"/django-admin/filer/file/{made.pk}/"
    body = SimpleUploadedFile("other.pdf", pdf("two"), "application/pdf")
    fields = {"name": "Plan", "file": body, "description": "", "owner": "", "is_public": "on"}
    assert client.post(f"{path}change/", fields).status_code == 302
    with bind_tenant(acme):
        assert File.objects.get().file.read() == pdf("two")
    assert client.post(f"{path}delete/", {"post": "yes"}).status_code == 302
    with bind_tenant(acme):
        assert not File.objects.exists()
    assert all_live(globex) == {}


def test_a_picture_is_uploaded_in_the_admin_and_shown_with_its_thumbnails(acme):
    uploaded(acme, "team.png", picture(), "image/png")
    with bind_tenant(acme):
        made = Image.objects.get()
    page = browser(acme, "editor").get(f"/django-admin/filer/image/{made.pk}/change/")
    assert (page.status_code, f"/acme/media/{made.file.name}" in page.content.decode()) == (
        200,
        True,
    )
