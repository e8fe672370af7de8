"""Browser uploads: a verified form becomes the PUT it stands for."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from http import HTTPStatus
from urllib.parse import quote, urlencode

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from gateway.demo.bucket.credentials import Credentials
from gateway.demo.bucket.post_policy import check_form
from gateway.demo.bucket.request import Handler, Headers, IncomingBody, S3Request
from gateway.demo.bucket.responses import Refused, Response

READ_BYTES = 256 * 1024
MAX_FORM_PARTS = 100
# Taken and not stored: RGW does the same, so who needs them must set them on a later copy.
UNSTORED_FIELDS = frozenset({"cache-control", "content-disposition", "content-encoding", "expires"})
ALLOWED_FIELDS = UNSTORED_FIELDS | {
    "acl", "awsaccesskeyid", "bucket", "content-type", "key", "policy", "redirect", "signature",
    "success_action_redirect", "success_action_status", "x-amz-algorithm", "x-amz-credential",
    "x-amz-date", "x-amz-signature",
}  # fmt: skip
ALLOWED_FIELD_PREFIXES = ("x-amz-meta-", "x-ignore-")


@dataclass(frozen=True)
class Form:
    fields: dict[str, str]
    filename: str
    content: bytes


class FormUploadLayer:
    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials

    def __call__(self, request: S3Request, answer: Handler) -> Response:
        """Store the file of a form the holder of the key has signed; pass everything else on."""
        if request.operation != "PostObject":
            return answer(request)
        if not request.is_anonymous:
            raise Refused("InvalidArgument", "Only one way of signing a request is allowed.")
        form = read_form(request)
        fields = _resolve_fields(form, request.bucket)
        size_bytes = len(form.content)
        check_form(request, fields, size_bytes=size_bytes, credentials=self.credentials)
        upload = _build_put_request(request, fields, form.content)
        return _build_answer(
            answer(replace(upload, asker=self.credentials.access_key)), request, fields
        )


def read_form(request: S3Request) -> Form:
    """Return the fields and the file of a multipart/form-data body; the file must come last."""
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise Refused("MalformedPOSTRequest")
    decoder = MultipartDecoder(options["boundary"].encode(), max_parts=MAX_FORM_PARTS)
    try:
        *fields, (file, content) = _read_parts(decoder, request.body)
        named = {part.name.lower(): value.getvalue().decode() for part, value in fields}
    except (ValueError, AttributeError, RequestEntityTooLarge):
        raise Refused("MalformedPOSTRequest") from None
    if file.name != "file" or len(named) != len(fields):
        raise Refused("InvalidArgument", "A form holds each field once and then the file.")
    return Form(named, file.filename if isinstance(file, File) else "", content.getvalue())


def _read_parts(
    decoder: MultipartDecoder, body: IncomingBody
) -> list[tuple[Field | File, io.BytesIO]]:
    parts: list[tuple[Field | File, io.BytesIO]] = []
    for event in _read_events(decoder, body):
        if isinstance(event, Field | File):
            parts.append((event, io.BytesIO()))
        elif isinstance(event, Data):
            parts[-1][1].write(event.data)
    return parts


def _read_events(decoder: MultipartDecoder, body: IncomingBody) -> Iterator[Event]:
    event: Event = NeedData()
    while not isinstance(event, Epilogue):
        if isinstance(event, NeedData):
            decoder.receive_data(body.read(READ_BYTES) or None)
        event = decoder.next_event()
        yield event


def _resolve_fields(form: Form, bucket: str) -> dict[str, str]:
    """Return the fields as the policy sees them: `${filename}` replaced, the bucket among them."""
    fields = {"bucket": bucket, **form.fields}
    known = [
        name for name in fields if name in ALLOWED_FIELDS or name.startswith(ALLOWED_FIELD_PREFIXES)
    ]
    if fields["bucket"] != bucket or len(known) != len(fields):
        raise Refused("AccessDenied", "The form has a field this store does not take.")
    if not fields.get("key") or not all(value.isprintable() for value in fields.values()):
        raise Refused("InvalidArgument", "The form has no key, or control characters in a field.")
    return {**fields, "key": fields["key"].replace("${filename}", form.filename)}


def _build_put_request(request: S3Request, fields: dict[str, str], content: bytes) -> S3Request:
    named = {name: value for name, value in fields.items() if name.startswith("x-amz-meta-")}
    named["content-type"] = fields.get("content-type", "binary/octet-stream")
    if "acl" in fields:
        named["x-amz-acl"] = fields["acl"]
    lines = tuple((name, _encode_header(value)) for name, value in named.items())
    body = IncomingBody(io.BytesIO(content), len(content))
    put = replace(request, method="PUT", operation="PutObject", key=fields["key"], query=())
    return replace(put, headers=Headers(lines), body=body)


def _build_answer(stored: Response, request: S3Request, fields: dict[str, str]) -> Response:
    """Return what the form asked to see: 204, 200, 201 with an XML body, or a redirect."""
    if stored.status != HTTPStatus.OK:
        return stored
    found = {"Bucket": request.bucket, "Key": fields["key"], "ETag": stored.get_header("ETag")}
    redirect = fields.get("success_action_redirect") or fields.get("redirect", "")
    if redirect.startswith(("http://", "https://")):
        query = urlencode({name.lower(): value for name, value in found.items()})
        target = f"{redirect}{'&' if '?' in redirect else '?'}{query}"
        return Response(HTTPStatus.SEE_OTHER, (("Location", _encode_header(target)),))
    folder = quote(request.raw_path.rstrip("/"), safe="/%")
    found["Location"] = f"http://{request.headers.get('host')}{folder}/{quote(fields['key'])}"
    return _build_success(fields.get("success_action_status", ""), found)


def _build_success(status: str, found: dict[str, str]) -> Response:
    # No ETag: RGW tells it in the XML alone.
    headers = (("Location", found["Location"]),)
    if status != "201":
        return Response(HTTPStatus.OK if status == "200" else HTTPStatus.NO_CONTENT, headers)
    lines = "".join(f"<{name}>{escape(text, quote=False)}</{name}>" for name, text in found.items())
    body = f"<PostResponse>{lines}</PostResponse>".encode()
    return Response(HTTPStatus.CREATED, (*headers, ("Content-Type", "application/xml")), body)


def _encode_header(text: str) -> str:
    """Return UTF-8 the way headers are kept: one character a byte."""
    return text.encode().decode("latin-1")
