"""A deleted file is gone for everybody at once; its bytes are kept for a while, and counted as long."""

import uuid

import pytest
from django.conf import settings as django_settings
from django.core.files.storage import storages
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from media_core.app_files.sweeping import sweep_app_files
from media_core.bucket.client import get_anonymous_client
from media_core.errors import ObjectMissing, UploadLost
from media_core.ledger.models import StoredObject
from media_core.storages.object_copies import remove_object
from media_core.storages.tenant_storage import find_storage
from media_core.upkeep.app_takedown import bring_file_back, take_file_down
from media_core.upkeep.sweeping import sweep_room
from tenants.binding import bind_tenant
from tests.media_core.app_files.conftest import (
    AREA_OF,
    agree,
    at_once,
    deleted_days_ago,
    failing_at,
    file_of,
    row_of,
    save,
    states,
    undone,
)
from tests.media_core.bucket.conftest import at, once
from tests.media_core.conftest import books, end_removals, in_a_thread
from tests.media_core.uploads.conftest import keys
from tests.wire import bucket_requests

pytestmark = pytest.mark.django_db


def strangers_see(key):
    try:
        get_anonymous_client().head_object(Bucket=django_settings.BUCKET_NAME, Key=key)
    except get_anonymous_client().exceptions.ClientError:
        return False
    return True


def test_a_deleted_file_is_gone_at_once_and_its_bytes_are_kept(alias, folder, committed, acme):
    name = f"{folder}/x"

    def each():
        before = keys(acme)
        with bind_tenant(acme):
            row = row_of(save(alias, name))
            assert strangers_see(row.key) == (alias == "default")
            storages[alias].delete(name)
            assert not storages[alias].exists(name)
            assert storages[alias].listdir(folder) == ([], [])
            assert not strangers_see(row.key)
            kept = row_of(name, state="deleted")
            assert kept.state == "condemned"
            assert kept.name.startswith("private/app/")
            with find_storage(kept).read(kept) as body:
                assert body.read() == b"bytes"
            assert keys(acme) - before == {kept.key}
        assert books(acme) == (0, 0)
        agree(acme, before)

    committed(each)


def test_a_rollback_brings_a_deleted_file_back(alias, folder, committed, acme):
    name = f"{folder}/x"

    def each():
        with bind_tenant(acme):
            save(alias, name)
            with bucket_requests() as requests, undone():
                storages[alias].delete(name)
                assert not storages[alias].exists(name)
            assert requests == []
            with storages[alias].open(name) as file:
                assert file.read() == b"bytes"
            assert states(name) == [(AREA_OF[alias], "saved")]

    committed(each)


def test_a_public_file_is_deleted_after_the_commit_in_the_room_it_was_in(
    folder, committed, acme, globex
):
    name = f"{folder}/x"

    def each():
        for tenant in (acme, globex):
            with bind_tenant(tenant):
                save("default", name)
        with transaction.atomic(), bind_tenant(globex), bind_tenant(acme):
            storages["default"].delete(name)
        with bind_tenant(acme):
            assert states(name) == [("private", "deleted")]
        with bind_tenant(globex):
            assert states(name) == [("media", "saved")]

    committed(each)


@pytest.fixture(params=[0, 7, 30])
def days(request, settings):
    settings.RETENTION_DAYS = request.param
    return request.param


def test_bytes_go_when_they_were_kept_long_enough(days, alias, committed, acme, globex):
    name = f"{uuid.uuid4().hex}/x"

    def each():
        before = keys(acme)
        for tenant in (acme, globex):
            with bind_tenant(tenant):
                storages[alias].delete(save(alias, name))
                deleted_days_ago(days + 0.1 if tenant == acme else days - 0.1)
        with bind_tenant(acme):
            row = row_of(name, state="deleted")
            assert sweep_room(dry_run=True) == [row]
            assert sweep_room() == [row]
            assert sweep_room() == []
            assert states(name) == []
        assert (keys(acme) - before, books(acme)) == (set(), (0, 0))
        with bind_tenant(globex):
            assert sweep_room() == []
            assert row_of(name).state == "condemned"
        assert books(globex) == (0, 0)

    committed(each)


