"""A Ceph RGW of the tests' own, from Debian's packages: on loopback, all in memory, gone when the block ends.

One monitor, one store, one gateway; no service of the system's is touched, and root is not needed.
"""

import json
import os
import secrets
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket

HOST = "s3.localhost"
REGION = "fsn1"
SECONDS_TO_START = 60
# Of util-linux, which is on every Debian: lets a server end with the process that started it.
SETPRIV = "/usr/bin/setpriv"
CONFIGURATION = """\
[global]
fsid = {cluster}
mon_host = [v2:127.0.0.1:{monitor}]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv6 = false
ms_bind_msgr1 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
# The gateway's own default is "secure", which cannot be without keys: it would wait for ever.
ms_mon_client_mode = crc
run_dir = {folder}
crash_dir = {folder}
admin_socket = {folder}/$name.socket
pid_file =
log_file =
log_to_stderr = true
mon_cluster_log_file =
debug_ms = 0/0
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
mon_data_avail_warn = 2
# There is nobody to agree with: no reason to collect changes for a second.
paxos_propose_interval = 0.01
paxos_min_wait = 0.005
[mon]
mon_data = {folder}/monitor
[osd]
osd_data = {folder}/store
osd_objectstore = memstore
osd_crush_initial_weight = 1
memstore_device_bytes = 4294967296
osd_max_scrubs = 0
[client]
rgw_dns_name = {host}
# Without tcp_nodelay every small answer waits for 40 ms.
rgw_frontends = beast tcp_nodelay=1 endpoint=127.0.0.1:{http} ssl_endpoint=127.0.0.1:{https} \
ssl_certificate={folder}/certificate ssl_private_key={folder}/key
rgw_data = {folder}/gateway
rgw_thread_pool_size = 64
rgw_override_bucket_index_max_shards = 1
rgw_dynamic_resharding = false
rgw_enable_usage_log = false
rgw_enable_ops_log = false
"""


@dataclass(frozen=True)
class Account:
    """Somebody who has buckets there."""

    name: str
    access_key: str = field(default_factory=lambda: secrets.token_hex(10))
    secret_key: str = field(default_factory=lambda: secrets.token_hex(20), repr=False)


@dataclass(frozen=True)
class Rgw:
    """Where it listens, whom it knows, and the certificate to trust."""

    ports: dict[str, int]
    certificate: Path
    gateway: Account
    stranger: Account

    def endpoint(self, scheme: str) -> str:
        return f"{scheme}://{HOST}:{self.ports[scheme]}"


@contextmanager
def rgw() -> Iterator[Rgw]:
    """Lend a gateway with two accounts, over HTTP and HTTPS. It takes three seconds to start."""
    with (
        tempfile.TemporaryDirectory(prefix="ceph-", ignore_cleanup_errors=True) as name,
        ExitStack() as running,
    ):
        cluster = Cluster(Path(name), running)
        cluster.start_monitor()
        cluster.start_store()
        cluster.name_region()
        gateway, stranger = Account("gateway"), Account("stranger")
        for account in (gateway, stranger):
            cluster.add(account)
        cluster.start_gateway()
        yield Rgw(cluster.ports, cluster.folder / "certificate", gateway, stranger)


class Cluster:
    """The processes, and the folder that holds what they write."""

    def __init__(self, folder: Path, running: ExitStack) -> None:
        self.folder = folder
        self.running = running
        self.cluster = str(uuid.uuid4())
        self.ports = free_ports("monitor", "http", "https")
        for made in ("monitor", "store", "gateway"):
            (folder / made).mkdir()
        facts = {"folder": folder, "cluster": self.cluster, "host": HOST, **self.ports}
        (folder / "ceph.conf").write_text(CONFIGURATION.format(**facts))
        # `ceph` is a program of the system's Python, which must not see ours.
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment = {**kept, "CEPH_CONF": str(folder / "ceph.conf")}
        self.environment["PATH"] = f"{kept.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin:/bin"

    def start_monitor(self) -> None:
        where, listed = f"[v2:127.0.0.1:{self.ports['monitor']}]", str(self.folder / "monitors")
        made = ["--create", "--fsid", self.cluster, "--addv", "a", where]
        self.run("monmaptool", *made, "--set-min-mon-release", "16", listed)
        self.run("ceph-mon", "--mkfs", "-i", "a", "--monmap", listed)
        self.start("ceph-mon", "-f", "-i", "a")
        self.run("ceph", "--connect-timeout", str(SECONDS_TO_START), "mon", "stat")

    def start_store(self) -> None:
        identity = str(uuid.uuid4())
        self.run("ceph", "osd", "new", identity, "0")
        self.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", identity)
        self.start("ceph-osd", "-f", "-i", "0")

    def name_region(self) -> None:
        """Let buckets be made in our region: what a request may name as the place of a new one."""
        # The first word to the gateway's own records makes them.
        self.run("radosgw-admin", "user", "list")
        zones = json.loads(self.run("radosgw-admin", "zonegroup", "get"))
        self.run(
            "radosgw-admin", "zonegroup", "set", said=json.dumps({**zones, "api_name": REGION})
        )

    def add(self, account: Account) -> None:
        named = [f"--uid={account.name}", f"--display-name={account.name}", "--max-buckets=10000"]
        keys = [f"--access-key={account.access_key}", f"--secret-key={account.secret_key}"]
        self.run("radosgw-admin", "user", "create", *named, *keys)

    def start_gateway(self) -> None:
        names = f"subjectAltName=DNS:{HOST},DNS:*.{HOST},IP:127.0.0.1"
        written = ["-keyout", str(self.folder / "key"), "-out", str(self.folder / "certificate")]
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        subject = ["-subj", f"/CN={HOST}", "-addext", names]
        self.run("openssl", "req", "-x509", *kind, *subject, *written)
        process = self.start("radosgw", "-f", "-n", "client.rgw")
        self.wait_for(self.ports["https"], process)

    def run(self, *command: str, said: str = "") -> str:
        """Return what a program of Ceph's printed; raise RuntimeError with what it complained of."""
        done = subprocess.run(  # noqa: S603 - programs of Debian's
            command,
            env=self.environment,
            input=said,
            capture_output=True,
            text=True,
            timeout=SECONDS_TO_START,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command[:3])} failed: {done.stderr[-2000:]}")
        return done.stdout

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        """Start a server that ends with the block, and with this process however it ends."""
        with (self.folder / f"{command[0]}.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - programs of Debian's
                [SETPRIV, "--pdeathsig", "KILL", *command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C reaches the whole group: the servers go after those who ask them.
                start_new_session=True,
            )
        self.running.callback(process.wait)
        # There is nothing to keep, so nothing to end in order.
        self.running.callback(process.kill)
        return process

    def wait_for(self, port: int, process: "subprocess.Popen[bytes]") -> None:
        until = time.monotonic() + SECONDS_TO_START
        while not listens(port):
            if process.poll() is not None or time.monotonic() > until:
                log = (self.folder / "radosgw.log").read_text(errors="replace")
                raise RuntimeError(f"radosgw does not answer: {log[-2000:]}")
            time.sleep(0.05)


def free_ports(*names: str) -> dict[str, int]:
    """Return a free port for each name. They are held together, so that no two are the same."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket()) for _ in names]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        ports: Sequence[int] = [each.getsockname()[1] for each in sockets]
    return dict(zip(names, ports, strict=True))


def listens(port: int) -> bool:
    with socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
