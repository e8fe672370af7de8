"""Whatever ends publishing or taking back, and wherever: nothing private is readable, nothing public is lost."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from media_core.documents.models import Document, TrashEntry, Version
from media_core.documents.permissions import Editor
from media_core.documents.publishing import publish, take_down, unpublish
from media_core.documents.trash import restore_entry, trash_document
from media_core.documents.versions import restore_version
from media_core.ledger.models import StoredObject
from media_core.upkeep.takedown import bring_all_back
from media_core.uploads.flow import replace_file, sweep
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tests.media_core.conftest import in_a_thread
from tests.media_core.documents.conftest import (
    BROCHURE,
    LOCATED,
    again,
    bytes_of,
    has_location,
    seen_by_a_stranger,
)
from tests.media_core.uploads.conftest import agree, keys
from tests.media_core.uploads.faults import INTERRUPTED_AND_KILLED
from tests.operations import take_all_down

pytestmark = pytest.mark.django_db

PLAIN = BROCHURE


@dataclass(frozen=True)
class Flow:
    """What is done before, what is then ended at every step, with which file, and whether it is public in the end."""

    before: Callable[[UUID, Editor], object]
    do: Callable[[UUID, Editor], object]
    content: bytes
    is_public: bool
    mode: str = "acl"
    # How many it has at least.
    steps: int = 20
    states: int = 6


def publish_document(pk: UUID, editor: Editor) -> None:
    publish(pk, editor=editor)


def unpublish_document(pk: UUID, editor: Editor) -> None:
    unpublish(pk, editor=editor)


def take_document_down(pk: UUID, editor: Editor) -> None:
    publish(pk, editor=editor)
    take_down(pk)


def take_everything_down(_pk: UUID, _editor: Editor) -> None:
    take_all_down()


def bring_everything_back(_pk: UUID, _editor: Editor) -> None:
    bring_all_back(lambda _done, _of: None)


def replace_with_same_bytes(pk: UUID, editor: Editor) -> None:
    """Replace a document by the same bytes, so that what has to be there is the same at every moment."""
    file = SimpleUploadedFile("brochure.pdf", PLAIN, "application/pdf")
    replace_file(pk, uploader=editor, file=file)


def restore_older_version(pk: UUID, editor: Editor) -> None:
    replace_with_same_bytes(pk, editor)
    oldest = Version.objects.filter(document=pk).order_by("number")[0]
    restore_version(pk, oldest.number, editor=editor)


def published_again(pk: UUID, editor: Editor) -> None:
    for entry in TrashEntry.objects.all():
        restore_entry(entry.pk, editor=editor)
    publish(pk, editor=editor)


def trashed(pk: UUID, editor: Editor) -> None:
    if not TrashEntry.objects.exists():
        trash_document(pk, editor=editor)


FLOWS = {
    "publish": Flow(unpublish_document, publish_document, PLAIN, is_public=True),
    "take back": Flow(publish_document, unpublish_document, PLAIN, is_public=False),
    "take down": Flow(publish_document, take_everything_down, PLAIN, is_public=False),
    "bring back": Flow(take_document_down, bring_everything_back, PLAIN, is_public=True),
    "replace": Flow(publish_document, replace_with_same_bytes, PLAIN, is_public=True),
    "replace and restore": Flow(publish_document, restore_older_version, PLAIN, is_public=True),
    "trash": Flow(published_again, trashed, PLAIN, is_public=False),
    "publish a photo": Flow(unpublish_document, publish_document, LOCATED, is_public=True),
    "take a photo back": Flow(publish_document, unpublish_document, LOCATED, is_public=False),
    "take a photo down": Flow(publish_document, take_everything_down, LOCATED, is_public=False),
    "bring a photo back": Flow(take_document_down, bring_everything_back, LOCATED, is_public=True),
    # Rows only: one transaction.
    "publish without a copy": Flow(
        unpublish_document,
        publish_document,
        PLAIN,
        is_public=True,
        mode="gateway",
        steps=10,
        states=3,
    ),
    "take back without a copy": Flow(
        publish_document,
        unpublish_document,
        PLAIN,
        is_public=False,
        mode="gateway",
        steps=10,
        states=3,
    ),
    "replace without a copy": Flow(
        publish_document, restore_older_version, PLAIN, is_public=True, mode="gateway"
    ),
    "trash without a copy": Flow(
        published_again, trashed, PLAIN, is_public=False, mode="gateway", steps=10, states=2
    ),
    "publish a photo by the gateway": Flow(
        unpublish_document, publish_document, LOCATED, is_public=True, mode="gateway"
    ),
}


@pytest.fixture
def document(flow, committed, keep) -> Document:
    """A private document whose rows are committed; it lives through every end of its flow."""
    name = "photo.jpg" if flow.content == LOCATED else "brochure.pdf"
    return cast("Document", committed(lambda: keep(flow.content, name)))


# In every run. The others take much the same steps, back, one by one or with a picture.
ALWAYS = {"publish", "take down", "publish without a copy"}


@INTERRUPTED_AND_KILLED
@pytest.mark.parametrize(
    "flow",
    [
        pytest.param(flow, id=name, marks=() if name in ALWAYS else pytest.mark.slow)
        for name, flow in FLOWS.items()
    ],
)
def test_a_flow_that_ends_at_any_step_is_ended_by_the_next(cuts, flow, document, ed, settings):
    # What versions drop goes at once, so that the ledger can be compared with the bucket.
    settings.RETENTION_DAYS = 0
    settings.PUBLIC_MEDIA_MODE = flow.mode
    acme = Tenant.objects.get(location_prefix="acme/")
    others = keys(acme) - {f"acme/{document.original.name}"}

    def in_acme(*works):
        def bound():
            with bind_tenant(acme):
                for work in works:
                    work()

        in_a_thread(bound)

    for run in cuts.iterate_runs(steps=flow.steps, states=flow.states):
        in_acme(lambda: flow.before(document.pk, ed))
        run(lambda: flow.do(document.pk, ed), acme)
        in_acme(
            lambda: nothing_lost_or_open(document, flow, keys(acme) - others),
            sweep,
            lambda: flow.do(document.pk, ed),
            lambda: agree(acme, others),
            lambda: all_is_done(document, flow, keys(acme) - others),
        )


def nothing_lost_or_open(document: Document, flow: Flow, there: set[str]) -> None:
    """Assert what holds at every moment, whatever was ended where."""
    now = again(document)
    assert bytes_of(now.original) == flow.content
    # A photo that tells where it was taken is never shown itself.
    assert not (now.shows_original and flow.content == LOCATED)
    shown = now.public_copy
    if shown:
        assert is_shown(bytes_of(shown), flow.content)
        assert (seen_by_a_stranger(shown.key) is not None) == (flow.mode == "acl")
    if now.original != shown:
        assert seen_by_a_stranger(now.original.key) is None
    # Beside it a stranger could read only what comes or goes: under a key that nobody was told yet, or that was public.
    passing = StoredObject.objects.filter(
        area="media", state__in=["pending", "abandoned", "condemned"]
    )
    known = {row.key for row in passing} | ({shown.key} if shown else set())
    assert {key for key in there if seen_by_a_stranger(key)} <= known


def is_shown(seen: bytes | None, content: bytes) -> bool:
    """Return whether a stranger reads the document, a photo without its location."""
    if content != LOCATED:
        return seen == content
    return seen is not None and not has_location(seen)


def all_is_done(document: Document, flow: Flow, there: set[str]) -> None:
    """Assert that a stranger reads what is public now, and nothing else of the room."""
    now = again(document)
    assert now.is_served_to_public == flow.is_public
    shown = {now.public_copy.key} if now.public_copy and flow.mode == "acl" else set()
    assert {key for key in there if seen_by_a_stranger(key)} == shown
    assert bytes_of(now.original) == flow.content
