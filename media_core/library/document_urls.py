"""The addresses of a document: as pages link to them, and as a person copies them into a mail."""

from functools import cache
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import RFC3986_SUBDELIMS

from media_core.bucket.public_access import is_public
from media_core.documents.models import Document
from media_core.storages.tenant_storage import find_storage

# A document that stands for all others, and a name that stands for theirs.
PLACEHOLDER_ID, PLACEHOLDER_NAME = UUID(int=0), "name"
# What Django leaves in a segment of a path.
SAFE = f"{RFC3986_SUBDELIMS}~:@"
# What each byte of a name is written as, by its number: `quote` takes twice as long.
_CODES = [quote(bytes([byte]), safe=SAFE) for byte in range(256)]


def build_open_path(document: Document) -> str:
    """Return the permanent path of a document: what `reverse` returns, at a tenth of its cost. Lists link to many."""
    before, after = _split_route(PLACEHOLDER_NAME, "documents:open", settings.ROOT_URLCONF)
    name = "".join([_CODES[byte] for byte in document.name.encode()])
    return f"{before}{document.id}{after}{name}"


def build_details_path(document: Document) -> str:
    """Return the path of the page about a document."""
    before, _ = _split_route("", "library:document", settings.ROOT_URLCONF)
    return f"{before}{document.id}"


@cache
def _split_route(name: str, route: str, urlconf: str) -> tuple[str, str]:
    """Return what stands in every path of this route before the document's id, and between the id and the name.

    It never changes: the gateway takes no SCRIPT_NAME from anybody.
    """
    path = reverse(route, urlconf, args=[PLACEHOLDER_ID, name] if name else [PLACEHOLDER_ID])
    before, _, after = path.partition(str(PLACEHOLDER_ID))
    return before, after.removesuffix(name)


def build_permanent_url(request: HttpRequest, document: Document) -> str:
    """Return the gateway's own address of a document: it asks who may read at every opening."""
    return request.build_absolute_uri(build_open_path(document))


def find_direct_url(request: HttpRequest, document: Document) -> str:
    """Return where the public reads the bytes, with its host; empty while there is no such place. No request."""
    shown = document.public_copy
    # In mode gateway the bucket shows it to nobody.
    if shown is None or not is_public(shown):
        return ""
    # On disk it is a path at this host.
    return request.build_absolute_uri(find_storage(shown).build_public_url(shown))
