"""The deployment document: its units, its nginx file and its commands. `make test-deploy` types all of it."""

import re
import runpy
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from itertools import takewhile
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.deploy.page import read_blocks
from tests.environment import ROOT
from tests.gateway.test_settings import SETTINGS, settings_with
from tests.gunicorn import free_port
from tests.test_docs import PAGES, code_in

DEPLOY = ROOT / "docs" / "deploy"
PAGE = ROOT / "docs" / "howto" / "deploy.md"
UNITS = sorted(DEPLOY.glob("*.service"))
MOST_EXPOSED = 3.0

every_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)


def find_tool(name: str) -> str:
    """Return the path of a program that is none of the project's; the test is skipped where it is not installed."""
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


def run_command(*command: str | Path) -> str:
    """Return what a program says; fail when it ends with another exit code than 0."""
    done = subprocess.run(  # noqa: S603 - a program of the system, on our own file
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


# --- systemd


@every_unit
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    """Where its programs are there; here they are not, so others stand in their place."""
    text = unit.read_text().replace("/srv/gateway/.venv/bin/", "/usr/bin/")
    text = re.sub(r"/usr/bin/(gunicorn|python)\b", "/usr/bin/true", text)
    (tmp_path / unit.name).write_text(text.replace("WorkingDirectory=/srv/gateway", ""))
    said = run_command(find_tool("systemd-analyze"), "verify", "--man=no", tmp_path / unit.name)
    assert unit.name not in said, said


@every_unit
def test_a_unit_may_do_little(unit: Path) -> None:
    said = run_command(
        find_tool("systemd-analyze"), "security", "--offline=yes", "--no-pager", unit
    )
    found = re.search(r"exposure level for \S+: ([\d.]+)", said)
    assert found, said
    assert float(found[1]) <= MOST_EXPOSED


@every_unit
def test_units_are_hardened_alike(unit: Path) -> None:
    hardening = [
        text.read_text().partition("\n# What the process may not do.")[2] for text in UNITS
    ]
    assert hardening[0]
    assert set(hardening) == {hardening[0]}


def test_systemd_waits_longer_than_gunicorn() -> None:
    web = (DEPLOY / "gateway-web.service").read_text()
    patience = re.search(r"^TimeoutStopSec=(\d+)$", web, re.MULTILINE)
    assert patience
    assert int(patience[1]) > runpy.run_path(str(ROOT / "gunicorn.conf.py"))["graceful_timeout"]


def test_gunicorn_has_as_many_threads_as_the_gateway_reckons_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for given in ({}, {"WEB_THREADS": "3"}):
        monkeypatch.delenv("WEB_THREADS", raising=False)
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        threads = runpy.run_path(str(ROOT / "gunicorn.conf.py"))["threads"]
        assert threads == settings_with(SETTINGS, **given)["WEB_THREADS"]


def test_a_reload_checks_the_settings_first() -> None:
    web = (DEPLOY / "gateway-web.service").read_text()
    check, signal = re.findall(r"^ExecReload=(.+)$", web, re.MULTILINE)
    assert check.endswith("manage.py check")
    assert signal == "/bin/kill -HUP $MAINPID"


def test_the_pages_name_every_file() -> None:
    text = PAGE.read_text() + (PAGE.parent / "run-workers.md").read_text()
    assert [file.name for file in DEPLOY.iterdir() if f"../deploy/{file.name}" not in text] == []


# --- nginx


@pytest.fixture
def nginx_file(tmp_path: Path) -> Path:
    """Return a whole configuration of nginx with ours in it, and a certificate."""
    openssl = find_tool("openssl")
    pem = tmp_path / "both.pem"
    run_command(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
              "-days", "2", "-subj", "/CN=gateway", "-keyout", pem, "-out", tmp_path / "certificate")  # fmt: skip
    pem.write_text((tmp_path / "certificate").read_text() + pem.read_text())
    text = re.sub(r"/etc/ssl/gateway/\w+\.pem", str(pem), (DEPLOY / "nginx.conf").read_text())
    text = text.replace("/var/log/nginx/", f"{tmp_path}/")
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{text}}}\n")
    return whole


def test_nginx_takes_its_file(nginx_file: Path) -> None:
    assert "successful" in run_command(find_tool("nginx"), "-t", "-c", nginx_file)


SECRET_PATHS = [
    "/accounts/password/reset/key/1-secret-value/",
    "//accounts/./password/%72eset/key/1-secret-value/?next=/",
    "/files/secret-value/offer.pdf",
    "/d/0b6a8d4e-51c1-4a8e-9d1c-7e6f5a4b3c2d/secret-value.pdf",
    "/?X-Amz-Signature=secret-value",
]


def test_no_log_of_the_proxy_has_what_lets_its_reader_in(nginx_file: Path) -> None:
    """Nothing listens behind it here, so each request is a fault that the error log could tell of."""
    port, text = free_port(), nginx_file.read_text()
    text = re.sub(r"listen (?!80;).*;\n", "", text).replace(
        "listen 80;", f"listen 127.0.0.1:{port};"
    )
    text = text.replace("server 127.0.0.1:8000;", f"server 127.0.0.1:{free_port()};")
    nginx_file.write_text(f"daemon off;\n{text}")
    server = subprocess.Popen([find_tool("nginx"), "-c", nginx_file])  # noqa: S603 - a program of the system
    try:
        for path in SECRET_PATHS:
            headers = {"Host": "agency.example", "Referer": "https://agency.example/secret-value"}
            assert get_raw(port, path, headers) == 502
    finally:
        server.terminate()
        server.wait()
    logs = [file.read_text() for file in nginx_file.parent.glob("*.log")]
    assert sum(log.count("agency.example") for log in logs) == len(SECRET_PATHS)
    assert "secret-value" not in "".join(logs)


def get_raw(port: int, path: str, headers: dict[str, str]) -> int:
    """Return the status of a request whose path is sent as it is, as soon as somebody listens."""
    until = time.monotonic() + 60
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", path, headers=headers)
            return connection.getresponse().status
        except ConnectionRefusedError:
            assert time.monotonic() < until
            time.sleep(0.05)
        finally:
            connection.close()


def test_the_proxy_takes_what_the_gateway_does(settings) -> None:
    most = re.search(r"client_max_body_size (\d+)m;", (DEPLOY / "nginx.conf").read_text())
    assert most
    assert int(most[1]) << 20 >= settings.UPLOAD_MAX_BYTES + 100_000


# --- commands


COMMAND = re.compile(r"^(?:\S+=\S+ )?(?:\S*python )?manage\.py (.+)$", re.MULTILINE)
ENDS = {"|", "||", "&&", ";", ">"}


def read_commands(text: str) -> Iterator[list[str]]:
    """Yield the words after `manage.py` of every command with which a line begins."""
    for line in COMMAND.findall(text.replace("\\\n", " ")):
        words = shlex.split(line, comments=True)
        yield list(takewhile(lambda word: word not in ENDS, words))


def test_every_command_that_is_to_be_typed_can_be() -> None:
    typed = [
        words
        for page in PAGES
        for block in read_blocks(page)
        for words in read_commands(block.commands)
    ]
    assert len(typed) > 30
    for name, *given in typed:
        if name == "help":
            continue
        command = load_command_class(get_commands()[name], name)
        # A SystemExit is argparse's, with the reason on standard error.
        command.create_parser("manage.py", name).parse_args(given)


def test_no_page_takes_a_password_through_a_command_line() -> None:
    assert [
        page.name
        for page in PAGES
        if re.search(r"PGPASSWORD|--password[ =](?!stdin)", code_in(page))
    ] == []
