"""What is taken back while it moves between disk and bucket is gone from both, whenever the move comes in between."""

from contextlib import suppress
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import OperationalError, connection

from media_core.documents.permissions import required_editor
from media_core.documents.publishing import publish, unpublish
from media_core.storages.copies import take_away
from media_core.storages.models import StoredObject
from media_core.upkeep.move_storage import move_room
from media_core.uploads.flow import store_upload
from tenants.binding import bind_tenant
from tenants.errors import GatewayError
from tests.conftest import member
from tests.media_core.documents.conftest import BROCHURE, LOCATED, seen_by_a_stranger
from tests.media_core.upkeep.conftest import keep
from tests.media_core.uploads.faults import interrupted

pytestmark = pytest.mark.django_db


@pytest.fixture
def ed(acme, people):
    return required_editor(member(people["ed"], acme))


@pytest.mark.parametrize(("place", "to"), [("disk", "bucket"), ("bucket", "disk")])
def test_what_moved_since_its_row_was_read_is_removed_where_it_is(place, to, acme, came):
    stale = keep(acme, place, area="media")
    with bind_tenant(acme):
        move_room(StoredObject.Place(to), tell=lambda _: None)
        assert came()[to] == {stale.key}
        stale.leave()
        assert take_away(stale)
    assert came() == {"bucket": set(), "disk": set()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "name"), [(BROCHURE, "a.pdf"), (LOCATED, "a.jpg")], ids=["moved", "cleaned"]
)
def test_what_is_taken_back_while_it_moves_into_the_bucket_is_readable_nowhere(
    content, name, acme, ed, committed, came, settings
):
    def public() -> Any:
        settings.USE_S3_MEDIA = False
        with bind_tenant(acme):
            document = store_upload(uploader=ed, file=ContentFile(content, name=name))
            return publish(document.pk, editor=ed)

    moved: list[int] = []

    def meanwhile() -> None:
        moved.append(step)
        settings.USE_S3_MEDIA = True
        # Where the flow holds the row, a move would wait for its end: then it came too late to matter.
        with bind_tenant(acme), suppress(OperationalError):
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = 200")
            move_room(StoredObject.Place.BUCKET, tell=lambda _: None)

    def taken_back() -> None:
        try:
            unpublish(document.pk, editor=ed)
        except GatewayError:
            unpublish(document.pk, editor=ed)

    def gone_everywhere() -> None:
        with bind_tenant(acme):
            there = {row.key for row in StoredObject.objects.stored()}
        assert came()["bucket"] | came()["disk"] == there, step
        assert seen_by_a_stranger(old) is None, step

    step = 0
    while len(moved) == step:
        step += 1
        document = committed(public)
        with bind_tenant(acme):
            old = document.public_object.key
        interrupted(taken_back, acme, step, lambda: committed(meanwhile))
        if len(moved) == step:
            committed(gone_everywhere)
    assert step > 10
