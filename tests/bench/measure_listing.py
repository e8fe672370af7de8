"""What the links cost in a list of 100 documents, against the same pages with the links of the rows left out."""

import copy
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import override_settings
from storages.backends.s3 import S3Storage

from media_core.documents.models import Document
from tenants.binding import bind_tenant
from tests.bench.many import Site, tenants
from tests.bench.ratios import Ratio
from tests.bench.timing import cpu_seconds
from tests.media_core.conftest import document_row
from tests.media_core.wsgi import asked
from tests.wire import statements

DOCUMENTS = 100
# Together they show a hundred rows.
PAGES = ("page=1", "page=2")
ROUNDS, CALLS = 12, 12
STORAGES = 5
ROWS = Path("library", "parts", "documents.html")
LINK = re.compile(r'<a href="[^"]*"(?: aria-label="[^"]*")?>(.*?)</a>')
MILLI = 1_000


def ratios() -> list[Ratio]:
    (site,) = tenants(1)
    fill(site)
    with tempfile.TemporaryDirectory() as folder, without_links(Path(folder)) as templates:
        seconds, sent = measured(site, {"with links": settings.TEMPLATES, "without": templates})
    page, bare = (seconds[side] * MILLI for side in ("with links", "without"))
    counts = f"the same pages without links ({sent['with links']} and {sent['without']} statements)"
    per_row = cpu_seconds(lambda: tutorials_row(site), STORAGES) / STORAGES * MILLI
    return [
        Ratio("A list of 100 documents", page, bare, "ms CPU", counts, at_most=1.1),
        Ratio(
            "Statements for that list", sent["with links"], sent["without"], "statements", "without links", at_most=1
        ),
        Ratio(
            "One row of that list, all in", page / DOCUMENTS, per_row, "ms CPU",
            f"a new storage and its presigned URL ({STORAGES} rows measured)",
        ),
    ]  # fmt: skip


def fill(site: Site) -> None:
    """See to it that the tenant has a hundred documents of different names."""
    with bind_tenant(site.tenant):
        for number in range(Document.objects.count(), DOCUMENTS):
            name = f"Protokoll {number} – Straße & Söhne.pdf"
            document_row(name.removesuffix(".pdf"), name=name)


@contextmanager
def without_links(folder: Path) -> Iterator[list[dict[str, object]]]:
    """Lend settings of templates in which the rows of the list have no links; all else is as it is."""
    original = next(Path("media_core", "templates").rglob(str(ROWS))).read_text()
    bare, found = LINK.subn(r"\1", original)
    assert found == 2
    (folder / ROWS).parent.mkdir(parents=True)
    (folder / ROWS).write_text(bare)
    templates: list[Any] = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"] = [folder, *templates[0]["DIRS"]]
    yield templates


def measured(
    site: Site, sides: dict[str, list[dict[str, object]]]
) -> tuple[dict[str, float], dict[str, int]]:
    """Return for each side the CPU seconds of the list in its best round, and its statements."""
    seconds, sent = dict.fromkeys(sides, float("inf")), dict.fromkeys(sides, 0)
    for _ in range(ROUNDS):
        for name, templates in sides.items():
            # Django compiles the templates anew: the first call is not counted.
            with override_settings(TEMPLATES=templates):
                show(site)
                with statements() as found:
                    rows = show(site)
                # One by one: a list takes so long that several in a row are rarely all undisturbed.
                taken = [cpu_seconds(lambda: show(site)) for _ in range(CALLS)]
                seconds[name] = min(seconds[name], *taken)
            sent[name] = len(found)
            assert rows == (DOCUMENTS if name == "with links" else 0)
    return seconds, sent


def show(site: Site) -> int:
    """Ask for the pages as the signed-in member; return how many documents they link to."""
    links = 0
    for page in PAGES:
        answer = asked(site.host, "/", site.session_key, QUERY_STRING=page)
        assert answer.status == 200
        assert answer.content.count(b"<tr>") == DOCUMENTS // len(PAGES) + 1
        links += answer.content.count(b'href="/d/')
    return links


def tutorials_row(site: Site) -> str:
    """Return a presigned URL as the tutorial's template makes one for each row: by a storage of its own."""
    storage = S3Storage(
        bucket_name=settings.BUCKET_NAME,
        access_key=settings.BUCKET_ACCESS_KEY,
        secret_key=settings.BUCKET_SECRET_KEY,
        endpoint_url=settings.BUCKET_ENDPOINT_URL,
        region_name=settings.BUCKET_REGION,
        signature_version="s3v4",
        location=site.tenant.location_prefix,
    )
    return str(storage.url("a.png"))
