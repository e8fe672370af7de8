"""Tenants, the domains that lead to them, and every room that was ever taken in the bucket."""

import secrets
import uuid
from typing import Any, NoReturn, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Value
from django_tenants.models import TenantMixin

from tenants.prefixes import Prefix
from tenants.sizes import format_size

MAX_PRESIGN_SECONDS = 3600
# How many versions of a document a new tenant keeps.
VERSIONS_KEPT = 10


def make_schema_name() -> str:
    """Return a schema name that says nothing and is never derived from a name, a host or a prefix."""
    return f"t_{secrets.token_hex(8)}"


class FileGroup(models.TextChoices):
    """What a tenant may allow to come in. "other" is what cannot be proved: kept as a plain download."""

    PDF = "pdf", "PDF"
    OFFICE = "office", "office documents"
    TEXT = "text", "plain text"
    IMAGE = "image", "pictures"
    AUDIO = "audio", "sound"
    VIDEO = "video", "video"
    ARCHIVE = "archive", "archives"
    OTHER = "other", "anything else, to be downloaded only"


def list_proved_groups() -> list[str]:
    """Return every group whose files prove what they are: what a new tenant takes."""
    return [group for group in FileGroup.values if group != FileGroup.OTHER]


class TenantQuerySet(models.QuerySet["Tenant"]):
    def delete(self) -> NoReturn:
        raise models.ProtectedError("Tenants are retired, not deleted.", set())


