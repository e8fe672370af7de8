"""Publishing and taking back: what moves, what it is served with, who may, and what stays behind: nothing."""

from typing import Any

import pytest
from django.conf import settings as django_settings

from media_core.audit.models import AuditEvent
from media_core.bucket.client import get_anonymous_client, get_bucket_client
from media_core.documents import publishing
from media_core.documents.folders import Folder
from media_core.documents.models import Document
from media_core.errors import DocumentChanged, NotPublished, PublishingRefused, StillPublic
from media_core.ledger.models import StoredObject
from tenants import quotas
from tenants.binding import bind_tenant
from tenants.errors import NotFound, RoleRequired, TenantSuspended
from tenants.models import Quota
from tenants.people.models import Membership
from tenants.provisioning import suspend_tenant
from tests.media_core.documents.conftest import (
    BROCHURE,
    again,
    bytes_of,
    seen_by_a_stranger,
)
from tests.wire import bucket_requests

# Their documents have a public object where the tests ask for one; mypy cannot know.
publish: Any = publishing.publish
unpublish: Any = publishing.unpublish
take_down: Any = publishing.take_down
bring_back: Any = publishing.bring_back

pytestmark = [pytest.mark.django_db, pytest.mark.bucket, pytest.mark.usefixtures("in_acme")]


def folder(*, restricted=False, parent=None) -> Folder:
    made = Folder(
        name="Board", parent=parent, is_restricted=restricted, created_by_id="0" * 32, path=[]
    )
    made.path = [*(parent.path if parent else []), made.pk]
    made.save()
    return made


# --- what moves


def test_the_public_gets_a_copy_and_the_original_stays(private, ed):
    before = private.original
    public = publish(private.pk, editor=ed)
    assert (public.visibility, public.original) == ("public", before)
    assert seen_by_a_stranger(public.public_copy.key) == BROCHURE
    assert seen_by_a_stranger(before.key) is None
    assert bytes_of(before) == BROCHURE


def test_what_is_taken_back_is_gone_from_the_public_place_at_once(public, ed):
    old = public.public_copy
    private = unpublish(public.pk, editor=ed)
    assert (private.visibility, private.public_copy) == ("private", None)
    assert seen_by_a_stranger(old.key) is None
    assert seen_by_a_stranger(private.original.key) is None
    assert bytes_of(private.original) == BROCHURE


def test_no_key_is_used_twice(private, ed):
    used = []
    for _ in range(3):
        used.append(publish(private.pk, editor=ed).public_copy.key)
        unpublish(private.pk, editor=ed)
    assert len(set(used)) == 3


def test_a_public_copy_costs_no_quota(private, ed):
    before = quotas.read_quota()
    publish(private.pk, editor=ed)
    assert quotas.read_quota() == before
    unpublish(private.pk, editor=ed)
    assert quotas.read_quota() == before


def test_publishing_works_when_the_quota_is_full(private, ed, acme):
    Quota.objects.filter(tenant=acme).update(quota_bytes=quotas.read_quota().used_bytes)
    assert publish(private.pk, editor=ed).public_copy


def test_publishing_takes_two_requests_and_no_byte_of_the_body(private, ed, globex):
    with bucket_requests() as signed, bucket_requests(get_anonymous_client()) as anonymous:
        publish(private.pk, editor=ed)
    copy, *others = signed
    assert (copy.method, "x-amz-copy-source" in copy.headers, copy.body or b"") == (
        "PUT",
        True,
        b"",
    )
    assert (others, [request.method for request in anonymous]) == ([], ["HEAD"])


def test_publishing_what_is_public_and_taking_back_what_is_private_changes_nothing(private, ed):
    with bucket_requests() as sent:
        assert unpublish(private.pk, editor=ed) == private
    assert sent == []
    public = publish(private.pk, editor=ed)
    with bucket_requests() as sent:
        assert publish(private.pk, editor=ed).public_copy == public.public_copy
    assert sent == []


def test_who_published_and_took_back_is_written_down(public, ed, globex):
    unpublish(public.pk, editor=ed)
    said = [str(event) for event in AuditEvent.objects.order_by("at")]
    assert said == ["Ed published Übersicht.pdf", "Ed unpublished Übersicht.pdf"]
    with bind_tenant(globex):
        assert not AuditEvent.objects.exists()


# --- who may, and what may


def test_a_folder_that_is_restricted_or_lies_in_one_lets_nothing_out_whoever_asks(private, ada):
    board = folder(restricted=True)
    for place in (board, folder(parent=board)):
        Document.objects.filter(pk=private.pk).update(folder=place)
        with bucket_requests() as sent, pytest.raises(PublishingRefused, match="restricted"):
            publish(private.pk, editor=ada)
        assert sent == []


