"""Folders for tests, made by the flows that the product itself uses."""

from collections.abc import Iterable

from media_core.documents.folders import Folder
from media_core.documents.models import Document
from media_core.documents.moves import find_reader_ids
from media_core.documents.permissions import Admin, Editor, require_admin, require_editor
from media_core.documents.restriction import restrict_folder
from media_core.documents.tree import create_folder
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tenants.people.models import Membership, Person, Role
from tests.conftest import member
from tests.media_core.conftest import document_row


def admin_of(tenant: Tenant) -> Admin:
    admins = Membership.objects.select_related("person").filter(tenant=tenant, role=Role.ADMIN)
    return require_admin(member(admins[0].person, tenant))


def editor_at(tenant: Tenant, person: Person) -> Editor:
    return require_editor(member(person, tenant))


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


def read_by(tenant: Tenant, people: dict[str, Person], folder: Folder) -> set[str]:
    """Return the names of those in whose lists the folder stands with its document, and who are counted as readers."""
    with bind_tenant(tenant):
        document = Document.objects.filter(folder=folder).first() or document_row(folder=folder)
        listed = set[str]()
        for person in people.values():
            if not person.memberships.filter(tenant=tenant).exists():
                continue
            who = member(person, tenant)
            sees = Folder.objects.readable_by(who).filter(pk=folder.pk).exists()
            assert sees == Document.objects.readable_by(who).filter(pk=document.pk).exists()
            listed |= {person.name} if sees else set()
        counted = find_reader_ids(Folder.objects.get(pk=folder.pk).path)
        assert {str(Person.objects.get(pk=pk)) for pk in counted} == listed
    return listed
