"""What the links cost in a list of 100 documents, against the same pages with the links of the rows left out."""

import copy
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.test import override_settings
from storages.backends.s3 import S3Storage

from media_core.documents.models import Document
from tenants.binding import bind_tenant
from tests.bench.many import Site, tenants
from tests.bench.ratios import Ratio
from tests.bench.timing import Work, measure_works, pick_median_round
from tests.media_core.conftest import document_row
from tests.media_core.wsgi import asked
from tests.wire import statements

DOCUMENTS = 100
# Together they show a hundred rows.
PAGES = ("page=1", "page=2")
ROUNDS, ROW_ROUNDS, TURNS = 31, 3, 4
ROWS = Path("library", "parts", "documents.html")
LINK = re.compile(r'<a href="[^"]*"(?: aria-label="[^"]*")?>(.*?)</a>')
MILLI = 1_000

with_links: ContextVar[bool] = ContextVar("with_links", default=True)


def ratios() -> list[Ratio]:
    (site,) = tenants(1)
    fill(site)
    with tempfile.TemporaryDirectory() as folder, two_sides(Path(folder)):
        sent = {links: count_statements(site, links=links) for links in (True, False)}
        works: dict[str, Work] = {
            "with links": lambda: show(site, links=True),
            "without": lambda: show(site, links=False),
        }
        costs = measure_works(works, rounds=ROUNDS, turns=TURNS, slice_seconds=0)
    row: dict[str, Work] = {
        "list": lambda: show(site, links=True),
        "storage": lambda: tutorials_row(site),
    }
    rows = measure_works(row, rounds=ROW_ROUNDS, turns=TURNS, slice_seconds=0)
    page, bare = pick_median_round(costs["with links"], costs["without"])
    all_rows, one_storage = pick_median_round(rows["list"], rows["storage"])
    counts = f"the same pages without links ({sent[True]} and {sent[False]} statements)"
    return [
        Ratio(
            "A list of 100 documents", page * MILLI, bare * MILLI, "ms CPU", counts, at_most=1.1
        ),
        Ratio(
            "Statements for that list", sent[True], sent[False], "statements", "without links", at_most=1
        ),
        Ratio(
            "One row of that list, all in", all_rows / DOCUMENTS * MILLI, one_storage * MILLI, "ms CPU",
            "a new storage and its presigned URL",
        ),
    ]  # fmt: skip


def fill(site: Site) -> None:
    """See to it that the tenant has a hundred documents of different names."""
    with bind_tenant(site.tenant):
        for number in range(Document.objects.count(), DOCUMENTS):
            name = f"Protokoll {number} – Straße & Söhne.pdf"
            document_row(name.removesuffix(".pdf"), name=name)


@contextmanager
def two_sides(folder: Path) -> Iterator[None]:
    """Use templates in which the rows of the list have links or not, as `with_links` says; all else is as it is."""
    original = next(Path("media_core", "templates").rglob(str(ROWS))).read_text()
    bare, found = LINK.subn(r"\1", original)
    assert found == 2
    (folder / ROWS).parent.mkdir(parents=True)
    (folder / ROWS).write_text(f"{{% if with_links %}}{original}{{% else %}}{bare}{{% endif %}}")
    templates: list[Any] = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"] = [folder, *templates[0]["DIRS"]]
    templates[0]["OPTIONS"]["context_processors"].append(f"{__name__}.choose_side")
    with override_settings(TEMPLATES=templates):
        yield


def choose_side(_request: HttpRequest) -> dict[str, bool]:
    """Tell the template which side is measured: a context processor."""
    return {"with_links": with_links.get()}


def count_statements(site: Site, *, links: bool) -> int:
    # The first of a process compiles the templates.
    show(site, links=links)
    with statements() as sent:
        show(site, links=links)
    return len(sent)


def show(site: Site, *, links: bool) -> None:
    """Ask for the pages as the signed-in member, on one of the sides."""
    chosen = with_links.set(links)
    shown = 0
    for page in PAGES:
        answer = asked(site.host, "/", site.session_key, QUERY_STRING=page)
        assert answer.status == 200
        assert answer.content.count(b"<tr>") == DOCUMENTS // len(PAGES) + 1
        shown += answer.content.count(b'href="/d/')
    with_links.reset(chosen)
    assert shown == (DOCUMENTS if links else 0)


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
