"""A worker with four threads that does as many jobs as there are tenants: by turns ours and procrastinate's own."""

import json
import os

import django

from tests.bench.timing import measure_slices

ROUNDS, TURNS = 5, 2


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
    django.setup()
    from tests.bench import job_sides  # noqa: PLC0415 - models need Django set up

    slices = {"ours": job_sides.work_for_tenants, "plain": job_sides.work_plainly}
    print(json.dumps(measure_slices(slices, rounds=ROUNDS, turns=TURNS)))


if __name__ == "__main__":
    main()
