"""An empty Debian with systemd, in a folder that is thrown away. Its network is this machine's."""

import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

RELEASE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
# What every installed Debian has; all else the document installs.
PACKAGES = "systemd,systemd-sysv,dbus,ca-certificates,iproute2,procps"
TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")
ENVIRONMENT = (
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LANG=C.UTF-8",
    "DEBIAN_FRONTEND=noninteractive",
)
# systemd-nspawn passes it on to the systemd inside, which takes it for "power off" (SIGRTMIN+4).
POWER_OFF = signal.SIGRTMIN + 4
SECONDS_TO_BOOT = SECONDS_TO_STOP = 120
SECONDS_TO_RUN = 1200


class CommandFailed(Exception):
    """A command on the machine ended with another exit code than 0."""


class Machine:
    """Runs inside a `with` block. Needs root, debootstrap and systemd-nspawn."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="gateway-deploy-", dir="/var/tmp")
        self.root = Path(self._folder.name) / "root"
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}"]
        subprocess.run([*command, RELEASE, str(self.root), MIRROR], check=True, capture_output=True)
        # A proxy of this machine's network may have an authority of its own.
        shutil.copy(TRUSTED, self.root / "etc/ssl/certs")
        self._boot()
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["kill", f"-{int(POWER_OFF)}", str(self._leader)], check=False)
        try:
            self._process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def _boot(self) -> None:
        spawn = ["--quiet", "--register=no", "--keep-unit", "--boot", "--machine=gateway-deploy"]
        boot = " ".join(["exec systemd-nspawn", *spawn, "--directory", str(self.root)])
        # nspawn keeps mounts there, and refuses to when /run is a disk.
        prepare = "mkdir -p /run/systemd/nspawn && mount -t tmpfs tmpfs /run/systemd/nspawn"
        self._process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", f"{prepare} && {boot}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        until = time.monotonic() + SECONDS_TO_BOOT
        while not self._is_up():
            if self._process.poll() is not None or time.monotonic() > until:
                raise CommandFailed("The machine did not boot.")
            time.sleep(0.5)

    def _is_up(self) -> bool:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        if not children:
            return False
        self._leader = int(children.split()[0])
        return self._enter("systemctl is-system-running").stdout.strip() in {"running", "degraded"}

    def run(self, commands: str) -> str:
        """Return what commands print that root types on the machine. Raises CommandFailed."""
        done = self._enter(f"set -euo pipefail\n{commands}")
        if done.returncode:
            journal = self._enter("journalctl --no-pager --lines=30 --output=cat").stdout
            raise CommandFailed(
                f"{commands}\nended with {done.returncode}:\n{done.stdout}\n{journal}"
            )
        return done.stdout

    def fails(self, commands: str) -> str:
        """Return what commands print that must fail."""
        done = self._enter(f"set -euo pipefail\n{commands}")
        if not done.returncode:
            raise CommandFailed(f"{commands}\nwas to fail, and did not:\n{done.stdout}")
        return done.stdout

    def _enter(self, commands: str) -> subprocess.CompletedProcess[str]:
        into = [
            "nsenter",
            f"--target={self._leader}",
            "--mount",
            "--uts",
            "--ipc",
            "--pid",
            "--root",
            "--wd",
        ]
        return subprocess.run(
            [*into, "env", "--ignore-environment", *ENVIRONMENT, "bash", "-c", commands],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=SECONDS_TO_RUN, check=False,
        )  # fmt: skip
