"""Which file of an app a name means, and who may have it. A name of anything else in the room leads nowhere."""

from django.http import HttpRequest

from media_core.documents.models import AccessEvent
from media_core.documents.permissions import may_read_app_file
from media_core.storages.models import StoredObject
from media_core.storages.room import link_to
from tenants.errors import GatewayError, NotFound
from tenants.people.identity import member_of
from tenants.prefixes import checked_name

MAX_RECORDED_NAME = 200


def app_file(area: str, name: str) -> StoredObject | None:
    """Return the live file that an app keeps under this name in an area of the bound tenant's room. One query."""
    try:
        checked_name(f"{area}/{name}")
    except GatewayError:
        return None
    found: StoredObject | None = (
        StoredObject.objects.of_apps().filter(area=area, app_name=name).served_now().first()
    )
    return found


def readable_app_file(request: HttpRequest, name: str) -> StoredObject:
    """Return an app's private file that the asker may read. One query, and what PRIVATE_MEDIA_READERS asks.

    Raises NotFound, the same for one that is missing, another tenant's, no app's, or not readable.
    """
    found = app_file(StoredObject.Area.PRIVATE, name)
    if found is None or not may_read_app_file(request, name):
        raise NotFound
    return found


def open_app_file(request: HttpRequest, name: str) -> str:
    """Return the signed address of an app's private file; the access is recorded before. Two queries more than HEAD.

    No request to the bucket. Raises NotFound.
    """
    stored = readable_app_file(request, name)
    member = member_of(request)
    AccessEvent.objects.create(
        document_id=stored.pk,
        # The end of a long name says more than its beginning.
        document_name=name[-MAX_RECORDED_NAME:],
        person_id=member.person_id if member else None,
        person_name=member.name if member else "",
    )
    return link_to(stored, file_name=file_name_of(name))


def file_name_of(name: str) -> str:
    """Return what people call the file: the last part of the name under which the app keeps it."""
    return name.rpartition("/")[2]
