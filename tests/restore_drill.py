"""A deployment that is restored from a backup: what happens in it, each step as a process of its own.

Run as a module, with a database in DATABASE_URL and a bucket in AWS_STORAGE_BUCKET_NAME: `prepare`, `change`,
`unpublish` or `check`. Each prints JSON.
"""

import json
import sys
from hashlib import sha256
from io import StringIO
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402 - models need Django set up
from django.core.files.base import ContentFile  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import override_settings  # noqa: E402

from gateway.demo.resolution import resolve_localhost_names  # noqa: E402
from media_core.bucket.bucket_objects import can_public_read, iterate_objects  # noqa: E402
from media_core.bucket.client import get_bucket_client  # noqa: E402
from media_core.documents.folders import Folder  # noqa: E402
from media_core.documents.models import Document, Version  # noqa: E402
from media_core.documents.permissions import require_admin, require_editor  # noqa: E402
from media_core.documents.publishing import publish, unpublish  # noqa: E402
from media_core.documents.purging import purge_entry  # noqa: E402
from media_core.documents.renaming import rename_document  # noqa: E402
from media_core.documents.restriction import restrict_folder  # noqa: E402
from media_core.documents.trash import restore_entry, trash_document, trash_folder  # noqa: E402
from media_core.documents.tree import create_folder  # noqa: E402
from media_core.documents.versions import restore_version  # noqa: E402
from media_core.errors import ObjectMissing  # noqa: E402
from media_core.ledger.models import StoredObject  # noqa: E402
from media_core.storages.tenant_storage import find_storage  # noqa: E402
from media_core.uploads.flow import replace_file, store_upload  # noqa: E402
from tenants.binding import bind_tenant  # noqa: E402
from tenants.models import VERSIONS_KEPT, Quota, Tenant  # noqa: E402
from tenants.people.members import set_role  # noqa: E402
from tenants.people.models import Person, Role  # noqa: E402
from tenants.provisioning import create_tenant  # noqa: E402
from tests.conftest import member  # noqa: E402
from tests.media_core.conftest import grow_old  # noqa: E402
from tests.media_core.documents.conftest import LOCATED  # noqa: E402
from tests.proof import proved  # noqa: E402
from tests.restore_drill_app_files import (  # noqa: E402
    change_app_files,
    read_app_files,
    save_app_files,
)

# To one of them nothing happens but to its documents; each of the others has a fate of its own in `change`.
NAMES = ("museum", "school", "club", "archive")
PUBLIC = ("stays public", "unpublished", "again", "replaced public", "renamed", "trashed public")
PRIVATE = (
    "stays private", "published", "replaced", "restored version", "often replaced", "restricted",
    "trashed", "purged",
)  # fmt: skip
# Each holds a private document and a public one, which are called as this and the folder.
FOLDERS = ("trashed folder", "purged folder")
# In the trash when the backup is made.
IN_TRASH = "restored from the trash"


def prepare() -> None:
    """Make tenants with documents, some of them public, some with two versions, and one in the trash."""
    call_command("migrate_schemas", shared=True, verbosity=0)
    proved()
    ada = Person.objects.create(email="ada@drill.example", name="Ada")
    for name in NAMES:
        tenant = create_tenant(name=name, location_prefix=f"{name}/", domain=f"{name}.example")
        set_role(tenant, ada, Role.ADMIN)
        with bind_tenant(tenant):
            _upload_all(tenant, require_editor(member(ada, tenant)))
            save_app_files()


def _upload_all(tenant: Tenant, editor: Any) -> None:
    for name in FOLDERS:
        _upload_folder(tenant, name, editor)
    folder = create_folder(name="restricted", parent_id=None, editor=editor)
    for title in (*PUBLIC, *PRIVATE, IN_TRASH):
        store_upload(
            uploader=editor,
            file=_make_file(tenant, title),
            title=title,
            visibility="public" if title in PUBLIC else "private",
            folder=folder if title == "restricted" else None,
        )
    photo = ContentFile(LOCATED, name="photo.jpg")
    store_upload(uploader=editor, file=photo, title="photo", visibility="public")
    ids = _find_ids()
    for title in ("restored version", "replaced public"):
        replace_file(ids[title], uploader=editor, file=_make_file(tenant, f"{title}, second"))
    trash_document(ids[IN_TRASH], editor=editor)


def _upload_folder(tenant: Tenant, name: str, editor: Any) -> None:
    folder = create_folder(name=name, parent_id=None, editor=editor)
    below = create_folder(name="below", parent_id=folder.pk, editor=editor)
    for visibility, place in (("private", folder), ("public", below)):
        title = f"{visibility}, {name}"
        store_upload(
            uploader=editor, file=_make_file(tenant, title), title=title, visibility=visibility, folder=place
        )  # fmt: skip


def _make_file(tenant: Tenant, text: str) -> "ContentFile[bytes]":
    return ContentFile(f"{tenant.name}: {text}".encode(), name="x.txt")


