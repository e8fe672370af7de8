"""One contract for every storage of a room: objects by their rows, and names by Django's own words."""

from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError
from django.core.files.base import ContentFile

from media_core.errors import ObjectDiffers, ObjectMissing
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import (
    find_storage,
    get_tenant_storage,
    remove_everywhere,
    verify_bytes,
)
from tenants.binding import bind_tenant
from tenants.errors import KeyOutsidePrefix, NameRefused, RowOfAnotherTenant
from tests.contracts.conftest import digest
from tests.media_core.conftest import content

pytestmark = pytest.mark.django_db
AREAS = list(StoredObject.Area)
TEXTS = [b"x", b"0123456789" * 250_000]


@pytest.fixture
def room(place, acme, globex, request):
    """Return the storage of an area of a tenant's room, as Django's words find it."""
    test = f"{abs(hash(request.node.nodeid)):x}"

    def storage(tenant=acme, area="private") -> Any:
        with bind_tenant(tenant):
            found: Any = get_tenant_storage(area, place)
        # Names of this test alone: the bucket outlives it.
        found.of_this_test = lambda name: f"{test}/{name}"
        return found

    return storage


# --- by rows, as the flows do


@pytest.mark.parametrize("body", TEXTS, ids=["small", "large"])
def test_what_is_put_is_read_back(body, kept, acme):
    row = kept(body)
    with bind_tenant(acme), find_storage(row).read(row) as there:
        assert there.read() == body


def test_it_is_read_in_pieces(kept, acme):
    row = kept(b"0123456789")
    with bind_tenant(acme), find_storage(row).read(row) as there:
        assert [there.read(4), there.read(4), there.read(4), there.read(4)] == [
            b"0123", b"4567", b"89", b"",
        ]  # fmt: skip


def test_put_tells_an_etag_that_the_row_can_keep(kept):
    assert 0 < len(kept().etag) <= 80


def test_a_retry_of_the_same_bytes_is_fine(kept, acme):
    row = kept(b"the same")
    with bind_tenant(acme):
        etag = find_storage(row).put(row, BytesIO(b"the same"), file_name="x.pdf")
        verify_bytes(row)
    assert etag == row.etag


def test_what_is_missing_is_said_to_be(kept, acme):
    row = kept()
    with bind_tenant(acme):
        find_storage(row).remove(row)
        with pytest.raises(ObjectMissing), find_storage(row).read(row) as there:
            there.read()


def test_removing_twice_is_as_good_as_once(kept, acme, globex):
    row, others = kept(), [kept(), kept(tenant=globex)]
    with bind_tenant(acme):
        find_storage(row).remove(row)
        find_storage(row).remove(row)
        remove_everywhere(row)
        verify_bytes(others[0])
    with bind_tenant(globex):
        verify_bytes(others[1])


def test_the_same_bytes_pass_the_proof_and_others_do_not(kept, acme):
    row = kept(b"as sent")
    with bind_tenant(acme):
        verify_bytes(row)
        row.sha256 = digest(b"as said")
        with pytest.raises(ObjectDiffers):
            verify_bytes(row)


@pytest.mark.parametrize(("source", "target"), [("private", "media"), ("media", "private")])
def test_copies_from_one_area_into_the_other(source, target, kept, acme):
    row = kept(b"to be copied", area=source)
    with bind_tenant(acme):
        copy = StoredObject.objects.create_pending(content("x.pdf", 12), area=target)
        copy.sha256 = row.sha256
        copy.etag = find_storage(copy).copy(row, copy, file_name="x.pdf")
        find_storage(row).remove(row)
        verify_bytes(copy)


def test_a_missing_object_cannot_be_copied(kept, acme):
    row = kept()
    with bind_tenant(acme):
        find_storage(row).remove(row)
        copy = StoredObject.objects.create_pending(content(), area="media")
        with pytest.raises(ObjectMissing):
            find_storage(copy).copy(row, copy, file_name="x.pdf")
        with pytest.raises(ObjectMissing), find_storage(copy).read(copy) as there:
            there.read()