class Tenant(TenantMixin):  # type: ignore[misc]  # django-tenants ships no types
    """One client project in the bucket.

    The row stays for ever, so that its prefix is never given to somebody else. `location_prefix` and
    `schema_name` never change: triggers of the database hold both.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    location_prefix = models.CharField(max_length=200, unique=True)
    schema_name = models.CharField(
        max_length=63,
        unique=True,
        default=make_schema_name,
        validators=[RegexValidator(r"^t_[a-z0-9]{8,32}$")],
    )
    presign_seconds = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_PRESIGN_SECONDS)],
    )
    upload_max_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    file_groups = ArrayField(
        models.CharField(max_length=20),
        default=list_proved_groups,
        db_default=Value(list_proved_groups(), ArrayField(models.CharField(max_length=20))),
    )
    # How many versions of a document are kept; None is all of them.
    versions_kept = models.PositiveIntegerField(
        null=True, blank=True, default=VERSIONS_KEPT, db_default=VERSIONS_KEPT
    )
    # Whether the agency's staff wait for an admin's consent before they enter.
    requires_consent = models.BooleanField(default=False, db_default=False)
    # What the schema has, and the oldest code that serves it: tenants/schema_versions.py reads both.
    schema_version = models.TextField(default="")
    oldest_code = models.TextField(default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True)

    # Schemas are made and dropped by flows of our own, never as a side effect of a row.
    auto_create_schema = False
    auto_drop_schema = False

    # Every key and every link asks for it, and to check a prefix takes time.
    _prefix: Prefix | None = None

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                name="tenant_schema_name_is_generated",
                condition=models.Q(schema_name__regex=r"^t_[a-z0-9]{8,32}$"),
            ),
            models.CheckConstraint(
                name="tenant_presign_seconds_in_range",
                condition=models.Q(presign_seconds__range=(1, MAX_PRESIGN_SECONDS)),
            ),
            models.CheckConstraint(
                name="tenant_status_is_known",
                condition=models.Q(status__in=["active", "suspended"]),
            ),
            models.CheckConstraint(
                name="tenant_file_groups_are_known",
                condition=models.Q(file_groups__contained_by=FileGroup.values),
            ),
            models.CheckConstraint(
                name="tenant_upload_max_bytes_is_something",
                condition=models.Q(upload_max_bytes__gte=1),
            ),
            models.CheckConstraint(
                name="tenant_versions_kept_is_something",
                condition=models.Q(versions_kept__gte=1),
            ),
        ]

    def __str__(self) -> str:
        return str(self.name)

    @property
    def is_served(self) -> bool:
        """Whether anything of this tenant may be shown or linked to."""
        return bool(self.status == self.Status.ACTIVE)

    @property
    def prefix(self) -> Prefix:
        """The tenant's room in the bucket."""
        known, of_deployment = self._prefix, settings.LOCATION_PREFIX
        if (
            known is None
            or known.location_prefix != self.location_prefix
            or known.deployment_prefix != of_deployment
        ):
            self._prefix = known = Prefix(self.location_prefix, of_deployment)
        return known

    def __enter__(self) -> NoReturn:
        # django-tenants keeps one list of previous tenants for all threads: a block ends in another's tenant.
        raise TypeError("Use `with bind_tenant(tenant):`, never `with tenant:`.")

    def activate(self) -> NoReturn:
        raise TypeError("Use `with bind_tenant(tenant):`, never tenant.activate().")

    @classmethod
    def deactivate(cls) -> NoReturn:
        raise TypeError("`with bind_tenant(tenant):` ends by itself.")

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise models.ProtectedError("Tenants are retired, not deleted.", {self})

    def create_schema(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("Schemas are made by tenants.provisioning.create_tenant.")


class Quota(models.Model):
    """How many bytes a tenant may keep, keeps, and has promised to uploads that are under way.

    Changed only by tenants/quotas.py and tenants/tenant_limits.py, by UPDATEs. A quota of None is no limit. The columns
    are positive: PostgreSQL itself refuses a usage below zero.
    """

    tenant = models.OneToOneField(
        Tenant, primary_key=True, on_delete=models.PROTECT, related_name="quota"
    )
    quota_bytes = models.PositiveBigIntegerField(null=True)
    used_bytes = models.PositiveBigIntegerField(default=0)
    reserved_bytes = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        taken = format_size(self.taken_bytes)
        if self.quota_bytes is None:
            return f"{taken}, no limit"
        return f"{taken} of {format_size(self.quota_bytes)}"

    @property
    def taken_bytes(self) -> int:
        """What is kept and what is promised."""
        return self.used_bytes + self.reserved_bytes

    @property
    def left_bytes(self) -> int | None:
        """What still fits; None when there is no limit."""
        return None if self.quota_bytes is None else max(0, self.quota_bytes - self.taken_bytes)

    @property
    def nearly_full_bytes(self) -> int:
        """From where on a meter shows that it gets tight."""
        return (self.quota_bytes or 0) * 9 // 10


class AuditEvent(models.Model):
    """What somebody did at the agency, or the agency at a tenant. It holds no title and no file name of a tenant's."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(auto_now_add=True)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=120, default="")
    tenant = models.ForeignKey(
        Tenant, on_delete=models.PROTECT, null=True, related_name="audit_events"
    )
    action = models.CharField(max_length=60)
    detail = models.TextField(default="")

    class Meta:
        ordering = ["-at", "id"]
        indexes = [models.Index(fields=["tenant", "-at"], name="audit_newest")]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action}"


class PrefixReservation(models.Model):
    """A room that is taken, or once was. The table only grows.

    An exclusion constraint of the database refuses a prefix that is equal to, under or above another,
    case aside, also when two inserts race; triggers refuse UPDATE and DELETE.
    """

    prefix = models.CharField(primary_key=True, max_length=200)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="reservations")
    reserved_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["prefix"]

    def __str__(self) -> str:
        return self.prefix


class DomainQuerySet(models.QuerySet["Domain"]):
    def active(self) -> Self:
        return self.filter(state=Domain.State.ACTIVE)


class Domain(models.Model):
    """A host name that leads to a tenant once it is active. Stored as `domains.normalised_host` writes it."""

    class State(models.TextChoices):
        PENDING = "pending"
        ACTIVE = "active"

    domain = models.CharField(max_length=253, unique=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="domains")
    state = models.CharField(max_length=20, choices=State, default=State.PENDING)
    is_primary = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DomainQuerySet.as_manager()

    class Meta:
        ordering = ["-is_primary", "domain"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"],
                condition=models.Q(is_primary=True),
                name="domain_one_primary_per_tenant",
            ),
            models.CheckConstraint(
                name="domain_is_normalised", condition=models.Q(domain__regex=r"^[a-z0-9.:\[\]-]+$")
            ),
            models.CheckConstraint(
                name="domain_state_is_known", condition=models.Q(state__in=["pending", "active"])
            ),
        ]

    def __str__(self) -> str:
        return self.domain


class SchemaRecording(models.Model):
    """What one real migrate of a scratch schema sent to the database; replayed for every new tenant."""

    # A digest over the tenant apps' migrations and the versions of what turns them into SQL.
    fingerprint = models.CharField(primary_key=True, max_length=64)
    schema_version = models.TextField()
    statements = models.TextField()
    migrations = models.JSONField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.schema_version


class CacheEntry(models.Model):
    """The table of Django's DatabaseCache, so that `migrate` makes it. Never used as a model."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.cache_key
