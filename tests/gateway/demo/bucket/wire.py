"""HTTP as it goes over the wire: no client that tidies paths, headers or redirects."""

import hashlib
import http.client
import os
import re
import ssl
from dataclasses import dataclass
from functools import cache
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class Bucket(Protocol):
    """Where a bucket's server is, and the keys of its owner."""

    @property
    def endpoint_url(self) -> str: ...
    @property
    def access_key(self) -> str: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def port(self) -> int: ...


def by_host(bucket: Bucket, name: str = "") -> str:
    """Return the address of the server by its name, or of a bucket whose name is part of it."""
    host = f"{name}.s3.localhost" if name else "s3.localhost"
    return f"{urlsplit(bucket.endpoint_url).scheme}://{host}:{bucket.port}"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def code(self) -> str:
        found = re.search(rb"<Code>(\w+)</Code>", self.body)
        return found[1].decode() if found else ""


def send(
    method: str, url: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Answer:
    """Return the answer to exactly this request."""
    parts = urlsplit(url)
    target = url.partition(parts.netloc)[2] or "/"
    connection = connected(parts)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        given = {"Host": parts.netloc, **(headers or {})}
        if body is not None:
            given.setdefault("Content-Length", str(len(body)))
        for name, value in given.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def connected(parts: SplitResult) -> http.client.HTTPConnection:
    port = parts.port or 80
    if parts.scheme == "https":
        return http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=trusting())
    return http.client.HTTPConnection("127.0.0.1", port, timeout=60)


@cache
def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])


def signed(
    bucket: Bucket,
    method: str,
    path: str,
    *,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    payload: str = "",
) -> dict[str, str]:
    """Return the headers of a signed request; `payload` stands in place of the body's hash."""
    request = AWSRequest(method, f"{bucket.endpoint_url}{path}", data=body, headers=headers or {})
    keys = Credentials(bucket.access_key, bucket.secret_key)
    Signer(keys, bucket.region, payload).add_auth(request)
    return dict(request.headers.items())


class Signer(S3SigV4Auth):
    def __init__(self, keys: Credentials, region: str, payload: str) -> None:
        super().__init__(keys, "s3", region)
        self.given = payload

    def payload(self, request: AWSRequest) -> str:
        return self.given or hashlib.sha256(request.data or b"").hexdigest()
