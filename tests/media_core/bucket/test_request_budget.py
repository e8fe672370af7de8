"""Workers share what the bucket takes; people's requests never wait for it."""

import time

import pytest
from django.test import override_settings

from media_core.bucket.request_budget import RequestBudget, wait_for_budget
from tenants.jobs.worker_share import compute_worker_share, set_worker_count


@pytest.fixture
def workers():
    yield set_worker_count
    set_worker_count(0)


def test_each_worker_takes_its_share(workers):
    workers(4)
    assert compute_worker_share(200) == 50


def test_a_process_that_is_no_worker_has_no_limit():
    assert compute_worker_share(200) is None
    with override_settings(BUCKET_WORKER_REQUESTS=1):
        for _ in range(100):
            wait_for_budget()


def test_after_a_burst_requests_are_spaced_out():
    budget, began = RequestBudget(), time.monotonic()
    for _ in range(60):
        budget.wait(per_second=40)
    # One second's worth at once, then one every 25 ms.
    assert time.monotonic() - began >= 0.4
