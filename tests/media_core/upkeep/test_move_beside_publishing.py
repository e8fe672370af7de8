"""What is taken back while it moves between disk and bucket is gone from both, whenever the move comes in between."""

from contextlib import suppress
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import OperationalError, connection
from django.test import override_settings

from media_core.documents.permissions import require_editor
from media_core.documents.publishing import publish, unpublish
from media_core.ledger.models import StoredObject
from media_core.storages.object_copies import remove_object
from media_core.uploads.flow import store_upload
from tenants.binding import bind_tenant
from tenants.errors import GatewayError
from tenants.models import Tenant
from tests.conftest import member
from tests.media_core.documents.conftest import BROCHURE, LOCATED, seen_by_a_stranger
from tests.media_core.upkeep.conftest import keep
from tests.media_core.uploads.faults import INTERRUPTED
from tests.operations import move_all

pytestmark = pytest.mark.django_db
CONTENTS = {"a.pdf": BROCHURE, "photo.jpg": LOCATED}


@pytest.fixture
def ed(acme, people):
    return require_editor(member(people["ed"], acme))


@pytest.mark.parametrize(("place", "to"), [("disk", "bucket"), ("bucket", "disk")])
def test_what_moved_since_its_row_was_read_is_removed_where_it_is(place, to, acme, came):
    stale = keep(acme, place, area="media")
    with bind_tenant(acme):
        move_all(to)
        assert came()[to] == {stale.key}
        stale.condemn()
        assert remove_object(stale)
    assert came() == {"bucket": set(), "disk": set()}


def move_into_the_bucket(tenant):
    # Where the flow holds the row, a move waits for its end: then it comes too late to matter.
    with override_settings(USE_S3_MEDIA=True), bind_tenant(tenant), suppress(OperationalError):
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 200")
        move_all("bucket")


def publish_on_disk(tenant, editor, name) -> Any:
    with override_settings(USE_S3_MEDIA=False), bind_tenant(tenant):
        document = store_upload(uploader=editor, file=ContentFile(CONTENTS[name], name=name))
        return publish(document.pk, editor=editor)


def take_back(document, editor):
    try:
        unpublish(document.pk, editor=editor)
    except GatewayError:
        # It moved meanwhile, so it was not found where it had been.
        unpublish(document.pk, editor=editor)


@pytest.mark.slow
@INTERRUPTED
@pytest.mark.parametrize("name", CONTENTS)
def test_what_is_taken_back_while_it_moves_into_the_bucket_is_readable_nowhere(
    cuts, name, ed, committed, came
):
    acme = Tenant.objects.get(location_prefix="acme/")

    def meanwhile():
        committed(lambda: move_into_the_bucket(acme))

    def gone_everywhere():
        with bind_tenant(acme):
            there = {row.key for row in StoredObject.objects.stored()}
        assert came()["bucket"] | came()["disk"] == there

    for run in cuts.iterate_runs(steps=10, states=5):
        document = committed(lambda: publish_on_disk(acme, ed, name))
        run(lambda: take_back(document, ed), acme, meanwhile)  # noqa: B023 - done at once
        committed(gone_everywhere)
        with bind_tenant(acme):
            assert seen_by_a_stranger(document.public_copy.key) is None, run.cut_point
