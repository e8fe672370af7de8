"""Everything that failed, was killed, or is kept no longer: what the worker removes every hour."""

import logging
from collections.abc import Callable
from functools import partial

from media_core.app_files.models import AppFile
from media_core.app_files.sweeping import finish_file, list_unfinished, sweep_app_files
from media_core.bucket.requirements import require_to_remove
from media_core.errors import BucketRefused, UnknownBucketAnswer
from media_core.ledger.models import StoredObject
from media_core.uploads.flow import list_abandoned, sweep, sweep_object
from tenants.binding import bound_tenant
from tenants.jobs.kinds import JobStep
from tenants.schemas.problems import require_schema

logger = logging.getLogger("media_core.upkeep")


def sweep_room(*, dry_run: bool = False) -> list[StoredObject | AppFile]:
    """Remove from the bound tenant's room what belongs to nothing; return the rows of what was there. Idempotent.

    What uploads and publishings left, and what apps deleted or never came to own. Raises RemovalRefused or
    BucketUnavailable.
    """
    if not dry_run:
        require_to_remove()
    return [*sweep(dry_run=dry_run), *sweep_app_files(dry_run=dry_run)]


def sweep_in_steps(step: JobStep) -> str | None:
    """Do the same while the step has time; return the last row that was tried when it has not. Seven queries.

    What the bucket refuses for one object stops no other one. A pass of one step raises it at its end, so that the page
    *Jobs* shows it and the job is tried again.
    """
    # In another's schema nothing is found, and that is no room where nothing is left over.
    require_schema(bound_tenant())
    require_to_remove()
    works: dict[StoredObject | AppFile, Callable[[], object]] = {
        **{row: partial(sweep_object, row) for row in list_abandoned()},
        **{file: partial(finish_file, file) for file in list_unfinished()},
    }
    last, refusal = step.position, None
    for row in sorted(works, key=lambda each: str(each.pk)):
        if str(row.pk) <= step.position:
            continue
        if not step.has_time():
            return last
        try:
            works[row]()
        except (BucketRefused, UnknownBucketAnswer) as error:
            logger.warning("The sweep leaves %s: %s", row.pk, error)
            refusal = error
        last = str(row.pk)
    # Tried again from a later position it would never see what is due before that.
    if refusal and not step.position:
        raise refusal
    return None
