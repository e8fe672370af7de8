"""What is known of the bucket, in the public schema: who owns its prefix here, what was proved, and when."""

import uuid

from django.db import models
from django.utils import timezone


class Deployment(models.Model):
    """This deployment, as the bucket's ownership marker names it. There is one row, made when it is first needed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    only = models.BooleanField(default=True, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="deployment_only", condition=models.Q(only=True))
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @classmethod
    def get_current(cls) -> "Deployment":
        """Return the one row. One query; three when it is made."""
        return cls.objects.get_or_create(only=True)[0]


class BucketCapabilities(models.Model):
    """What is known of one bucket, addressed in one way: one small row, which flows read before they write."""

    target = models.CharField(max_length=1000, primary_key=True)
    # What the newest report found out, or an earlier one where it could not: name, then [yes or no, when, which key].
    proofs = models.JSONField()

    def __str__(self) -> str:
        return self.target


class BucketReport(models.Model):
    """What one run of the doctor saw. `target` says of which bucket, addressed how: a proof is good for no other."""

    made_at = models.DateTimeField(default=timezone.now, editable=False)
    target = models.CharField(max_length=1000)
    passed = models.BooleanField()
    # Names of capabilities.Capability, each true or false; what was not tried is not there.
    capabilities = models.JSONField()
    # As findings.Finding.as_json has them, in the order of the probes.
    findings = models.JSONField()
    requests = models.PositiveIntegerField()
    seconds = models.FloatField()

    class Meta:
        indexes = [models.Index(name="bucket_report_newest", fields=["target", "-made_at"])]
        ordering = ("-made_at", "-id")

    def __str__(self) -> str:
        return f"{self.target}, {self.made_at:%Y-%m-%d %H:%M}"


class Attestation(models.Model):
    """What one run of the isolation prover tried, and whether all of it was refused."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    target = models.CharField(max_length=1000)
    passed = models.BooleanField()
    tenants = models.PositiveIntegerField()
    tried = models.PositiveIntegerField()
    # All of it, as it is printed: what was tried, how often, and what was not refused.
    document = models.JSONField()

    class Meta:
        indexes = [models.Index(name="attestation_newest", fields=["-made_at"])]
        ordering = ("-made_at", "-id")

    def __str__(self) -> str:
        return f"{self.tenants} tenants, {self.made_at:%Y-%m-%d %H:%M}"
