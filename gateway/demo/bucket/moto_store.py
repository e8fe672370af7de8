"""moto, asked through a request of our own making: nothing reaches it that no layer has read."""

import io
import re
import sys
import threading
from dataclasses import replace
from urllib.parse import quote, urlencode

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.access_control import PermissionResult
from moto.moto_server.werkzeug_app import BackendRequest, create_backend_app
from moto.s3.models import CorsRule, FakeBucket, S3Backend, s3_backends
from werkzeug.test import run_wsgi_app

from gateway.demo.bucket.bucket_policy import parse_policy
from gateway.demo.bucket.request import S3Request
from gateway.demo.bucket.responses import HTTP_ERROR, Refused, Response
from gateway.demo.bucket.s3_operations import PARAMETERS, SUBRESOURCES

# moto obeys stray headers (`versionId: 7` acts like the parameter of that name), so these are all
# it sees.
PASSED_HEADERS = re.compile(
    "cache-control|content-(disposition|encoding|language|type)|expires"
    "|if-(none-)?match|if-(un)?modified-since|range"
    "|x-amz-(acl|bucket-object-lock-enabled|meta-.*|tagging|(metadata|tagging)-directive|copy-source-.*)"
)
# Set by our own server and layers.
DROPPED_HEADERS = re.compile(
    "access-control-.*|connection|content-length|date|server|x-amzn-.*", re.IGNORECASE
)
# Without an ACL moto gives a new object the one of its bucket; RGW and AWS make it private.
PRIVATE_BY_DEFAULT = frozenset({"PutObject", "CopyObject", "CreateMultipartUpload"})
MAX_LISTED = 1000
DEFAULT_ERROR_CODES = {
    400: "InvalidRequest",
    403: "AccessDenied",
    404: "NoSuchKey",
    405: "MethodNotAllowed",
    411: "MissingContentLength",
    412: "PreconditionFailed",
    416: "InvalidRange",
}


class RawBodyRequest(BackendRequest):
    """A request whose body is the object, whatever type it has: moto would take a form apart."""

    want_form_data_parsed = False


def _decide_permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    """Answer moto, which asks for each key of a DeleteObjects; all else is decided before."""
    effect = parse_policy(bucket.policy).find_effect(action, resource)
    denied = action == "s3:DeleteObject" and effect == "Deny"
    return PermissionResult.DENIED if denied else PermissionResult.NEUTRAL


