"""A file is the app's when the app's transaction is committed, and is known to the ledger from the first step on."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction

from media_core.app_files.incoming import receive_file
from media_core.app_files.ledger import abandon_file, reserve_name
from media_core.app_files.models import AppFile
from media_core.bucket.client import get_bucket_client
from media_core.errors import BucketUnavailable
from media_core.ledger.models import StoredObject
from media_core.upkeep.sweeping import sweep_room
from tenants.binding import bind_tenant, bound_tenant, connection
from tenants.errors import QuotaExceeded
from tests.media_core.app_files.conftest import (
    AREA_OF,
    agree,
    at_once,
    grow_all_old,
    row_of,
    save,
    states,
    undone,
)
from tests.media_core.conftest import books, in_a_thread, set_quota
from tests.media_core.locks import wait_until_blocked
from tests.media_core.test_transactions import close_after
from tests.media_core.uploads.conftest import keys
from tests.wire import bucket_requests, statements

pytestmark = pytest.mark.django_db


def test_a_save_in_a_transaction_is_the_apps_with_the_commit(alias, folder, committed, acme):
    name = f"{folder}/x"

    def seen_by_others():
        with bind_tenant(acme):
            return storages[alias].exists(name)

    def each():
        before = keys(acme)
        with bind_tenant(acme):
            with transaction.atomic():
                save(alias, name)
                assert storages[alias].exists(name)
                assert not in_a_thread(seen_by_others)
            assert in_a_thread(seen_by_others)
        agree(acme, before)
        assert books(acme) == (5, 0)

    committed(each)


def test_a_rollback_takes_the_file_back_and_the_sweep_its_object(alias, folder, committed, acme):
    name = f"{folder}/x"

    def each():
        before = keys(acme)
        with bind_tenant(acme):
            with undone():
                save(alias, name)
            assert not storages[alias].exists(name)
            assert states(name) == [(row_of(name).area, "saving")]
            assert books(acme) == (5, 0)
            # Not yet: a transaction may be open for a while.
            assert sweep_room() == []
        agree(acme, before)
        assert (books(acme), keys(acme) - before) == ((0, 0), set())

    committed(each)


def test_a_rollback_to_a_savepoint_takes_only_the_inner_file_back(alias, folder, committed, acme):
    def each():
        before = keys(acme)
        with bind_tenant(acme):
            with transaction.atomic():
                save(alias, f"{folder}/outer")
                with undone():
                    save(alias, f"{folder}/inner")
            found = [storages[alias].exists(f"{folder}/{name}") for name in ("outer", "inner")]
        assert found == [True, False]
        agree(acme, before)

    committed(each)


def test_a_file_that_a_long_transaction_may_still_claim_is_not_swept(
    alias, folder, committed, acme
):
    name = f"{folder}/x"

    def sweep_meanwhile():
        with bind_tenant(acme):
            return sweep_room()

    def each():
        before = keys(acme)
        with bind_tenant(acme):
            with transaction.atomic():
                save(alias, name)
                # In the same transaction, so that the row stays locked.
                grow_all_old()
                assert in_a_thread(sweep_meanwhile) == []
            assert storages[alias].exists(name)
        agree(acme, before)

    committed(each)


def test_the_caller_keeps_its_connection_and_its_tenant(alias, folder, committed, acme):
    def each():
        with bind_tenant(acme), transaction.atomic():
            before = (connection.connection, connection.schema_name)
            save(alias, f"{folder}/x")
            assert (connection.connection, connection.schema_name) == before
            assert connection.in_atomic_block
            assert bound_tenant() == acme

    committed(each)


def test_without_autocommit_a_save_is_safe_as_well(alias, folder, committed, acme):
    def each():
        before = keys(acme)
        with bind_tenant(acme):
            transaction.set_autocommit(False)
            try:
                save(alias, f"{folder}/x")
                transaction.rollback()
            finally:
                transaction.set_autocommit(True)
            assert not storages[alias].exists(f"{folder}/x")
        agree(acme, before)
        assert keys(acme) - before == set()

    committed(each)


def test_what_a_save_in_a_transaction_costs_the_callers_connection(alias, folder, committed, acme):
    def each():
        with bind_tenant(acme), transaction.atomic():
            save(alias, f"{folder}/before")
            with statements() as sent, bucket_requests() as requests:
                save(alias, f"{folder}/x")
        return len(sent), len(requests)

    # Whether the name is known, or was deleted here, the savepoint, the claim, its
    # release. All else is committed beside it.
    assert committed(each) == (5, 1)


# --- quota


@pytest.mark.parametrize("within", [False, True], ids=["alone", "in transactions"])
def test_of_10_who_save_exactly_those_win_that_fit(within, alias, folder, committed, acme):
    committed(lambda: set_quota(acme, 49))

    def work(number):
        def run():
            with bind_tenant(acme):
                if not within:
                    return save(alias, f"{folder}/{number}", b"0123456789")
                with transaction.atomic():
                    return save(alias, f"{folder}/{number}", b"0123456789")

        return run

    before = keys(acme)
    done = at_once([work(number) for number in range(10)])
    assert sum(isinstance(one, QuotaExceeded) for one in done) == 6
    assert sum(isinstance(one, str) for one in done) == 4
    assert committed(lambda: books(acme)) == (40, 0)
    committed(lambda: agree(acme, before))
    assert len(keys(acme) - before) == 4


def test_beyond_the_quota_nothing_is_asked_of_the_bucket(alias, acme, globex):
    set_quota(acme, 4)
    with bind_tenant(acme), bucket_requests() as requests, pytest.raises(QuotaExceeded):
        save(alias, "x", b"12345")
    with bind_tenant(acme):
        assert (requests, states("x"), books(acme)) == ([], [], (0, 0))
    with bind_tenant(globex):
        assert save(alias, "x", b"12345") == "x"


# --- a bucket that fails


@pytest.mark.parametrize("within", [False, True], ids=["alone", "in a transaction"])
def test_when_the_bucket_fails_there_is_no_file_and_the_ledger_knows(
    within, alias, folder, committed, acme
):
    name = f"{folder}/x"

    def failing(**_given):
        raise BucketUnavailable

    def each():
        before, events = keys(acme), get_bucket_client().meta.events
        with bind_tenant(acme):
            events.register("before-send.s3", failing)
            try:
                with pytest.raises(BucketUnavailable):
                    (transaction.atomic(save) if within else save)(alias, name)
            finally:
                events.unregister("before-send.s3", failing)
            assert not storages[alias].exists(name)
            assert StoredObject.objects.get().state == "abandoned"
        agree(acme, before)
        assert books(acme) == (0, 0)

    committed(each)


def test_a_save_that_fails_waits_in_no_circle_with_who_lets_go_of_its_file(
    alias, folder, committed, acme, globex
):
    """The other one holds the file's row, and takes the object's next, as a take-down does."""

    def fail(file):
        with bind_tenant(acme):
            abandon_file(file)

    def each():
        with bind_tenant(acme), ThreadPoolExecutor(1) as pool:
            with receive_file(ContentFile(b"x")) as taken:
                file = reserve_name(
                    storages[alias], AREA_OF[alias], f"{folder}/x", received=taken, max_length=None
                )
            with transaction.atomic():
                AppFile.objects.select_for_update().get(pk=file.pk)
                work = pool.submit(close_after, fail, file)
                wait_until_blocked()
                file.stored_object.abandon()
            work.result()
            grow_all_old()
            sweep_room()
            assert states(f"{folder}/x") == []
        return books(acme), books(globex)

    assert committed(each) == ((0, 0), (0, 0))
