"""What a page of one tenant takes while another tenant, the bucket or the mail server makes trouble.

Gunicorn with two workers of four threads, as in the demo. The page lists documents and needs no bucket.
"""

import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.test import override_settings
from PIL import Image

from gateway.demo.bucket.embedded_bucket import EmbeddedBucket
from media_core.inspection.photos import jpeg
from tests.bench.many import Site, tenants
from tests.bench.ratios import Ratio
from tests.gunicorn import asked, gunicorn
from tests.proof import proved
from tests.samples import pdf, picture
from tests.smtp_server import LOOPBACK, SmtpServer

THREADS = 4
QUIET_PAGES = 300
# At least so long is the page asked for while something else happens.
WATCH_SECONDS = 5.0
TOKEN = "x" * 32
SCANS, SCANNED_UPLOADS, PHOTOS, STUCK_UPLOADS, RESETS = 400, 24, 12, 8, 4


class Server:
    """A running gateway, and two of its tenants: one makes trouble, the other one's page is measured."""

    def __init__(self, address: str, busy: Site, neighbour: Site) -> None:
        self.location = urlsplit(address)
        self.busy, self.neighbour = busy, neighbour

    def time_page(self) -> float:
        """Return the seconds that the list of the neighbour's documents takes."""
        began = time.perf_counter()
        status = self._ask(self.neighbour, "GET", "/")
        assert status == 200, status
        return time.perf_counter() - began

    def upload(self, content: bytes, name: str, content_type: str) -> int:
        fields = "".join(
            f'--B\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
            for field, value in (("csrfmiddlewaretoken", TOKEN), ("visibility", "private"))
        )
        head = (
            f'{fields}--B\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {content_type}\r\n\r\n"
        )
        body = head.encode() + content + b"\r\n--B--\r\n"
        return self._ask(self.busy, "POST", "/upload", body, "multipart/form-data; boundary=B")

    def ask_for_password(self) -> int:
        fields = {"csrfmiddlewaretoken": TOKEN, "email": self.busy.member.email}
        form = "application/x-www-form-urlencoded"
        return self._ask(
            self.busy, "POST", "/accounts/password/reset/", urlencode(fields).encode(), form
        )

    def _ask(
        self, site: Site, method: str, path: str, body: bytes = b"", content_type: str = ""
    ) -> int:
        """Return the status of the answer; 0 when the server answered before it had read all, and hung up."""
        cookies = f"{settings.SESSION_COOKIE_NAME}={site.session_key}; {settings.CSRF_COOKIE_NAME}={TOKEN}"
        headers = {
            "Host": site.host, "X-Forwarded-Proto": "https", "X-Forwarded-For": LOOPBACK, "Cookie": cookies,
            "Referer": f"https://{site.host}/", "Connection": "close", "Content-Type": content_type,
        }  # fmt: skip
        connection = HTTPConnection(
            self.location.hostname or "", self.location.port or 0, timeout=120
        )
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
        except (ConnectionError, HTTPException):
            return 0
        finally:
            connection.close()
        return answer.status


def ratios() -> list[Ratio]:
    busy, neighbour = tenants(2)
    with (
        run_bucket() as bucket,
        SmtpServer(is_mute=True) as smtp,
        tempfile.TemporaryDirectory() as kept,
    ):
        environment = {
            **bucket_environment(bucket),
            "WEB_THREADS": str(THREADS),
            "EMAIL_URL": f"smtp://{LOOPBACK}:{smtp.port}",
        }
        log = Path(kept) / "gunicorn.log"
        options = (
            "--workers=2",
            f"--threads={THREADS}",
            "--worker-class=gthread",
            "--log-level=critical",
        )
        with gunicorn(os.environ["DATABASE_URL"], log, *options, **environment) as address:
            asked(address, "/", neighbour.host)
            server = Server(address, busy, neighbour)
            quiet = [server.time_page() for _ in range(QUIET_PAGES)]
            return [*measure_cases(server, bucket, quiet)]


