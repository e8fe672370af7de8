"""The job that sweeps: what the bucket does not let go stops nothing else."""

import pytest
from django.utils import timezone

from media_core.errors import BucketRefused
from media_core.ledger.models import StoredObject
from media_core.upkeep.sweeping import sweep_in_steps
from tenants.binding import bind_tenant
from tenants.jobs.kinds import JobStep
from tests.apps import kept
from tests.media_core.bucket.conftest import at
from tests.media_core.bucket.test_apply_limits import answering
from tests.media_core.uploads.conftest import keys

pytestmark = [pytest.mark.django_db, pytest.mark.bucket]


def step(position: str = "") -> JobStep:
    return JobStep(position, seconds=60, is_stopping=lambda: False)


@pytest.fixture
def due(acme, globex):
    """Return three objects of acme's whose time is over, in the order in which they are removed."""
    rows = [kept(tenant).stored_object for tenant in (acme, acme, acme, globex)]
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            StoredObject.objects.update(
                state="condemned", purge_after=timezone.now(), charged_bytes=0
            )
    return sorted(rows[:3], key=lambda row: str(row.pk))


def refuse(key):
    """Return a hook that refuses to remove one object."""

    def answer(params, **_given):
        return answering(403, "AccessDenied")() if key in params["url"] else None

    return answer


def test_an_object_that_the_bucket_refuses_to_remove_stops_no_other(due, acme, globex):
    first = acme.prefix.build_key(due[0].name)
    with bind_tenant(acme):
        with at("before-call.s3.DeleteObject", refuse(first)), pytest.raises(BucketRefused):
            sweep_in_steps(step())
        assert keys(acme) & {row.key for row in due} == {first}
        # The job is tried again from where it began.
        assert sweep_in_steps(step()) is None
        assert first not in keys(acme)
    assert keys(globex)


def test_a_later_step_ends_the_pass_all_the_same(due, acme):
    with bind_tenant(acme), at("before-call.s3.DeleteObject", refuse(due[1].name)):
        assert sweep_in_steps(step(str(due[0].pk))) is None
