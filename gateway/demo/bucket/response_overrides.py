"""Response headers a signed GET may choose: `response-content-disposition` and its relatives."""

from gateway.demo.bucket.request import Handler, S3Request
from gateway.demo.bucket.responses import Refused, Response

OVERRIDES = {
    "response-cache-control": "Cache-Control",
    "response-content-disposition": "Content-Disposition",
    "response-content-encoding": "Content-Encoding",
    "response-content-language": "Content-Language",
    "response-content-type": "Content-Type",
    "response-expires": "Expires",
}
WHOLE_OR_PART = frozenset({200, 206})


def override_headers(request: S3Request, answer: Handler) -> Response:
    """Return the object under the headers its signed URL asks for.

    Without a signature they are refused, as on AWS: anyone could make an HTML page of a public
    object.
    """
    wanted = {OVERRIDES[name]: value for name, value in request.query if name in OVERRIDES}
    if not wanted or request.operation not in {"GetObject", "HeadObject"}:
        return answer(request)
    if request.is_anonymous:
        raise Refused("InvalidRequest", "Response headers may be chosen by signed requests only.")
    if not all(value.isprintable() for value in wanted.values()):
        raise Refused("InvalidArgument", "A response header may not hold control characters.")
    # Sent as UTF-8; a header is written one byte a character.
    wanted = {name: value.encode().decode("latin-1") for name, value in wanted.items()}
    response = answer(request)
    return response.replace_headers(wanted) if response.status in WHOLE_OR_PART else response
