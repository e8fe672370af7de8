"""The URL of one object, signed in its query: Signature Version 4 of S3, as botocore writes it, byte for byte.

The algorithm: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html. Plain Python, no settings.
"""

import calendar
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from media_core.bucket.percent import encode_component, encode_path

if TYPE_CHECKING:
    import hashlib

ALGORITHM = "AWS4-HMAC-SHA256"
BLOCK_BYTES = 64
DAY_SECONDS = 86_400
DEFAULT_PORTS = {"http": 80, "https": 443}
SIGNED_AT = re.compile(r"[?&]X-Amz-Date=([0-9]{8}T[0-9]{6}Z)(?:&|$)")
_TWO_DIGITS = [f"{number:02}" for number in range(60)]


@dataclass(frozen=True, slots=True, repr=False)
class _SigningDay:
    """What all signatures of one day (UTC) have in common. The key signs anything in the bucket: it is never shown.

    It is kept as the two digests of an HMAC (RFC 2104) that have taken it in already. That is what `hmac.HMAC.copy`
    does as well, for half as much again.
    """

    begins: int
    date: str
    scope: str
    # The query up to the time of day.
    query: str
    inner: "hashlib._Hash"
    outer: "hashlib._Hash"

    def sign(self, text: str) -> str:
        """Return HMAC-SHA-256 of the text with the signing key of the day."""
        inner, outer = self.inner.copy(), self.outer.copy()
        inner.update(text.encode())
        outer.update(inner.digest())
        return outer.hexdigest()


class QuerySigner:
    """Signs requests without a body for one bucket, with one pair of keys that does not expire.

    `address` is where its keys begin, as `https://bucket.host` or `https://host/bucket`. The signing key of the day is
    kept, and only that one. Any thread may sign. It holds secrets, so it is never pickled and its repr says nothing.
    """

    __slots__ = ("_access_key", "_day", "_end", "_origin", "_path", "_region", "_secret_key")

    def __init__(self, address: str, *, region: str, access_key: str, secret_key: str) -> None:
        parts = urlsplit(address)
        self._origin, self._path = f"{parts.scheme}://{parts.netloc}", f"{parts.path}/"
        self._region, self._access_key, self._secret_key = region, access_key, secret_key
        self._end = f"\nhost:{_build_host(address)}\n\nhost\nUNSIGNED-PAYLOAD"
        self._day = self._make_day(0)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._origin!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A signer holds credentials, so it is never pickled.")

    def sign_url(self, key: str, query: str, *, method: str, seconds: int, now: int) -> str:
        """Return the URL that allows this method on this key for so many seconds from `now` (of the Unix clock).

        `query` is what else is signed, such as the headers of the answer: as `build_query` writes it.
        """
        day = self._day
        second = now - day.begins
        if not 0 <= second < DAY_SECONDS:
            day = self._day = self._make_day(now)
            second = now - day.begins
        clock = f"{_TWO_DIGITS[second // 3600]}{_TWO_DIGITS[second // 60 % 60]}{_TWO_DIGITS[second % 60]}Z"
        path = self._path + encode_path(key)
        signed = f"{day.query}{clock}&X-Amz-Expires={seconds}&X-Amz-SignedHeaders=host"
        # In the order of the alphabet X-Amz-… comes before response-…; in the URL botocore puts it last.
        request = f"{method}\n{path}\n{signed}{'&' if query else ''}{query}{self._end}"
        digest = sha256(request.encode()).hexdigest()
        signature = day.sign(f"{ALGORITHM}\n{day.date}T{clock}\n{day.scope}\n{digest}")
        before = f"{query}&" if query else ""
        return f"{self._origin}{path}?{before}{signed}&X-Amz-Signature={signature}"

    def _make_day(self, now: int) -> _SigningDay:
        date = time.strftime("%Y%m%d", time.gmtime(now))
        scope = f"{date}/{self._region}/s3/aws4_request"
        key = f"AWS4{self._secret_key}".encode()
        for step in scope.split("/"):
            key = hmac.digest(key, step.encode(), "sha256")
        block = key.ljust(BLOCK_BYTES, b"\0")
        credential = encode_component(f"{self._access_key}/{scope}")
        return _SigningDay(
            begins=now - now % DAY_SECONDS,
            date=date,
            scope=scope,
            query=f"X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date={date}T",
            inner=sha256(bytes(byte ^ 0x36 for byte in block)),
            outer=sha256(bytes(byte ^ 0x5C for byte in block)),
        )


def build_query(parameters: Mapping[str, str]) -> str:
    """Return the parameters as they are signed: in the order of their names, encoded.

    >>> build_query({"response-content-type": "text/plain", "response-cache-control": "no-store"})
    'response-cache-control=no-store&response-content-type=text%2Fplain'
    """
    return "&".join(
        f"{encode_component(name)}={encode_component(parameters[name])}"
        for name in sorted(parameters)
    )


def _build_host(address: str) -> str:
    """Return the Host header that a client sends for this address: without a port that goes without saying."""
    parts = urlsplit(address)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else str(parts.hostname)
    if parts.port is None or parts.port == DEFAULT_PORTS.get(parts.scheme):
        return host
    return f"{host}:{parts.port}"


def find_signing_time(url: str) -> int | None:
    """Return the time, by the Unix clock, at which somebody signed this URL in this way; None when it is not."""
    found = SIGNED_AT.search(url)
    return calendar.timegm(time.strptime(found[1], "%Y%m%dT%H%M%SZ")) if found else None
