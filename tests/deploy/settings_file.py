"""The settings file of a machine, as a person changes it in an editor."""

import re

from tests.deploy.machine import Machine

FILE = "etc/gateway/env"


def set_variables(machine: Machine, values: dict[str, str]) -> None:
    """Change the lines of these variables; add those that have none."""
    file = machine.root / FILE
    text = file.read_text()
    for name, value in values.items():
        line = f"{name}={value}"
        pattern, replacement = rf"^{name}=.*$", line.replace("\\", r"\\")
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        text += "" if count else f"{line}\n"
    file.write_text(text)


def read_variable(machine: Machine, name: str) -> str:
    found = re.search(rf"^{name}=(.*)$", (machine.root / FILE).read_text(), re.MULTILINE)
    assert found, name
    return found[1]
