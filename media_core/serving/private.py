"""Opening an app's private file by its name: permission, record, link. Any other name in the room leads nowhere."""

from django.http import HttpRequest

from media_core.documents.models import AccessEvent
from media_core.documents.permissions import may_read_app_file
from media_core.serving.served_files import ServedFile, find_private
from media_core.storages.tenant_storage import sign_url
from tenants.errors import NotFound
from tenants.people.identity import find_member

MAX_RECORDED_NAME = 200


def find_readable_app_file(request: HttpRequest, name: str) -> ServedFile:
    """Return an app's private file that the asker may read. One query, and what PRIVATE_MEDIA_READERS asks.

    Raises NotFound, the same for one that is missing, another tenant's, no app's, or not readable.
    """
    found = find_private(name)
    if not may_read_app_file(request, name):
        raise NotFound
    return found


def open_app_file(request: HttpRequest, name: str) -> str:
    """Return the signed address of an app's private file. The access is recorded before.

    One statement more than `find_readable_app_file`, and no request to the bucket. Raises NotFound.
    """
    found, member = find_readable_app_file(request, name), find_member(request)
    AccessEvent.objects.create(
        document_id=found.stored.pk,
        # The end of a long name says more than its beginning.
        document_name=name[-MAX_RECORDED_NAME:],
        person_id=member.person_id if member else None,
        person_name=member.name if member else "",
    )
    return sign_url(found.stored, file_name=found.file_name)
