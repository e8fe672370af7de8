"""Which S3 operation a request is; what is not in the table is not done."""

from collections.abc import Iterable

from gateway.demo.bucket.responses import Refused

# Query parameters that choose the operation. A server that overlooks one does something else
# instead: a PUT of `?retention` would become a PUT of the object. So those we do not offer are
# listed as well, to be refused.
SUBRESOURCES = frozenset(
    {
        "accelerate", "acl", "analytics", "append", "attributes", "cors", "defaultObjectAcl",
        "delete", "encryption", "intelligent-tiering", "inventory", "legal-hold", "lifecycle",
        "location", "logging", "metadataTable", "metrics", "notification", "object-lock",
        "ownershipControls", "policy", "policyStatus", "publicAccessBlock", "replication",
        "requestPayment", "restore", "retention", "select", "session", "tagging", "torrent",
        "uploadId", "uploads", "versioning", "versions", "website",
    }
)  # fmt: skip
# Parameters that shape an operation; everything else is dropped before moto, as RGW overlooks it.
PARAMETERS = frozenset(
    {
        "continuation-token", "delimiter", "encoding-type", "fetch-owner", "key-marker",
        "list-type", "marker", "max-keys", "max-parts", "max-uploads", "part-number-marker",
        "partNumber", "prefix", "start-after", "upload-id-marker", "version-id-marker", "versionId",
    }
)  # fmt: skip

OPERATIONS = {
    ("service", "GET", ""): "ListBuckets",
    ("bucket", "PUT", ""): "CreateBucket",
    ("bucket", "DELETE", ""): "DeleteBucket",
    ("bucket", "HEAD", ""): "HeadBucket",
    ("bucket", "GET", ""): "ListObjects",
    ("bucket", "POST", ""): "PostObject",
    ("bucket", "POST", "delete"): "DeleteObjects",
    ("bucket", "GET", "uploads"): "ListMultipartUploads",
    ("bucket", "GET", "versions"): "ListObjectVersions",
    ("bucket", "GET", "location"): "GetBucketLocation",
    ("bucket", "GET", "acl"): "GetBucketAcl",
    ("bucket", "PUT", "acl"): "PutBucketAcl",
    ("bucket", "GET", "cors"): "GetBucketCors",
    ("bucket", "PUT", "cors"): "PutBucketCors",
    ("bucket", "DELETE", "cors"): "DeleteBucketCors",
    ("bucket", "GET", "lifecycle"): "GetBucketLifecycle",
    ("bucket", "PUT", "lifecycle"): "PutBucketLifecycle",
    ("bucket", "DELETE", "lifecycle"): "DeleteBucketLifecycle",
    ("bucket", "GET", "policy"): "GetBucketPolicy",
    ("bucket", "PUT", "policy"): "PutBucketPolicy",
    ("bucket", "DELETE", "policy"): "DeleteBucketPolicy",
    ("bucket", "GET", "versioning"): "GetBucketVersioning",
    ("bucket", "PUT", "versioning"): "PutBucketVersioning",
    ("bucket", "GET", "object-lock"): "GetObjectLockConfiguration",
    ("object", "GET", ""): "GetObject",
    ("object", "HEAD", ""): "HeadObject",
    ("object", "PUT", ""): "PutObject",
    ("object", "DELETE", ""): "DeleteObject",
    ("object", "GET", "acl"): "GetObjectAcl",
    ("object", "PUT", "acl"): "PutObjectAcl",
    ("object", "GET", "tagging"): "GetObjectTagging",
    ("object", "PUT", "tagging"): "PutObjectTagging",
    ("object", "DELETE", "tagging"): "DeleteObjectTagging",
    ("object", "POST", "uploads"): "CreateMultipartUpload",
    ("object", "PUT", "uploadId"): "UploadPart",
    ("object", "GET", "uploadId"): "ListParts",
    ("object", "POST", "uploadId"): "CompleteMultipartUpload",
    ("object", "DELETE", "uploadId"): "AbortMultipartUpload",
}
COPY_VARIANTS = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}

# The word bucket policies use, where it is not the operation's own name.
ACTIONS = {
    "CompleteMultipartUpload": "s3:PutObject",
    "CopyObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "DeleteBucketCors": "s3:PutBucketCORS",
    "DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "DeleteObjects": "s3:DeleteObject",
    "GetBucketCors": "s3:GetBucketCORS",
    "GetBucketLifecycle": "s3:GetLifecycleConfiguration",
    "GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "HeadBucket": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "ListBuckets": "s3:ListAllMyBuckets",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListObjects": "s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListParts": "s3:ListMultipartUploadParts",
    "PostObject": "s3:PutObject",
    "PutBucketCors": "s3:PutBucketCORS",
    "PutBucketLifecycle": "s3:PutLifecycleConfiguration",
    "UploadPart": "s3:PutObject",
    "UploadPartCopy": "s3:PutObject",
}


def identify_operation(
    method: str, bucket: str, key: str, *, query: Iterable[tuple[str, str]], copies: bool
) -> str:
    """Return the operation's name in the S3 API, `Preflight` for OPTIONS.

    Refuse what this store does not do.
    """
    if method == "OPTIONS":
        return "Preflight"
    scope = "object" if key else "bucket" if bucket else "service"
    chosen = sorted({name for name, _ in query if name in SUBRESOURCES})
    operation = OPERATIONS.get((scope, method, ",".join(chosen)))
    if operation is None:
        raise Refused(
            "NotImplemented", f"This store does not do {method} {','.join(chosen)} on a {scope}."
        )
    return COPY_VARIANTS.get(operation, operation) if copies else operation


def get_policy_action(operation: str) -> str:
    """Return what a bucket policy calls the operation."""
    return ACTIONS.get(operation, f"s3:{operation}")
