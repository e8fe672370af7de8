"""Documents in both states, as a stranger and as the bucket's owner see them."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
import requests
from django.conf import settings
from django.core.files.base import ContentFile
from PIL import ExifTags, Image

from media_core.bucket.bucket_policy import build_public_policy
from media_core.bucket.client import get_bucket_client
from media_core.documents.folders import Folder
from media_core.documents.models import Document
from media_core.documents.permissions import Editor, require_editor
from media_core.documents.publishing import publish
from media_core.ledger.models import StoredObject
from media_core.uploads.flow import store_upload
from tenants.binding import bind_tenant
from tests.conftest import member
from tests.folders import new_folder

BROCHURE = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def located_photo() -> bytes:
    """Return a picture that says where it was taken."""
    exif, file = Image.Exif(), BytesIO()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {1: "N", 2: (52.0, 31.0, 0.0), 3: "E", 4: (13.0, 24.0, 0.0)}
    )
    Image.new("RGB", (16, 16), "red").save(file, "JPEG", exif=exif)
    return file.getvalue()


LOCATED = located_photo()


def has_location(photo: bytes) -> bool:
    with Image.open(BytesIO(photo)) as image:
        return bool(image.getexif().get_ifd(ExifTags.IFD.GPSInfo))


@pytest.fixture
def ed(acme, people) -> Editor:
    return require_editor(member(people["ed"], acme))


@pytest.fixture
def ada(acme, people) -> Editor:
    return require_editor(member(people["ada"], acme))


Keep = Callable[[bytes, str], Any]


@pytest.fixture
def keep(acme, ed) -> Keep:
    """Store a private document of acme's whose type is proved: nobody claims anything about it."""

    def keep_document(content: bytes, name: str) -> Any:
        with bind_tenant(acme):
            return store_upload(uploader=ed, file=ContentFile(content, name=name))

    return keep_document


def address_of(key: str) -> str:
    return f"{settings.BUCKET_ENDPOINT_URL}/{settings.BUCKET_NAME}/{key}"


def seen_by_a_stranger(key: str) -> bytes | None:
    """Return the bytes that a stranger gets at this key, or None."""
    answer = requests.get(address_of(key), timeout=60)
    assert answer.status_code in {200, 403}
    return answer.content if answer.status_code == 200 else None


def bytes_of(stored: StoredObject) -> bytes | None:
    """Return what really lies there; None when nothing does."""
    with suppress(get_bucket_client().exceptions.NoSuchKey):
        answer = get_bucket_client().get_object(Bucket=settings.BUCKET_NAME, Key=stored.key)
        return answer["Body"].read()
    return None


def head_of(stored: StoredObject) -> dict[str, str]:
    return get_bucket_client().head_object(Bucket=settings.BUCKET_NAME, Key=stored.key)  # type: ignore[return-value]  # what is read of it is text


@pytest.fixture
def in_acme(acme, globex) -> Iterator[None]:
    with bind_tenant(acme):
        yield


def again(document: Document) -> Any:
    """Return the document as the database has it now, with its objects."""
    return Document.objects.select_related("original", "public_copy").get(pk=document.pk)


@pytest.fixture
def open_media() -> Iterator[None]:
    """Give the bucket the policy that mode `policy` needs, as the agency does."""
    get_bucket_client().put_bucket_policy(
        Bucket=settings.BUCKET_NAME, Policy=json.dumps(build_public_policy())
    )
    yield
    get_bucket_client().delete_bucket_policy(Bucket=settings.BUCKET_NAME)


@pytest.fixture
def private(keep):
    return keep(BROCHURE, "Übersicht.pdf")


@pytest.fixture
def public(private, ed):
    return publish(private.pk, editor=ed)


@pytest.fixture
def photo(keep):
    return keep(LOCATED, "photo.jpg")


@pytest.fixture
def guides(acme) -> Folder:
    return new_folder(acme, "Guides")


@pytest.fixture
def audio(acme, guides) -> Folder:
    """A folder in the guides."""
    return new_folder(acme, "Audio", within=guides)