def test_a_deleted_private_file_of_the_name_stays_apart_from_the_next(folder, acme):
    name = f"{folder}/x"
    with bind_tenant(acme):
        save("private", name, b"first")
        storages["private"].delete(name)
        assert save("private", name, b"second") == name
        sweep_room()
        deleted_days_ago(36)
        assert len(sweep_room()) == 1
        with storages["private"].open(name) as file:
            assert file.read() == b"second"
    assert books(acme) == (6, 0)


def test_a_grave_keeps_no_private_name_from_being_taken(folder, committed, acme):
    name = f"{folder}/x"

    def each():
        with bind_tenant(acme):
            save("private", name, b"private")
            storages["default"].delete(save("default", name, b"public"))
            assert states(name) == [("private", "saved"), ("private", "deleted")]
            with storages["private"].open(name) as file:
                assert file.read() == b"private"

    committed(each)


# --- when the bucket does not answer, or lost the object


@pytest.mark.parametrize("operation", ["CopyObject", "DeleteObject"])
def test_what_the_bucket_did_not_do_is_done_by_the_sweep(
    operation, folder, committed, acme, caplog
):
    name = f"{folder}/x"

    def each():
        before = keys(acme)
        with bind_tenant(acme):
            row = row_of(save("default", name))
            mend = failing_at([operation])
            storages["default"].delete(name)
            mend()
            assert not storages["default"].exists(name)
            assert strangers_see(row.key)
            assert "is left to the sweep" in caplog.text
            assert books(acme) == (5, 0)
            assert sweep_room(dry_run=True)
            assert sweep_room()
            assert not strangers_see(row.key)
        agree(acme, before)
        with bind_tenant(acme):
            assert states(name) == [("private", "deleted")]
        assert books(acme) == (0, 0)

    committed(each)


def test_a_deleted_public_file_whose_bytes_are_lost_leaves_nothing(folder, committed, acme):
    name = f"{folder}/x"

    def each():
        before = keys(acme)
        with bind_tenant(acme):
            row = row_of(save("default", name))
            find_storage(row).remove(row)
            storages["default"].delete(name)
            assert StoredObject.objects.get(pk=row.pk).state == "gone"
        agree(acme, before)
        assert books(acme) == (0, 0)

    committed(each)


def test_a_bucket_that_names_the_copy_otherwise_has_it_read_back(folder, committed, acme):
    name = f"{folder}/x"

    def each():
        with bind_tenant(acme):
            row = row_of(save("default", name))
            StoredObject.objects.filter(pk=row.pk).update(etag="as another bucket says it")
            with bucket_requests() as requests:
                storages["default"].delete(name)
            assert [request.method for request in requests] == [
                "PUT",
                "GET",
                "HEAD",
                "GET",
                "DELETE",
            ]
            assert states(name) == [("private", "deleted")]

    committed(each)


def test_a_copy_with_other_bytes_takes_nobodys_place(folder, committed, acme, caplog):
    name = f"{folder}/x"

    def each():
        before = keys(acme)
        with bind_tenant(acme):
            row = row_of(save("default", name))
            StoredObject.objects.filter(pk=row.pk).update(etag="other", sha256="0" * 64)
            storages["default"].delete(name)
            assert StoredObject.objects.get(pk=row.pk).state == "stored"
            assert [one.pk for one in sweep_app_files(dry_run=True)] == [file_of(name).pk]
            assert sweep_app_files() == []
            assert strangers_see(row.key)
            StoredObject.objects.filter(pk=row.pk).update(sha256=row.sha256)
        agree(acme, before)

    committed(each)


# --- beside each other


def test_of_many_who_delete_a_file_each_succeeds_and_one_copy_is_kept(
    alias, folder, committed, acme
):
    name = f"{folder}/x"

    def deleting():
        with bind_tenant(acme):
            storages[alias].delete(name)

    def sweeping():
        with bind_tenant(acme):
            sweep_room()

    def saved():
        with bind_tenant(acme):
            save(alias, name)

    before = keys(acme)
    committed(saved)
    done = at_once([deleting] * 4 + [sweeping] * 2)
    assert done == [None] * 6
    committed(lambda: agree(acme, before))
    with bind_tenant(acme):
        assert states(name) == [("private", "deleted")]
    assert committed(lambda: books(acme)) == (0, 0)


