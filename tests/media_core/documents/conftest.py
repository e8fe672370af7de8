"""Documents in both states, as a stranger and as the bucket's owner see them."""

import json
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from typing import IO, Any

import pytest
import requests
from django.conf import settings

from media_core.documents import copies
from media_core.documents.models import Document
from media_core.documents.permissions import Editor, required_editor
from media_core.inspection.locations import without_location
from media_core.storages.client import bucket_client
from media_core.storages.models import StoredObject
from media_core.storages.policy import public_policy
from tenants.binding import bind_tenant
from tests.conftest import member

LOCATED, CLEAN = b"a photo taken at home", b"a photo"


@pytest.fixture
def ed(acme, people) -> Editor:
    return required_editor(member(people["ed"], acme))


@pytest.fixture
def ada(acme, people) -> Editor:
    return required_editor(member(people["ada"], acme))


@pytest.fixture
def located_photos(monkeypatch) -> None:
    """Take LOCATED for a photo with a location: what one looks like is for the tests of the inspection."""

    def cleaned(photo: IO[bytes], content_type: str) -> IO[bytes] | None:
        content = photo.read()
        photo.seek(0)
        return BytesIO(CLEAN) if content == LOCATED else without_location(photo, content_type)

    monkeypatch.setattr(copies, "without_location", cleaned)


def address_of(key: str) -> str:
    return f"{settings.BUCKET_ENDPOINT_URL}/{settings.BUCKET_NAME}/{key}"


def seen_by_a_stranger(key: str) -> bytes | None:
    """Return the bytes that a stranger gets at this key, or None."""
    answer = requests.get(address_of(key), timeout=10)
    assert answer.status_code in {200, 403}
    return answer.content if answer.status_code == 200 else None


def bytes_of(stored: StoredObject) -> bytes | None:
    """Return what really lies there; None when nothing does."""
    with suppress(bucket_client().exceptions.NoSuchKey):
        answer = bucket_client().get_object(Bucket=settings.BUCKET_NAME, Key=stored.key)
        return answer["Body"].read()
    return None


def head_of(stored: StoredObject) -> dict[str, str]:
    return bucket_client().head_object(Bucket=settings.BUCKET_NAME, Key=stored.key)  # type: ignore[return-value]  # what is read of it is text


@pytest.fixture
def in_acme(acme, globex) -> Iterator[None]:
    with bind_tenant(acme):
        yield


def again(document: Document) -> Any:
    """Return the document as the database has it now, with its objects."""
    return Document.objects.select_related("stored_object", "public_object").get(pk=document.pk)


@pytest.fixture
def open_media() -> Iterator[None]:
    """Give the bucket the policy that mode `policy` needs, as the agency does."""
    bucket_client().put_bucket_policy(
        Bucket=settings.BUCKET_NAME, Policy=json.dumps(public_policy())
    )
    yield
    bucket_client().delete_bucket_policy(Bucket=settings.BUCKET_NAME)
