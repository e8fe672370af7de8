"""Fills the demo: tenants, people, documents, all by the flows that the product itself uses.

Imported only when Django is set up.
"""

import hashlib
import secrets
from typing import Any

from django.core.files.base import ContentFile

from gateway.demo.errors import DemoRefused
from gateway.demo.people import DEMO_PEOPLE, DEMO_TENANTS, DemoPerson
from gateway.demo.samples import FOLDERS, Sample, SampleFolder, make_samples
from media_core.bucket.doctor.examine import examine, store_examination
from media_core.bucket.findings import Outcome
from media_core.bucket.marker import withdraw_marker
from media_core.bucket.public_access import is_public
from media_core.documents.folders import Folder, list_path_ids
from media_core.documents.models import Document
from media_core.documents.permissions import Admin, readers, require_admin
from media_core.documents.restriction import list_active_members, restrict_folder
from media_core.documents.tree import create_folder
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import find_storage
from media_core.uploads.flow import store_upload
from tenants.binding import bind_agency, bind_tenant
from tenants.models import FileGroup, Tenant
from tenants.people.identity import Member
from tenants.people.members import add_agency_role, find_or_create_person, set_role
from tenants.people.models import AgencyRole, Membership, Person, Role
from tenants.provisioning import create_tenant, set_requires_consent


def examine_bucket() -> None:
    """Find out what the bucket can do, as `manage.py bucket doctor` does. Raises DemoRefused where it is not fit."""
    examination = examine()
    store_examination(examination)
    if not examination.passed:
        seen = [
            f"{each.title}: {each.seen}"
            for each in examination.findings
            if each.outcome != Outcome.OK
        ]
        raise DemoRefused(f"The bucket is not fit. {' '.join(seen)}")


def create_tenants() -> dict[str, Tenant]:
    """Return the three tenants by their labels.

    Acme takes files of every type, the others those that are proved; initech is asked before agency staff enter.
    """
    tenants = {
        site.label: create_tenant(
            name=site.name, location_prefix=f"{site.label}/", domain=site.host
        )
        for site in DEMO_TENANTS
    }
    acme = tenants["acme"]
    acme.file_groups = FileGroup.values
    acme.save(update_fields=["file_groups"])
    set_requires_consent(tenants["initech"], required=True)
    return tenants


def create_people(tenants: dict[str, Tenant]) -> list[dict[str, str]]:
    """Create everybody with a random password; return who signs in where."""
    passwords = {actor.email: secrets.token_urlsafe(9) for actor in DEMO_PEOPLE}
    with bind_agency():
        for actor in DEMO_PEOPLE:
            person, is_new = find_or_create_person(actor.email, actor.name)
            if is_new:
                person.set_password(passwords[actor.email])
                person.save(update_fields=["password"])
            _give_role(person, actor, tenants)
    return [
        {
            "name": a.name,
            "email": a.email,
            "password": passwords[a.email],
            "tenant": a.tenant,
            "role": a.role,
        }
        for a in DEMO_PEOPLE
    ]


def _give_role(person: Person, actor: DemoPerson, tenants: dict[str, Tenant]) -> None:
    if actor.tenant == "agency":
        add_agency_role(person, AgencyRole.Role(actor.role))
    else:
        set_role(tenants[actor.tenant], person, Role(actor.role))


def create_folders(tenants: dict[str, Tenant]) -> list[dict[str, Any]]:
    """Make the folders and restrict some; return what was made, and who may read it."""
    return [_create_sample_folder(sample, tenants[sample.tenant]) for sample in FOLDERS]


def _create_sample_folder(sample: SampleFolder, tenant: Tenant) -> dict[str, Any]:
    admin = _find_admin(tenant)
    with bind_tenant(tenant):
        parent = _find_folder(sample.path_names[:-1])
        folder = create_folder(
            name=sample.path_names[-1], parent_id=parent.pk if parent else None, editor=admin
        )
        if sample.readers is not None:
            named = list_active_members().filter(person__name__in=sample.readers)
            people = [member.person_id for member in named]
            restrict_folder(folder_id=folder.pk, readers=people, admin=admin)
        read_by = readers([*list_path_ids(parent), folder.pk]).order_by("person__email")
        return {
            "id": str(folder.id),
            "path": " / ".join(sample.path_names),
            "restricted": sample.readers is not None,
            "readers": list(read_by.values_list("person__email", flat=True)),
            "tenant": sample.tenant,
        }


def _find_folder(way: tuple[str, ...]) -> Folder | None:
    """Return the folder to which these names lead from the top; None for the top itself."""
    folder: Folder | None = None
    for name in way:
        folder = Folder.objects.get(parent=folder, name=name)
    return folder


def _find_admin(tenant: Tenant) -> Admin:
    person = Membership.objects.select_related("person").get(tenant=tenant, role=Role.ADMIN).person
    return require_admin(Member(person.id, person.name, Role.ADMIN))


def create_documents(tenants: dict[str, Tenant]) -> list[dict[str, Any]]:
    """Store the samples in the bucket; return what was stored."""
    return [_store_sample(sample, tenants[sample.tenant]) for sample in make_samples()]


def _store_sample(sample: Sample, tenant: Tenant) -> dict[str, Any]:
    with bind_tenant(tenant):
        document: Document = store_upload(
            uploader=_find_admin(tenant),
            file=ContentFile(sample.content, name=sample.name),
            title=sample.title,
            visibility=sample.visibility,
            folder=_find_folder(sample.folder),
        )
        public = find_public_url(document)
    return {
        "id": str(document.id),
        "name": document.name,
        "title": document.title,
        "visibility": document.visibility,
        "folder": " / ".join(sample.folder) or None,
        "sha256": hashlib.sha256(sample.content).hexdigest(),
        "size_bytes": len(sample.content),
        "tenant": sample.tenant,
        **({"public_url": public} if public else {}),
    }


def find_public_url(document: Document) -> str:
    """Return where everybody finds a public document without the gateway's redirect; empty when nowhere."""
    stored = document.public_copy
    return find_storage(stored).build_public_url(stored) if stored and is_public(stored) else ""


def remove_objects() -> int:
    """Delete the objects that this demo's ledgers know, its marker, and nothing else; return how many."""
    removed = int(withdraw_marker())
    for tenant in Tenant.objects.all():
        with bind_tenant(tenant, even_suspended=True):
            for row in StoredObject.objects.exclude(state=StoredObject.State.GONE):
                find_storage(row).remove(row)
                removed += 1
    return removed
