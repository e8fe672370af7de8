"""What the bucket of this run can do: found out by the doctor, and handed on to runs inside this one."""

import json
import os
from datetime import timedelta
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.utils import timezone

from media_core.storages.bucket.capabilities import (
    Capability,
    Proof,
    current_target,
    proof,
    proofs,
    store_proof,
)
from media_core.storages.bucket.models import BucketCapabilities, BucketReport, Deployment
from tenants.domains import hosts
from tests.environment import BUCKET_FACTS

REPORT = "TESTS_BUCKET_REPORT"
FIELDS = ("target", "passed", "capabilities", "findings", "requests", "seconds")


def reported(*lacking: str, days_ago: int = 0, **given: Any) -> BucketReport:
    """Return a report that the bucket in settings could do everything, but for these capabilities."""
    capabilities = {each.value: each.value not in lacking for each in Capability}
    at = timezone.now() - timedelta(days=days_ago)
    facts = {
        "passed": True,
        "findings": [],
        "requests": 0,
        "seconds": 0,
        "target": current_target(),
        "made_at": at,
    }
    store_proof(Proof().extend(capabilities, at))
    return BucketReport.objects.create(**{**facts, "capabilities": capabilities, **given})


def forget_caches() -> None:
    """Let this process know nothing that it remembers for seconds."""
    hosts.forget()
    proofs.forget()


def forget_proofs() -> None:
    """Let nothing be known of any bucket."""
    BucketReport.objects.all().delete()
    BucketCapabilities.objects.all().delete()
    proofs.forget()


def proved() -> None:
    """Let flows rely on what the bucket can do. A run that shares its bucket with an outer one takes over its report.

    It is the same deployment then, too: the bucket's marker names one. Under another prefix it finds out for itself.
    """
    given = os.environ.get(REPORT) if os.environ.get(BUCKET_FACTS) else None
    if given:
        facts = json.loads(given)
        Deployment.objects.get_or_create(id=facts["deployment"])
        if facts["report"]["target"] == current_target():
            BucketReport.objects.create(**facts["report"])
            store_proof(Proof.from_json(facts["proofs"]))
            return
    call_command("bucket", "doctor", try_policy=True, stdout=StringIO())
    report = BucketReport.objects.latest("made_at")
    os.environ[REPORT] = json.dumps(
        {
            "deployment": str(Deployment.this()),
            "proofs": proof().as_json(),
            "report": {name: getattr(report, name) for name in FIELDS},
        }
    )
