"""What is committed beside a caller's transaction stays, and nothing else of it does."""

import pytest
from django.db import OperationalError, transaction

from tenants.binding import bind_tenant, connection
from tenants.models import Quota
from tenants.transactions import (
    in_callers_transaction,
    one_second_connection,
    own_transaction,
    waited_too_long,
    waiting_at_most,
)
from tests.media_core.conftest import set_quota

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
        with own_transaction():
            set_quota(acme, 7)
            assert quota_of(globex) != 8

    def each():
        with bind_tenant(acme):
            rolled_back(work)
            return quota_of(acme), quota_of(globex)

    assert committed(each) == (7, None)


def test_it_goes_when_its_own_block_fails_and_the_caller_goes_on(committed, acme, globex):
    def failing():
        with own_transaction():
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
        with bind_tenant(tenant), own_transaction(), connection.cursor() as cursor:
            cursor.execute("SELECT current_schema()")
            return cursor.fetchone()[0]

    def each():
        with bind_tenant(globex), transaction.atomic(), one_second_connection():
            found = [schema(tenant) for tenant in (acme, globex, acme)]
            assert connection.schema_name == globex.schema_name
            return found

    assert committed(each) == [acme.schema_name, globex.schema_name, acme.schema_name]


def test_no_connection_is_left_open(committed, acme):
    def each():
        before = connections_to_the_database()
        with bind_tenant(acme), transaction.atomic():
            for _ in range(5):
                with own_transaction():
                    assert connections_to_the_database() == before + 1
            with one_second_connection():
                for _ in range(3):
                    with own_transaction():
                        set_quota(acme, 7)
        return connections_to_the_database() - before

    assert committed(each) == 0


def test_outside_of_a_transaction_it_needs_no_second_connection(committed, acme):
    def each():
        with bind_tenant(acme):
            connection.ensure_connection()
            own = connection.connection
            with one_second_connection(), own_transaction():
                assert connection.connection is own
                assert connection.in_atomic_block

    committed(each)


def test_the_transaction_of_a_test_is_no_callers(acme):
    assert connection.in_atomic_block
    assert not in_callers_transaction()
    with transaction.atomic():
        assert not in_callers_transaction()


def test_what_the_caller_holds_is_waited_for_only_so_long(committed, acme):
    def wait():
        with own_transaction(), waiting_at_most(50):
            set_quota(acme, 8)

    def each():
        with bind_tenant(acme), transaction.atomic():
            set_quota(acme, 7)
            with pytest.raises(OperationalError) as caught:
                wait()
            assert waited_too_long(caught.value)
        return quota_of(acme)

    assert committed(each) == 7