def _find_ids() -> dict[str, Any]:
    return dict(Document.objects.values_list("title", "pk"))


def change() -> None:
    """Do to every tenant what may happen between a backup and its restoration."""
    _run("sweep_uploads")
    for tenant in Tenant.objects.all():
        ada = member(Person.objects.get(), tenant)
        with bind_tenant(tenant):
            _change_documents(tenant, ada)
            change_app_files()
    _run("tenant", "suspend", "museum/", "--take-down", "--yes")
    _run("tenant", "resume", "museum/")
    _run("tenant", "suspend", "club/", "--take-down", "--yes")
    _move("museum/", "disk")
    _move("museum/", "bucket")
    _move("archive/", "disk")
    for tenant in Tenant.objects.all():
        with bind_tenant(tenant, even_suspended=True):
            grow_old(*StoredObject.objects.all())
    _run("sweep_uploads")


def _change_documents(tenant: Tenant, ada: Any) -> None:
    editor, ids = require_editor(ada), _find_ids()
    publish(ids["published"], editor=editor)
    unpublish(ids["unpublished"], editor=editor)
    unpublish(ids["again"], editor=editor)
    publish(ids["again"], editor=editor)
    for title in ("replaced", "replaced public"):
        replace_file(ids[title], uploader=editor, file=_make_file(tenant, f"{title}, third"))
    for number in range(VERSIONS_KEPT):
        file = _make_file(tenant, f"often replaced, {number}")
        replace_file(ids["often replaced"], uploader=editor, file=file)
    restore_version(ids["restored version"], 1, editor=editor)
    rename_document(ids["renamed"], title="renamed since", file_name="y.txt", editor=editor)
    folders = dict(Folder.objects.values_list("name", "pk"))
    restrict_folder(folder_id=folders["restricted"], readers=[], admin=require_admin(ada))
    trash_folder(folders["trashed folder"], editor=editor)
    purge_entry(trash_folder(folders["purged folder"], editor=editor))
    restore_entry(Document.objects.get(title=IN_TRASH).trash_entry_id, editor=editor)
    for title in ("trashed", "trashed public"):
        trash_document(ids[title], editor=editor)
    purge_entry(trash_document(ids["purged"], editor=editor))


def unpublish_some() -> None:
    """Unpublish a document of each tenant, between a copy of the bucket and the day when it is copied back."""
    for tenant in Tenant.objects.all():
        with bind_tenant(tenant):
            editor = require_editor(member(Person.objects.get(), tenant))
            unpublish(_find_ids()["stays public"], editor=editor)


def _run(*command: str) -> None:
    call_command(*command, stdout=StringIO())


def _move(prefix: str, to: str) -> None:
    with override_settings(USE_S3_MEDIA=to == "bucket"):
        _run("tenant", "move-storage", "--to", to, prefix)


def check() -> dict[str, Any]:
    """Return of each tenant what its people get of each version, what the public gets, its quota, and its objects."""
    found = {}
    for tenant in Tenant.objects.all():
        with bind_tenant(tenant, even_suspended=True):
            found[tenant.name] = {
                "versions": {str(row.pk): _read_digest(row.original) for row in _list_versions()},
                "documents": {str(row.pk): _read_digest(row.original) for row in _list_documents()},
                "named public": sorted(row.title for row in _list_documents() if row.public_copy),
                "app files": read_app_files(),
                "public": sorted(filter(can_public_read, _list_keys(tenant))),
                "objects": {key: _read_facts(key) for key in _list_keys(tenant)},
                "quota": list(
                    Quota.objects.values_list("used_bytes", "reserved_bytes").get(tenant=tenant)
                ),
            }
    return found


def _list_versions() -> Any:
    return Version.objects.select_related("original")


def _list_documents() -> Any:
    return Document.objects.select_related("original", "public_copy")


def _read_digest(original: StoredObject) -> str:
    """Return the digest of the bytes that people get; nothing where they get none."""
    try:
        with find_storage(original).read(original) as body:
            return sha256(body.read()).hexdigest()
    except ObjectMissing:
        return ""


def _list_keys(tenant: Tenant) -> list[str]:
    return [each.key for each in iterate_objects(str(tenant.prefix))]


def _read_facts(key: str) -> list[str]:
    """Return what a browser goes by, and the bytes' digest."""
    answer = get_bucket_client().get_object(Bucket=settings.BUCKET_NAME, Key=key)
    names = ("ContentType", "ContentDisposition", "CacheControl")
    return [
        *(str(answer.get(name, "")) for name in names),
        sha256(answer["Body"].read()).hexdigest(),
    ]


def main() -> None:
    actions: dict[str, Any] = {
        "prepare": prepare, "change": change, "unpublish": unpublish_some, "check": check,
    }  # fmt: skip
    # On Ceph RGW the bucket's host is a name that glibc does not find.
    with resolve_localhost_names():
        print(json.dumps(actions[sys.argv[1]]()))  # noqa: T201


if __name__ == "__main__":
    main()
