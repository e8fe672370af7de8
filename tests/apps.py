"""Files of an app that knows nothing of tenants: stored as it stores them, by way of STORAGES."""

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from media_core.app_files.models import AppFile
from tenants.binding import bind_tenant
from tenants.models import Tenant

ALIASES = {"media": "default", "private": "private"}


def kept(
    tenant: Tenant, content: bytes = b"bytes", name: str = "a/b.pdf", area: str = "private"
) -> AppFile:
    """Return a file that an app keeps in a tenant's room under this name, or one like it."""
    with bind_tenant(tenant, even_suspended=True):
        got = storages[ALIASES[area]].save(name, ContentFile(content))
        file: AppFile = AppFile.objects.live(area).select_related("stored_object").get(name=got)
    return file


def address_of(tenant: Tenant, file: AppFile) -> str:
    """Return the address that an app puts into its pages."""
    with bind_tenant(tenant, even_suspended=True):
        return storages[ALIASES[file.area]].url(file.name)
