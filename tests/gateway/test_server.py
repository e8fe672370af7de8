"""The gateway behind the server of production, started as docs/howto/deploy.md says: its lines, and its headers."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.gunicorn import asked, database_url, gunicorn

pytestmark = pytest.mark.django_db
RESET = "/accounts/password/reset/key/1f-0f3a-bc/"
END_OF_HEADERS = b"\r\n\r\n"


@dataclass(frozen=True)
class Server:
    address: str
    log: Path

    def send(self, *lines: str) -> bytes:
        """Send a request for acme's host as these bytes; return the answer's, without what no two have in common."""
        place = urlsplit(self.address)
        head = "\r\n".join(
            (*lines, "Host: acme.example", "X-Forwarded-Proto: https", "Connection: close")
        )
        with socket.create_connection((str(place.hostname), place.port or 0), timeout=60) as line:
            line.sendall(head.encode("latin-1") + END_OF_HEADERS)
            with line.makefile("rb") as answer:
                return b"".join(
                    part
                    for part in answer.read().splitlines(keepends=True)
                    if not part.startswith(
                        (b"Date:", b"Expires:", b"X-Request-ID:", b"Set-Cookie:")
                    )
                )


@pytest.fixture(scope="module")
def server(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("server") / "log"
    with gunicorn(database_url(), log, "--access-logfile=-") as address:
        assert asked(address, "/healthz").status_code == 200
        yield Server(address, log)


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO", "Script-Name"])
@pytest.mark.parametrize("value", ["/accounts", "/other", "//evil.example", "http://evil.example"])
def test_a_clients_script_name_changes_nothing(name, value, server):
    line = "GET /accounts/login/?next=/ HTTP/1.1"
    with_header, without = server.send(line, f"{name}: {value}"), server.send(line)
    assert with_header.split(b"csrf")[0] == without.split(b"csrf")[0]
    assert without.startswith(b"HTTP/1.1 200")


def test_every_line_is_json_and_shows_no_reset_key(server):
    requests = [
        (f"GET {RESET} HTTP/1.1",),
        (f"GET {RESET} HTTP/1.1", "Content-Type: a/b; charset=hex"),
        (f"GET {RESET} HTTP/1.1", f"SCRIPT_NAME: {RESET}"),
        (f"GET /?next={RESET} HTTP/9.9",),
        (f"GET {RESET}\xff HTTP/1.1",),
        (f"GET {RESET} HTTP/1.1", f"Referer: https://acme.example{RESET}", "A B: c"),
    ]
    for lines in requests:
        server.send(*lines)
    said = server.log.read_text()
    loggers = {json.loads(line)["logger"] for line in said.splitlines()}
    assert {"gunicorn.error", "gunicorn.access", "gateway.request_log"} <= loggers
    assert "1f-0f3a-bc" not in said
    assert "[redacted]" in said
