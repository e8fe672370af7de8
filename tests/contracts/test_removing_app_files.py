"""A public name may be used again, and a restored database does not know by whom: only its own bytes are removed."""

import uuid
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from media_core.app_files.incoming import receive_file
from media_core.app_files.ledger import reserve_name
from media_core.app_files.models import AppFile
from media_core.app_files.moving import move_to_private, move_to_public
from media_core.errors import ObjectMissing, PublicNameTaken
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import find_storage
from media_core.upkeep.sweeping import sweep_room
from tenants.binding import bind_tenant
from tests.media_core.app_files.conftest import file_of, row_of, save
from tests.media_core.conftest import grow_old

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("place")]
NEWER = [pytest.param(b"newer", id="of its size"), pytest.param(b"longer bytes", id="of another")]


@pytest.fixture
def name():
    return f"{uuid.uuid4().hex}/logo.png"


def condemn(name: str) -> StoredObject:
    """Leave a public object that is condemned, and due, under its name, as a kill before its removal does."""
    row = row_of(save("default", name, b"older"))
    AppFile.objects.filter(stored_object=row).delete()
    assert row.condemn()
    return row


def abandon(name: str) -> StoredObject:
    """Leave an object whose PUT came to its end though it failed here."""
    with receive_file(ContentFile(b"older")) as body:
        file = reserve_name(storages["default"], "media", name, received=body, max_length=None)
        find_storage(file.stored_object).put(file.stored_object, body.body, file_name="logo.png")
    assert file.stored_object.abandon()
    AppFile.objects.filter(pk=file.pk).delete()
    grow_old(file.stored_object)
    return file.stored_object


LEAVE = pytest.mark.parametrize("leave", [condemn, abandon])


def save_past_the_ledger(row: StoredObject, body: bytes) -> None:
    """Give its key to a file that was saved, and whose rows the database has not any more."""
    storage: Any = find_storage(row)
    storage.delete(row.name.removeprefix("media/"))
    storage.save(row.name.removeprefix("media/"), ContentFile(body))


def read(row: StoredObject) -> bytes:
    with find_storage(row).read(row) as body:
        return body.read()


def is_gone(row: StoredObject) -> bool:
    try:
        read(row)
    except ObjectMissing:
        return True
    return False


@LEAVE
@pytest.mark.parametrize("newer", NEWER)
def test_the_sweep_leaves_the_bytes_of_a_newer_file_alone(leave, newer, name, acme, globex):
    with bind_tenant(acme):
        row = leave(name)
        save_past_the_ledger(row, newer)
        assert sweep_room() == []
        assert StoredObject.objects.get(pk=row.pk).state == "gone"
        assert read(row) == newer
    with bind_tenant(globex):
        others = leave(name)
        assert sweep_room() == [others]
        assert is_gone(others)
    with bind_tenant(acme):
        assert read(row) == newer


@LEAVE
def test_its_own_bytes_are_removed(leave, name, acme, globex):
    with bind_tenant(globex):
        others = row_of(save("default", name, b"older"))
    with bind_tenant(acme):
        row = leave(name)
        assert sweep_room() == [row]
        assert is_gone(row)
    with bind_tenant(globex):
        assert read(others) == b"older"


@LEAVE
def test_its_own_bytes_are_removed_before_a_file_gets_the_name_back(leave, name, acme, globex):
    with bind_tenant(globex):
        others = row_of(save("default", name, b"older"))
    with bind_tenant(acme):
        row, file = leave(name), hide_file(name)
        move_to_public(file)
        assert StoredObject.objects.get(pk=row.pk).state == "gone"
        assert read(file.stored_object) == b"shown"
    with bind_tenant(globex):
        assert read(others) == b"older"


@LEAVE
@pytest.mark.parametrize("newer", NEWER)
def test_a_file_gets_its_name_back_only_where_no_newer_file_has_it(
    leave, newer, name, acme, globex
):
    with bind_tenant(acme):
        row, file = leave(name), hide_file(name)
        save_past_the_ledger(row, newer)
        with pytest.raises(PublicNameTaken):
            move_to_public(file)
        assert StoredObject.objects.get(pk=row.pk).state == "gone"
        assert read(row) == newer
        assert read(file_of(name).stored_object) == b"shown"
    with bind_tenant(globex):
        row, file = leave(name), hide_file(name)
        move_to_public(file)
        assert read(file.stored_object) == b"shown"


def hide_file(name: str) -> AppFile:
    """Return a file that is called so, and lies under `private/`."""
    file = file_of(save("default", f"{name}-hidden", b"shown"))
    move_to_private(file, state=AppFile.State.TAKEN_DOWN)
    AppFile.objects.filter(pk=file.pk).update(name=name)
    file.name = name
    return file
