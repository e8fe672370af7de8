"""Names below `localhost`, for the demo and the tests.

Browsers and curl resolve `demo.s3.localhost` to the loopback address (RFC 6761, section 6.3); glibc
resolves `localhost` alone, so boto3 does not find a bucket addressed as a host.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LOOPBACK = "127.0.0.1"


@contextmanager
def resolve_localhost_names() -> Iterator[None]:
    """Let every `*.localhost` resolve to 127.0.0.1, in this process and inside the `with` block.

    >>> with resolve_localhost_names():
    ...     socket.getaddrinfo("demo.s3.localhost", 80)[0][4]
    ('127.0.0.1', 80)
    """
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        below = isinstance(host, str) and host.lower().rstrip(".").endswith(".localhost")
        return resolve(LOOPBACK if below else host, *arguments, **options)

    socket.getaddrinfo = getaddrinfo
    try:
        yield
    finally:
        socket.getaddrinfo = resolve
