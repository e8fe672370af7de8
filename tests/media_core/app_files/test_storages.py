"""The storages that an app gets by Django's own words: they know no tenant, and store under the bound one."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage, default_storage, storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.migrations.writer import MigrationWriter
from django.db.models import FileField
from django.utils import timezone

from media_core.app_files.models import AppFile
from media_core.bucket.client import get_bucket_client
from media_core.errors import ObjectMissing, UploadTooLarge
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import find_storage
from media_core.upkeep import sweeping
from tenants.binding import bind_agency, bind_tenant
from tenants.errors import (
    KeyOutsidePrefix,
    NameRefused,
    NoTenantBound,
    RowOfAnotherTenant,
    TenantSuspended,
)
from tests.media_core.app_files.conftest import (
    AREA_OF,
    deleted_days_ago,
    file_of,
    row_of,
    save,
    states,
)
from tests.media_core.conftest import books, stored_row
from tests.wire import bucket_requests, statements

pytestmark = pytest.mark.django_db


# --- which room


def test_the_same_name_is_another_file_in_each_room(alias, folder, acme, globex):
    name = f"{folder}/x.txt"
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            assert save(alias, name, tenant.name.encode()) == name
            assert row_of(name).key.startswith(f"{tenant.location_prefix}{AREA_OF[alias]}/")
    for tenant in (globex, acme, globex):
        with bind_tenant(tenant), storages[alias].open(name) as file:
            assert file.read() == tenant.name.encode()
    with bind_tenant(acme):
        storages[alias].delete(name)
        assert not storages[alias].exists(name)
    with bind_tenant(globex):
        assert storages[alias].exists(name)
        assert books(globex) == (len("Globex"), 0)


def test_threads_for_two_tenants_never_meet(alias, folder, committed, acme, globex):
    def work(number):
        tenant = (acme, globex)[number % 2]
        try:
            with bind_tenant(tenant):
                name = save(alias, f"{folder}/{number // 2}.txt", tenant.name.encode())
                with storages[alias].open(name) as file:
                    return tenant.name, name, file.read().decode()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(work, range(24)))
    expected = [
        (("Acme", "Globex")[number % 2], f"{folder}/{number // 2}.txt") for number in range(24)
    ]
    assert done == [(tenant, name, tenant) for tenant, name in expected]


def test_the_public_and_the_private_file_of_a_name_are_two(folder, acme):
    name = f"{folder}/x.txt"
    with bind_tenant(acme):
        assert [save(alias, name, alias.encode()) for alias in AREA_OF] == [name, name]
        storages["default"].delete(name)
        with storages["private"].open(name) as file:
            assert file.read() == b"private"


USES = {
    "save": lambda storage, name: storage.save(name, ContentFile(b"x")),
    "open": lambda storage, name: storage.open(name),
    "exists": lambda storage, name: storage.exists(name),
    "size": lambda storage, name: storage.size(name),
    "delete": lambda storage, name: storage.delete(name),
    "url": lambda storage, name: storage.url(name),
    "listdir": lambda storage, name: storage.listdir(name),
    "modified": lambda storage, name: storage.get_modified_time(name),
    "created": lambda storage, name: storage.get_created_time(name),
}


@pytest.mark.parametrize("use", USES)
def test_without_a_tenant_nothing_works(use, alias, db):
    with pytest.raises(NoTenantBound):
        USES[use](storages[alias], "x.txt")


@pytest.mark.parametrize("use", USES)
def test_neither_for_the_agency_nor_for_a_suspended_tenant(use, alias, hooli):
    with bind_agency(), pytest.raises(NoTenantBound):
        USES[use](storages[alias], "x.txt")
    with bind_tenant(hooli), pytest.raises(TenantSuspended):
        USES[use](storages[alias], "x.txt")


HOSTILE = [
    "../globex/private/x", "a/../../x", "..\\x", "..", ".", "", "/", "/x", "a//b", "a/", "a/./b", "a\\b", "a\0b",
    "a\nb", "\ud800", "x" * 900, "é" * 450,
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_hostile_name_is_refused_before_anything_is_asked(name, alias, acme):
    # Of these, folders may be called "" and "a/".
    uses = set(USES) - ({"listdir"} if name in {"", ".", "a/"} else set())
    with bind_tenant(acme), statements() as sent:
        for use in uses:
            with pytest.raises((NameRefused, KeyOutsidePrefix)):
                USES[use](storages[alias], name)
    assert [statement for statement in sent if "SET search_path" not in statement] == []


# --- what may stand in code


def chosen_later() -> Storage:
    return storages["private"]


def test_a_field_brings_no_tenant_and_no_secret_into_a_migration(acme):
    with bind_tenant(acme):
        field = FileField(storage=storages["private"])
    written, imports = MigrationWriter.serialize(field)
    assert "PrivateAppStorage()" in written
    assert "import media_core.app_files.storages" in imports
    assert "acme" not in written
    assert settings.BUCKET_SECRET_KEY not in written


def test_a_field_whose_storage_is_chosen_by_a_function_stores_under_the_bound_tenant(acme, globex):
    field = FileField(storage=chosen_later)
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            name = field.storage.save("chosen.txt", ContentFile(b"x"))
            assert row_of(name).key.startswith(f"{tenant.location_prefix}private/app/")
    assert "chosen_later" in MigrationWriter.serialize(field)[0]


def test_a_storage_may_be_pickled_for_there_is_nothing_in_it(alias):
    pickled = pickle.dumps(storages[alias])
    assert settings.BUCKET_SECRET_KEY.encode() not in pickled
    assert type(pickle.loads(pickled)) is type(storages[alias])  # noqa: S301 - our own


def test_it_takes_no_options(alias):
    with pytest.raises(TypeError):
        type(storages[alias])(location="globex/")  # type: ignore[call-arg]


def test_there_is_no_path_on_this_machine(alias, acme):
    with bind_tenant(acme), pytest.raises(NotImplementedError):
        storages[alias].path("x.txt")


# --- what is taken


def test_what_is_given_is_read_from_its_beginning_and_left_open_and_rewound(alias, folder, acme):
    given = File(BytesIO(b"0123456789"))
    given.read(4)
    with bind_tenant(acme):
        name = storages[alias].save(f"{folder}/x", given)
        assert storages[alias].size(name) == 10
    assert (given.closed, given.tell()) == (False, 0)


class Stream:
    """Bytes that come once, as from a socket."""

    name = "stream.bin"

    def __init__(self) -> None:
        self.left = [b"one ", b"two"]

    def chunks(self):
        while self.left:
            yield self.left.pop(0)


@pytest.mark.parametrize(
    ("given", "bytes_"),
    [
        (lambda: ContentFile("Übersicht"), "Übersicht".encode()),
        (lambda: BytesIO(b"plain"), b"plain"),
        (lambda: ContentFile(b""), b""),
        (Stream, b"one two"),
    ],
    ids=["text", "no File", "empty", "comes once"],
)
def test_takes_what_other_storages_take(given, bytes_, alias, folder, acme):
    with bind_tenant(acme):
        name = storages[alias].save(f"{folder}/x", given())
        with storages[alias].open(name) as file:
            assert file.read() == bytes_


def test_the_name_of_the_file_is_used_when_no_other_is_given(alias, folder, acme):
    with bind_tenant(acme):
        given = ContentFile(b"x", name=f"{folder}/own.txt")
        assert storages[alias].save(None, given) == f"{folder}/own.txt"


def test_a_file_above_the_tenants_limit_is_refused_as_soon_as_it_is_seen(alias, settings, acme):
    settings.UPLOAD_MAX_BYTES = 10
    with bind_tenant(acme), bucket_requests() as sent, pytest.raises(UploadTooLarge):
        save(alias, "large.bin", b"x" * 11)
    with bind_tenant(acme):
        assert (states("large.bin"), len(sent), books(acme)) == ([], 0, (0, 0))
        assert save(alias, "fits.bin", b"x" * 10)


CLAIMS = {
    "photo.png": b"<html><script>alert(1)</script>",
    "page.html": b"<html><script>alert(1)</script>",
    "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "page.html.gz": b"\x1f\x8b\x08\x00",
}


@pytest.mark.parametrize("name", CLAIMS)
def test_neither_name_nor_claim_make_a_type(name, alias, folder, acme):
    given = SimpleUploadedFile(name, CLAIMS[name], content_type="text/html")
    with bind_tenant(acme):
        row = row_of(storages[alias].save(f"{folder}/{name}", given))
        head = get_bucket_client().head_object(Bucket=settings.BUCKET_NAME, Key=row.key)
    assert head["ContentType"] == row.content_type == "application/octet-stream"
    assert head["ContentDisposition"].startswith("attachment")
    assert "ContentEncoding" not in head


# --- what is given back


@pytest.mark.parametrize("mode", ["w", "wb", "ab", "r+b", "r", "rw", "xb"])
def test_only_opens_for_reading_bytes(mode, alias, folder, acme):
    with bind_tenant(acme):
        name = save(alias, f"{folder}/x")
        with pytest.raises(ValueError, match="rb"):
            storages[alias].open(name, mode)
        with storages[alias].open(name) as file, pytest.raises(ValueError, match="rb"):
            file.open(mode)


def test_what_is_not_there_is_not_found(alias, folder, acme, globex):
    name = f"{folder}/x.txt"
    with bind_tenant(globex):
        save(alias, name)
    with bind_tenant(acme):
        for use in ("open", "size", "modified", "created"):
            with pytest.raises(FileNotFoundError):
                USES[use](storages[alias], name)
        storages[alias].delete(name)
        assert not storages[alias].exists(name)
        assert storages[alias].listdir(folder) == ([], [])


def test_a_large_file_waits_on_disk_and_can_be_searched(alias, folder, acme):
    body = b"0123456789" * 300_000
    with bind_tenant(acme):
        name = save(alias, f"{folder}/large.bin", body)
        with storages[alias].open(name) as file:
            spooled: Any = file.file
            assert spooled._rolled
            file.seek(-4, 2)
            assert (file.read(), file.size) == (b"6789", len(body))


def test_a_closed_file_is_opened_again_from_its_storage_and_never_from_the_disk(
    alias, tmp_path, monkeypatch, acme, globex
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("the gateway's own secrets")
    with bind_tenant(acme):
        name = save(alias, ".env", b"an app's file")
        file = storages[alias].open(name)
        file.close()
        assert file.open().read() == b"an app's file"
        assert file.open().read() == b"an app's file"
        file.close()
    with bind_tenant(globex), pytest.raises(RowOfAnotherTenant):
        file.open()


def test_an_open_file_stays_its_first_tenants(alias, folder, acme, globex):
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            save(alias, f"{folder}/x", tenant.name.encode())
    with bind_tenant(acme):
        file = storages[alias].open(f"{folder}/x")
    with bind_tenant(globex), file:
        assert file.read() == b"Acme"


def test_lost_bytes_are_no_missing_file(alias, folder, acme):
    with bind_tenant(acme):
        name = save(alias, f"{folder}/x")
        find_storage(row_of(name)).remove(row_of(name))
        with pytest.raises(ObjectMissing):
            storages[alias].open(name)


def test_lists_one_folder_at_a_time_and_only_what_apps_have(alias, folder, acme):
    names = ["b.txt", "a.txt", "one/x.txt", "one/y.txt", "two/deep/x.txt", "100%_x/z", "100Xyx/z"]
    with bind_tenant(acme):
        for name in names:
            save(alias, f"{folder}/{name}")
        save(alias, f"{folder}2/no.txt")
        storages[alias].delete(f"{folder}/one/y.txt")
        stored_row(area=AREA_OF[alias], name=f"{AREA_OF[alias]}/{folder}/document.pdf")
        listed = storages[alias].listdir
        assert listed(folder) == (["100%_x", "100Xyx", "one", "two"], ["a.txt", "b.txt"])
        assert listed(f"{folder}/one/") == ([], ["x.txt"])
        assert listed(f"{folder}/100%_x") == ([], ["z"])
        assert listed("") == listed(".") == ([folder, f"{folder}2"], [])


def test_knows_when_a_file_came(alias, folder, acme):
    with bind_tenant(acme):
        name = save(alias, f"{folder}/x")
        file = file_of(name)
        assert storages[alias].get_modified_time(name) == file.saved_at
        assert storages[alias].get_created_time(name) == file.created_at
        assert file.saved_at.tzinfo is not None


# --- addresses


def test_an_address_costs_no_query_and_no_request(acme):
    with bind_tenant(acme), statements() as sent, bucket_requests() as requests:
        urls = [storages[alias].url("a b/ü#?.png") for alias in AREA_OF]
    assert [part for part in sent if "SET search_path" not in part] == []
    assert requests == []
    assert urls[0].endswith(f"/{settings.BUCKET_NAME}/acme/media/a%20b/%C3%BC%23%3F.png")
    assert urls[1] == "/private/a%20b/%C3%BC%23%3F.png"


@pytest.mark.parametrize("changed", [{"PUBLIC_MEDIA_MODE": "gateway"}, {"USE_S3_MEDIA": False}])
def test_where_nothing_is_public_by_itself_the_address_is_at_the_tenants_host(
    changed, settings, acme
):
    for name, value in changed.items():
        setattr(settings, name, value)
    with bind_tenant(acme):
        assert default_storage.url("a b/ü.png") == "/media/a%20b/%C3%BC.png"


# --- what it costs


def test_counts_of_statements_and_bucket_requests(alias, folder, committed, acme):
    counts: dict[str, tuple[int, int]] = {}

    def counted(use, name):
        with bind_tenant(acme), bucket_requests() as requests:
            connection.ensure_connection()
            with statements() as sent:
                uses[use](storages[alias], name)
        counts[use] = (len(sent) - 1, len(requests))

    uses = {**USES, "open": lambda storage, name: storage.open(name).close()}

    def each():
        for use in ("save", "open", "size", "exists", "url", "listdir", "delete"):
            counted(use, f"{folder}/x")

    committed(each)
    # Beside the SET of the binding. Each write asks once what is proved of the bucket.
    # A deleted public object moves: one CopyObject, one HeadObject, one DeleteObject.
    buried = {"default": (25, 3), "private": (8, 0)}
    assert counts == {
        "save": (13, 1), "open": (1, 1), "size": (1, 0), "exists": (1, 0), "url": (-1, 0), "listdir": (2, 0),
        "delete": buried[alias],
    }  # fmt: skip


def test_the_names_of_many_files_are_found_by_an_index(acme):
    now = timezone.now()
    with bind_tenant(acme):
        rows = StoredObject.objects.bulk_create(
            StoredObject(
                area="private", name=f"private/app/{number}", kind="app", state="stored", stored_at=now,
                size_bytes=1, sha256="0" * 64,
            )
            for number in range(3_000)
        )  # fmt: skip
        AppFile.objects.bulk_create(
            AppFile(
                name=f"{number % 50}/{number}", area="private", state="saved", saved_at=now, stored_object=row
            )
            for number, row in enumerate(rows)
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE media_core_appfile")
        files = AppFile.objects.live("private")
        by_name = files.filter(name="x").explain()
        listed = files.filter(name__startswith="7/").explain()
    assert "app_file_name_once" in by_name
    assert "app_file_name_once" in listed


def test_sweeping_is_part_of_the_room(acme):
    with bind_tenant(acme):
        save("private", "swept.txt")
        storages["private"].delete("swept.txt")
        assert sweeping.sweep_room() == []
        assert sweeping.sweep_room(dry_run=True) == []
        deleted_days_ago(36)
        assert len(sweeping.sweep_room(dry_run=True)) == 1
        assert states("swept.txt") == [("private", "deleted")]
