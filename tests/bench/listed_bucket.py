"""python -m tests.bench.listed_bucket OBJECTS PUBLIC: a bucket that only lists, page by page, and keeps nothing.

Its first line is the port. Of the objects so many are public; every thousandth of the private ones is not there.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

SIZE_BYTES = 5
PAGE = 1_000
LOST_EACH = 1_000
ENTRY = (
    "<Contents><Key>{key}</Key><LastModified>2026-12-01T00:00:00.000Z</LastModified>"
    '<ETag>"0"</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>'
)
ANSWER = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>{bucket}</Name>'
    "<Prefix>{prefix}</Prefix><KeyCount>{count}</KeyCount><MaxKeys>1000</MaxKeys>"
    "<IsTruncated>{truncated}</IsTruncated>{token}{entries}</ListBucketResult>"
)


@dataclass(frozen=True)
class Listing:
    """A tenant's objects by number: first the public ones, then the private ones, as keys are ordered."""

    objects: int
    public: int

    def name(self, number: int) -> str:
        area = "media" if number <= self.public else "private"
        return f"{area}/{UUID(int=number)}/x.pdf"

    def is_lost(self, number: int) -> bool:
        return number > self.public and number % LOST_EACH == 0

    def count_lost(self) -> int:
        return self.objects // LOST_EACH - self.public // LOST_EACH

    def has(self, name: str) -> bool:
        number = UUID(name.split("/")[1]).int
        return not self.is_lost(number) and name == self.name(number)

    def iterate_page(self, after: int) -> Iterator[int]:
        """Yield the numbers of the objects of one page."""
        last = min(after + PAGE, self.objects)
        return (number for number in range(after + 1, last + 1) if not self.is_lost(number))


class Handler(BaseHTTPRequestHandler):
    """Answers ListObjectsV2 of any prefix and HEAD of any object, whoever asks."""

    protocol_version = "HTTP/1.1"
    listing: Listing

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        asked = parse_qs(path.query)
        prefix, after = asked["prefix"][0], int(asked.get("continuation-token", ["0"])[0])
        entries = [
            ENTRY.format(key=prefix + self.listing.name(number), size=SIZE_BYTES)
            for number in self.listing.iterate_page(after)
        ]
        is_last = after + PAGE >= self.listing.objects
        token = f"<NextContinuationToken>{after + PAGE}</NextContinuationToken>"
        self.answer(
            ANSWER.format(
                bucket=path.path.strip("/"),
                prefix=prefix,
                count=len(entries),
                truncated=str(not is_last).lower(),
                token="" if is_last else token,
                entries="".join(entries),
            ).encode()
        )

    def do_HEAD(self) -> None:
        name = "/".join(unquote(urlsplit(self.path).path).split("/")[-3:])
        if self.listing.has(name):
            self.answer(b"?" * SIZE_BYTES)
        else:
            self.answer(b"", HTTPStatus.NOT_FOUND)

    def answer(self, body: bytes, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: there are thousands of requests."""


def main(objects: int, public: int) -> None:
    Handler.listing = Listing(objects, public)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