class Store:
    """moto's S3 and what the layers need to know about its contents."""

    def __init__(self, region: str) -> None:
        self.region = region
        # moto was not written for threads: two conditional writes could both find no object.
        self.lock = threading.Lock()
        self.app = create_backend_app("s3")
        self.app.request_class = RawBodyRequest
        # In debug mode, moto's choice, Flask keeps each body in memory and lets errors through.
        self.app.debug = False
        # moto's own reading of policies overlooks principals and takes conditions for denials.
        FakeBucket.get_permission = _decide_permission  # type: ignore[assignment]  # the reason stands above
        self.backend: S3Backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]

    def __call__(self, request: S3Request) -> Response:
        """Return moto's answer, without its CORS and with a body for each error."""
        if request.operation == "CreateBucket":
            request = replace(request, content=self._build_location_constraint(request.content))
        with self.lock:
            chunks, status, headers = run_wsgi_app(
                self.app, self._build_environ(request), buffered=True
            )
        kept = tuple((name, value) for name, value in headers if _is_kept(name, request.method))
        return _ensure_error_body(Response(int(status[:3]), kept, b"".join(chunks)))

    def create_bucket(self, name: str) -> None:
        """Create the bucket a deployment finds at its provider."""
        self.backend.create_bucket(name, self.region)

    def has_bucket(self, name: str) -> bool:
        return name in self.backend.buckets

    def has_object(self, bucket: str, key: str) -> bool:
        return self.backend.get_object(bucket, key) is not None

    def is_public(self, bucket: str, key: str) -> bool:
        """Return whether everybody may read the object, or list the bucket when `key` is empty."""
        owned = self.backend.get_object(bucket, key) if key else self.backend.buckets.get(bucket)
        return bool(owned and owned.acl and owned.acl.public_read)

    def find_policy_document(self, bucket: str) -> bytes | None:
        found = self.backend.buckets.get(bucket)
        return found.policy if found else None

    def list_cors_rules(self, bucket: str) -> list[CorsRule]:
        found = self.backend.buckets.get(bucket)
        return found.cors if found else []

    def find_upload_key(self, bucket: str, upload_id: str) -> str | None:
        """Return the key a multipart upload was created for."""
        upload = self.backend.buckets[bucket].multiparts.get(upload_id)
        return upload.key_name if upload else None

    def count_parts(self, bucket: str, upload_id: str) -> int:
        """Return how many parts of an upload have come."""
        return len(self.backend.buckets[bucket].multiparts[upload_id].parts)

    def list_uploads(self, bucket: str) -> list[tuple[str, str]]:
        """Return key and id of each unfinished upload, in order."""
        with self.lock:
            uploads = list(self.backend.buckets[bucket].multiparts.values())
        return sorted((upload.key_name, upload.id) for upload in uploads)

    def was_completed(self, request: S3Request) -> bool:
        """Return whether the upload became the object: RGW answers a second completion with 200."""
        found = self.backend.get_object(request.bucket, request.key)
        upload = found.multipart.id if found and found.multipart else None
        return upload == request.get_parameter("uploadId")

    def _build_location_constraint(self, content: bytes) -> bytes:
        """Return the region as moto wants to hear it; RGW takes its own region or none."""
        asked = re.search(rb"<LocationConstraint>([^<]*)</LocationConstraint>", content)
        if asked and asked[1].decode() != self.region:
            raise Refused("InvalidLocationConstraint")
        constraint = f"<LocationConstraint>{self.region}</LocationConstraint>"
        return f"<CreateBucketConfiguration>{constraint}</CreateBucketConfiguration>".encode()

    def _build_environ(self, request: S3Request) -> dict[str, object]:
        """Return the request in path style; PATH_INFO only chooses a route, RAW_URI has the key."""
        shape = "/bucket/key" if request.key else "/bucket" if request.bucket else "/"
        path = f"/{request.bucket}/{request.key}" if request.key else f"/{request.bucket}"
        return {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": shape,
            "RAW_URI": quote(path),
            "QUERY_STRING": urlencode(_build_query(request), quote_via=quote),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_LENGTH": str(len(request.content)),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(request.content),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "HTTP_HOST": "127.0.0.1",
            # moto reads the region here, and takes the request for signed: the layers decided that.
            "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=us/today/{self.region}/s3/any, ",
            **_build_headers(request),
        }


def _build_query(request: S3Request) -> list[tuple[str, str]]:
    """Return the parameters moto may see, never none: it would take the headers for parameters."""
    known = [(name, value) for name, value in request.query if name in PARAMETERS | SUBRESOURCES]
    asked = request.get_parameter("max-keys")
    capped = [("max-keys", str(min(int(asked), MAX_LISTED)))] if asked else []
    others = [(name, value) for name, value in known if name != "max-keys"]
    return [*others, *capped, ("x-id", request.operation)]


def _build_headers(request: S3Request) -> dict[str, str]:
    """Return the headers moto may see; RGW reads an underscore in a metadata name as a dash."""
    seen = {
        name.replace("_", "-") if name.startswith("x-amz-meta-") else name: request.headers.get(
            name
        )
        for name in request.headers.list_names()
        if PASSED_HEADERS.fullmatch(name)
    }
    if request.operation in PRIVATE_BY_DEFAULT:
        seen.setdefault("x-amz-acl", "private")
    if request.operation in {"CopyObject", "UploadPartCopy"}:
        _, mark, version = request.headers.get("x-amz-copy-source").partition("?")
        seen["x-amz-copy-source"] = quote("/{}/{}".format(*request.copy_source)) + mark + version
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in seen.items()}
    if "HTTP_CONTENT_TYPE" in environ:
        environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE")
    return environ


def _is_kept(name: str, method: str) -> bool:
    # The answer to a HEAD has the length of a body it does not have.
    if method == "HEAD" and name.lower() == "content-length":
        return True
    return not DROPPED_HEADERS.fullmatch(name)


def _ensure_error_body(response: Response) -> Response:
    """Return an error with its XML; moto sometimes leaves it out, or fails in HTML."""
    if response.status < HTTP_ERROR:
        return response
    if b"<Error>" not in response.body:
        return Refused(DEFAULT_ERROR_CODES.get(response.status, "InternalError")).build_response()
    return response.replace_headers({"Content-Type": "application/xml"})
