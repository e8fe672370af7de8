"""Moving between disk and bucket, and files of apps: all of them move, addresses stay, and no key is mistaken."""

from contextlib import contextmanager

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from media_core.app_files.models import AppFile
from media_core.app_files.sweeping import sweep_app_files
from media_core.bucket.client import get_bucket_client
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import verify_bytes
from media_core.upkeep.app_takedown import bring_files_back
from media_core.upkeep.move_storage import move, remove_left
from tenants.binding import bind_tenant
from tests.apps import address_of, kept
from tests.media_core.conftest import in_a_thread
from tests.media_core.upkeep.conftest import OTHER
from tests.media_core.uploads.conftest import keys
from tests.operations import move_all, take_all_down

pytestmark = pytest.mark.django_db
PLACES = ["bucket", "disk"]


def quiet(*_numbers):
    """Nobody listens."""


def moved(tenant, to):
    with bind_tenant(tenant):
        found = move_all(to)
    assert found.failed == {}
    return found.done


@pytest.fixture
def all_kinds(rooms, acme, globex, settings):
    """Store a public, a private and a taken down file of an app in one place."""

    def store_in(place):
        settings.USE_S3_MEDIA = place == "bucket"
        hidden = kept(acme, b"taken down", "img/hidden.png", "media")
        with bind_tenant(acme):
            take_all_down()
        rows = [kept(acme, b"public", "img/a.png", "media"), kept(acme, b"private", "b.pdf")]
        settings.USE_S3_MEDIA = place != "bucket"
        return [*rows, hidden]

    return store_in


@pytest.mark.parametrize("to", PLACES)
def test_all_of_them_move(to, all_kinds, acme):
    all_kinds(OTHER[to])
    assert moved(acme, to) == 3
    with bind_tenant(acme):
        rows = StoredObject.objects.filter(state="stored")
        assert {(row.place, row.left_in) for row in rows} == {(to, "")}
        for row in rows:
            verify_bytes(row)
        bring_files_back(quiet)
        assert AppFile.objects.live("media").count() == 2


@pytest.mark.parametrize("mode", ["acl", "gateway"])
def test_addresses_from_the_disk_lead_into_the_bucket(mode, all_kinds, acme, browse, settings):
    public, private, _ = all_kinds("disk")
    settings.USE_S3_MEDIA, settings.PUBLIC_MEDIA_MODE = False, mode
    paths = [address_of(acme, public), address_of(acme, private)]
    settings.USE_S3_MEDIA = True
    moved(acme, "bucket")
    client = browse(acme, "vic")
    for path in paths:
        assert "Signature" in client.get(path).headers["Location"]


@contextmanager
def during_the_move(work):
    """Do something when the first body is sent; what it sends itself comes here too."""
    sent: list[str] = []

    def once(request, **_given):
        if request.method == "PUT" and not sent:
            sent.append(request.url)
            in_a_thread(work)

    events = get_bucket_client().meta.events
    events.register("before-send.s3", once)
    try:
        yield
    finally:
        events.unregister("before-send.s3", once)


def test_a_public_file_that_is_deleted_while_it_moves_goes_then_and_not_with_the_next_of_its_name(
    committed, rooms, acme, globex, settings
):
    names: list[str] = []

    def delete_and_save():
        with bind_tenant(acme):
            storages["default"].delete("img/a.png")
            names.append(storages["default"].save("img/a.png", ContentFile(b"next")))

    def move_it():
        settings.USE_S3_MEDIA = False
        for tenant in (acme, globex):
            kept(tenant, b"public", "img/a.png", "media")
        settings.USE_S3_MEDIA = True
        with during_the_move(delete_and_save):
            moved(acme, "bucket")

    committed(move_it)
    assert names != ["img/a.png"]
    with bind_tenant(acme):
        assert StoredObject.objects.get(name="media/img/a.png").state == "gone"
        assert read(names[0]) == b"next"
    assert acme.prefix.build_key("media/img/a.png") not in keys(acme)
    with bind_tenant(globex):
        assert read("img/a.png") == b"public"


def read(name):
    with storages["default"].open(name) as file:
        return file.read()


def test_what_a_gone_file_left_behind_is_not_removed_from_under_the_next_of_its_name(
    rooms, acme, settings
):
    settings.USE_S3_MEDIA = False
    kept(acme, b"old", "img/a.png", "media")
    with bind_tenant(acme):
        storages["default"].delete("img/a.png")
        sweep_app_files()
        gone = StoredObject.objects.filter(area="media", state="gone")
        assert gone.update(place="bucket", left_in="disk") == 1
    new = kept(acme, b"new", "img/a.png", "media")
    with bind_tenant(acme):
        move_all("disk")
        verify_bytes(new.stored_object)
        assert not StoredObject.objects.exclude(left_in="").exists()


def test_a_copy_is_not_forgotten_when_its_file_is_deleted_while_it_moves(
    came, rooms, acme, settings
):
    kept(acme, b"public", "img/a.png", "media")
    settings.USE_S3_MEDIA = False
    with bind_tenant(acme):
        file = AppFile.objects.live("media").select_related("stored_object").get()
        row = file.stored_object
        assert move(row, StoredObject.Place.DISK)
        # The app deletes it, and is killed before it is moved out of reach.
        file.mark_deleted()
        remove_left(row)
        sweep_app_files()
        assert set(StoredObject.objects.values_list("area", "state")) == {
            ("media", "gone"),
            ("private", "condemned"),
        }
    assert came()["bucket"] == set()
