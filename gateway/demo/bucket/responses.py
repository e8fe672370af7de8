"""What goes back to the client: responses, and refusals in the words of S3."""

from dataclasses import dataclass
from html import escape

HTTP_ERROR = 400


@dataclass(frozen=True)
class Response:
    """What goes back to the client; header names as they are sent."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def get_header(self, name: str) -> str:
        """Return the value of a header, empty when the response has none."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), "")

    def replace_headers(self, added: dict[str, str]) -> "Response":
        """Return the same response with `added` in place of its headers of these names."""
        names = {name.lower() for name in added}
        kept = tuple(pair for pair in self.headers if pair[0].lower() not in names)
        return Response(self.status, (*kept, *added.items()), self.body)


class Refused(Exception):
    """An S3 error: the code clients branch on, and a sentence for people."""

    def __init__(self, code: str, message: str = "") -> None:
        self.code = code
        self.status, usual = ERRORS[code]
        self.message = message or usual
        super().__init__(f"{code}: {self.message}")

    def build_response(self) -> Response:
        """Return the XML answer S3 clients know how to read."""
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f"<Error><Code>{self.code}</Code>"
            f"<Message>{escape(self.message, quote=False)}</Message></Error>"
        )
        return Response(self.status, (("Content-Type", "application/xml"),), body.encode())


# Codes and statuses as Ceph RGW gives them, AWS's where RGW has none.
ERRORS = {
    "AccessControlListNotSupported": (400, "The bucket does not allow ACLs."),
    "AccessDenied": (403, "Access Denied"),
    "AuthorizationHeaderMalformed": (400, "The authorization header is malformed."),
    "BadDigest": (400, "The Content-MD5 you specified did not match what we received."),
    "EntityTooLarge": (400, "The upload is larger than allowed."),
    "EntityTooSmall": (400, "The upload is smaller than allowed."),
    "InternalError": (500, "The store failed; its log says why."),
    "InvalidAccessKeyId": (403, "The access key is not known here."),
    "InvalidArgument": (400, "Invalid Argument"),
    "InvalidBucketName": (400, "The bucket name is not valid."),
    "InvalidLocationConstraint": (400, "The location constraint is not valid."),
    "InvalidObjectName": (400, "The key is longer than 1024 bytes."),
    "InvalidPart": (400, "The parts of the upload are not the ones named."),
    "InvalidRange": (416, "The range is outside of the object."),
    "InvalidRequest": (400, "The request is not valid."),
    "InvalidTag": (400, "An object has 10 tags at most."),
    "InvalidToken": (400, "Session tokens are not known here."),
    "InvalidURI": (400, "The URI could not be read."),
    "MalformedPOSTRequest": (400, "The body of the POST is not well-formed multipart/form-data."),
    "MalformedXML": (400, "The XML is not well-formed or not what was expected."),
    "MetadataTooLarge": (400, "The metadata is longer than the headers of a request may be."),
    "MethodNotAllowed": (405, "The method is not allowed against this resource."),
    "MissingContentLength": (411, "The Content-Length header is required."),
    "NoSuchBucket": (404, "The bucket does not exist."),
    "NoSuchKey": (404, "The key does not exist."),
    "NoSuchUpload": (404, "The upload does not exist for this key."),
    "NotImplemented": (501, "This store does not do that."),
    "PreconditionFailed": (412, "A precondition did not hold."),
    "RequestTimeTooSkewed": (403, "The clocks of client and store are more than 15 minutes apart."),
    "RequestTimeout": (400, "The body did not arrive."),
    "SignatureDoesNotMatch": (403, "The signature we calculated does not match the one you sent."),
    "SlowDown": (503, "Please reduce your request rate."),
    "XAmzContentSHA256Mismatch": (
        400,
        "The x-amz-content-sha256 you sent does not match what we received.",
    ),
}
