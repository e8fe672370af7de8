"""A suspended tenant's public files of apps: out of the public's reach, and back under the name that they had.

While a file is taken down nobody else gets its name. How it moves: media_core/app_files/moving.py.
"""

from uuid import UUID

from django.db.models import QuerySet

from media_core.app_files.models import AppFile
from media_core.app_files.moving import move_to_private, move_to_public
from media_core.app_files.sweeping import let_go
from media_core.bucket.requirements import require_to_remove
from media_core.ledger.models import StoredObject
from media_core.storages.object_copies import remove_object
from media_core.upkeep.takedown import Progress, TakedownResult, run_for_each
from tenants.binding import lock_tenant

Area, State = StoredObject.Area, StoredObject.State


def bring_files_back(progress: Progress) -> TakedownResult:
    """Give every file that was taken down back to the public. Raises RemovalRefused."""
    require_to_remove()
    # Whatever an earlier run began and did not end is nobody's any more.
    with lock_tenant():
        return run_for_each(
            list_taken_down().values_list("pk", flat=True), bring_file_back, progress
        )


def list_taken_down() -> QuerySet[AppFile]:
    """Return the bound tenant's files that are taken down."""
    found: QuerySet[AppFile] = AppFile.objects.filter(state=AppFile.State.TAKEN_DOWN)
    return found


def take_file_down(file_id: UUID) -> None:
    """Move a public file to where nobody reaches it; one that is not public any more stays as it is.

    Raises ObjectMissing, ObjectDiffers, UploadLost or BucketUnavailable. Three bucket requests.
    """
    saved = AppFile.objects.filter(area=Area.PUBLIC, state=AppFile.State.SAVED)
    file: AppFile | None = saved.select_related("stored_object").filter(pk=file_id).first()
    if file is None:
        return
    if file.stored_object.area == Area.PUBLIC:
        move_to_private(file, state=AppFile.State.TAKEN_DOWN)
    else:
        file.point_to(file.stored_object, state=AppFile.State.TAKEN_DOWN)


def end_saves() -> None:
    """End what apps began to save for the public while the tenant was served. Waits for their transactions.

    What one of them comes to own is taken down; of the others nothing stays. Raises as `take_file_down`.
    """
    saving = AppFile.objects.filter(area=Area.PUBLIC, state=AppFile.State.SAVING)
    for file in saving.select_related("stored_object"):
        if let_go(file, waits=True):
            remove_object(file.stored_object)
        take_file_down(file.pk)


def bring_file_back(file_id: UUID) -> None:
    """Give a file that was taken down to the public again, under its name; any other stays as it is.

    Belongs into `lock_tenant`: what another run is writing would be taken for what a killed one left. Raises as
    `take_file_down`, PublicNameTaken, TooBusy, and BucketRefused where strangers do not get it. Three to eight
    bucket requests.
    """
    file = list_taken_down().select_related("stored_object").filter(pk=file_id).first()
    if file is None:
        return
    for left in StoredObject.objects.filter(name=file.public_name, state=State.PENDING):
        left.abandon()
    move_to_public(file)
