"""The storage on disk: whole files or none, nobody else's folder, and a disk that says no is no traceback."""

import errno
import os
import pickle
import stat
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.migrations.writer import MigrationWriter

from media_core import disk_files
from media_core.documents.models import Document
from media_core.errors import BucketRefused, BucketUnavailable, ObjectDiffers
from media_core.ledger.models import StoredObject
from media_core.storages.disk_storage import DiskStorage, get_disk_storage
from media_core.uploads.flow import sweep
from tenants.binding import bind_tenant
from tenants.errors import NameRefused
from tests.conftest import member
from tests.media_core.conftest import content, grow_old
from tests.media_core.uploads.faults import INTERRUPTED_AND_KILLED, upload_by
from tests.wire import bucket_requests

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(settings, tmp_path, acme, globex):
    settings.USE_S3_MEDIA = False
    settings.DISK_MEDIA_ROOT = str(tmp_path / "rooms")
    (tmp_path / "rooms").mkdir(mode=0o700)
    return tmp_path / "rooms"


def put(tenant, body=b"bytes", **given):
    """Return the row of an object that was written, not yet counted."""
    with bind_tenant(tenant):
        row = StoredObject.objects.create_pending(
            content("x.pdf", len(body)), area=given.get("area", "private")
        )
        get_disk_storage(row.area).put(row, BytesIO(body), file_name="x.pdf")
        return row


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize("prefix", ["", "agency/one/"])
def test_it_lies_under_the_key_that_a_bucket_would_have(prefix, root, acme, settings):
    settings.LOCATION_PREFIX = prefix
    row = put(acme)
    assert files(root) == [f"{prefix}acme/private/{row.pk}/x.pdf"]


def test_only_the_gateway_may_look_whatever_the_umask(root, acme):
    before = os.umask(0)
    try:
        put(acme)
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*") if path.is_dir()}
    assert modes == {0o700}
    assert {stat.S_IMODE((root / name).stat().st_mode) for name in files(root)} == {0o600}


def test_nothing_is_overwritten_and_nothing_left_beside(root, acme):
    row = put(acme, b"first")
    with bind_tenant(acme), pytest.raises(ObjectDiffers, match="already stored"):
        get_disk_storage("private").put(row, BytesIO(b"other"), file_name="x.pdf")
    assert [(root / name).read_bytes() for name in files(root)] == [b"first"]


@pytest.mark.parametrize("body", [b"", b"tooshort", b"much too long"])
def test_another_size_than_was_announced_is_refused(body, root, acme):
    with bind_tenant(acme):
        row = StoredObject.objects.create_pending(content("x.pdf", 10), area="private")
        with pytest.raises(ObjectDiffers, match="were announced"):
            get_disk_storage("private").put(row, BytesIO(body), file_name="x.pdf")
    assert files(root) == []


def test_removing_takes_the_objects_own_folder_and_no_other(root, acme):
    row, other = put(acme), put(acme)
    with bind_tenant(acme):
        get_disk_storage("private").remove(row)
    assert [path.name for path in (root / "acme/private").iterdir()] == [str(other.pk)]


def test_django_words_remove_a_file_and_no_folder(root, acme):
    with bind_tenant(acme):
        storage = get_disk_storage("media")
    storage.save("a/x.txt", ContentFile(b"x"))
    storage.delete("a/x.txt")
    assert (root / "acme/media/a").is_dir()


def test_a_name_of_django_that_is_taken_is_refused_and_ends(root, acme):
    with bind_tenant(acme):
        storage = get_disk_storage("media")
    storage.save("x.txt", ContentFile(b"first"))
    assert storage.save("x.txt", ContentFile(b"first")) == "x.txt"
    with pytest.raises(ObjectDiffers):
        storage.save("x.txt", ContentFile(b"other"))


def test_a_part_of_a_name_that_no_disk_takes_is_refused(root, acme):
    with bind_tenant(acme), pytest.raises(NameRefused, match="too long for a file"):
        get_disk_storage("media").save("x" * 300, ContentFile(b"x"))
    assert files(root) == []


def test_no_storage_gets_into_a_pickle_or_a_migration(root, acme):
    with bind_tenant(acme):
        storage = get_disk_storage("media")
    for freeze in (pickle.dumps, MigrationWriter.serialize):
        with pytest.raises(TypeError):
            freeze(storage)


def test_a_storage_stays_its_tenants_when_another_is_bound(root, acme, globex):
    with bind_tenant(acme):
        storage = get_disk_storage("media")
    with bind_tenant(globex):
        storage.save("x.txt", ContentFile(b"acme's"))
    assert files(root) == ["acme/media/x.txt"]


# --- links and other things that are no files


