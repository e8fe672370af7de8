"""Files of apps behave alike in the bucket and on disk, also while some are still in the other place."""

import uuid
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from media_core.app_files.incoming import receive_file
from media_core.app_files.ledger import reserve_name
from media_core.disk_files import PART_PREFIX
from media_core.errors import ObjectMissing
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import find_storage
from media_core.upkeep.sweeping import sweep_room
from tenants.binding import bind_tenant
from tests.media_core.app_files.conftest import deleted_days_ago, row_of, save, states
from tests.media_core.conftest import books, grow_old

pytestmark = pytest.mark.django_db
ALIASES = ["default", "private"]


@pytest.fixture
def folder():
    return uuid.uuid4().hex


@pytest.mark.parametrize("alias", ALIASES)
def test_what_is_saved_is_read_back_by_its_tenant_alone(alias, folder, place, acme, globex):
    with bind_tenant(acme):
        name = save(alias, f"{folder}/ü/a b.bin", b"0123456789" * 300_000)
        assert row_of(name).place == place
        with storages[alias].open(name) as file:
            assert file.read() == b"0123456789" * 300_000
    with bind_tenant(globex), pytest.raises(FileNotFoundError):
        storages[alias].open(name)


@pytest.mark.parametrize("alias", ALIASES)
def test_what_is_deleted_is_kept_apart_then_gone(alias, folder, place, acme):
    with bind_tenant(acme):
        gone, other = (save(alias, f"{folder}/{name}", name.encode()) for name in "ab")
        storages[alias].delete(gone)
        # The transaction of a test is never committed, so the object waits for the sweep.
        assert len(sweep_room()) == (alias == "default")
        kept = row_of(gone, state="deleted")
        assert kept.name.startswith("private/app/")
        with find_storage(kept).read(kept) as body:
            assert body.read() == b"a"
        if alias == "default":
            assert save(alias, gone, b"again") == gone
        deleted_days_ago(36)
        assert sweep_room() == [kept]
        with pytest.raises(ObjectMissing), find_storage(kept).read(kept) as body:
            body.read()
        with storages[alias].open(other) as file:
            assert file.read() == b"b"


@pytest.mark.parametrize("alias", ALIASES)
def test_what_is_still_in_the_other_place_is_read_and_deleted_there(
    alias, folder, place, acme, settings
):
    with bind_tenant(acme):
        name = save(alias, f"{folder}/x")
        settings.USE_S3_MEDIA = not settings.USE_S3_MEDIA
        with storages[alias].open(name) as file:
            assert file.read() == b"bytes"
        storages[alias].delete(name)
        sweep_room()
        kept = row_of(name, state="deleted")
        with find_storage(kept).read(kept) as body:
            assert body.read() == b"bytes"
        # A copy goes to where new objects go.
        assert (kept.place == place) == (alias == "private")
        deleted_days_ago(36)
        assert len(sweep_room()) == 1
    assert books(acme) == (0, 0)


@pytest.mark.parametrize("place", ["disk"], indirect=True)
def test_what_a_killed_write_left_in_a_shared_folder_goes_with_its_row_alone(
    folder, place, acme, settings
):
    here = Path(settings.DISK_MEDIA_ROOT, "acme", "media", folder)
    with bind_tenant(acme):
        save("default", f"{folder}/saved")
        rows = [killed_write(folder, here, name) for name in ("old", "young")]
        grow_old(rows[0])
        sweep_room()
        states = [StoredObject.objects.get(pk=row.pk).state for row in rows]
        assert states == ["gone", "pending"]
        assert save("default", f"{folder}/old") == f"{folder}/old"
    left = sorted(path.name for path in here.iterdir())
    assert left == [f"{PART_PREFIX}{rows[1].pk.hex}-0", "old", "saved"]


def killed_write(folder: str, here: Path, name: str) -> StoredObject:
    """Leave what a save leaves that is killed while it writes."""
    storage = storages["default"]
    with receive_file(ContentFile(b"half")) as body:
        file = reserve_name(storage, "media", f"{folder}/{name}", received=body, max_length=None)
    row = file.stored_object
    (here / f"{PART_PREFIX}{row.pk.hex}-0").write_bytes(b"ha")
    return row


@pytest.mark.parametrize("place", ["disk"], indirect=True)
def test_what_is_purged_leaves_no_folder(folder, place, acme, settings):
    with bind_tenant(acme):
        storages["private"].delete(save("private", f"{folder}/x"))
        sweep_room()
        deleted_days_ago(36)
        sweep_room()
    assert list(Path(settings.DISK_MEDIA_ROOT, "acme", "private", "app").iterdir()) == []


def test_a_folder_that_became_empty_may_be_written_to_again(folder, place, acme):
    name = f"{folder}/deep/x"
    with bind_tenant(acme):
        for _ in range(3):
            assert save("default", name) == name
            storages["default"].delete(name)
            sweep_room()
        assert states(name).count(("private", "deleted")) == 3