def test_what_was_restricted_while_the_bytes_moved_is_not_published(private, ed, acme):
    inner = folder(parent=folder())
    Document.objects.filter(pk=private.pk).update(folder=inner)

    def restrict(**_given):
        Folder.objects.filter(pk=inner.path[0]).update(is_restricted=True)

    with during_the_copy(restrict), pytest.raises((PublishingRefused, NotFound)):
        publish(private.pk, editor=ed)
    assert again(private).visibility == "private"


def test_who_lost_the_role_while_the_bytes_moved_publishes_nothing(private, ed, acme, people):
    def leave(**_given):
        Membership.objects.filter(person=people["ed"], tenant=acme).delete()

    with during_the_copy(leave), pytest.raises(RoleRequired):
        publish(private.pk, editor=ed)
    assert again(private).visibility == "private"


def test_what_another_published_meanwhile_is_published_once(private, ed, ada):
    done: list[int] = []

    def publish_too(**_given):
        if not done:
            done.append(1)
            publish(private.pk, editor=ada)

    with during_the_copy(publish_too), pytest.raises(DocumentChanged):
        publish(private.pk, editor=ed)
    now = again(private)
    assert seen_by_a_stranger(now.public_copy.key) == BROCHURE
    assert StoredObject.objects.stored().filter(area="media").count() == 1


def test_a_document_of_another_tenant_is_not_there(ed, globex, store):
    foreign = store(globex, b"globex's")
    for flow in (publish, unpublish):
        with pytest.raises(NotFound):
            flow(foreign.pk, editor=ed)


def test_nothing_is_published_when_the_tenant_is_suspended_meanwhile(private, ed, acme):
    suspend_tenant(acme)
    with pytest.raises((NotFound, TenantSuspended)):
        publish(private.pk, editor=ed)


class during_the_copy:  # noqa: N801 - reads as a sentence
    """Do something at the moment at which the bytes are copied."""

    def __init__(self, work):
        self.work = work

    def note(self, request, **_given):
        if "x-amz-copy-source" in {name.lower() for name in request.headers}:
            self.work()

    def __enter__(self):
        get_bucket_client().meta.events.register("before-send.s3", self.note)

    def __exit__(self, *_):
        get_bucket_client().meta.events.unregister("before-send.s3", self.note)


# --- taken down and brought back


def test_what_is_taken_down_is_brought_back(public):
    down = take_down(public.pk)
    assert (down.visibility, down.public_copy) == ("public", None)
    assert seen_by_a_stranger(public.public_copy.key) is None
    up = bring_back(public.pk)
    assert seen_by_a_stranger(up.public_copy.key) == BROCHURE
    said = [str(event) for event in AuditEvent.objects.order_by("at")][1:]
    assert said == ["the agency took down Übersicht.pdf", "the agency brought back Übersicht.pdf"]


def test_what_was_taken_down_can_be_made_private(public, ed):
    take_down(public.pk)
    assert unpublish(public.pk, editor=ed).visibility == "private"
    assert bring_back(public.pk).public_copy is None


# --- what fails


def test_an_object_that_cannot_be_removed_yet_is_told_and_swept(public, ed):
    def refuse(request, **_given):
        if request.method == "DELETE":
            request.url = "http://127.0.0.1:9/"

    events = get_bucket_client().meta.events
    events.register("before-send.s3", refuse)
    try:
        with pytest.raises(StillPublic):
            unpublish(public.pk, editor=ed)
    finally:
        events.unregister("before-send.s3", refuse)
    assert again(public).visibility == "private"
    assert StoredObject.objects.get(pk=public.public_copy_id).state == "condemned"


def test_an_upload_that_cannot_be_published_is_stored_for_members(acme, store, settings):
    settings.PUBLIC_MEDIA_MODE = "policy"
    with pytest.raises(NotPublished, match="members only"):
        store(acme, visibility="public")
    document = Document.objects.get()
    assert (document.visibility, document.public_copy) == ("private", None)


def test_the_page_says_that_the_file_is_for_members_only(acme, browse, settings):
    settings.PUBLIC_MEDIA_MODE = "policy"
    from_ed = browse(acme, "ed")
    file = django_settings.BASE_DIR / "LICENSE"
    with file.open("rb") as body:
        answer = from_ed.post("/upload", {"file": body, "visibility": "public"}, follow=True)
    assert "stored, but for members only" in answer.content.decode()
    assert "public_policy" not in answer.content.decode()


def test_an_upload_into_a_restricted_folder_is_not_stored_when_it_was_to_be_public(acme, store):
    with bucket_requests() as sent, pytest.raises(PublishingRefused):
        store(acme, visibility="public", folder=folder(restricted=True))
    assert (sent, Document.objects.exists()) == ([], False)
