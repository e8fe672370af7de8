"""An app that deletes a file and saves another under its name, in one transaction, gets that name."""

import pytest
from django.core.files.storage import storages
from django.db import transaction

from media_core.upkeep.sweeping import sweep_room
from tenants.binding import bind_tenant
from tests.media_core.app_files.conftest import (
    AREA_OF,
    agree,
    failing_at,
    file_of,
    grow_all_old,
    row_of,
    save,
    states,
    undone,
)
from tests.media_core.conftest import books, in_a_thread
from tests.media_core.documents.conftest import seen_by_a_stranger
from tests.media_core.uploads.conftest import keys
from tests.wire import bucket_requests

pytestmark = pytest.mark.django_db


def read(alias, name):
    with storages[alias].open(name) as file:
        return file.read()


def read_as_stranger(tenant, name):
    return seen_by_a_stranger(tenant.prefix.build_key(f"media/{name}"))


def replace(alias, name, body=b"the new one"):
    storages[alias].delete(name)
    assert save(alias, name, body) == name


def test_it_has_the_name_and_its_bytes_at_once(alias, folder, committed, acme, globex):
    name = f"{folder}/thumb.png"

    def each():
        before = keys(acme)
        for tenant in (acme, globex):
            with bind_tenant(tenant):
                save(alias, name)
        with bind_tenant(acme):
            with transaction.atomic():
                replace(alias, name)
                assert read(alias, name) == b"the new one"
            assert read(alias, name) == b"the new one"
            assert row_of(name, state="saved").area == AREA_OF[alias]
            if alias == "default":
                assert read_as_stranger(acme, name) == b"the new one"
        with bind_tenant(globex):
            assert read(alias, name) == b"bytes"
        agree(acme, before)
        assert books(acme) == (11, 0)

    committed(each)


@pytest.fixture
def on_disk(settings, tmp_path):
    settings.USE_S3_MEDIA, settings.DISK_MEDIA_ROOT = False, str(tmp_path)


@pytest.mark.usefixtures("on_disk")
def test_on_disk_it_has_them_too(alias, folder, committed, acme):
    name = f"{folder}/thumb.png"

    def each():
        with bind_tenant(acme):
            save(alias, name)
            with transaction.atomic():
                replace(alias, name)
            assert read(alias, name) == b"the new one"
            assert row_of(name, state="saved").area == AREA_OF[alias]
        assert books(acme) == (11, 0)

    committed(each)


def test_until_the_commit_others_have_the_old_one(alias, folder, committed, acme):
    name = f"{folder}/x"

    def read_bound():
        with bind_tenant(acme):
            return read(alias, name)

    def each():
        with bind_tenant(acme):
            save(alias, name)
            with transaction.atomic():
                replace(alias, name)
                assert in_a_thread(read_bound) == b"bytes"
                if alias == "default":
                    assert read_as_stranger(acme, name) == b"bytes"
            assert in_a_thread(read_bound) == b"the new one"

    committed(each)


def test_a_rollback_leaves_the_old_one_and_the_sweep_removes_the_new(
    alias, folder, committed, acme
):
    name = f"{folder}/x"

    def each():
        before = keys(acme)
        with bind_tenant(acme):
            save(alias, name)
            with undone():
                replace(alias, name)
            assert read(alias, name) == b"bytes"
            assert len(keys(acme) - before) == 2
        agree(acme, before)
        with bind_tenant(acme):
            assert states(name) == [(AREA_OF[alias], "saved")]
        assert books(acme) == (5, 0)

    committed(each)


def test_it_may_be_replaced_many_times_in_one_transaction(alias, folder, committed, acme):
    name = f"{folder}/x"

    def each():
        before = keys(acme)
        with bind_tenant(acme):
            save(alias, name)
            with transaction.atomic():
                for number in range(3):
                    replace(alias, name, str(number).encode())
            assert read(alias, name) == b"2"
            assert [state for _, state in states(name)] == ["deleted"] * 3 + ["saved"]
        agree(acme, before)
        assert books(acme) == (1, 0)

    committed(each)


def test_a_name_that_was_deleted_before_the_transaction_is_taken_as_ever(folder, committed, acme):
    name = f"{folder}/x"

    def each():
        with bind_tenant(acme):
            storages["default"].delete(save("default", name))
            with transaction.atomic(), bucket_requests() as requests:
                assert save("default", name) == name
            assert [request.method for request in requests] == ["PUT"]

    committed(each)


@pytest.mark.parametrize("operation", ["CopyObject", "DeleteObject"])
def test_what_the_bucket_did_not_do_after_the_commit_is_done_by_the_sweep(
    operation, folder, committed, acme, caplog
):
    name = f"{folder}/x"

    def each():
        before = keys(acme)
        with bind_tenant(acme):
            save("default", name)
            mend = failing_at([operation])
            with transaction.atomic():
                replace("default", name)
            mend()
            assert "is left to the sweep" in caplog.text
            assert read("default", name) == b"the new one"
            grow_all_old()
            assert sweep_room()
            assert read_as_stranger(acme, name) == b"the new one"
        agree(acme, before)

    committed(each)


def test_what_a_suspended_tenant_saved_is_shown_by_no_sweep(folder, committed, acme):
    name = f"{folder}/x"

    def each():
        with bind_tenant(acme):
            save("default", name)
            mend = failing_at(["CopyObject"])
            with transaction.atomic():
                replace("default", name)
            mend()
            acme.status = acme.Status.SUSPENDED
            acme.save()
        try:
            with bind_tenant(acme, even_suspended=True):
                sweep_room()
                assert file_of(name, state="saved").stored_object.area == "private"
                assert read_as_stranger(acme, name) is None
        finally:
            acme.status = acme.Status.ACTIVE
            acme.save()

    committed(each)
