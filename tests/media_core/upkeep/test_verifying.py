"""Ledger and bucket are compared in the order of keys; what differs is named, and only what is safe is put right."""

import json
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from media_core.app_files.models import AppFile
from media_core.bucket.bucket_objects import iterate_objects
from media_core.bucket.client import get_bucket_client
from media_core.documents.models import Document
from media_core.documents.permissions import require_editor
from media_core.documents.publishing import publish, unpublish
from media_core.ledger.models import StoredObject
from media_core.upkeep.verifying import check_pairs, iterate_pairs, verify_ledger
from tenants.binding import bind_tenant
from tenants.people.members import set_role
from tenants.people.models import Role
from tenants.provisioning import create_tenant
from tests.apps import kept
from tests.conftest import member
from tests.environment import on_ceph
from tests.media_core.documents.conftest import seen_by_a_stranger
from tests.media_core.upkeep.conftest import keep
from tests.operations import move_all

pytestmark = [pytest.mark.django_db, pytest.mark.bucket]
FOUND = {
    "disk": "Its row says now that it is on disk.",
    "bucket": "Its row says now that it is in the bucket.",
}


@pytest.fixture
def room(acme, globex, people):
    """Return a tenant of this test's own: in the rooms of others lies what earlier tests left."""
    name = f"v{uuid4().hex[:8]}"
    tenant = create_tenant(name=name, location_prefix=f"{name}/", domain=f"{name}.example")
    set_role(tenant, people["ada"], Role.ADMIN)
    return tenant


@pytest.fixture
def document(store, room, globex):
    """A public document of the room's, beside one of globex's."""
    store(globex, b"globex's", visibility="public")
    return store(room, b"for everybody", name="offer.txt", visibility="public")


def problems(tenant, *, sample: int = 0) -> list[tuple[str, str]]:
    with bind_tenant(tenant):
        return [(finding.problem, finding.name) for finding in verify_ledger(sample=sample)]


def put(key: str, body: bytes = b"?", **given) -> None:
    get_bucket_client().put_object(Bucket=settings.BUCKET_NAME, Key=key, Body=body, **given)


def remove(key: str) -> None:
    get_bucket_client().delete_object(Bucket=settings.BUCKET_NAME, Key=key)


def verify_by_command(tenant, *options: str) -> tuple[str, str]:
    """Return what the command prints of a tenant, and its error."""
    out, error = StringIO(), ""
    try:
        call_command("bucket", "verify", "--tenant", tenant.location_prefix, *options, stdout=out)
    except CommandError as refusal:
        error = str(refusal)
    return out.getvalue(), error


def test_what_agrees_is_not_reported(document, room, globex):
    assert problems(room, sample=10) == []


def test_an_object_that_is_lost_is_missing(document, room, globex):
    with bind_tenant(room):
        remove(document.original.key)
    assert problems(room) == [("missing", document.original.name)]


def test_an_object_of_another_size_is_named_with_both(document, room):
    with bind_tenant(room):
        put(document.original.key, b"short")
    assert problems(room) == [("wrong size", document.original.name)]
    assert "5 bytes instead of 13" in verify_by_command(room)[0]


def test_other_bytes_of_the_same_size_are_found_by_reading_them(document, room):
    with bind_tenant(room):
        put(document.original.key, b"for everybodY")
    assert problems(room) == []
    assert problems(room, sample=10) == [("wrong bytes", document.original.name)]


def test_what_no_row_names_is_orphaned_and_stays(document, room, globex):
    with bind_tenant(room):
        key = str(room.prefix.build_key("private/stray.pdf"))
        put(key)
        assert problems(room) == [("orphaned", "private/stray.pdf")]
        verify_by_command(room, "--repair", "--republish")
        assert problems(room) == [("orphaned", "private/stray.pdf")]
        remove(key)


def test_a_public_object_that_no_row_names_is_closed(document, room):
    with bind_tenant(room):
        key = str(room.prefix.build_key("media/stray.pdf"))
        put(key, ACL="public-read")
        assert seen_by_a_stranger(key) == b"?"
        out, _ = verify_by_command(room, "--repair")
        assert (
            f"orphaned: {room.prefix}media/stray.pdf. Its ACL keeps the public from reading it."
            in out
        )
        assert seen_by_a_stranger(key) is None
        remove(key)


ODD_NAMES = ["a\nmissing: b", "a\x1b[2Jb", "x//y", "n" * 950]
if not on_ceph():
    # Ceph RGW takes no such name.
    ODD_NAMES.append("a\0b")


@pytest.mark.parametrize("odd", ODD_NAMES, ids=lambda odd: repr(odd)[:20])
def test_a_public_object_is_closed_whatever_its_name_and_stays_one_line(odd, document, room):
    with bind_tenant(room):
        key = f"{room.prefix}media/{odd}"
        put(key, ACL="public-read")
        out, error = verify_by_command(room, "--repair")
        assert (len(out.splitlines()), "\x1b" in out, error) == (2, False, "")
        assert seen_by_a_stranger(key) is None
        remove(key)


def test_an_object_whose_name_leads_out_of_the_prefix_is_left_to_a_person(document, room):
    key = f"{room.prefix}media/../../globex/x"
    put(key)
    out, error = verify_by_command(room, "--repair")
    assert out.startswith("orphaned: ")
    assert "1 of 1 findings are left" in error
    remove(key)


