"""Eight threads for two tenants that hold the same primary keys: none ever gets the other's."""

import random
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from media_core.documents.models import AccessEvent, Document
from media_core.documents.open import open_document
from media_core.ledger.models import StoredObject
from media_core.storages.presigned import presign_get
from media_core.storages.shared_bucket import get_bucket_storage
from tenants.binding import bind_tenant, bound_tenant
from tenants.models import Tenant
from tenants.people.identity import Member
from tenants.people.models import Role
from tests.media_core.conftest import document_row, stored_row

pytestmark = pytest.mark.django_db
THREADS = 8
MEMBER = Member(uuid.uuid4(), "Somebody", Role.VIEWER)
DOCUMENT, STORED = uuid.uuid4(), uuid.uuid4()


def opened(_: Tenant) -> str:
    return open_document(DOCUMENT, MEMBER)[1]


def listed(_: Tenant) -> str:
    return " ".join(Document.objects.values_list("title", flat=True))


def signed(_: Tenant) -> str:
    return presign_get(StoredObject.objects.get(), file_name="x.pdf")


def located(_: Tenant) -> str:
    return get_bucket_storage(StoredObject.Area.PRIVATE)._normalize_name("x.pdf")


def after_the_others_binding(other: Tenant) -> str:
    """Look into the other's room, and come back."""
    with bind_tenant(other):
        Document.objects.count()
    return listed(other) + bound_tenant().location_prefix


WORKS: list[Callable[[Tenant], str]] = [opened, listed, signed, located, after_the_others_binding]


@pytest.fixture
def _threads_alternate_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_threads_alternate_often")
@pytest.mark.parametrize("operations", [100, pytest.param(500, marks=pytest.mark.slow)])
def test_no_thread_gets_what_is_another_tenants(operations, committed, acme, globex):
    def prepare() -> None:
        for tenant in (acme, globex):
            with bind_tenant(tenant):
                document_row(tenant.name, id=DOCUMENT, original=stored_row(id=STORED))

    committed(prepare)
    start = threading.Barrier(THREADS)

    def work(number: int) -> Counter[str]:
        choose, done = random.Random(number), Counter[str]()  # noqa: S311 - the same every time
        start.wait()
        for _ in range(operations):
            ours, other = choose.sample([acme, globex], 2)
            operation = choose.choice(WORKS)
            with bind_tenant(ours):
                said = operation(other).lower()
            assert ours.name.lower() in said
            assert other.name.lower() not in said
            done[f"{operation.__name__} {ours.name}"] += 1
        connection.close()
        return done

    with ThreadPoolExecutor(THREADS) as pool:
        done = sum(pool.map(work, range(THREADS)), Counter[str]())
    assert done.total() == THREADS * operations
    for tenant in (acme, globex):
        assert committed(lambda tenant=tenant: events_of(tenant)) == done[f"opened {tenant.name}"]


def events_of(tenant: Tenant) -> int:
    with bind_tenant(tenant):
        return int(AccessEvent.objects.count())
