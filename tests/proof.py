"""What the bucket of this run can do, as the doctor finds out."""

from datetime import timedelta
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.utils import timezone

from media_core.bucket.capabilities import (
    Capability,
    Proof,
    describe_target,
    proofs,
    store_proof,
)
from media_core.bucket.marker import read_ownership, take_over
from media_core.bucket.models import BucketCapabilities, BucketReport
from media_core.bucket.requirements import owned
from tenants.domains import host_cache


def reported(*lacking: str, days_ago: int = 0, **given: Any) -> BucketReport:
    """Return a report that the bucket in settings could do everything, but for these capabilities."""
    capabilities = {each.value: each.value not in lacking for each in Capability}
    at = timezone.now() - timedelta(days=days_ago)
    facts = {
        "passed": True,
        "findings": [],
        "requests": 0,
        "seconds": 0,
        "target": describe_target(),
        "made_at": at,
    }
    store_proof(Proof().merge_results(capabilities, at))
    return BucketReport.objects.create(**{**facts, "capabilities": capabilities, **given})


def forget_caches() -> None:
    """Let this process know nothing that it remembers for seconds."""
    host_cache.forget()
    proofs.forget()
    owned.forget()


def forget_proofs() -> None:
    """Let nothing be known of any bucket."""
    BucketReport.objects.all().delete()
    BucketCapabilities.objects.all().delete()
    proofs.forget()


def proved() -> None:
    """Let flows rely on what the bucket can do, also where a run before used the same prefix on another database."""
    found = read_ownership()
    if found.deployment:
        take_over(found.deployment)
    call_command("bucket", "doctor", try_policy=True, stdout=StringIO())
