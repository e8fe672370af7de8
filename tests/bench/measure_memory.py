"""What a thousand further tenants add to a worker, and what each adds with a storage and a client of its own."""

import json
import subprocess
import sys

from tests.bench.many import tenants
from tests.bench.ratios import Ratio

WARM = 50
FURTHER = 1_000
MIB = 1024 * 1024
# How many storages of django-storages are made before and after the first look.
STOCK = (2, 6)


def ratios() -> list[Ratio]:
    sites = [[site.host, site.document_path, site.session_key] for site in tenants(WARM + FURTHER)]
    known, further = sites[:WARM], sites[WARM:]
    stock = _grown(
        "stock", [[f"warm{n}" for n in range(STOCK[0])], [f"t{n}" for n in range(STOCK[1])]]
    )
    per_storage = stock / STOCK[1]
    found = []
    for threads in (1, 8):
        grown = _grown(str(threads), [known, known, further])
        found.append(
            Ratio(
                f"1,000 further tenants in a worker with {threads} threads",
                grown / MIB, 1, "MiB", "by itself", at_most=5,
            )
        )  # fmt: skip
        found.append(
            Ratio(
                f"One of them, with {threads} threads",
                grown / FURTHER / MIB, per_storage / MIB, "MiB", "one storage with a client of its own, one thread",
            )
        )  # fmt: skip
    return found


def _grown(how: str, rounds: list[list[list[str]]] | list[list[str]]) -> int:
    """Return by how many bytes a worker grew in the last of these rounds."""
    done = subprocess.run(  # noqa: S603 - this Python, on our own module
        [sys.executable, "-m", "tests.bench.memory_worker", how],
        input=json.dumps(rounds), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    sizes = json.loads(done.stdout)
    return int(sizes[-1] - sizes[-2])
