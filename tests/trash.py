"""Folders full of documents for tests of the trash, made without the bucket."""

import uuid

from django.db import connection
from django.utils import timezone

from media_core.documents.folders import Folder
from media_core.documents.models import Document, Version
from media_core.documents.permissions import Editor
from media_core.ledger.models import StoredObject
from tenants.models import Quota, Tenant

SIZE_BYTES = 5
OWNER = {"created_by_id": uuid.UUID(int=0), "created_by_name": "Ada"}


def fill_folder(
    tenant: Tenant, folder: Folder, *, documents: int, folders: int = 0, public: int = 0
) -> list[Document]:
    """Put folders and documents below a folder of the bound tenant; return the documents, the public ones first.

    Each folder lies in the one before, ten deep at most. The documents are spread over all of them.
    """
    places = [folder]
    for _ in range(folders):
        pk, parent = uuid.uuid4(), places[-1] if len(places[-1].path) < 10 else folder
        places.append(
            Folder(id=pk, name=f"folder {len(places)}", parent=parent, path=[*parent.path, pk], **OWNER)
        )  # fmt: skip
    Folder.objects.bulk_create(places[1:])
    originals = _objects("private", documents, charged_bytes=SIZE_BYTES)
    copies = _objects("media", public, kind="public_copy")
    rows = [
        Document(
            title=f"document {number}", name="x.pdf", folder=places[number % len(places)], original=original,
            public_copy=copies[number] if number < public else None,
            visibility="public" if number < public else "private", **OWNER,
        )
        for number, original in enumerate(originals)
    ]  # fmt: skip
    Document.objects.bulk_create(rows, batch_size=1000)
    Version.objects.bulk_create(
        (
            Version(document=row, number=1, file_name=row.name, original=row.original, **OWNER)
            for row in rows
        ),
        batch_size=1000,
    )
    used = Quota.objects.get(tenant=tenant).used_bytes + documents * SIZE_BYTES
    Quota.objects.filter(tenant=tenant).update(used_bytes=used)
    return rows


def _objects(area: str, count: int, **given: object) -> list[StoredObject]:
    made = []
    for _ in range(count):
        pk = uuid.uuid4()
        row = StoredObject(
            id=pk, name=f"{area}/{pk}/x.pdf", area=area, size_bytes=SIZE_BYTES, content_type="application/pdf",
            sha256="0" * 64, state="stored", stored_at=timezone.now(), **given,
        )  # fmt: skip
        made.append(row)
    StoredObject.objects.bulk_create(made, batch_size=1000)
    return made


def list_names(member: Editor) -> tuple[set[str], set[str]]:
    """Return the names of the folders, and the titles of the documents, that this member finds."""
    folders = Folder.objects.readable_by(member).values_list("name", flat=True)
    return set(folders), set(Document.objects.readable_by(member).values_list("title", flat=True))


def list_requested_jobs(tenant: Tenant) -> set[str]:
    """Return the kinds of the jobs that wait for a tenant."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name FROM public.procrastinate_jobs WHERE args->>'tenant_id' = %s",
            [str(tenant.pk)],
        )
        return {name.split(".")[0] for (name,) in cursor.fetchall()}
