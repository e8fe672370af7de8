"""Run the store by itself: `python -m gateway.demo.bucket --help`."""

import argparse
import contextlib
import errno
import io
import json
import logging
import os
import sys
import threading
from collections.abc import Sequence

from gateway.demo.bucket.credentials import Credentials
from gateway.demo.bucket.fault_injection import FAULT_DESCRIPTIONS, Fault, FaultRegistry
from gateway.demo.bucket.http_server import BucketServer, NotLoopback
from gateway.demo.bucket.layers import chain_layers, make_layers
from gateway.demo.bucket.moto_store import Store

DESCRIPTION = """An S3 store for the demo and the tests. It keeps everything in memory and checks
what Ceph RGW checks: signatures, expiry, policies, ACLs, CORS. Never for production: it listens on
loopback addresses only."""
ADDRESSES = """The first line on standard output is the endpoint URL. Buckets are reached as
URL/bucket/key and as http://bucket.s3.localhost:PORT/key."""
KEY_PAIR = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def build_parser() -> argparse.ArgumentParser:
    """Return the command line; the key pair is not on it, where `ps` would show it."""
    options = argparse.ArgumentParser(
        prog="python -m gateway.demo.bucket",
        description=DESCRIPTION,
        epilog=f"The key pair comes from {' and '.join(KEY_PAIR)}. {ADDRESSES}\n\n{_format_faults()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument(
        "--host", default="127.0.0.1", help="loopback address to listen on (%(default)s)"
    )
    options.add_argument(
        "--port", type=int, default=0, help="port to listen on; 0, the default, takes a free one"
    )
    options.add_argument(
        "--bucket", default="demo", help="bucket to create at the start (%(default)s)"
    )
    options.add_argument(
        "--region", default="fsn1", help="region signatures must name (%(default)s)"
    )
    options.add_argument(
        "--domain",
        action="append",
        help="host below which buckets are sub-domains; may be repeated (s3.localhost, localhost)",
    )
    options.add_argument(
        "--verbose",
        action="store_true",
        help="log each request to standard error, without its query",
    )
    options.add_argument(
        "--fault",
        action="append",
        choices=FAULT_DESCRIPTIONS,
        metavar="MOOD",
        help="a fault to show; may be repeated; the list stands below",
    )
    options.add_argument(
        "--stop-with-stdin",
        action="store_true",
        help="stop when standard input ends; until then, take faults from there",
    )
    return options


def _format_faults() -> str:
    width = max(map(len, FAULT_DESCRIPTIONS))
    return "\n".join(
        ["faults:", *(f"  {name:{width}}  {says}" for name, says in FAULT_DESCRIPTIONS.items())]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; return 2 after one line on standard error when that cannot begin."""
    command = build_parser()
    options = command.parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING, format="%(asctime)s %(message)s"
    )
    try:
        faults = FaultRegistry(options.fault or ())
        server = _make_server(options, _read_credentials(options.region), faults)
    except (NotLoopback, NoKeyPair, PortInUse) as error:
        command.exit(2, f"{command.prog}: {error}\n")
    print(server.url, flush=True)
    if options.stop_with_stdin:
        threading.Thread(target=_stop_with_stdin, args=(server, faults), daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever(poll_interval=0.1)
    return 0


class NoKeyPair(ValueError):
    def __str__(self) -> str:
        return f"Set {' and '.join(KEY_PAIR)}: the key pair the store shall know."


class PortInUse(OSError):
    def __str__(self) -> str:
        return f"Port {self.args[0]} is in use."


def _read_credentials(region: str) -> Credentials:
    access_key, secret_key = (os.environ.get(name, "") for name in KEY_PAIR)
    if not access_key or not secret_key:
        raise NoKeyPair
    return Credentials(access_key, secret_key, region)


def _make_server(
    options: argparse.Namespace, credentials: Credentials, faults: FaultRegistry
) -> BucketServer:
    store = Store(options.region)
    store.create_bucket(options.bucket)
    answer = chain_layers(make_layers(store, credentials, faults), store)
    try:
        return BucketServer(
            options.host,
            options.port,
            answer,
            domains=options.domain or ["s3.localhost", "localhost"],
        )
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortInUse(options.port) from error


def _stop_with_stdin(server: BucketServer, faults: FaultRegistry) -> None:
    """End with the process that started this one: however it ended, the kernel closes its pipe.

    Until then each line from there is a group of faults, and is confirmed when it is in force.
    """
    try:
        for line in io.FileIO(sys.stdin.fileno(), closefd=False):
            given = json.loads(line)
            faults.set_group(given["group"], [Fault(**each) for each in given["faults"]])
            print(given["group"], flush=True)
    finally:
        server.shutdown()


if __name__ == "__main__":
    sys.exit(main())
