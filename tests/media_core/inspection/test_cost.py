"""What an inspection costs the gateway's own process: no growing memory, no handle, no query."""

import gc
import os
import time
import tracemalloc
from io import BytesIO
from pathlib import Path

import pytest

from media_core.errors import TypeRefused
from media_core.inspection.proved_types import prove_type
from media_core.inspection.text import prove_text
from media_core.storages.file_types import DOWNLOAD_TYPE
from media_core.uploads.handlers import UnnamedFile
from tenants.binding import bind_tenant
from tests.samples import pdf, picture, samples, zipped
from tests.wire import bucket_requests, statements

pytestmark = pytest.mark.django_db
LARGE_BYTES = 30_000_000


def handles() -> int:
    # What tests before this one forgot is closed when it is collected, which may be in between.
    gc.collect()
    return len(list(Path("/dev/fd").iterdir()))


def make_upload(name: str, content: bytes) -> UnnamedFile:
    """Return a file as an upload's form gives it: on disk."""
    file = UnnamedFile(name=name, size=len(content))
    file.write(content)
    file.seek(0)
    return file


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b"a line of text\n" * (LARGE_BYTES // 15)),
        ("a.pdf", pdf()[:-7] + b" " * LARGE_BYTES + b"%%EOF\n"),
        ("a.zip", zipped({"a": os.urandom(LARGE_BYTES)})),
        ("a.png", picture("PNG")),
    ],
)
def test_a_large_file_is_never_in_memory_as_a_whole(name, content, acme):
    with make_upload(name, content) as file, bind_tenant(acme):
        tracemalloc.start()
        try:
            prove_type(file, name=name, claimed="")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < LARGE_BYTES / 2


def test_no_handle_is_left_open(acme):
    with bind_tenant(acme):
        for extension in ("png", "zip", "txt"):
            prove_type(BytesIO(samples()[extension]), name=f"x.{extension}", claimed="")
        before = handles()
        for _ in range(5):
            for extension in ("png", "zip", "txt", "docx"):
                prove_type(BytesIO(samples()[extension]), name=f"x.{extension}", claimed="")
    assert handles() == before


def test_no_query_and_no_request_to_the_bucket(acme):
    with bind_tenant(acme), statements() as sent, bucket_requests() as requested:
        for extension, content in samples().items():
            prove_type(BytesIO(content), name=f"x.{extension}", claimed="")
    assert (sent, requested) == ([], [])


@pytest.mark.parametrize(
    "line",
    ["<" + "a" * 30 + " " + "on" * 39 + "\n", "<" + "a" * 30 + " onload" + " " * 100_000 + "x\n"],
    ids=["half a handler", "a handler far away"],
)
def test_no_text_holds_the_others_up(line):
    content, start = ("x " + line * (3_000_000 // len(line))).encode(), time.process_time()
    prove_text(BytesIO(content))
    assert time.process_time() - start < 0.5


def test_a_long_text_is_searched_in_a_process_of_its_own(prove):
    content = b"A text " + b"<" * 10_000_000
    start = time.process_time()
    assert prove(content, "x.txt") == DOWNLOAD_TYPE
    assert time.process_time() - start < 0.3


@pytest.mark.parametrize("extension", ["txt", "csv", "md"])
def test_markup_at_the_end_of_a_long_text_is_found(extension, prove):
    with pytest.raises(TypeRefused, match="markup"):
        prove(b"A text " * 20_000 + b"<script>", f"x.{extension}")


def test_a_text_is_read_in_parts():
    class Counting(BytesIO):
        largest = 0

        def read(self, size: int | None = -1) -> bytes:
            part = super().read(size)
            self.largest = max(self.largest, len(part))
            return part

    file = Counting(b"x\n" * 2_000_000)
    prove_text(file)
    assert file.largest <= 1_000_000