@pytest.mark.parametrize(
    "level", ["acme", "acme/private", "acme/private/{id}", "acme/private/{id}/x.pdf"]
)
def test_no_link_is_followed_at_any_level(level, root, acme, tmp_path):
    row = put(acme, b"acme's")
    linked = root / level.format(id=row.pk)
    away = tmp_path / "elsewhere"
    linked.rename(away)
    linked.symlink_to(away)
    storage = DiskStorage(acme.prefix, StoredObject.Area.PRIVATE)
    with bind_tenant(acme):
        with pytest.raises(BucketRefused, match="without links"), storage.read(row) as there:
            there.read()
        with pytest.raises((BucketRefused, ObjectDiffers)):
            storage.put(row, BytesIO(b"other"), file_name="x.pdf")
    left = away.read_bytes() if away.is_file() else next(away.rglob("x.pdf")).read_bytes()
    assert left == b"acme's"


def test_a_link_of_a_room_into_another_leads_nowhere(root, acme, globex):
    put(globex, b"globex's", area="private")
    (root / "acme").symlink_to(root / "globex")
    with bind_tenant(acme):
        storage = get_disk_storage("private")
    (name,) = (path.removeprefix("globex/private/") for path in files(root))
    for ask in (storage.open, storage.size, storage.exists, storage.delete):
        with pytest.raises(BucketRefused):
            ask(name)
    assert files(root / "globex")


@pytest.mark.parametrize("thing", ["pipe", "folder"])
def test_what_is_no_file_is_not_waited_for(thing, root, acme):
    row = put(acme)
    (path,) = (root / name for name in files(root))
    path.unlink()
    os.mkfifo(path) if thing == "pipe" else path.mkdir()
    with bind_tenant(acme):
        assert not get_disk_storage("private").exists(row.name.removeprefix("private/"))


# --- a disk that says no


def refusing(monkeypatch, number, call="fsync"):
    def fail(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fail)


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, BucketUnavailable), (errno.EDQUOT, BucketUnavailable), (errno.EIO, BucketUnavailable),
        (errno.EACCES, BucketRefused), (errno.EROFS, BucketRefused), (errno.EPERM, BucketRefused),
    ],
    ids=str,
)  # fmt: skip
def test_what_the_disk_refuses_is_a_refusal_and_leaves_nothing(
    number, error, root, acme, monkeypatch
):
    put(acme)
    refusing(monkeypatch, number)
    with pytest.raises(error) as refused:
        put(acme)
    assert type(refused.value) is error
    assert os.strerror(number) in str(refused.value)
    assert len(files(root)) == 1


def test_a_root_that_is_away_holds_nothing_missing(root, acme):
    row = put(acme)
    root.rename(root.parent / "unmounted")
    with bind_tenant(acme):
        storage = get_disk_storage("private")
        for ask in (lambda: storage.remove(row), lambda: storage.exists("x"), lambda: put(acme)):
            with pytest.raises(BucketRefused, match="is not there"):
                ask()
    assert not root.exists()


@pytest.mark.parametrize("problem", ["away", "a file", "full"])
def test_an_upload_is_refused_with_a_sentence_and_leaves_no_document(
    problem, root, acme, browse, monkeypatch
):
    """With a wrong folder nothing is stored anywhere else, least of all without a word (tutorial, defects 1 and 2)."""
    client = browse(acme, "ada")
    if problem == "full":
        refusing(monkeypatch, errno.ENOSPC)
    else:
        root.rmdir()
    if problem == "a file":
        root.touch()
    with bucket_requests() as sent:
        form = {"file": SimpleUploadedFile("a.pdf", b"x"), "visibility": "private"}
        page = client.post("/upload", form).content.decode()
    assert (
        "The storage does not answer" in page
        if problem == "full"
        else "The storage refuses" in page
    )
    assert str(root) not in page
    assert sent == []
    with bind_tenant(acme):
        assert not Document.objects.exists()


def test_without_a_bucket_nothing_ever_goes_to_one(root, acme, store, browse):
    with bucket_requests() as sent:
        private, public = store(acme, b"one"), store(acme, b"two", visibility="public")
        for document in (private, public):
            assert browse(acme, "vic").get(f"/d/{document.pk}").status_code == 302
    assert sent == []


# --- whatever ends a write


@INTERRUPTED_AND_KILLED
def test_an_upload_to_disk_that_ends_at_any_step_leaves_nothing_that_is_not_known(
    cuts, root, committed, acme, people
):
    def agree():
        with bind_tenant(acme):
            grow_old(*StoredObject.objects.all())
            sweep()
            assert files(root) == sorted(row.key for row in StoredObject.objects.stored())
            assert Document.objects.count() == StoredObject.objects.stored().count()

    upload = upload_by(member(people["ed"], acme))
    for run in cuts.iterate_runs(steps=20, states=10):
        run(upload, acme)
        # Half a file has no name that anybody asks for.
        assert all(
            (root / name).stat().st_size == 7
            for name in files(root)
            if disk_files.PART_PREFIX not in name
        )
        committed(agree)
