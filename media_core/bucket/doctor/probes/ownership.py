"""What keeps the bucket in order: whose it is, what it deletes by itself, which pages may upload to it."""

from botocore.exceptions import ClientError

from media_core.bucket.bucket_errors import get_error_code
from media_core.bucket.capabilities import Capability
from media_core.bucket.doctor.bench import Bench
from media_core.bucket.doctor.probe import (
    Observation,
    Probe,
    report_failure,
    report_ok,
    report_untried,
    report_warning,
)
from media_core.bucket.marker import MarkerOwner, claim_prefix, explain_ownership
from media_core.bucket.marker_store import make_marker_key
from tenants.errors import DatabaseNotIdentified

VERSIONS_REMEDY = "Deleted files stay, and are billed. Switch versioning off, or let a lifecycle rule end old versions."
LOCK_REMEDY = "A lock keeps what must be deleted. Use a bucket without object lock."
NO_LOCK_CODES = frozenset(
    {
        "NotImplemented",
        "MethodNotAllowed",
        "ObjectLockConfigurationNotFoundError",
        "NoSuchObjectLockConfiguration",
    }
)


def probe_versioning(bench: Bench) -> Observation:
    found = bench.client.get_bucket_versioning(Bucket=bench.bucket)
    # There is no status where versioning was never switched on.
    if str(found.get("Status")) == "Enabled":
        return report_warning("Versioning is on.", VERSIONS_REMEDY)
    return report_ok("Versioning is off.")


def probe_object_lock(bench: Bench) -> Observation:
    try:
        bench.client.get_object_lock_configuration(Bucket=bench.bucket)
    except ClientError as error:
        if get_error_code(error) in NO_LOCK_CODES:
            return report_ok("There is no object lock.")
        raise
    return report_warning("Object lock is on.", LOCK_REMEDY)


def probe_owner(_bench: Bench) -> Observation:
    """Claims the prefix where it is nobody's: from then on no other deployment works on it."""
    try:
        found = claim_prefix()
    except DatabaseNotIdentified as error:
        return report_failure(str(error))
    if found.owner == MarkerOwner.OURS:
        return report_ok(
            f"{make_marker_key()} names this deployment, {found.deployment}, on this database, {found.database}."
        )
    return report_failure(
        explain_ownership(found),
        "Two deployments or databases on one prefix would overwrite each other's objects.",
    )


OWNERSHIP = (
    Probe(
        id="owner",
        title="The prefix is ours",
        why="Two deployments on one LOCATION_PREFIX would take each other's objects for lost, and delete them.",
        run=probe_owner,
        proves=(Capability.OWNED,),
    ),
)
PROBES = (
    Probe(
        id="versioning",
        title="Deleted is deleted",
        why="In a versioned bucket a deletion hides an object, and the bill goes on.",
        run=probe_versioning,
        at_worst=report_untried,
    ),
    Probe(
        id="object-lock",
        title="Nothing is locked",
        why="A retired client's files must be removable.",
        run=probe_object_lock,
        at_worst=report_untried,
    ),
)
