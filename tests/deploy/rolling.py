"""The only backend is reloaded, then one of two drained and restarted, while people upload."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.browser import Browser
from tests.deploy.machine import Machine

PORTS = {"gateway-web": 8000, "gateway-web-2": 8001}
# As many as a process lets one tenant send at a time: beyond it, 503 is the right answer.
PEOPLE = 2
READY = """python3 -c "from urllib.request import urlopen; urlopen('http://127.0.0.1:{port}/readyz')" 2>/dev/null"""


def prove_rolling(machine: Machine, bea: Browser) -> None:
    """Raise AssertionError when an upload is lost, or stored twice."""
    with uploads(bea.copy() for _ in range(PEOPLE)) as answers:
        # The only one first: nginx has no other to ask.
        for _ in range(3):
            machine.run("systemctl reload gateway-web; sleep 3")
        add_second_backend(machine)
        for service, port in PORTS.items():
            mark(machine, port, f"{port} down")
            machine.run(f"systemctl restart {service}")
            machine.run(f"until {READY.format(port=port)}; do sleep 0.2; done")
            mark(machine, f"{port} down", port)
    print(
        f"    {len(answers)} uploads while a backend was reloaded, and two were restarted",
        flush=True,
    )
    assert len(answers) > PEOPLE
    assert set(answers) == {302}, answers


def add_second_backend(machine: Machine) -> None:
    units = machine.root / "etc/systemd/system"
    unit = (units / "gateway-web.service").read_text()
    (units / "gateway-web-2.service").write_text(unit.replace(":8000", ":8001"))
    mark(
        machine,
        "server 127.0.0.1:8000;",
        "server 127.0.0.1:8000;\n    server 127.0.0.1:8001;",
        start="gateway-web-2",
    )


def mark(machine: Machine, text: object, other: object, *, start: str = "") -> None:
    """Write other text into nginx's file, and have nginx read it."""
    file: Path = machine.root / "etc/nginx/conf.d/gateway.conf"
    assert str(text) in file.read_text()
    if start:
        machine.run(f"systemctl daemon-reload; systemctl start {start}")
    file.write_text(file.read_text().replace(f"{text}", f"{other}"))
    machine.run("systemctl reload nginx; sleep 1")


@contextmanager
def uploads(browsers: Iterator[Browser]) -> Iterator[list[int]]:
    """Upload one file after the other in each browser while the block runs; lend the answers' status codes."""
    answers, is_over = list[int](), threading.Event()

    def upload_on(browser: Browser) -> None:
        while not is_over.is_set():
            form = {"title": "rolling", "visibility": "private"}
            files = {"file": ("rolling.txt", b"many people upload " * 50_000)}
            answers.append(browser.post("/upload", form_at="/", files=files, **form).status_code)

    threads = [threading.Thread(target=upload_on, args=[browser]) for browser in browsers]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
