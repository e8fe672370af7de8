"""Folders for tests, made by the flows that the product itself uses."""

from collections.abc import Iterable

from media_core.documents.folders import Folder
from media_core.documents.permissions import Admin, Editor, required_admin, required_editor
from media_core.documents.restriction import restrict_folder
from media_core.documents.tree import create_folder
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tenants.people.models import Membership, Person, Role
from tests.conftest import member


def admin_of(tenant: Tenant) -> Admin:
    admins = Membership.objects.select_related("person").filter(tenant=tenant, role=Role.ADMIN)
    return required_admin(member(admins[0].person, tenant))


def editor_at(tenant: Tenant, person: Person) -> Editor:
    return required_editor(member(person, tenant))


def new_folder(
    tenant: Tenant,
    name: str = "Contracts",
    within: Folder | None = None,
    readers: Iterable[Person] | None = None,
) -> Folder:
    """Return a new folder, made by the tenant's admin; restricted when its readers are given, be they none."""
    admin = admin_of(tenant)
    with bind_tenant(tenant):
        folder = create_folder(name=name, parent_id=within.pk if within else None, editor=admin)
        if readers is None:
            return folder
        named = [person.pk for person in readers]
        return restrict_folder(folder_id=folder.pk, readers=named, admin=admin)
