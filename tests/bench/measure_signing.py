"""What a link costs: against the two digests that no signer can do without, and botocore against the same."""

import hmac
from hashlib import sha256
from urllib.parse import urlsplit

from django.conf import settings

from media_core.bucket.client import get_bucket_client
from media_core.documents.models import Document
from media_core.ledger.models import StoredObject
from media_core.storages.content_types import build_disposition
from media_core.storages.presigned import presign_get
from tenants.binding import bind_tenant
from tests.bench.many import FILE_NAME, tenants
from tests.bench.ratios import Ratio
from tests.bench.timing import Work, measure_works, pick_median_round

NAMES = {"file name in ASCII": "Offer for the street 2026.pdf", "file name with umlauts": FILE_NAME}
SIGNING_KEY = b"k" * 32
MICRO = 1_000_000
# Odd: the median is the ratio of a round. A ratio without a target need not be as exact.
ROUNDS, REPORTED_ROUNDS = 61, 11


def ratios() -> list[Ratio]:
    (site,) = tenants(1)
    with bind_tenant(site.tenant):
        document = Document.objects.select_related("original").get(pk=site.document_id)
        return [
            figure
            for kind, name in NAMES.items()
            for figure in _ratios_for(kind, document.original, name)
        ]


def _ratios_for(kind: str, row: StoredObject, name: str) -> list[Ratio]:
    request, to_sign = signed_texts(presign_get(row, file_name=name))

    def digest() -> tuple[str, str]:
        return sha256(request).hexdigest(), hmac.new(SIGNING_KEY, to_sign, sha256).hexdigest()

    ours = _compare(lambda: presign_get(row, file_name=name), digest, ROUNDS)
    theirs = _compare(lambda: by_botocore(row, name), digest, REPORTED_ROUNDS)
    floor = f"one SHA-256 of {len(request)} B and one HMAC"
    return [
        Ratio(f"Presigned GET, {kind}", *ours, "µs", floor, at_most=4),
        Ratio(f"The same by botocore, {kind}", *theirs, "µs", floor),
    ]


def _compare(signer: Work, floor: Work, rounds: int) -> tuple[float, float]:
    """Return the microseconds of both. By itself: a third side would empty the caches between them."""
    costs = measure_works({"signer": signer, "floor": floor}, rounds=rounds)
    seconds, floor_seconds = pick_median_round(costs["signer"], costs["floor"])
    return seconds * MICRO, floor_seconds * MICRO


def signed_texts(url: str) -> tuple[bytes, bytes]:
    """Return a canonical request and a string to sign, as long as those of this URL."""
    parts = urlsplit(url)
    query = parts.query.partition("&X-Amz-Signature=")[0]
    request = f"GET\n{parts.path}\n{query}\nhost:{parts.netloc}\n\nhost\nUNSIGNED-PAYLOAD".encode()
    scope = f"20260101/{settings.BUCKET_REGION}/s3/aws4_request"
    digest = sha256(request).hexdigest()
    return request, f"AWS4-HMAC-SHA256\n20260101T000000Z\n{scope}\n{digest}".encode()


def by_botocore(row: StoredObject, name: str) -> str:
    """Return what presign_get returns, as it would be written without a signer of our own."""
    return get_bucket_client().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": settings.BUCKET_NAME,
            "Key": row.key,
            "ResponseCacheControl": "private, no-store",
            "ResponseContentDisposition": build_disposition(row.content_type, name),
            "ResponseContentType": row.content_type,
        },
        ExpiresIn=300,
    )
