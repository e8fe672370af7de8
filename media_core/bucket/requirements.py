"""Checks before a write, whether the bucket was proved to be fit for it; and before a removal, whether it is ours."""

import time

from django.conf import settings

from media_core.bucket.capabilities import (
    NEEDED_TO_STORE,
    REMEDY,
    Proof,
    list_needed_to_publish,
    list_unproved,
    proofs,
)
from media_core.bucket.marker import (
    MarkerOwner,
    claim_prefix,
    explain_ownership,
    read_ownership,
)
from media_core.bucket.marker_store import describe_place, is_on_disk
from media_core.bucket.proof_age import log_old_proof
from media_core.errors import BucketNotProved, BucketProofExpired, RemovalRefused
from tenants.prefixes import PUBLIC_AREA


def require_to_store(area: str) -> Proof:
    """Return the proof, or raise BucketNotProved when no object may be written to this area.

    Three things keep tenants apart and must be proved for every object: strangers get nothing private, the prefix is
    ours, and links end. A public object also needs PUBLIC_MEDIA_MODE to work. An expired proof still counts here while
    the access key is the same and no later check failed: it stops publishing, not uploads or the files that apps make
    while somebody waits for a page. One query every few seconds.
    """
    known = proofs.find()
    for needed in (list_needed_to_publish() if area == PUBLIC_AREA else ()) or NEEDED_TO_STORE:
        if known.was_disproved(needed):
            raise BucketNotProved(
                f"On {known.format_time(needed)} it failed at {needed.value!r}. {REMEDY}"
            )
        if not known.was_proved(needed):
            raise BucketNotProved(
                f"{needed.value!r} is not proved with these keys; last tried: {known.format_time(needed)}. {REMEDY}"
            )
    log_old_proof(known)
    return known


def require_to_publish() -> None:
    """Raise BucketProofExpired when the proof that publishing needs has run out, or BucketNotProved as above.

    One query every few seconds; none when files are on disk, or in PUBLIC_MEDIA_MODE=gateway, where nothing in the
    bucket is public.
    """
    if not (settings.USE_S3_MEDIA and list_needed_to_publish()):
        return
    known = require_to_store(PUBLIC_AREA)
    for expired in list_unproved(known):
        raise BucketProofExpired(
            f"{expired.value!r} was last proved on {known.format_time(expired)}, and that counts for"
            f" {settings.BUCKET_PROOF_DAYS} days. {REMEDY}"
        )


class OwnershipCache:
    """When this process last saw that the marker names its database. Shared by the threads."""

    SECONDS = 5.0

    def __init__(self) -> None:
        self._seen: tuple[str, float] | None = None

    def require(self) -> None:
        """Raise RemovalRefused unless the marker names this deployment and this database."""
        place, now, seen = describe_place(), time.monotonic(), self._seen
        if seen and seen[0] == place and seen[1] > now:
            return
        # On disk nobody else writes the marker. In the bucket a missing one may mean that settings name the wrong one.
        found = claim_prefix() if is_on_disk() else read_ownership()
        if found.owner != MarkerOwner.OURS:
            raise RemovalRefused(explain_ownership(found))
        self._seen = (place, now + self.SECONDS)

    def forget(self) -> None:
        self._seen = None


owned = OwnershipCache()


def require_to_remove() -> None:
    """Raise RemovalRefused where the marker does not name this deployment and this database, or there is none.

    Each run of whatever removes or moves objects by the rows of the ledger asks first. What a person does to one
    document or file does not: who unpublishes it must not wait for a take-over. Two queries and one GET, or none for
    some seconds after them. Raises BucketUnavailable.
    """
    owned.require()
