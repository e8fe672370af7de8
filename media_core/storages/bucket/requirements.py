"""Checks before a write: whether the bucket was proved to be fit for it."""

from django.conf import settings

from media_core.errors import BucketNotProved, BucketProofExpired
from media_core.storages.bucket.capabilities import (
    NEEDED_TO_STORE,
    REMEDY,
    Proof,
    needed_to_publish,
    proofs,
    unproved,
)
from media_core.storages.bucket.proof_age import log_old_proof
from tenants.prefixes import PUBLIC_AREA


def require_to_store(area: str) -> Proof:
    """Return the proof, or raise BucketNotProved when no object may be written to this area.

    Three things keep tenants apart and must be proved for every object: strangers get nothing private, the prefix is
    ours, and links end. A public object also needs PUBLIC_MEDIA_MODE to work. An expired proof still counts here while
    the access key is the same and no later check failed: it stops publishing, not uploads or the files that apps make
    while somebody waits for a page. One query every few seconds.
    """
    known = proofs.find()
    for needed in (needed_to_publish() if area == PUBLIC_AREA else ()) or NEEDED_TO_STORE:
        if known.lacks(needed):
            raise BucketNotProved(
                f"On {known.when(needed)} it failed at {needed.value!r}. {REMEDY}"
            )
        if not known.was_proved(needed):
            raise BucketNotProved(
                f"{needed.value!r} is not proved with these keys; last tried: {known.when(needed)}. {REMEDY}"
            )
    log_old_proof(known)
    return known


def require_to_publish() -> None:
    """Raise BucketProofExpired when the proof that publishing needs has run out, or BucketNotProved as above.

    One query every few seconds; none when files are on disk, or in PUBLIC_MEDIA_MODE=gateway, where nothing in the
    bucket is public.
    """
    if not (settings.USE_S3_MEDIA and needed_to_publish()):
        return
    known = require_to_store(PUBLIC_AREA)
    for expired in unproved(known):
        raise BucketProofExpired(
            f"{expired.value!r} was last proved on {known.when(expired)}, and that counts for"
            f" {settings.BUCKET_PROOF_DAYS} days. {REMEDY}"
        )