def test_what_is_closed_under_the_name_of_what_was_closed_before_loses_nothing(
    room, globex, settings
):
    settings.PUBLIC_MEDIA_MODE = "policy"
    for body in (b"one", b"other"):
        put(f"{room.prefix}media/x.txt", body)
        assert "was moved to private/closed/" in verify_by_command(room, "--repair")[0]
    closed = [listed.size_bytes for listed in iterate_objects(f"{room.prefix}private/closed/")]
    assert sorted(closed) == [3, 5]


@pytest.mark.parametrize(
    "after",
    [{"state": "deleted", "deleted_at": timezone.now()}, {"state": "saving", "saved_at": None}],
)
def test_a_file_that_an_app_deleted_or_never_came_to_own_does_not_become_public(
    after, room, globex
):
    file = kept(room, b"acme's", "img/x.txt", "media")
    with bind_tenant(room):
        AppFile.objects.filter(pk=file.pk).update(**after)
        key = file.stored_object.key
        get_bucket_client().put_object_acl(Bucket=settings.BUCKET_NAME, Key=key, ACL="private")
        verify_by_command(room, "--repair", "--republish")
        assert seen_by_a_stranger(key) is None


def test_a_public_object_that_lost_its_acl_gets_it_back(document, room):
    with bind_tenant(room):
        key = document.public_copy.key
        get_bucket_client().put_object_acl(Bucket=settings.BUCKET_NAME, Key=key, ACL="private")
        assert problems(room) == [("not public", document.public_copy.name)]
        verify_by_command(room, "--repair")
        assert problems(room) == []
        assert seen_by_a_stranger(key) == b"for everybody"


def test_a_public_copy_that_is_lost_is_made_again_only_when_that_is_asked_for(document, room):
    with bind_tenant(room):
        remove(document.public_copy.key)
        assert "missing" in verify_by_command(room, "--repair")[0]
        assert problems(room) == [("missing", document.public_copy.name)]
        assert "It has a new public copy." in verify_by_command(room, "--republish")[0]
        assert problems(room) == []
        document.refresh_from_db()
        assert seen_by_a_stranger(document.public_copy.key) == b"for everybody"


def test_a_private_object_that_the_public_can_read_is_found_by_asking_and_closed(document, room):
    with bind_tenant(room):
        key = document.original.key
        get_bucket_client().put_object_acl(Bucket=settings.BUCKET_NAME, Key=key, ACL="public-read")
        assert problems(room, sample=10) == [("public", document.original.name)]
        verify_by_command(room, "--deep", "--repair")
        assert seen_by_a_stranger(key) is None
        assert problems(room, sample=10) == []


def test_a_public_copy_that_nobody_removed_in_time_is_named_and_closed(room, globex):
    copy = keep(room, "bucket", b"taken back", area="media")
    with bind_tenant(room):
        copy.condemn()
        assert problems(room) == []
        StoredObject.objects.filter(pk=copy.pk).update(
            purge_after=timezone.now() - timedelta(hours=2)
        )
        assert problems(room) == [("public", copy.name)]
        verify_by_command(room, "--repair")
        assert seen_by_a_stranger(copy.key) is None
        assert problems(room) == []


@pytest.mark.parametrize("now", ["disk", "bucket"])
def test_what_was_moved_after_the_backup_is_found_where_it_lies(now, document, room, rooms, globex):
    with bind_tenant(room):
        if now == "bucket":
            move_all("disk")
        backup = list(StoredObject.objects.values("pk", "place"))
        move_all(now)
        for row in backup:
            StoredObject.objects.filter(pk=row["pk"]).update(place=row["place"])
        assert len(problems(room)) == 2
        out, error = verify_by_command(room, "--repair")
        assert (out.count(FOUND[now]), error) == (2, "")
        assert problems(room, sample=10) == []
        assert {row.place for row in StoredObject.objects.all()} == {now}


def test_a_public_copy_that_was_only_moved_is_not_made_again(document, room, rooms, globex):
    with bind_tenant(room):
        move_all("disk")
        StoredObject.objects.update(place="bucket")
        out, error = verify_by_command(room, "--repair", "--republish")
        assert (out.count(FOUND["disk"]), error) == (2, "")
        row = Document.objects.get(pk=document.pk)
        assert row.public_copy_id == document.public_copy_id


def test_what_is_nowhere_else_stays_missing(document, room, rooms):
    with bind_tenant(room):
        remove(document.original.key)
        assert "missing" in verify_by_command(room, "--repair")[0]
        assert problems(room) == [("missing", document.original.name)]


def test_an_upload_that_never_ended_is_named_and_one_under_way_is_not(document, room):
    with bind_tenant(room):
        row = StoredObject.objects.create(
            name="private/1/slow.pdf", area="private", size_bytes=1, content_type="x", sha256="0" * 64
        )  # fmt: skip
        assert problems(room) == []
        long_ago = timezone.now() - timedelta(days=1)
        StoredObject.objects.filter(pk=row.pk).update(created_at=long_ago)
        assert problems(room) == [("pending too long", row.name)]


def test_a_writer_at_work_causes_no_report(document, room, people):
    editor = require_editor(member(people["ada"], room))
    with bind_tenant(room):
        pairs = list(iterate_pairs())
        unpublish(document.pk, editor=editor)
        publish(document.pk, editor=editor)
        assert list(check_pairs(pairs)) == []
        assert problems(room) == []


def test_json_is_one_object_a_line_and_what_is_left_is_exit_code_1(document, room):
    with bind_tenant(room):
        remove(document.original.key)
    out, error = verify_by_command(room, "--json")
    facts = [json.loads(line) for line in out.splitlines()]
    assert {"tenant": room.location_prefix, "problem": "missing"}.items() <= facts[-1].items()
    assert "findings are left" in error
