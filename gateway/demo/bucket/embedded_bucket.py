"""Start and stop the store from the demo or a test run."""

import json
import os
import secrets
import select
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urlsplit

from gateway.demo.bucket.fault_injection import Fault

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 30
STOP_SECONDS = 5


class BucketNotStarted(RuntimeError):
    """The embedded bucket did not start."""

    def __str__(self) -> str:
        return f"{self.__doc__} {self.args[0]}"


@dataclass(kw_only=True)
class EmbeddedBucket:
    """A bucket in a process of its own, as long as the `with` block lasts.

    Buckets are addressed by path, and as hosts below one of `domains`. With `log`, each request
    leaves a line there.

    It ends with the process that started it, even one that is killed. Its contents are in memory
    and gone with it.
    """

    bucket: str = "demo"
    access_key: str = "EMBEDDEDBUCKETKEY001"
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(30), repr=False)
    region: str = "fsn1"
    port: int = 0
    domains: tuple[str, ...] = ("s3.localhost", "localhost")
    log: Path | None = None
    endpoint_url: str = field(default="", init=False)
    _process: subprocess.Popen[str] | None = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def start(self) -> Self:
        """Return when the bucket answers; `port` and `endpoint_url` are known then."""
        with self.log.open("a+") if self.log else tempfile.TemporaryFile("w+") as log:
            self._process = self._start_process(log)
            self.endpoint_url = self._read_line()
            if not self.endpoint_url:
                self.stop()
                log.seek(0)
                raise BucketNotStarted((log.read().splitlines() or ["It said nothing."])[-1])
        self.port = urlsplit(self.endpoint_url).port or 0
        return self

    @property
    def process_id(self) -> int | None:
        """The process that answers; None before it has started."""
        return self._process.pid if self._process else None

    def has_ended(self) -> bool:
        """Return whether the process has ended by itself, or was killed."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """End the process; nothing happens when there is none."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            # Closes its standard input, which ends it.
            process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

    @contextmanager
    def inject_faults(self, *names: str, **given: Any) -> Iterator[None]:
        """Show these faults inside the block; `FAULT_DESCRIPTIONS` lists them, `Fault` takes what is given.

        They are in force when the block begins and gone when it has ended.
        """
        faults = [Fault(name=name, **given) for name in names]
        group = secrets.token_hex(4)
        self._set_fault_group(group, faults)
        try:
            yield
        finally:
            if self._process is not None:
                self._set_fault_group(group, [])

    def _set_fault_group(self, group: str, faults: list[Fault]) -> None:
        """Return when the store has confirmed the group."""
        process = self._process
        if process is None or process.stdin is None:
            raise BucketNotStarted("It has no faults.")
        with self._lock:
            line = {"group": group, "faults": [fault.serialize() for fault in faults]}
            process.stdin.write(f"{json.dumps(line)}\n")
            process.stdin.flush()
            if self._read_line() != group:
                raise BucketNotStarted("It confirmed no fault.")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _read_line(self) -> str:
        """Return the next thing the process says; nothing when it ended or is too slow."""
        output = self._process.stdout if self._process else None
        if output is None or not select.select([output], [], [], START_SECONDS)[0]:
            return ""
        return output.readline().strip()

    def _start_process(self, log: IO[str]) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "gateway.demo.bucket", "--stop-with-stdin"]
        command += ["--bucket", self.bucket, "--region", self.region, "--port", str(self.port)]
        command += [f"--domain={domain}" for domain in self.domains]
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "MOTO_"))
        }
        return subprocess.Popen(  # noqa: S603  # our own module, started with the running interpreter
            command + ["--verbose"] * bool(self.log),
            cwd=ROOT,
            env={
                **inherited,
                "AWS_ACCESS_KEY_ID": self.access_key,
                "AWS_SECRET_ACCESS_KEY": self.secret_key,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            # Ctrl-C in a terminal reaches the whole group; this one ends when its parent says so.
            start_new_session=True,
        )
