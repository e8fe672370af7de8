"""What `make demo` and `make clean` do before, and without, anything that is installed."""

import ast
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from gateway.demo import __main__ as demo
from tests.environment import ROOT


def make(target: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own Makefile
        ["make", "--no-print-directory", target],  # noqa: S607 - as a person types it
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
        env={"PATH": os.environ["PATH"]},
    )  # fmt: skip


def test_a_port_in_use_is_said_before_anything_is_installed():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", ("import sys; sys.path.insert(0, '.'); "
             "from gateway.demo.port import main; sys.exit(main())")],
            cwd=ROOT, env={"PORT": str(port)}, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"The demo did not start: Port {port} cannot be used")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("left", [None, ".demo"])
def test_clean_works_after_an_installation_that_was_interrupted(left, tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    if left:
        (tmp_path / left).mkdir()
    done = make("clean", tmp_path)
    assert done.returncode == 0, done.stderr
    assert ("/var/lib/media-gateway-" in done.stdout) == bool(left)
    assert [path.name for path in tmp_path.iterdir()] == ["Makefile"]


def test_the_demo_imports_nothing_that_it_does_not_install():
    pinned = re.findall(
        r"^([\w.-]+?)(?:\[.*\])?==", (ROOT / "requirements/demo.txt").read_text(), re.MULTILINE
    )
    where = packages_distributions()
    imported = {
        name.partition(".")[0]
        for file in (ROOT / "gateway" / "demo").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    needed = {
        name.lower().replace("_", "-") for module in imported for name in where.get(module, [])
    }
    assert {"moto", "fpdf2"} <= needed
    assert needed <= {name.lower() for name in pinned}


def test_the_command_that_is_printed_works_with_spaces_in_the_path(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "ENVIRONMENT_FILE", tmp_path / "a folder" / "demo.env")
    said = demo.format_summary({"sites": {}, "people": [], "bucket": None})
    (command,) = [line for line in said.splitlines() if "For commands: " in line]
    words = shlex.split(command.partition("For commands: ")[2])
    assert words[:3] == [
        f"DJANGO_ENV_FILE={tmp_path}/a folder/demo.env", ".venv/bin/python", "manage.py",
    ]  # fmt: skip