@pytest.mark.parametrize("operation", ["put", "remove", "read"])
def test_the_row_of_another_room_or_area_is_refused(operation, kept, room, acme, globex):
    ours, foreign = kept(), kept(tenant=globex)
    words = {
        "put": lambda storage, row: storage.put(row, BytesIO(b"evil"), file_name="x"),
        "remove": lambda storage, row: storage.remove(row),
        "read": lambda storage, row: storage.read(row).__enter__(),
    }
    with bind_tenant(acme):
        with pytest.raises(RowOfAnotherTenant):
            words[operation](room(), foreign)
        for storage in (room(globex), room(acme, "media")):
            with pytest.raises(ValueError, match="not in the"):
                words[operation](storage, ours)
        verify_bytes(ours)


# --- by names, as Django does


def test_every_operation_stays_in_its_room_and_area(room, acme, globex):
    stores = [room(tenant, area) for tenant in (acme, globex) for area in AREAS]
    name = stores[0].of_this_test("a/x.txt")
    for number, storage in enumerate(stores):
        assert storage.save(name, ContentFile(b"x" * (number + 1))) == name
    stores[0].delete(name)
    assert [storage.exists(name) for storage in stores] == [False, True, True, True]
    assert [storage.size(name) for storage in stores[1:]] == [2, 3, 4]
    with stores[3].open(name) as file:
        assert file.read() == b"xxxx"


@pytest.mark.parametrize("mode", ["w", "wb", "ab", "r+b", "r", "rw"])
def test_only_opens_for_reading_bytes(mode, room):
    with pytest.raises(ValueError, match="rb"):
        room().open("x.txt", mode)


def test_a_missing_name_cannot_be_opened_and_can_be_deleted(room):
    storage = room()
    with pytest.raises(FileNotFoundError):
        storage.open(storage.of_this_test("missing.txt"))
    storage.delete(storage.of_this_test("missing.txt"))
    assert not storage.exists(storage.of_this_test("missing.txt"))


def test_a_failing_source_leaves_no_object(room):
    class Torn(ContentFile):  # type: ignore[type-arg]  # Django's is not generic when it runs
        def read(self, *_: int) -> bytes:
            raise OSError("The disk is gone.")

    storage = room()
    # Where a signature does not cover the bytes they are read on their way, and boto says what became of its line.
    with pytest.raises((OSError, BotoCoreError), match=r"gone|closed"):
        storage.save(storage.of_this_test("torn.bin"), Torn(b"x" * 100))
    assert not storage.exists(storage.of_this_test("torn.bin"))


def test_a_private_storage_gives_no_link_by_name(room):
    with pytest.raises(TypeError, match="for a row that somebody may read"):
        room().url("x.txt")


def test_a_name_that_is_too_long_for_its_column_is_refused(room):
    with pytest.raises(NameRefused):
        room().save("x" * 101, ContentFile(b"x"), max_length=100)


HOSTILE = [
    "../globex/private/x", "../../globex/private/x", "..\\..\\globex\\private\\x", "a/../../../globex/private/x",
    "..", ".", "", "/", "/globex/private/x", "a//b", "a/", "a/./b", "a\\b", "a\x00b", "a\nb", "a\x7fb", "\ud800",
    "x" * 1000, "é" * 500,
]  # fmt: skip
OPERATIONS = {
    "save": lambda storage, name: storage.save(name, ContentFile(b"x")),
    "open": lambda storage, name: storage.open(name),
    "exists": lambda storage, name: storage.exists(name),
    "size": lambda storage, name: storage.size(name),
    "delete": lambda storage, name: storage.delete(name),
    "modified": lambda storage, name: storage.get_modified_time(name),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_hostile_name_is_refused_by_every_operation(operation, name, room):
    refused = (KeyOutsidePrefix, NameRefused, ValueError)
    with pytest.raises(Exception, match=r".") as caught:
        OPERATIONS[operation](room(), name)
    assert isinstance(caught.value, refused) or "Suspicious" in caught.typename


ODD = [
    "%2e%2e", "..x", "x..", "...", "a b", "~", "+", ".htaccess", "Übersicht.pdf", "日本語", "שלום", "👩🏽‍🚀", "CON",
    "a;b", "a&b=c", "a'b\"c", "x" * 200,
]  # fmt: skip


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_an_odd_name_stays_inside_and_keeps_its_bytes(name, room, acme, globex):
    storage, other = room(), room(globex)
    storage.save(storage.of_this_test(name), ContentFile(name.encode()))
    with storage.open(storage.of_this_test(name)) as file:
        assert file.read().decode() == name
    assert not other.exists(storage.of_this_test(name))
