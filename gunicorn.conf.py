"""How gunicorn serves the gateway. It reads this file by itself, in the folder where it is started."""

import os
import subprocess
import sys

from gateway.gunicorn_logs import JsonLogger

logger_class = JsonLogger
# By default a header named SCRIPT_NAME or PATH_INFO that comes from a local proxy changes which path is asked for.
forwarder_headers = ""
# Each thread serves one request at a time: docs/howto/deploy.md says how many there should be.
worker_class = "gthread"
WEB_THREADS = os.environ.get("WEB_THREADS", "8")
# What is no number is refused with the other settings, below.
threads = int(WEB_THREADS) if WEB_THREADS.isdecimal() else 1
# So long may an upload still take when the service is reloaded or stopped. systemd waits longer (docs/deploy).
graceful_timeout = 120
control_socket_disable = True


def on_starting(_server: object) -> None:
    """Refuse wrong settings in one line, before anything listens.

    Another process reads them: workers are forked from this one, and a reload must read them anew.
    """
    # Any check loads the settings first; this one is over at once.
    command = [sys.executable, "manage.py", "check", "--tag", "caches"]
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:  # noqa: S603 - our own command
        sys.exit(1)
