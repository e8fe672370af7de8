"""The gateway behind the server of production, in a process of its own, on the database of the tests."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

ROOT = Path(__file__).resolve().parents[3]
SECONDS_TO_START = 300
END_OF_HEADERS = b"\r\n\r\n"
TOKEN = "x" * 32


@dataclass(frozen=True)
class Live:
    """A running server, where it puts files while they come, and a session of acme's editor."""

    port: int
    waiting: Path
    session_key: str

    def headers(self, *more: str) -> bytes:
        """Return the head of an upload as a browser sends it."""
        cookies = f"{settings.SESSION_COOKIE_NAME}={self.session_key}; {settings.CSRF_COOKIE_NAME}={TOKEN}"
        lines = (
            "POST /upload HTTP/1.1", "Host: acme.example", "X-Forwarded-Proto: https", f"Cookie: {cookies}",
            "Referer: https://acme.example/", "Content-Type: multipart/form-data; boundary=B", *more,
        )  # fmt: skip
        return "\r\n".join(lines).encode() + END_OF_HEADERS

    def asked(self, sent: bytes, *, close: bool = False) -> tuple[int, str]:
        """Send these bytes, and no more; return the status and the page of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=120) as line:
            try:
                line.sendall(sent)
                if close:
                    line.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                # It answered before all was sent.
                pass
            return understood(line)


def understood(line: socket.socket) -> tuple[int, str]:
    """Read one answer."""
    said = b""
    while END_OF_HEADERS not in said and (more := line.recv(65_536)):
        said += more
    head, _, body = said.partition(END_OF_HEADERS)
    lengths = [h for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:")]
    length = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < length and (more := line.recv(65_536)):
        body += more
    return int(head.split()[1]) if head else 0, body.decode()


def form(content: bytes, name: str = "x.bin") -> bytes:
    """Return an upload's form."""
    fields = "".join(
        f'--B\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in (("csrfmiddlewaretoken", TOKEN), ("visibility", "private"))
    )
    head = f'--B\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return fields.encode() + head.encode() + content + b"\r\n--B--\r\n"


@contextmanager
def served(waiting: Path) -> Iterator[int]:
    """Serve until the block ends; lend the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    database = urlsplit(os.environ["DATABASE_URL"])._replace(
        path=f"/{settings.DATABASES['default']['NAME']}"
    )
    environment = {**os.environ, "DATABASE_URL": database.geturl(), "UPLOAD_TEMP_DIR": str(waiting)}
    command = [
        sys.executable, "-m", "gunicorn", "gateway.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "2",
        "--worker-class", "gthread", "--no-control-socket", "--graceful-timeout", "1", "--log-level", "critical",
    ]  # fmt: skip
    server = subprocess.Popen(command, cwd=ROOT, env=environment)  # noqa: S603 - words of ours
    try:
        late = time.monotonic() + SECONDS_TO_START
        while not listens(port):
            assert server.poll() is None, "The server did not start."
            assert time.monotonic() < late, "The server does not listen."
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=120)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