def test_whoever_comes_late_to_remove_an_object_leaves_the_next_one_of_its_name_alone(
    folder, committed, acme
):
    name = f"{folder}/x"

    def each():
        with bind_tenant(acme):
            old = row_of(save("default", name))
            mend = failing_at(["DeleteObject"])
            storages["default"].delete(name)
            mend()
            late = StoredObject.objects.get(pk=old.pk)
            assert late.state == "condemned"
            in_a_thread(lambda: others_sweep(acme))
            assert save("default", name, b"the next") == name
            assert not remove_object(late)
            with storages["default"].open(name) as file:
                assert file.read() == b"the next"

    committed(each)


def test_while_one_removes_an_object_nobody_else_does_and_its_name_is_not_free(
    folder, committed, acme, globex
):
    name, seen = f"{folder}/x", []

    def meanwhile():
        with bind_tenant(acme):
            row = StoredObject.objects.get(name=f"media/{name}", state="condemned")
            seen.append((remove_object(row), save("default", name)))

    def each():
        with bind_tenant(acme):
            save("default", name)
            with at("before-send.s3.DeleteObject", once(lambda: in_a_thread(meanwhile))):
                storages["default"].delete(name)
            return save("default", name)

    assert committed(each) == name
    ((was_removed, other_name),) = seen
    assert not was_removed
    assert other_name != name


def test_a_removal_that_was_killed_is_done_by_the_sweep_when_its_time_is_over(
    folder, committed, acme
):
    def each():
        with bind_tenant(acme):
            row = row_of(save("default", f"{folder}/x"))
            assert row.condemn()
            assert row.claim_removal()
            assert sweep_room() == []
            assert row.key in keys(acme)
            end_removals()
            assert sweep_room() == [row]
            assert row.key not in keys(acme)

    committed(each)
    # The sweep asked for another one, at the end of that time.
    assert ProcrastinateJob.objects.filter(
        queue_name="sweep.v1", scheduled_at__gt=timezone.now()
    ).exists()


def test_a_public_copy_that_is_given_up_late_does_not_take_the_next_file_of_its_name_along(
    folder, committed, acme, globex
):
    """The file is deleted while it is shown again. Before its copy is removed, a sweep and another file come."""
    name, names = f"{folder}/x", []

    def delete():
        with bind_tenant(acme):
            storages["default"].delete(name)

    def save_the_next():
        with bind_tenant(acme):
            sweep_room()
            names.append(save("default", name, b"the next"))

    def each():
        with bind_tenant(acme):
            save("default", name)
            file = file_of(name)
            take_file_down(file.pk)
            with (
                at("before-send.s3.CopyObject", once(lambda: in_a_thread(delete))),
                at("before-send.s3.DeleteObject", once(lambda: in_a_thread(save_the_next))),
                pytest.raises(UploadLost),
            ):
                bring_file_back(file.pk)
            with storages["default"].open(names[0]) as found:
                return found.read()

    assert committed(each) == b"the next"


def others_sweep(tenant):
    with bind_tenant(tenant):
        assert sweep_room()


def test_the_command_sweeps_files_of_apps_and_says_what_it_would(alias, folder, acme, capsys):
    with bind_tenant(acme):
        storages[alias].delete(save(alias, f"{folder}/x"))
        sweep_room()
        deleted_days_ago(36)
    call_command("sweep_uploads", "--dry-run", "--tenant", "acme/")
    assert "Would remove 1 object(s) of 1 tenant(s)." in capsys.readouterr().out
    call_command("sweep_uploads", "--tenant", "acme/")
    assert "Removed 1 object(s) of 1 tenant(s)." in capsys.readouterr().out


def test_a_lost_deleted_object_does_not_stop_a_sweep(folder, acme):
    with bind_tenant(acme):
        names = [save("private", f"{folder}/{number}") for number in range(2)]
        rows = [row_of(name) for name in names]
        for name in names:
            storages["private"].delete(name)
        sweep_room()
        find_storage(rows[0]).remove(rows[0])
        with pytest.raises(ObjectMissing), find_storage(rows[0]).read(rows[0]):
            pass
        deleted_days_ago(36)
        assert len(sweep_room(dry_run=True)) == 1
        sweep_room()
        assert {StoredObject.objects.get(pk=row.pk).state for row in rows} == {"gone"}
    assert books(acme) == (0, 0)
