"""AWS Signature Version 4, in the Authorization header and in the query of a presigned URL.

Follows "Authenticating Requests (AWS Signature Version 4)" of the S3 API reference. The canonical
request is made from the decoded path and query, encoded again: `%41` and `A` are the same key, here
as in Ceph RGW.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from gateway.demo.bucket.credentials import Credentials
from gateway.demo.bucket.request import S3Request
from gateway.demo.bucket.responses import Refused

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_LIFETIME_SECONDS = 604_800
SKEW = timedelta(minutes=15)
AUTHORIZATION = re.compile(
    rf"{ALGORITHM} +Credential=([^\s,]+) *, *"
    r"SignedHeaders=([a-z0-9;._-]+) *, *Signature=([0-9a-f]{64})"
)
SCOPE = "DATE/REGION/s3/aws4_request"
QUERY_PARAMETERS = ("Credential", "SignedHeaders", "Signature", "Date", "Expires")


@dataclass(frozen=True)
class Scope:
    """What a signing key is good for: one day, one region, one service."""

    access_key: str
    date: str
    region: str
    service: str
    terminator: str

    @classmethod
    def read(cls, credential: str) -> "Scope":
        """Return the scope of `KEY/20260101/fsn1/s3/aws4_request`."""
        parts = credential.split("/")
        if len(parts) != 5:  # noqa: PLR2004  # the five parts named above
            raise Refused("AuthorizationHeaderMalformed", f"The credential is not KEY/{SCOPE}.")
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{self.terminator}"

    def check(self, credentials: Credentials, moment: datetime) -> None:
        """Refuse another key, day, region or service than this store's."""
        if not hmac.compare_digest(self.access_key.encode(), credentials.access_key.encode()):
            raise Refused("InvalidAccessKeyId")
        if str(self) != f"{moment:%Y%m%d}/{credentials.region}/s3/aws4_request":
            expected = SCOPE.replace("REGION", credentials.region)
            raise Refused("AuthorizationHeaderMalformed", f"The scope is not {expected}.")

    def sign(self, credentials: Credentials, text: str) -> str:
        """Return the signature of `text` within this scope."""
        key = f"AWS4{credentials.secret_key}".encode()
        for part in (self.date, self.region, self.service, self.terminator):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.digest(key, text.encode(), "sha256").hex()


def verify_header(request: S3Request, credentials: Credentials) -> frozenset[str]:
    """Return the names of the headers the Authorization header covers, or refuse."""
    claim = AUTHORIZATION.fullmatch(request.headers.get("authorization"))
    if claim is None:
        raise Refused("AuthorizationHeaderMalformed")
    payload = request.headers.get("x-amz-content-sha256")
    if not payload:
        raise Refused("InvalidRequest", "The header x-amz-content-sha256 is missing.")
    moment = parse_amz_date(request.headers.get("x-amz-date"))
    credential, names, signature = claim.groups()
    _verify(
        request,
        credentials,
        SignatureClaim(Scope.read(credential), names, signature, moment, payload),
    )
    if abs(request.received_at - moment) > SKEW:
        raise Refused("RequestTimeTooSkewed")
    return frozenset(names.split(";"))


def verify_query(request: S3Request, credentials: Credentials) -> frozenset[str]:
    """Return the names of the headers the presigned URL covers, or refuse."""
    values = [_get_single_parameter(request, f"X-Amz-{name}") for name in QUERY_PARAMETERS]
    if _get_single_parameter(request, "X-Amz-Algorithm") != ALGORITHM:
        raise Refused("AccessDenied", f"The algorithm is not {ALGORITHM}.")
    credential, names, signature, date, expires = values
    if not re.fullmatch("[a-z0-9;._-]+", names):
        raise Refused("AccessDenied", "X-Amz-SignedHeaders holds no header names.")
    moment = parse_amz_date(date)
    payload = request.headers.get("x-amz-content-sha256") or "UNSIGNED-PAYLOAD"
    _verify(
        request,
        credentials,
        SignatureClaim(Scope.read(credential), names, signature, moment, payload),
    )
    if "endless-links" not in request.faults:
        _refuse_expired(request.received_at - moment, expires)
    return frozenset(names.split(";"))


@dataclass(frozen=True)
class SignatureClaim:
    """What a client says about its own signature."""

    scope: Scope
    names: str
    signature: str
    moment: datetime
    payload: str


def _verify(request: S3Request, credentials: Credentials, claim: SignatureClaim) -> None:
    claim.scope.check(credentials, claim.moment)
    if "host" not in claim.names.split(";"):
        raise Refused("AccessDenied", "The Host header must be signed.")
    canonical = hashlib.sha256(
        build_canonical_request(request, claim).encode("latin-1")
    ).hexdigest()
    text = f"{ALGORITHM}\n{claim.moment:%Y%m%dT%H%M%SZ}\n{claim.scope}\n{canonical}"
    expected = claim.scope.sign(credentials, text)
    if not hmac.compare_digest(expected.encode(), claim.signature.encode()):
        raise Refused("SignatureDoesNotMatch")


def build_canonical_request(request: S3Request, claim: SignatureClaim) -> str:
    """Return what the client should have signed; header values are latin-1, the bytes that came."""
    pairs = sorted(
        (_encode(name), _encode(value))
        for name, value in request.query
        if name != "X-Amz-Signature"
    )
    names = claim.names.split(";")
    return "\n".join(
        [
            request.method,
            quote(unquote(request.raw_path), safe="/~"),
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{re.sub(' +', ' ', request.headers.get(name))}" for name in names),
            "",
            claim.names,
            claim.payload,
        ]
    )


def parse_amz_date(text: str) -> datetime:
    """Return the time of `20260101T120000Z`."""
    try:
        moment = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        moment = None
    if moment is None or f"{moment:%Y%m%dT%H%M%SZ}" != text:
        raise Refused("AccessDenied", "The request has no valid X-Amz-Date.")
    return moment


def _refuse_expired(age: timedelta, expires: str) -> None:
    """Refuse what is over, never was or would last longer than seven days: 403, as RGW."""
    seconds = int(expires) if re.fullmatch("-?[0-9]{1,9}", expires) else 0
    if not 0 < seconds <= MAX_LIFETIME_SECONDS:
        raise Refused("AccessDenied", "X-Amz-Expires must be between 1 and 604800 seconds.")
    if not -SKEW <= age <= timedelta(seconds=seconds):
        raise Refused("AccessDenied", "The presigned URL has expired.")


def _get_single_parameter(request: S3Request, name: str) -> str:
    values = [value for known, value in request.query if known == name]
    if len(values) != 1:
        raise Refused("AccessDenied", f"{name} must come once.")
    return values[0]


def _encode(text: str) -> str:
    return quote(text, safe="~")
