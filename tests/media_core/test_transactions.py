"""What is committed beside a caller's transaction stays, and nothing else of it does."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, Event

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import DatabaseError, OperationalError, transaction

from media_core.app_files.models import AppFile
from tenants.binding import bind_tenant, connection
from tenants.database.pool import MAX_SECOND_CONNECTIONS, SECOND_CONNECTIONS
from tenants.errors import TooBusy
from tenants.models import Quota
from tenants.transactions import (
    begin_autonomous_transaction,
    is_in_outer_transaction,
    is_lock_timeout,
    limit_lock_wait,
)
from tests.media_core.conftest import set_quota
from tests.media_core.locks import wait_until_blocked

pytestmark = pytest.mark.django_db


def quota_of(tenant):
    return Quota.objects.get(tenant=tenant).quota_bytes


def connections_to_the_database():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


def rolled_back(work):
    with transaction.atomic():
        work()
        transaction.set_rollback(True)


def test_it_stays_when_the_caller_rolls_back(committed, acme, globex):
    def work():
        set_quota(globex, 8)
        with begin_autonomous_transaction():
            set_quota(acme, 7)
            assert quota_of(globex) != 8

    def each():
        with bind_tenant(acme):
            rolled_back(work)
            return quota_of(acme), quota_of(globex)

    assert committed(each) == (7, None)


def test_it_goes_when_its_own_block_fails_and_the_caller_goes_on(committed, acme, globex):
    def failing():
        with begin_autonomous_transaction():
            set_quota(acme, 7)
            raise OSError

    def each():
        with bind_tenant(acme):
            with transaction.atomic():
                with pytest.raises(OSError):  # noqa: PT011 - its own
                    failing()
                set_quota(globex, 8)
            return quota_of(acme), quota_of(globex)

    assert committed(each) == (None, 8)


def test_it_works_for_the_tenant_that_is_bound_at_each_call(committed, acme, globex):
    def schema(tenant):
        with bind_tenant(tenant), begin_autonomous_transaction(), connection.cursor() as cursor:
            cursor.execute("SELECT current_schema()")
            return cursor.fetchone()[0]

    def each():
        with bind_tenant(globex), transaction.atomic():
            found = [schema(tenant) for tenant in (acme, globex, acme)]
            assert connection.schema_name == globex.schema_name
            return found

    assert committed(each) == [acme.schema_name, globex.schema_name, acme.schema_name]


def test_blocks_one_after_the_other_share_the_few_second_connections(committed, acme, globex):
    def each():
        before = connections_to_the_database()
        for tenant in (acme, globex) * 5:
            with bind_tenant(tenant), transaction.atomic(), begin_autonomous_transaction():
                set_quota(tenant, 7)
                with begin_autonomous_transaction():
                    assert connection.schema_name == tenant.schema_name
        return connections_to_the_database() - before

    assert committed(each) <= MAX_SECOND_CONNECTIONS


def test_a_block_inside_another_one_takes_no_further_connection(committed, acme):
    def each():
        with bind_tenant(acme), transaction.atomic(), begin_autonomous_transaction():
            outer = connection.connection
            with begin_autonomous_transaction():
                assert connection.connection is outer

    committed(each)


def test_one_that_broke_is_not_used_again(committed, acme):
    def use(*, is_broken):
        with begin_autonomous_transaction(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            if is_broken:
                connection.connection.close()
            return cursor.fetchone()[0]

    def each():
        with bind_tenant(acme), transaction.atomic():
            with pytest.raises(DatabaseError):
                use(is_broken=True)
            return use(is_broken=False)

    assert committed(each)


def kill_who_is_blocked():
    wait_until_blocked()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )


def test_those_that_broke_before_they_were_used_leave_room_for_others(
    committed, acme, globex, monkeypatch
):
    monkeypatch.setitem(SECOND_CONNECTIONS, "timeout", 1)
    connection.close_pool()

    def break_one():
        with ThreadPoolExecutor(1) as pool:
            killer = pool.submit(close_after, kill_who_is_blocked)
            with pytest.raises(OperationalError), begin_autonomous_transaction():
                pass
            killer.result()

    def each():
        with bind_tenant(acme), transaction.atomic():
            with transaction.atomic(), connection.cursor() as cursor:
                # A second connection asks there whether it knows the tenant.
                cursor.execute("LOCK TABLE public.tenants_tenant IN ACCESS EXCLUSIVE MODE")
                for _ in range(MAX_SECOND_CONNECTIONS):
                    break_one()
                transaction.set_rollback(True)
            with begin_autonomous_transaction():
                set_quota(acme, 7)
        return quota_of(acme), quota_of(globex)

    assert committed(each) == (7, None)
    connection.close_pool()


def test_threads_never_need_more_than_one_each_and_a_few(committed, acme, globex):
    """Thirty at once save files inside transactions of their own, with the bytes on their way to the bucket."""
    seen, threads = [], 30

    def save(number):
        tenant = (acme, globex)[number % 2]
        with bind_tenant(tenant), transaction.atomic():
            storages["private"].save(f"many/{number}.txt", ContentFile(b"x"))
            seen.append(connections_to_the_database())

    def each():
        before = connections_to_the_database()
        with ThreadPoolExecutor(threads) as pool:
            done = list(pool.map(partial(close_after, save), range(threads)))
        assert len(done) == threads
        return before

    before = committed(each)
    assert max(seen) <= before + threads + MAX_SECOND_CONNECTIONS
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            rows = AppFile.objects.filter(state="saved", name__startswith="many/")
            assert rows.count() == threads / 2


def close_after(work, *given):
    try:
        return work(*given)
    finally:
        connection.close()


def test_who_finds_none_free_in_time_is_told_so(committed, acme, monkeypatch):
    monkeypatch.setitem(SECOND_CONNECTIONS, "timeout", 0.1)
    connection.close_pool()
    everybody_has_one, is_over = Barrier(MAX_SECOND_CONNECTIONS + 1), Event()

    def hold(_number):
        with bind_tenant(acme), transaction.atomic(), begin_autonomous_transaction():
            everybody_has_one.wait(10)
            is_over.wait(10)

    def each():
        with ThreadPoolExecutor(MAX_SECOND_CONNECTIONS) as pool:
            holders = [
                pool.submit(close_after, hold, number) for number in range(MAX_SECOND_CONNECTIONS)
            ]
            everybody_has_one.wait(10)
            with bind_tenant(acme), transaction.atomic():
                with (
                    pytest.raises(TooBusy, match="second connections"),
                    begin_autonomous_transaction(),
                ):
                    pass
                is_over.set()
                for holder in holders:
                    holder.result()
                with begin_autonomous_transaction():
                    return True

    assert committed(each)
    connection.close_pool()


def test_outside_of_a_transaction_it_needs_no_second_connection(committed, acme):
    def each():
        with bind_tenant(acme):
            connection.ensure_connection()
            own = connection.connection
            with begin_autonomous_transaction():
                assert connection.connection is own
                assert connection.in_atomic_block

    committed(each)


def test_a_transaction_that_nobody_can_roll_back_is_no_callers(acme):
    """As Django says it: a durable block may begin in it. That of a TestCase is one."""
    assert connection.in_atomic_block
    assert not is_in_outer_transaction()
    with transaction.atomic():
        assert is_in_outer_transaction()


def test_what_the_caller_holds_is_waited_for_only_so_long(committed, acme):
    def wait():
        with begin_autonomous_transaction(), limit_lock_wait(50):
            set_quota(acme, 8)

    def each():
        with bind_tenant(acme), transaction.atomic():
            set_quota(acme, 7)
            with pytest.raises(OperationalError) as caught:
                wait()
            assert is_lock_timeout(caught.value)
        return quota_of(acme)

    assert committed(each) == 7
