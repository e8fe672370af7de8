"""Fills the demo: tenants, people, documents, all by the flows that the product itself uses.

Imported only when Django is set up.
"""

import hashlib
import secrets
from typing import Any

from django.core.files.base import ContentFile

from gateway.demo.people import ACTORS, SITES, Actor
from gateway.demo.samples import Sample, samples
from media_core.documents.models import Document
from media_core.documents.permissions import required_editor
from media_core.storages.models import StoredObject
from media_core.storages.room import storage_of
from media_core.uploads.flow import store_upload
from tenants.binding import bind_agency, bind_tenant
from tenants.models import FileGroup, Tenant
from tenants.people.identity import Member
from tenants.people.members import add_agency_role, find_or_create_person, set_role
from tenants.people.models import AgencyRole, Membership, Person, Role
from tenants.provisioning import create_tenant


def create_tenants() -> dict[str, Tenant]:
    """Return the three tenants by their labels. Acme takes files of every type, the others those that are proved."""
    made = {
        site.label: create_tenant(
            name=site.name, location_prefix=f"{site.label}/", domain=site.host
        )
        for site in SITES
    }
    acme = made["acme"]
    acme.file_groups = FileGroup.values
    acme.save(update_fields=["file_groups"])
    return made


def create_people(tenants: dict[str, Tenant]) -> list[dict[str, str]]:
    """Create everybody with a random password; return who signs in where."""
    passwords = {actor.email: secrets.token_urlsafe(9) for actor in ACTORS}
    with bind_agency():
        for actor in ACTORS:
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
        for a in ACTORS
    ]


def _give_role(person: Person, actor: Actor, tenants: dict[str, Tenant]) -> None:
    if actor.tenant == "agency":
        add_agency_role(person, AgencyRole.Role(actor.role))
    else:
        set_role(tenants[actor.tenant], person, Role(actor.role))


def create_documents(tenants: dict[str, Tenant]) -> list[dict[str, Any]]:
    """Store the samples in the bucket; return what was stored."""
    return [_store(sample, tenants[sample.tenant]) for sample in samples()]


def _store(sample: Sample, tenant: Tenant) -> dict[str, Any]:
    admin = Membership.objects.select_related("person").get(tenant=tenant, role=Role.ADMIN).person
    with bind_tenant(tenant):
        document: Document = store_upload(
            uploader=required_editor(Member(admin.id, admin.name, Role.ADMIN)),
            file=ContentFile(sample.content, name=sample.name),
            title=sample.title,
            visibility=sample.visibility,
        )
    return {
        "id": str(document.id),
        "name": document.name,
        "title": document.title,
        "visibility": document.visibility,
        "sha256": hashlib.sha256(sample.content).hexdigest(),
        "size_bytes": len(sample.content),
        "tenant": sample.tenant,
    }


def remove_objects() -> int:
    """Delete the objects that this demo's ledgers know, and nothing else; return how many."""
    removed = 0
    for tenant in Tenant.objects.all():
        with bind_tenant(tenant, even_suspended=True):
            for row in StoredObject.objects.exclude(state=StoredObject.State.GONE):
                storage_of(row).remove(row)
                removed += 1
    return removed
