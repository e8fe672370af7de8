"""A deployment whose database is restored from a backup: what each step does, as a process of its own.

Run as a module, with a database of its own in DATABASE_URL and a part of the bucket in LOCATION_PREFIX: `prepare`,
`change`, `check`, `take_over` and the like. Each prints JSON.
"""

import json
import sys
from hashlib import sha256
from io import StringIO
from typing import Any

import django


def prepare() -> dict[str, str]:
    """Make two tenants with documents, some of them public; return the digest of each document."""
    from django.core.management import call_command  # noqa: PLC0415 - models need Django set up

    from tenants.people.members import set_role  # noqa: PLC0415
    from tenants.people.models import Person, Role  # noqa: PLC0415
    from tenants.provisioning import create_tenant  # noqa: PLC0415
    from tests.media_core.documents.conftest import LOCATED  # noqa: PLC0415
    from tests.proof import proved  # noqa: PLC0415
    from tests.restore_drill_app_files import save_app_files  # noqa: PLC0415

    call_command("migrate_schemas", shared=True, verbosity=0)
    proved()
    ada = Person.objects.create(email="ada@drill.example", name="Ada")
    digests: dict[str, str] = {}
    for name in ("first", "second"):
        tenant = create_tenant(name=name, location_prefix=f"{name}/", domain=f"{name}.example")
        set_role(tenant, ada, Role.ADMIN)
        digests |= _upload(tenant, ada, LOCATED)
        save_app_files(tenant)
    return digests


TITLES = ("stays private", "stays public", "published later", "unpublished later", "photo", "again")


def _upload(tenant: Any, ada: Any, photo: bytes) -> dict[str, str]:
    from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: PLC0415

    from media_core.documents.permissions import required_editor  # noqa: PLC0415
    from media_core.uploads.flow import store_upload  # noqa: PLC0415
    from tenants.binding import bind_tenant  # noqa: PLC0415
    from tests.conftest import member  # noqa: PLC0415

    uploader, digests = required_editor(member(ada, tenant)), {}
    with bind_tenant(tenant):
        for title in TITLES:
            is_photo = title == "photo"
            body = photo if is_photo else f"{tenant.name}: {title}".encode()
            file = SimpleUploadedFile(
                "x.jpg" if is_photo else "x.txt", body, "image/jpeg" if is_photo else "text/plain"
            )
            is_public = title in {"stays public", "unpublished later", "photo", "again"}
            visibility = "public" if is_public else "private"
            document = store_upload(
                uploader=uploader, file=file, title=title, visibility=visibility
            )
            digests[str(document.pk)] = sha256(body).hexdigest()
    return digests


def change() -> None:
    """Do to every tenant what may happen between a backup and its restoration."""
    from django.core.management import call_command  # noqa: PLC0415

    from media_core.documents.models import Document  # noqa: PLC0415
    from media_core.documents.permissions import required_editor  # noqa: PLC0415
    from media_core.documents.publishing import publish, unpublish  # noqa: PLC0415
    from tenants.binding import bind_tenant  # noqa: PLC0415
    from tenants.models import Tenant  # noqa: PLC0415
    from tenants.people.models import Person  # noqa: PLC0415
    from tests.conftest import member  # noqa: PLC0415
    from tests.restore_drill_app_files import change_app_files  # noqa: PLC0415

    for tenant in Tenant.objects.all():
        editor = required_editor(member(Person.objects.get(), tenant))
        with bind_tenant(tenant):
            ids = {row.title: row.pk for row in Document.objects.all()}
            publish(ids["published later"], editor=editor)
            unpublish(ids["unpublished later"], editor=editor)
            unpublish(ids["again"], editor=editor)
            publish(ids["again"], editor=editor)
    first = Tenant.objects.order_by("location_prefix")[0]
    for action in (["suspend", "--take-down"], ["resume"]):
        call_command("tenant", action[0], first.location_prefix, *action[1:], stdout=StringIO())
    for tenant in Tenant.objects.all():
        change_app_files(tenant)
    sweep()


def check() -> dict[str, Any]:
    """Return the digest of the bytes that members get of each document, and which titles the public can read."""
    from media_core.documents.models import Document  # noqa: PLC0415
    from media_core.storages.bucket.listing import can_public_read  # noqa: PLC0415
    from media_core.storages.room import storage_of  # noqa: PLC0415
    from tenants.binding import bind_tenant  # noqa: PLC0415
    from tenants.models import Tenant  # noqa: PLC0415
    from tests.restore_drill_app_files import check_app_files  # noqa: PLC0415

    digests, public, keys = {}, set(), set()
    for tenant in Tenant.objects.all():
        with bind_tenant(tenant):
            for row in Document.objects.select_related("original", "public_copy"):
                with storage_of(row.original).read(row.original) as body:
                    digests[str(row.pk)] = sha256(body.read()).hexdigest()
                if row.public_copy and can_public_read(row.public_copy.key):
                    public.add(f"{tenant.name}: {row.title}")
                    keys.add(str(row.public_copy.key))
            keys |= _list_public(tenant)
    files = {tenant.name: check_app_files(tenant) for tenant in Tenant.objects.all()}
    return {"digests": digests, "public": sorted(public), "keys": len(keys), "app_files": files}


def _list_public(tenant: Any) -> set[str]:
    """Return the keys of a tenant that the public can read, whatever the ledger says."""
    from media_core.storages.bucket.listing import (  # noqa: PLC0415
        can_public_read,
        iterate_objects,
    )

    return {each.key for each in iterate_objects(str(tenant.prefix)) if can_public_read(each.key)}


def sweep() -> str:
    """Let every object be older than an upload may take, and return what the sweep says."""
    from media_core.ledger.models import StoredObject  # noqa: PLC0415
    from tenants.binding import bind_tenant  # noqa: PLC0415
    from tenants.models import Tenant  # noqa: PLC0415
    from tests.media_core.conftest import grow_old  # noqa: PLC0415

    for tenant in Tenant.objects.all():
        with bind_tenant(tenant):
            grow_old(*StoredObject.objects.all())
    return _say("sweep_uploads")


def repair() -> str:
    """Return what `bucket verify` says and does."""
    return _say("bucket", "verify", "--repair", "--republish")


def take_over() -> str:
    """Let the marker name this database, as the person does who restored it."""
    from media_core.storages.bucket.models import Deployment  # noqa: PLC0415

    return _say("bucket", "apply", "--yes", "--take-over", str(Deployment.this()))


def _say(*command: str) -> str:
    """Return what a command says, also when it refuses."""
    from django.core.management import CommandError, call_command  # noqa: PLC0415

    out = StringIO()
    try:
        call_command(*command, stdout=out, stderr=out)
    except CommandError as refusal:
        out.write(str(refusal))
    return out.getvalue()


def keys() -> list[str]:
    """Return the keys of all tenants' objects in the bucket."""
    from media_core.storages.bucket.listing import iterate_objects  # noqa: PLC0415
    from tenants.models import Tenant  # noqa: PLC0415

    found = [iterate_objects(str(tenant.prefix)) for tenant in Tenant.objects.all()]
    return sorted(each.key for listed in found for each in listed)


def main() -> None:
    django.setup()
    actions: dict[str, Any] = {
        "prepare": prepare, "change": change, "check": check, "repair": repair, "sweep": sweep,
        "take_over": take_over, "keys": keys,
    }  # fmt: skip
    print(json.dumps(actions[sys.argv[1]]()))  # noqa: T201


if __name__ == "__main__":
    main()
