"""Who signs for the bucket in settings: our own signer, where it has shown that it writes what botocore writes.

botocore takes the time of sixty digests to sign, so it signs only what our signer does not know: Signature Version 2,
temporary credentials, regions and buckets that it treats in a way of its own.
"""

import re
from typing import TYPE_CHECKING

from django.conf import settings

from media_core.bucket.client import BucketAccess, get_bucket_access, get_bucket_client
from media_core.bucket.percent import encode_path
from media_core.bucket.sigv4 import QuerySigner, build_query, find_signing_time

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Nothing that a key or a header may hold and that is written in different ways by different signers is left out.
SAMPLE_KEY = "a/sample + 100%2F of ümläuts ~ & 😀 (1)*'!.pdf"
SAMPLE_HEADERS = {
    "ResponseCacheControl": "private, no-store",
    "ResponseContentDisposition": "attachment; filename*=utf-8''%C3%BC.pdf",
    "ResponseContentType": "text/plain; charset=utf-8",
}
SAMPLE_SECONDS = 60
SAMPLE_QUERY = build_query(
    {
        "response-cache-control": SAMPLE_HEADERS["ResponseCacheControl"],
        "response-content-disposition": SAMPLE_HEADERS["ResponseContentDisposition"],
        "response-content-type": SAMPLE_HEADERS["ResponseContentType"],
    }
)
SAMPLE_URL = re.compile(rf"(?P<address>.+)/{re.escape(encode_path(SAMPLE_KEY))}\?.*")

# The settings for which the answer is known, and the answer. One is kept: settings change in tests only.
_known: tuple[object, QuerySigner | None] = (None, None)


def find_own_signer() -> QuerySigner | None:
    """Return our signer for the bucket in settings, or None where botocore must sign. No request.

    The first call of a process lets botocore sign a sample, and compares.
    """
    global _known  # noqa: PLW0603 - one tuple, exchanged as a whole: threads see the old one or the new one
    # What override_settings exchanges. To compare the seven settings themselves takes longer than to sign.
    current = settings._wrapped  # type: ignore[misc]  # noqa: SLF001 - the stubs know settings only
    known, signer = _known
    if known is not current:
        signer = prove_signer(get_bucket_client(), get_bucket_access(), settings.BUCKET_NAME)
        _known = (current, signer)
    return signer


def prove_signer(client: "S3Client", access: BucketAccess, bucket: str) -> QuerySigner | None:
    """Return a signer that has written the same URL as this client, byte for byte; None when it cannot."""
    theirs = client.generate_presigned_url(
        "get_object",
        Params={"Bucket": bucket, "Key": SAMPLE_KEY, **SAMPLE_HEADERS},
        ExpiresIn=SAMPLE_SECONDS,
        HttpMethod="GET",
    )
    found, signed_at = SAMPLE_URL.fullmatch(theirs), find_signing_time(theirs)
    if found is None or signed_at is None:
        return None
    signer = QuerySigner(
        found["address"],
        region=access.region,
        access_key=access.access_key,
        secret_key=access.secret_key,
    )
    ours = signer.sign_url(
        SAMPLE_KEY, SAMPLE_QUERY, method="GET", seconds=SAMPLE_SECONDS, now=signed_at
    )
    return signer if ours == theirs else None
