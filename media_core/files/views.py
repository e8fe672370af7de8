"""Files by their names: apps' private ones everywhere; on disk public ones, and private ones by signed addresses."""

import logging

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from media_core.documents.views import LINK_HEADERS, PUBLIC_LINK_HEADERS
from media_core.errors import ObjectDiffers, ObjectMissing
from media_core.files.find import Found, find_public, find_signed
from media_core.files.private import open_app_file, readable_app_file
from media_core.files.sending import sent
from media_core.ledger.models import StoredObject
from media_core.storages.content_types import disposition
from media_core.storages.headers import PRIVATE_CACHE, cache_control
from media_core.storages.public import is_public
from media_core.storages.room import link_to, storage_of
from tenants.errors import NotFound

logger = logging.getLogger("media_core.files")


@require_safe
def signed_view(request: HttpRequest, token: str, file_name: str) -> HttpResponseBase:
    """The bytes of an object for whoever holds its signed address. One query."""
    found = find_signed(token, file_name)
    if found.stored.place != StoredObject.Place.DISK:
        # It moved into the bucket since the address was signed.
        where = link_to(found.stored, file_name=file_name)
        return HttpResponseRedirect(where, headers={"Referrer-Policy": "no-referrer"})
    return answered(request, found, keep=PRIVATE_CACHE)


@require_safe
def public_view(request: HttpRequest, name: str) -> HttpResponseBase:
    """The bytes of a public object: from disk, or the way into the bucket. One query.

    The address stays what it is when objects move, and in every PUBLIC_MEDIA_MODE. No access record: it is for all.
    """
    found = find_public(name)
    if found.stored.place == StoredObject.Place.DISK:
        stored = found.stored
        keep = cache_control(stored.area, key_is_its_own=stored.key_is_its_own)
        return answered(request, found, keep=keep)
    # An app's may have been stored in another mode: a signed link works whatever the bucket says of the object.
    if is_public(found.stored) and found.stored.kind != StoredObject.Kind.APP:
        where = storage_of(found.stored).public_url(found.stored)
        return HttpResponseRedirect(where, headers=PUBLIC_LINK_HEADERS)
    if request.method == "HEAD":
        return described(found)
    where = link_to(found.stored, file_name=found.file_name)
    return HttpResponseRedirect(where, headers=LINK_HEADERS)


@require_safe
def private_view(request: HttpRequest, name: str) -> HttpResponse:
    """Redirect to the bytes of an app's private file, under the app's own name. HEAD is answered from the row.

    No document, version, thumbnail or upload has such a name: a key that somebody knows opens nothing here.
    """
    if request.method == "HEAD":
        return described(readable_app_file(request, name))
    return HttpResponseRedirect(open_app_file(request, name), headers=LINK_HEADERS)


def described(found: Found) -> HttpResponse:
    """Return the headers that the bytes would have behind a signed link, without asking the bucket."""
    return HttpResponse(
        content_type=found.content_type,
        headers={
            **LINK_HEADERS,
            "Content-Length": str(found.stored.size_bytes),
            "Content-Disposition": disposition(found.content_type, found.file_name),
        },
    )


def answered(request: HttpRequest, found: Found, *, keep: str) -> HttpResponseBase:
    """Return the file. One that is damaged or lost on disk looks like any that is not there, and is logged."""
    try:
        return sent(request, found, cache_control=keep)
    except (ObjectMissing, ObjectDiffers) as error:
        logger.exception("%s", error.code)
        raise NotFound from error
