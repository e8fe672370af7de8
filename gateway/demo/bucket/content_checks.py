"""What the body of a call may say: XML and JSON within the numbers a real store sets."""

import io
import re
from collections.abc import Callable, Mapping
from xml.parsers.expat import ExpatError, ParserCreate

from gateway.demo.bucket.bucket_policy import Policy
from gateway.demo.bucket.request import S3Request
from gateway.demo.bucket.responses import Refused

# Of which element a body holds how many at most, and how one more is refused.
MAX_ELEMENTS = {
    "DeleteObjects": ("Object", 1000, "MalformedXML"),
    "PutBucketCors": ("CORSRule", 100, "InvalidRequest"),
    "PutBucketLifecycle": ("Rule", 1000, "MalformedXML"),
    "PutObjectTagging": ("Tag", 10, "InvalidTag"),
}
XML_BODIES = frozenset({*MAX_ELEMENTS, "CompleteMultipartUpload", "PutBucketVersioning"})
UNSUPPORTED_FILTERS = re.compile(
    rb"<(ObjectSizeGreaterThan|ObjectSizeLessThan|NewerNoncurrentVersions)>"
)
ABORT = b"<AbortIncompleteMultipartUpload>"
RULE = re.compile(rb"<Rule>.*?</Rule>", re.DOTALL)
TWO_STARS = re.compile(rb"<AllowedOrigin>[^<]*\*[^<]*\*[^<]*</AllowedOrigin>")

OTHER_METHODS = re.compile(rb"<AllowedMethod>(?!(GET|PUT|POST|DELETE|HEAD)<)")


def check_content(request: S3Request) -> None:
    """Refuse what cannot be read, what is too much, and what would not be kept."""
    if request.operation == "PutBucketPolicy":
        Policy.read(request.content)
    if request.operation in XML_BODIES:
        _check_xml(request.content)
    if request.operation in MAX_ELEMENTS:
        _check_element_count(request.content, *MAX_ELEMENTS[request.operation])
    if request.operation in OPERATION_CHECKS:
        OPERATION_CHECKS[request.operation](request.content)


def _check_xml(content: bytes) -> None:
    try:
        ParserCreate().ParseFile(io.BytesIO(content))
    except ExpatError:
        raise Refused("MalformedXML") from None


def _check_element_count(content: bytes, element: str, most: int, code: str) -> None:
    # A "<" inside a key is written "&lt;", so this counts elements.
    if len(re.findall(rf"<{element}[\s>]".encode(), content)) > most:
        raise Refused(code, f"At most {most} elements {element} at once.")


def _check_lifecycle(content: bytes) -> None:
    if UNSUPPORTED_FILTERS.search(content):
        # Without them the rule would mean every object.
        raise Refused("NotImplemented", "Lifecycle rules do not filter by size or number here.")
    if any(b"<Tag>" in rule and ABORT in rule for rule in RULE.findall(content)):
        raise Refused("InvalidRequest", "Unfinished uploads have no tags to be chosen by.")
    names = re.findall(rb"<ID>([^<]*)</ID>", content)
    if len(names) != len(set(names)):
        raise Refused("InvalidArgument", "Two rules have the same ID.")


def _check_cors(content: bytes) -> None:
    if OTHER_METHODS.search(content):
        raise Refused("MalformedXML", "A method is GET, PUT, POST, DELETE or HEAD.")
    if TWO_STARS.search(content):
        raise Refused("MalformedXML", "An origin has one * at most.")


OPERATION_CHECKS: Mapping[str, Callable[[bytes], None]] = {
    "PutBucketCors": _check_cors,
    "PutBucketLifecycle": _check_lifecycle,
}
