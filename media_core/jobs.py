"""What the worker does for the bucket and for what lies in it: by the clock, and when people ask for it."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from media_core.bucket.desired.apply import apply
from media_core.bucket.doctor.examine import examine, store_examination
from media_core.bucket.requirements import require_to_remove
from media_core.documents.models import TrashEntry
from media_core.documents.purging import purge_entry
from media_core.errors import BucketUnfit, NotIsolated
from media_core.upkeep import operations
from media_core.upkeep.proving.neighbours import assign_neighbours
from media_core.upkeep.proving.prove import prove
from media_core.upkeep.sweeping import sweep_in_steps
from tenants.errors import SchemaBroken
from tenants.jobs.kinds import JobKind, JobStep
from tenants.jobs.tasks import declare_job
from tenants.models import Tenant
from tenants.schemas.problems import find_schema_problem

# They declare their jobs themselves.
__all__ = ["operations"]


@declare_job(
    JobKind(
        name="sweep",
        summary="Clean up failed uploads and files deleted long ago",
        for_each_tenant=True,
        every=timedelta(hours=1),
    )
)
def sweep(step: JobStep) -> str | None:
    return sweep_in_steps(step)


@declare_job(
    JobKind(
        name="bucket_apply",
        summary="Update the rules of the bucket: CORS, lifecycle, policy",
        for_each_tenant=False,
        every=timedelta(days=1),
    )
)
def apply_to_bucket(_step: JobStep) -> None:
    """Give the bucket the rules of the tenants there are now. Raises BucketOfAnother or BucketUnfit."""
    if not settings.BUCKET_NAME:
        return
    troubles = [f"{each.part}: {each.trouble}" for each in apply() if each.trouble]
    if troubles:
        raise BucketUnfit("\n".join(troubles))


@declare_job(
    JobKind(
        name="bucket_doctor",
        summary="Check what the bucket does and prevents",
        for_each_tenant=False,
        every=timedelta(days=1),
    )
)
def examine_bucket(_step: JobStep) -> None:
    """Examine the bucket in one go, about 110 requests, and store the report. Raises BucketUnfit."""
    if not settings.USE_S3_MEDIA:
        return
    examination = examine()
    store_examination(examination)
    if not examination.passed:
        raise BucketUnfit("See the page Bucket.")


@declare_job(
    JobKind(
        name="bucket_prove",
        summary="Prove that tenants are isolated",
        for_each_tenant=False,
        every=timedelta(days=7),
    )
)
def prove_isolation(_step: JobStep) -> None:
    """Prove it in one go, a minute for a hundred tenants, and store the attestation.

    Raises NotIsolated, or SchemaBroken when it passed over a tenant.
    """
    if not settings.USE_S3_MEDIA:
        return
    problems = {
        tenant: find_schema_problem(tenant) for tenant in Tenant.objects.order_by("location_prefix")
    }
    usable = [tenant for tenant, problem in problems.items() if not problem]
    if usable:
        made = prove(assign_neighbours(usable), tell=lambda _line: None, keeps_connection=True)
        if not made.passed:
            raise NotIsolated(f"Attestation {made.pk}.")
    if broken := [tenant.location_prefix for tenant, problem in problems.items() if problem]:
        raise SchemaBroken(f"Nothing was proved for {', '.join(broken)}.")


@declare_job(
    JobKind(
        name="purge_trash",
        summary="Delete for good what was in the trash for long",
        for_each_tenant=True,
        every=timedelta(days=1),
    )
)
def purge_trash(step: JobStep) -> str | None:
    """Purge what is due, one after the other, while there is time; see `purge_entry`."""
    require_to_remove()
    for entry in TrashEntry.objects.due(timezone.now()).order_by("trashed_at"):
        if not (step.has_time() and purge_entry(entry, step.has_time)):
            return "more"
    return None
