"""What counts as refused at the bucket, or at the CDN before it."""

import pytest

from media_core.upkeep.proving.attempts import Verdict
from media_core.upkeep.proving.bucket_attempts import iterate_reads, run_attempt
from media_core.upkeep.proving.canaries import make_planned_canaries
from tenants.models import Tenant
from tests.media_core.bucket.test_sender import Busy, _busy_server, lasting_bucket

__all__ = ["_busy_server", "lasting_bucket"]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (403, Verdict.REFUSED),
        (501, Verdict.REFUSED),
        (505, Verdict.NO_ANSWER),
        (520, Verdict.NO_ANSWER),
    ],
)
def test_a_network_before_the_bucket_that_fails_is_no_refusal(
    world, lasting_bucket: Busy, settings, status, verdict
):
    settings.BUCKET_ADDRESSING_STYLE, lasting_bucket.answers = "path", [(status, b"", {})]
    tenants = Tenant.objects.order_by("location_prefix")
    asks = iterate_reads([canary for tenant in tenants for canary in make_planned_canaries(tenant)])
    assert {run_attempt(each).verdict for each in asks} == {verdict}
