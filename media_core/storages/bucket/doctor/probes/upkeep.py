"""What keeps the bucket in order: whose it is, what it deletes by itself, which pages may upload to it."""

from botocore.exceptions import ClientError

from media_core.storages.bucket.capabilities import Capability
from media_core.storages.bucket.doctor.bench import Bench
from media_core.storages.bucket.doctor.probe import Probe, Seen, fine, remarkable, untried, wrong
from media_core.storages.bucket.marker import Whose, claim, refusal
from media_core.storages.bucket.marker_store import marker_key
from media_core.storages.bucket_errors import code_of
from tenants.errors import DatabaseNotIdentified

VERSIONS = "Deleted files stay, and are billed. Switch versioning off, or let a lifecycle rule end old versions."
LOCK = "A lock keeps what must be deleted. Use a bucket without object lock."
NO_LOCK = frozenset(
    {
        "NotImplemented",
        "MethodNotAllowed",
        "ObjectLockConfigurationNotFoundError",
        "NoSuchObjectLockConfiguration",
    }
)


def versioning(bench: Bench) -> Seen:
    found = bench.client.get_bucket_versioning(Bucket=bench.bucket)
    # There is no status where versioning was never switched on.
    if str(found.get("Status")) == "Enabled":
        return remarkable("Versioning is on.", VERSIONS)
    return fine("Versioning is off.")


def object_lock(bench: Bench) -> Seen:
    try:
        bench.client.get_object_lock_configuration(Bucket=bench.bucket)
    except ClientError as error:
        if code_of(error) in NO_LOCK:
            return fine("There is no object lock.")
        raise
    return remarkable("Object lock is on.", LOCK)


def owner(_bench: Bench) -> Seen:
    """Claims the prefix where it is nobody's: from then on no other deployment works on it."""
    try:
        found = claim()
    except DatabaseNotIdentified as error:
        return wrong(str(error))
    if found.whose == Whose.OURS:
        return fine(
            f"{marker_key()} names this deployment, {found.deployment}, on this database, {found.database}."
        )
    return wrong(
        refusal(found),
        "Two deployments or databases on one prefix would overwrite each other's objects.",
    )


OWNERSHIP = (
    Probe(
        id="owner",
        title="The prefix is ours",
        why="Two deployments on one LOCATION_PREFIX would take each other's objects for lost, and delete them.",
        run=owner,
        proves=(Capability.OWNED,),
    ),
)
PROBES = (
    Probe(
        id="versioning",
        title="Deleted is deleted",
        why="In a versioned bucket a deletion hides an object, and the bill goes on.",
        run=versioning,
        at_worst=untried,
    ),
    Probe(
        id="object-lock",
        title="Nothing is locked",
        why="A retired client's files must be removable.",
        run=object_lock,
        at_worst=untried,
    ),
)
