"""What this project adds to the requests and answers of its client."""

import base64
import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Calls whose body some servers take only with a Content-MD5. boto sends a CRC32 in its place, whatever is set.
NEED_MD5 = (
    "DeleteObjects",
    "PutBucketCors",
    "PutBucketLifecycleConfiguration",
    "PutBucketPolicy",
)
# Answers that are changed and written back: what boto does not know of them would be lost.
WRITTEN_BACK = ("GetBucketCors", "GetBucketLifecycleConfiguration")
RAW_BODY = "Document"


def add_hooks(client: "S3Client") -> None:
    """Add ours to a new client, before it is used."""
    for operation in NEED_MD5:
        client.meta.events.register(f"before-call.s3.{operation}", add_content_md5)
    for operation in WRITTEN_BACK:
        client.meta.events.register(f"before-parse.s3.{operation}", keep_raw_body)
    # Last, when boto has noted its own.
    client.meta.events.register_last("before-parameter-build.s3", prevent_redirects)


def prevent_redirects(context: dict[str, Any], **_given: Any) -> None:
    """Let a redirect be an error. boto asks a HEAD for the right region, which is redirected as well, without end."""
    context["s3_redirect"]["redirected"] = True


def add_content_md5(params: dict[str, Any], **_given: Any) -> None:
    """Add the header before the request is signed, so that it is signed."""
    body = params["body"]
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()


def keep_raw_body(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_given: Any
) -> None:
    """Give whoever asked the bytes of the answer beside what boto reads in them."""
    customized_response_dict[RAW_BODY] = response_dict["body"]