def measure_cases(server: Server, bucket: EmbeddedBucket, quiet: list[float]) -> Iterator[Ratio]:
    scans, photo, paper = draw_in_scans(SCANS), draw_photo(), pdf()

    def upload_scans() -> int:
        return server.upload(scans, "scans.jpg", "image/jpeg")

    def upload_photo() -> int:
        return server.upload(photo, "photo.jpg", "image/jpeg")

    def upload_paper() -> int:
        return server.upload(paper, "paper.pdf", "application/pdf")

    yield compare(
        "24 uploads of a picture in 400 scans", watch(server, upload_scans, SCANNED_UPLOADS), quiet
    )
    yield compare(
        "12 uploads of a photo of 12 megapixels", watch(server, upload_photo, PHOTOS), quiet
    )
    yield compare(
        "4 new passwords with a mute mail server",
        watch(server, server.ask_for_password, RESETS),
        quiet,
    )
    with hang(bucket):
        stuck = watch(server, upload_paper, STUCK_UPLOADS)
    yield compare("8 uploads into a bucket that hangs", stuck, quiet)


def watch(server: Server, work: Callable[[], int], times: int) -> list[float]:
    """Return what each page takes while this work is done so many times at once."""
    with ThreadPoolExecutor(times) as threads:
        began = time.perf_counter()
        under_way: list[Future[int]] = [threads.submit(work) for _ in range(times)]
        seconds = []
        while (
            not all(each.done() for each in under_way)
            or time.perf_counter() - began < WATCH_SECONDS
        ):
            seconds.append(server.time_page())
        statuses = {each.result() for each in under_way}
        # Stored or asked for, refused for the file, refused for now, or hung up before the body was read.
        assert statuses <= {0, 302, 400, 503}, statuses
        return seconds


def compare(name: str, measured: list[float], quiet: list[float]) -> Ratio:
    """Return how many times longer the slowest page in twenty takes."""
    slow, usual = (statistics.quantiles(each, n=20)[-1] * 1000 for each in (measured, quiet))
    return Ratio(
        f"A page of another tenant, 95 of 100: {name}",
        slow,
        usual,
        "ms",
        "nothing else to do",
        at_most=2,
    )


def draw_in_scans(scans: int) -> bytes:
    """Return a progressive JPEG whose last scan is there so often that it has so many."""
    data = picture("JPEG", Image.effect_noise((1000, 800), 60), progressive=True)
    found = [each for each in jpeg.iterate_segments(data) if each.marker == jpeg.SCAN]
    last = data[found[-1].start : found[-1].end]
    return data[: found[-1].start] + last * (scans - len(found) + 1) + data[found[-1].end :]


def draw_photo() -> bytes:
    return picture("JPEG", Image.effect_noise((4000, 3000), 40).convert("RGB"), quality=85)


@contextmanager
def hang(bucket: EmbeddedBucket) -> Iterator[None]:
    """Let the bucket take connections and answer none for the block."""
    assert bucket.process_id
    os.kill(bucket.process_id, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(bucket.process_id, signal.SIGCONT)


@contextmanager
def run_bucket() -> Iterator[EmbeddedBucket]:
    """Lend a bucket that may hang, of which is proved what it can do."""
    with (
        EmbeddedBucket(bucket="neighbours", region="fsn1") as bucket,
        override_settings(
            BUCKET_ENDPOINT_URL=bucket.endpoint_url,
            BUCKET_NAME=bucket.bucket,
            BUCKET_ACCESS_KEY=bucket.access_key,
            BUCKET_SECRET_KEY=bucket.secret_key,
        ),
    ):
        proved()
        yield bucket


def bucket_environment(bucket: EmbeddedBucket) -> dict[str, str]:
    return {
        "AWS_S3_ENDPOINT_URL": bucket.endpoint_url,
        "AWS_STORAGE_BUCKET_NAME": bucket.bucket,
        "AWS_ACCESS_KEY_ID": bucket.access_key,
        "AWS_SECRET_ACCESS_KEY": bucket.secret_key,
    }
