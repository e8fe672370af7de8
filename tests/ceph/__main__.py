"""`make test-ceph`: the tests marked `bucket` on a real Ceph RGW, by each way to sign and address; one table.

Six ways are tried: SigV4 by path, SigV4 by host, SigV2 by host, each over HTTPS and HTTP. What signs requests or names
the bucket in them is tested by all six: the contracts, the doctor, presigned URLs, forms, policy, CORS, the prover. The
other packages of media_core may not import boto (import-linter holds them to it), so nothing in them depends on the
way. Their tests run by the two ways in FULL_SUITE_VARIANTS, which have no signature, addressing or scheme in common.
With `--all-ways` the first of them also runs what is marked `ceph_once`.

`python -m tests.ceph --all-ways` runs every test by all six. Tests that the command line names run by all six too.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import boto3

from gateway.demo.postgres import provide_database_url
from gateway.demo.resolution import resolve_localhost_names
from tests.ceph.rgw import REGION, Rgw, rgw
from tests.ceph.variants import FULL_SUITE_VARIANTS, VARIANTS, Variant

ROOT = Path(__file__).resolve().parents[2]
# What the tests of the embedded bucket call the bucket that they share.
SHARED_BUCKET = "demo"
MARKED = re.compile(r"mark\.(bucket|ceph)\b")
# The contract of import-linter that names the packages of media_core which may not import boto.
NO_BOTO_CONTRACT = "only media_core.bucket and media_core.storages speak to the bucket, seen from inside media_core"
# The prover's package is one of them, but it forges signatures, and those look different in each version.
PROVER_TESTS = ROOT / "tests" / "media_core" / "upkeep" / "proving"
MARKS = "(bucket or ceph) and not slow"
HEAD = [
    "| Way | Tests run | Contract tests passed | Tests passed | Seconds |",
    "|---|---|---|---|---|",
]
# While one run waits for RGW, or for a link to expire, another has the processor.
RUNS_PER_PROCESSOR = 2


@dataclass(frozen=True)
class Run:
    """What became of the suite on one way."""

    variant: Variant
    scope: str
    status: int
    said: str
    seconds: float
    contracts: int
    passed: int

    @property
    def is_good(self) -> bool:
        return self.status == 0 and self.passed > 0

    @property
    def row(self) -> str:
        failed = "" if self.is_good else ", **failed**"
        counts = f"{self.contracts} | {self.passed}{failed} | {self.seconds:.0f}"
        return f"| {self.variant} | {self.scope} | {counts} |"

    @property
    def closing_line(self) -> str:
        return (self.said.strip().splitlines() or ["pytest said nothing."])[-1]


@dataclass(frozen=True)
class Choice:
    """Which tests run by which way: what the command line names, or what is marked."""

    options: Sequence[str]
    all_ways: bool

    def select_tests(self, variant: Variant) -> tuple[str, Sequence[str]]:
        """Return what the table calls the tests of one way, and the arguments of pytest that choose them."""
        if self.options:
            return "as named", self.options
        if self.all_ways or variant in FULL_SUITE_VARIANTS:
            return "all", find_marked_tests()
        return "what signs or addresses", [
            place for place in find_marked_tests() if depends_on_way(place)
        ]

    def select_marks(self, variant: Variant) -> str:
        """Return which marks a test must have to run by one way."""
        runs_once = self.all_ways and variant == FULL_SUITE_VARIANTS[0]
        return f"({MARKS}) or ceph_once" if self.options or runs_once else MARKS


class Suite:
    """Runs of the suite beside each other, each with a bucket and a database of its own."""

    def __init__(self, server: Rgw, database: str, choice: Choice) -> None:
        self.server = server
        self.database = urlsplit(database)
        self.choice = choice
        self.processes: list[subprocess.Popen[str]] = []

    def run(self, variant: Variant) -> Run:
        """Run the suite on one way, to its end."""
        began = time.monotonic()
        scope, tests = self.choice.select_tests(variant)
        with tempfile.TemporaryDirectory(prefix="ceph-tests-") as folder:
            report = Path(folder, "report.xml")
            process = self.start(variant, report, tests)
            said, _ = process.communicate()
            contracts, passed = counted(report)
        seconds = time.monotonic() - began
        return Run(variant, scope, process.returncode, said, seconds, contracts, passed)

    def start(
        self, variant: Variant, report: Path, tests: Sequence[str]
    ) -> "subprocess.Popen[str]":
        chosen = ["-m", self.choice.select_marks(variant), f"--junitxml={report}", *tests]
        process = subprocess.Popen(  # noqa: S603 - our own tests
            [sys.executable, "-m", "pytest", "-q", "--no-header", *chosen],
            cwd=ROOT,
            env={**os.environ, **self.surroundings(variant)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Ctrl-C reaches the whole group: these end when this process says so, and once.
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def surroundings(self, variant: Variant) -> dict[str, str]:
        name = f"{variant.bucket}-{os.getpid()}".replace("-", "_")
        certificate = str(self.server.certificate)
        return {
            "DATABASE_URL": self.database._replace(path=f"/{name}").geturl(),
            # The names are those of tests/environment.py, which starts servers when it is imported.
            "TESTS_BUCKET": json.dumps(facts(self.server, variant)),
            "TESTS_STRANGER": json.dumps(vars(self.server.stranger)),
            # boto's, and that of everything else.
            "AWS_CA_BUNDLE": certificate,
            "REQUESTS_CA_BUNDLE": certificate,
        }

    def stop(self) -> None:
        """Let runs that are not over remove what they made."""
        for process in self.processes:
            process.send_signal(signal.SIGINT)


@cache
def find_marked_tests() -> list[str]:
    """Return where the marked tests are: to collect all others takes longer than to run these."""
    files = [file for file in (ROOT / "tests").rglob("*.py") if MARKED.search(file.read_text())]
    folders = {file.parent for file in files if file.name == "conftest.py"}
    alone = {file for file in files if file.name.startswith("test_")}
    alone = {file for file in alone if folders.isdisjoint(file.parents)}
    return sorted(str(place.relative_to(ROOT)) for place in folders | alone)


def depends_on_way(place: str) -> bool:
    """Return whether tests there may come out differently by another way: those of packages without boto do not."""
    path = ROOT / place
    if path.is_relative_to(PROVER_TESTS):
        return True
    return not any(path.is_relative_to(folder) for folder in find_folders_without_boto())


@cache
def find_folders_without_boto() -> list[Path]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [contract] = [each for each in settings["contracts"] if each["name"] == NO_BOTO_CONTRACT]
    return [ROOT / "tests" / name.replace(".", "/") for name in contract["source_modules"]]


def facts(server: Rgw, variant: Variant) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": server.gateway.access_key,
        "AWS_SECRET_ACCESS_KEY": server.gateway.secret_key,
        "AWS_STORAGE_BUCKET_NAME": variant.bucket,
        "AWS_S3_ENDPOINT_URL": server.endpoint(variant.scheme),
        "AWS_S3_SIGNATURE_VERSION": variant.signature,
        "AWS_S3_ADDRESSING_STYLE": variant.addressing,
    }


def counted(report: Path) -> tuple[int, int]:
    """Return how many contract tests passed, and how many tests in all."""
    if not report.exists():
        return 0, 0
    tests = ET.parse(report).iter("testcase")  # noqa: S314 - pytest wrote it
    passed = [test.get("classname", "") for test in tests if not len(test)]
    return sum(name.startswith("tests.contracts.") for name in passed), len(passed)


def make_buckets(server: Rgw, names: Iterable[str]) -> None:
    with resolve_localhost_names():
        client = boto3.client(
            "s3",
            endpoint_url=server.endpoint("http"),
            region_name=REGION,
            aws_access_key_id=server.gateway.access_key,
            aws_secret_access_key=server.gateway.secret_key,
        )
        for name in names:
            client.create_bucket(Bucket=name)
        client.close()


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let what is open be closed when somebody ends this process."""

    def stop(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    yield


def runs(choice: Choice) -> list[Run]:
    """Return what became of the suite on every way; each is told of as soon as it is over."""
    with ExitStack() as stack:
        began = time.monotonic()
        server = stack.enter_context(rgw())
        make_buckets(server, [SHARED_BUCKET, *(variant.bucket for variant in VARIANTS)])
        print(f"Ceph RGW is up after {time.monotonic() - began:.1f} s", flush=True)
        url = stack.enter_context(provide_database_url(ROOT / ".data" / "postgres", fast=True))
        suite = Suite(server, url, choice)
        width = RUNS_PER_PROCESSOR * (os.cpu_count() or 1)
        pool = stack.enter_context(ThreadPoolExecutor(width))
        stack.callback(suite.stop)
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        done = []
        # The longest first, so that none of them is alone at the end.
        ordered = sorted(VARIANTS, key=lambda variant: variant not in FULL_SUITE_VARIANTS)
        for run in pool.map(suite.run, ordered):
            print(run.closing_line if run.is_good else run.said, f"  {run.variant}", flush=True)
            done.append(run)
        return done


def main() -> int:
    """Return 1 when the suite failed on one way, or found no test there."""
    parser = argparse.ArgumentParser(prog="python -m tests.ceph", allow_abbrev=False)
    parser.add_argument("--all-ways", action="store_true", help="run every test by all six ways")
    own, options = parser.parse_known_args()
    began = time.monotonic()
    with stopped_by_signals():
        done = runs(Choice(options, all_ways=own.all_ways))
    print(*HEAD, *(run.row for run in done), sep="\n")
    print(f"| Sum | | {sum(run.contracts for run in done)} | {sum(run.passed for run in done)} | |")
    print(f"Ceph RGW is gone; all of it took {time.monotonic() - began:.0f} s")
    return 0 if all(run.is_good for run in done) else 1


if __name__ == "__main__":
    sys.exit(main())
