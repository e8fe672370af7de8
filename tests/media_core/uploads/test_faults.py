"""Whatever ends an upload, and wherever: after a sweep ledger and bucket agree."""

import pytest
from django.core.files.base import ContentFile
from django.db import connection

from media_core.bucket.client import get_bucket_client
from media_core.documents.permissions import require_editor
from media_core.errors import UploadLost
from media_core.ledger.models import StoredObject
from media_core.uploads.flow import store_upload, sweep
from tenants.binding import bind_tenant
from tests.conftest import member
from tests.media_core.conftest import grow_old, in_a_thread
from tests.media_core.uploads.conftest import agree, keys
from tests.media_core.uploads.faults import INTERRUPTED, INTERRUPTED_AND_KILLED, upload_by

pytestmark = pytest.mark.django_db


@INTERRUPTED_AND_KILLED
def test_an_upload_that_ends_at_any_step_leaves_nothing_that_is_not_known(
    cuts, committed, acme, people
):
    upload, before = upload_by(member(people["ed"], acme)), keys(acme)
    # Before and after: SET, the row, the object, the object's state, the document.
    for run in cuts.iterate_runs(steps=10, states=5):
        run(upload, acme)
        committed(lambda: agree(acme, before))


@INTERRUPTED
def test_a_sweep_that_ends_at_any_step_is_ended_by_the_next(cuts, committed, left_over, acme):
    before = keys(acme)
    # Before and after: SET, the list, the row's state, the object, the row's state again.
    for run in cuts.iterate_runs(steps=10, states=4):
        committed(left_over)
        run(sweep, acme)
        committed(lambda: agree(acme, before))


class TornFile(ContentFile):  # type: ignore[type-arg]  # Django's is not generic when it runs
    """A file whose disk fails when it is read for the second time: the digest is known, the bytes are not."""

    reads = 0

    def read(self, *arguments):
        self.reads += 1
        if self.reads > 2:
            raise OSError("The disk is gone.")
        return super().read(*arguments)


def test_a_file_that_fails_while_it_is_sent_leaves_no_object(committed, acme, people):
    uploader, before = require_editor(member(people["ed"], acme)), keys(acme)

    def upload_torn():
        with bind_tenant(acme), pytest.raises(Exception, match="disk is gone"):
            store_upload(uploader=uploader, file=TornFile(b"x" * 100, name="torn.bin"))
        agree(acme, before)

    committed(upload_torn)


def test_an_upload_whose_row_was_swept_meanwhile_is_lost_and_leaves_no_object(
    committed, upload, acme
):
    before = keys(acme)

    def sweep_meanwhile(**_):
        with bind_tenant(acme):
            grow_old(StoredObject.objects.get())
            sweep()
            assert StoredObject.objects.get().state == "gone"
        connection.close()

    def upload_late():
        events = get_bucket_client().meta.events

        def on_put(request, **_):
            if request.method == "PUT":
                in_a_thread(sweep_meanwhile)

        events.register("before-send.s3", on_put)
        try:
            with pytest.raises(UploadLost):
                upload()
        finally:
            events.unregister("before-send.s3", on_put)
        assert len(keys(acme) - before) == 1
        agree(acme, before)
        assert keys(acme) == before

    committed(upload_late)
