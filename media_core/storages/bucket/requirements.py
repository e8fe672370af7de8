"""What flows ask before they write: whether the bucket was proved to be fit for it."""

from django.conf import settings

from media_core.errors import BucketNotProved, BucketProofExpired
from media_core.storages.bucket.capabilities import (
    NEEDED_TO_STORE,
    REMEDY,
    Proof,
    needed_to_publish,
    proof,
    unproved,
)
from media_core.storages.bucket.proof_age import log_old_proof
from tenants.prefixes import PUBLIC_AREA


def require_to_store(area: str) -> Proof:
    """Return the proof when an object may be written to this area; raise BucketNotProved. One query.

    What keeps tenants apart has to be proved, for a private object and a public one: that strangers get nothing
    private, that the prefix is ours and that links end. A public one also needs PUBLIC_MEDIA_MODE to work. A proof that
    has run out goes on to count for the same keys, as long as nothing else was seen: it stops publishing, but neither
    uploads nor apps that make files for a page which somebody waits for.
    """
    known = proof()
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
    """Raise BucketProofExpired when the proof that publishing needs has run out, and BucketNotProved as above.

    One query; none on disk, or where nothing in the bucket is ever public.
    """
    if not (settings.USE_S3_MEDIA and needed_to_publish()):
        return
    known = require_to_store(PUBLIC_AREA)
    for expired in unproved(known):
        raise BucketProofExpired(
            f"{expired.value!r} was last proved on {known.when(expired)}, and that counts for"
            f" {settings.BUCKET_PROOF_DAYS} days. {REMEDY}"
        )
