"""A worker of the gateway that serves what it is told on standard input, and says how large it is afterwards.

`python -m tests.bench.memory_worker <threads>`; the input is JSON: lists of [host, path, session key], served in turn.
With `stock` instead of a number it makes one storage of django-storages per name, with the client that each makes.
"""

import ctypes
import gc
import json
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import django
import psutil

django.setup()

from django.conf import settings  # noqa: E402 - settings stand by then
from storages.backends.s3 import S3Storage  # noqa: E402

from media_core.ledger.models import StoredObject  # noqa: E402
from media_core.storages.presigned import presign_get  # noqa: E402
from media_core.storages.shared_bucket import get_bucket_storage  # noqa: E402
from tenants.binding import bind_tenant  # noqa: E402
from tenants.domains import find_tenant_by_host  # noqa: E402
from tests.media_core.wsgi import asked  # noqa: E402

KEPT: list[object] = []


def main(how: str) -> None:
    logging.disable(logging.INFO)
    rounds = json.load(sys.stdin)
    if how == "stock":
        sizes = [after_storages(names) for names in rounds]
    else:
        with ThreadPoolExecutor(int(how)) as pool:
            sizes = [after_requests(pool, int(how), sites) for sites in rounds]
    print(json.dumps(sizes))


def after_requests(pool: ThreadPoolExecutor, threads: int, sites: list[list[str]]) -> int:
    """Return the worker's size after it served each site, and each thread made each room's storages and a link."""
    list(pool.map(serve, sites))
    together = Barrier(threads)
    list(pool.map(partial(use_storages, sites), [together] * threads))
    return resident_bytes()


def serve(site: list[str]) -> None:
    """Open a document, and list the top of the room."""
    host, path, session_key = site
    assert asked(host, path, session_key).status == 302
    assert asked(host, "/", session_key).status == 200


def use_storages(sites: list[list[str]], together: Barrier) -> None:
    """Make the storages of each room and a link, when all threads are there to do so."""
    together.wait()
    for host, *_ in sites:
        tenant = find_tenant_by_host(host)
        assert tenant is not None
        with bind_tenant(tenant):
            for area in StoredObject.Area.values:
                assert get_bucket_storage(area).connection is not None
            assert get_bucket_storage(StoredObject.Area.PUBLIC).url("a.png")
            row = StoredObject(name="private/a/a.pdf", state="stored", content_type="video/mp4")
            assert presign_get(row, file_name="a.pdf")


def after_storages(names: list[str]) -> int:
    for name in names:
        storage = S3Storage(
            bucket_name=settings.BUCKET_NAME,
            access_key=settings.BUCKET_ACCESS_KEY,
            secret_key=settings.BUCKET_SECRET_KEY,
            endpoint_url=settings.BUCKET_ENDPOINT_URL,
            region_name=settings.BUCKET_REGION,
            signature_version="s3v4",
            location=name,
        )
        storage.url("a.png")
        KEPT.append(storage)
    return resident_bytes()


def resident_bytes() -> int:
    """Return how much memory the process holds, once it has given back what it does not use."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    main(sys.argv[1])
