"""Who says what of those who sell buckets: plain data for settings, shown by docs/reference/providers.md."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """A page, and the words of it that count."""

    url: str
    says: str


_HETZNER = "https://docs.hetzner.com/storage/object-storage"
HETZNER_OVERVIEW = Source(
    f"{_HETZNER}/overview/",
    "A Ceph cluster; BUCKET.LOCATION.your-objectstorage.com in fsn1, nbg1 and hel1.",
)
HETZNER_LIMITS = Source(
    f"{_HETZNER}/overview/#limits",
    "256 parallel TCP sessions from one address; 750 requests a second from one address, 750 to one bucket.",
)
HETZNER_OBJECTS = Source(
    f"{_HETZNER}/faq/buckets-objects/", "A private bucket can include public objects."
)
HETZNER_ACTIONS = Source(
    f"{_HETZNER}/supported-actions/",
    "The actions of S3 with exceptions; bucket policies and ACLs of objects are none of these.",
)

_AWS = "https://docs.aws.amazon.com/AmazonS3/latest"
AWS_ENDPOINTS = Source(
    "https://docs.aws.amazon.com/general/latest/gr/s3.html", "s3.REGION.amazonaws.com."
)
AWS_OWNERSHIP = Source(
    f"{_AWS}/userguide/about-object-ownership.html",
    "By default ACLs are disabled, and policies define who has access.",
)
AWS_POLICIES = Source(
    f"{_AWS}/userguide/using-iam-policies.html", "Bucket policies are limited to 20 KB."
)
AWS_SIGNATURES = Source(
    f"{_AWS}/API/Appendix-Sigv2.html", "SigV4 in all regions; SigV2 is being turned off."
)
AWS_POST = Source(
    f"{_AWS}/API/UsingHTTPPOST.html", "S3 supports POST, by which users upload from a form."
)
AWS_CONDITIONS = Source(
    f"{_AWS}/userguide/conditional-requests.html",
    "PutObject and CompleteMultipartUpload take If-None-Match: *, and answer 412.",
)
AWS_PUT = Source(f"{_AWS}/userguide/upload-objects.html", "Up to 5 GB in a single PUT.")
AWS_PARTS = Source(
    f"{_AWS}/userguide/qfacts.html",
    "10,000 parts of 5 MiB to 5 GiB; an object has 48.8 TiB at most.",
)
AWS_DELETE = Source(f"{_AWS}/userguide/delete-objects.html", "Up to 1,000 keys in one request.")
AWS_CORS = Source(f"{_AWS}/API/API_CORSConfiguration.html", "Up to 100 rules.")
AWS_LIFECYCLE = Source(f"{_AWS}/API/API_LifecycleConfiguration.html", "As many as 1000 rules.")
AWS_RATES = Source(
    f"{_AWS}/userguide/optimizing-performance.html",
    "3,500 writes, or 5,500 reads, a second for each partitioned prefix.",
)

_R2 = "https://developers.cloudflare.com/r2"
R2_API = Source(
    f"{_R2}/api/s3/api/",
    "ACCOUNT_ID.r2.cloudflarestorage.com, region auto; no ACLs, no bucket policies.",
)
R2_PRESIGNED = Source(
    f"{_R2}/api/s3/presigned-urls/",
    "POST from a form is not supported; addresses are BUCKET.ACCOUNT.r2.cloudflarestorage.com.",
)
R2_CONDITIONS = Source(f"{_R2}/api/s3/extensions/", "PutObject takes conditional headers.")
R2_LIMITS = Source(
    f"{_R2}/platform/limits/",
    "4.995 GiB in one request, 10,000 parts, 4.995 TiB in all; one write a second to the same key.",
)
R2_UPLOADS = Source(f"{_R2}/objects/upload-objects/", "Parts of 5 MiB to 5 GiB.")
R2_LIFECYCLE = Source(f"{_R2}/buckets/object-lifecycles/", "1000 rules at most.")
R2_SIGNATURES = Source(
    "https://github.com/vastsa/FileCodeBox/issues/95",
    "R2 answers: SigV2 authorization is not supported. Please use SigV4 instead.",
)

_B2 = "https://www.backblaze.com"
B2_CALLS = Source(
    f"{_B2}/docs/cloud-storage-call-the-s3-compatible-api",
    "s3.REGION.backblazeb2.com, the bucket in the host or the path; SigV2 is not supported.",
)
B2_ACLS = Source(
    f"{_B2}/docs/cloud-storage-s3-compatible-api", "ACLs of objects are not supported."
)
B2_POLICIES = Source(
    f"{_B2}/apidocs/putbucketpolicy",
    "Bucket policies are early access, for who asks the sales team.",
)
B2_POST = Source(
    "https://github.com/safebucket/safebucket/issues/1278", "A form is answered with 501."
)
B2_CONDITIONS = Source(
    "https://github.com/sathinduga/obsidian-s3-sync-and-backup/issues/78",
    "A PUT with If-None-Match is answered with NotImplemented.",
)
B2_PARTS = Source(
    f"{_B2}/docs/cloud-storage-create-large-files-with-the-native-api", "Parts of 5 MB to 5 GB."
)
B2_LIFECYCLE = Source(f"{_B2}/docs/cloud-storage-lifecycle-rules", "Up to 100 rules.")
B2_RATES = Source(
    f"{_B2}/docs/cloud-storage-rate-limits",
    "500 requests a second for new accounts; then 503 SlowDown, maybe with Retry-After.",
)

CEPH_FEATURES = Source(
    "https://docs.ceph.com/en/latest/radosgw/s3/",
    "ACLs of objects, bucket policies and POST are supported.",
)
CEPH_OPTIONS = Source(
    "https://github.com/ceph/ceph/blob/main/src/common/options/rgw.yaml.in",
    "Defaults: PUT 5 GiB, 1000 keys, 100 CORS and 1000 lifecycle rules; a bucket in the host needs rgw_dns_name.",
)
CEPH_PARTS = Source(
    "https://docs.ceph.com/en/latest/radosgw/config-ref/",
    "rgw_multipart_min_part_size is 5 MiB, rgw_multipart_part_upload_limit 10000.",
)
