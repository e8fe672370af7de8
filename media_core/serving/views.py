"""Files by their names: apps' private ones everywhere; on disk public ones, and private ones by signed addresses."""

import logging

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from media_core.bucket.public_access import is_public
from media_core.documents.views import LINK_HEADERS, PUBLIC_LINK_HEADERS
from media_core.errors import ObjectDiffers, ObjectMissing
from media_core.ledger.models import StoredObject
from media_core.serving.private import find_readable_app_file, open_app_file
from media_core.serving.responses import make_file_response
from media_core.serving.served_files import ServedFile, find_public, find_signed
from media_core.storages.content_types import build_disposition
from media_core.storages.headers import PRIVATE_CACHE, choose_cache_control
from media_core.storages.tenant_storage import find_storage, sign_url
from tenants.errors import NotFound

logger = logging.getLogger("media_core.serving")


@require_safe
def serve_signed(request: HttpRequest, token: str, file_name: str) -> HttpResponseBase:
    """The bytes of an object for whoever holds its signed address. One query."""
    found = find_signed(token, file_name)
    if found.stored.place != StoredObject.Place.DISK:
        # It moved into the bucket since the address was signed.
        where = sign_url(found.stored, file_name=file_name)
        return HttpResponseRedirect(where, headers={"Referrer-Policy": "no-referrer"})
    return serve_file(request, found, keep=PRIVATE_CACHE)


@require_safe
def serve_public(request: HttpRequest, name: str) -> HttpResponseBase:
    """The bytes of a public object: from disk, or the way into the bucket. One query.

    The address stays what it is when objects move, and in every PUBLIC_MEDIA_MODE. No access record: it is for all.
    """
    found = find_public(name)
    if found.stored.place == StoredObject.Place.DISK:
        stored = found.stored
        keep = choose_cache_control(stored.area, key_is_its_own=stored.has_unique_key)
        return serve_file(request, found, keep=keep)
    # An app's may have been stored in another mode: a signed link works whatever the bucket says of the object.
    if is_public(found.stored) and found.stored.kind != StoredObject.Kind.APP:
        where = find_storage(found.stored).build_public_url(found.stored)
        return HttpResponseRedirect(where, headers=PUBLIC_LINK_HEADERS)
    if request.method == "HEAD":
        return make_head_response(found)
    where = sign_url(found.stored, file_name=found.file_name)
    return HttpResponseRedirect(where, headers=LINK_HEADERS)


@require_safe
def serve_private(request: HttpRequest, name: str) -> HttpResponse:
    """Redirect to the bytes of an app's private file, under the app's own name. HEAD is answered from the row.

    No document, version, thumbnail or upload has such a name: a key that somebody knows opens nothing here.
    """
    if request.method == "HEAD":
        return make_head_response(find_readable_app_file(request, name))
    return HttpResponseRedirect(open_app_file(request, name), headers=LINK_HEADERS)


def make_head_response(found: ServedFile) -> HttpResponse:
    """Return the headers that the bytes would have behind a signed link, without asking the bucket."""
    return HttpResponse(
        content_type=found.content_type,
        headers={
            **LINK_HEADERS,
            "Content-Length": str(found.stored.size_bytes),
            "Content-Disposition": build_disposition(found.content_type, found.file_name),
        },
    )


def serve_file(request: HttpRequest, found: ServedFile, *, keep: str) -> HttpResponseBase:
    """Return the file. One that is damaged or lost on disk looks like any that is not there, and is logged."""
    try:
        return make_file_response(request, found, cache_control=keep)
    except (ObjectMissing, ObjectDiffers) as error:
        logger.exception("%s", error.code)
        raise NotFound from error
