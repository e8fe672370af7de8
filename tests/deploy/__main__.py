"""`make test-deploy`: types docs/howto/deploy.md on an empty Debian, to a file that the public reads, and beyond."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_urlsafe

import boto3

from tests.ceph.rgw import REGION, Rgw, rgw
from tests.deploy.machine import Machine
from tests.deploy.page import Block, read_blocks
from tests.deploy.proof import prove
from tests.deploy.settings_file import set_variables
from tests.smtp_server import SmtpServer

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "howto" / "deploy.md"
BUCKET = "agency-media"
HOSTS = "DNS:agency.example,DNS:media.bakery.example,IP:127.0.0.1"
TOOLS = ("debootstrap", "systemd-nspawn", "nsenter", "unshare", "openssl", "git", "radosgw")


def main() -> int:
    if os.geteuid() or not all(shutil.which(tool) for tool in TOOLS):
        say(
            "This needs root, and Debian's packages debootstrap, systemd-container, openssl, git and radosgw."
        )
        return 1
    with rgw() as bucket, SmtpServer() as mail, repository() as address:
        make_bucket(bucket)
        say("Making an empty Debian …")
        with Machine() as machine:
            for block in read_blocks(PAGE):
                prepare(machine, block, bucket, mail)
                commands = block.commands.replace("https://git.example/media-gateway.git", address)
                say(f"{block.heading}\n    " + commands.strip().replace("\n", "\n    "))
                machine.run(commands)
            prove(machine, bucket, mail)
    say("Every command of the page did what it says.")
    return 0


@contextmanager
def repository() -> Iterator[str]:
    """Lend the address of a clone of what is committed here."""
    with tempfile.TemporaryDirectory() as name:
        bare = Path(name) / "media-gateway.git"
        subprocess.run(["git", "clone", "--quiet", "--bare", ROOT, bare], check=True)
        subprocess.run(["git", "update-server-info"], cwd=bare, check=True)
        handler = partial(QuietHandler, directory=name)
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_address[1]}/media-gateway.git"
            server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def make_bucket(bucket: Rgw) -> None:
    """Do what step 1 has a person do in the provider's console."""
    boto3.client(
        "s3", endpoint_url=f"https://127.0.0.1:{bucket.ports['https']}", verify=str(bucket.certificate),
        aws_access_key_id=bucket.gateway.access_key, aws_secret_access_key=bucket.gateway.secret_key,
        region_name=REGION,
    ).create_bucket(Bucket=BUCKET)  # fmt: skip


def prepare(machine: Machine, block: Block, bucket: Rgw, mail: SmtpServer) -> None:
    """Do what the page says in words before this block: fill in the settings, put a certificate."""
    if block.heading == "3. The gateway" and "check --deploy" in block.commands:
        shutil.copy(bucket.certificate, machine.root / "etc/gateway/bucket.pem")
        (machine.root / "etc/gateway/bucket.pem").chmod(0o644)
        set_variables(machine, settings_for(bucket, mail))
    if block.heading == "5. The proxy" and "nginx -t" in block.commands:
        folder = machine.root / "etc/ssl/gateway"
        folder.mkdir(mode=0o700)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=gateway",
             "-addext", f"subjectAltName={HOSTS}", "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"],
            check=True, capture_output=True,
        )  # fmt: skip


def settings_for(bucket: Rgw, mail: SmtpServer) -> dict[str, str]:
    return {
        "DJANGO_SECRET_KEY": token_urlsafe(50),
        "AGENCY_HOST": "agency.example",
        "DATABASE_URL": "postgres:///gateway",
        "BUCKET_PROVIDER": "ceph",
        "AWS_ACCESS_KEY_ID": bucket.gateway.access_key,
        "AWS_SECRET_ACCESS_KEY": bucket.gateway.secret_key,
        "AWS_STORAGE_BUCKET_NAME": BUCKET,
        "AWS_S3_ENDPOINT_URL": f"https://127.0.0.1:{bucket.ports['https']}",
        "AWS_S3_REGION_NAME": REGION,
        "AWS_S3_ADDRESSING_STYLE": "path",
        "AWS_CA_BUNDLE": "/etc/gateway/bucket.pem",
        "EMAIL_URL": f"smtp://127.0.0.1:{mail.port}",
        "DEFAULT_FROM_EMAIL": "gateway@agency.example",
    }


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
