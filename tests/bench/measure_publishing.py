"""What publishing a document of 1 GB costs, against its upload: bytes through the gateway, and time."""

import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import StringIO
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Lock, Thread
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files import File
from django.core.management import call_command
from django.test import override_settings

from gateway.demo.samples import make_pdf
from media_core.bucket import sender
from media_core.bucket.client import get_anonymous_client
from media_core.documents.permissions import require_editor
from media_core.documents.publishing import publish, unpublish
from media_core.documents.purging import purge_entry
from media_core.documents.trash import trash_document
from media_core.ledger.models import StoredObject
from media_core.uploads.flow import store_upload, sweep
from tenants.binding import bind_tenant
from tests.bench.many import tenants
from tests.bench.ratios import Ratio
from tests.conftest import member
from tests.wire import bucket_requests

SIZE_BYTES = 1_000_000_000
KIB, CHUNK_BYTES = 1024, 1024 * 1024


@dataclass
class Cost:
    """What one flow took: bytes between gateway and bucket, both ways, and requests and seconds."""

    relayed_bytes: int
    requests: int
    seconds: float


def ratios() -> list[Ratio]:
    """Upload a document and publish it, beside another tenant, whose objects stay as they are."""
    site, neighbour = tenants(2)
    editor = require_editor(member(site.member, site.tenant))
    with (
        # The embedded bucket hashes 1 GB for longer than a real one may keep the gateway waiting.
        patch.object(sender, "READ_TIMEOUT_SECONDS", 120),
        relay_to_bucket(),
        override_settings(UPLOAD_MAX_BYTES=2 * SIZE_BYTES, RETENTION_DAYS=0),
        bind_tenant(site.tenant),
        make_file() as file,
    ):
        call_command("bucket", "doctor", stdout=StringIO())
        document, upload = measure(lambda: store_upload(uploader=editor, file=file))
        _, publishing = measure(lambda: publish(document.pk, editor=editor))
        unpublish(document.pk, editor=editor)
        purge_entry(trash_document(document.pk, editor=editor))
        sweep()
    with bind_tenant(neighbour.tenant):
        assert StoredObject.objects.filter(size_bytes=SIZE_BYTES).count() == 0
    return [
        Ratio(
            "Publishing 1 GB: bytes between gateway and bucket",
            publishing.relayed_bytes / KIB, upload.relayed_bytes / KIB, "KiB", "its upload",
            at_most=0.0001,
        ),
        Ratio("The same: time", publishing.seconds, upload.seconds, "s", "its upload"),
        Ratio("Requests to the bucket for it", publishing.requests, 1, "requests", "one", at_most=2),
    ]  # fmt: skip


def measure(work: Callable[[], Any]) -> tuple[Any, Cost]:
    before, started = Relay.relayed_bytes, time.monotonic()
    with bucket_requests() as signed, bucket_requests(get_anonymous_client()) as anonymous:
        result = work()
    seconds = time.monotonic() - started
    return result, Cost(Relay.relayed_bytes - before, len(signed) + len(anonymous), seconds)


@contextmanager
def make_file() -> Iterator["File[bytes]"]:
    """Lend a PDF of this size, most of it a hole."""
    head = make_pdf("Large", 1)
    with tempfile.NamedTemporaryFile(suffix=".pdf") as body:
        body.write(head)
        body.truncate(SIZE_BYTES - len(head))
        body.seek(0, 2)
        body.write(head)
        body.seek(0)
        yield File(body, name="large.pdf")


class Relay(BaseRequestHandler):
    """Hands on what comes to the bucket, and what it answers, and counts the bytes."""

    bucket: tuple[str, int]
    relayed_bytes = 0
    counting = Lock()

    def handle(self) -> None:
        with socket.create_connection(self.bucket) as bucket:
            back = Thread(target=self.hand_on, args=[bucket, self.request])
            back.start()
            self.hand_on(self.request, bucket)
            back.join()

    @classmethod
    def hand_on(cls, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while content := source.recv(CHUNK_BYTES):
                with cls.counting:
                    cls.relayed_bytes += len(content)
                target.sendall(content)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@contextmanager
def relay_to_bucket() -> Iterator[None]:
    """Let the gateway reach the bucket through a relay."""
    bucket = urlsplit(settings.BUCKET_ENDPOINT_URL)
    assert bucket.hostname is not None
    assert bucket.port is not None
    Relay.bucket = bucket.hostname, bucket.port
    with ThreadingTCPServer(("127.0.0.1", 0), Relay) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        with override_settings(BUCKET_ENDPOINT_URL=endpoint, BUCKET_ADDRESSING_STYLE="path"):
            yield
        server.shutdown()
