"""Everything that failed, was killed, or is kept no longer: what `manage.py sweep_uploads` removes of one tenant's."""

from media_core.app_files.sweeping import sweep_app_files
from media_core.storages.models import StoredObject
from media_core.uploads.flow import sweep


def sweep_room(*, dry_run: bool = False) -> list[StoredObject]:
    """Remove from the bound tenant's room what belongs to nothing; return the rows. Idempotent.

    What uploads and publishings left, and what apps deleted or never came to own. Raises BucketUnavailable.
    """
    return [*sweep(dry_run=dry_run), *sweep_app_files(dry_run=dry_run)]
