"""Visits: agency staff in a tenant. Who asked, why, who agreed, from when to when."""

import uuid
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from tenants.models import Tenant
from tenants.names import MAX_REASON

# How long agency staff stay in a tenant at most, how long the way there is open, and how long a request stands.
VISIT_LIFETIME = timedelta(minutes=60)
TICKET_LIFETIME = timedelta(seconds=30)
REQUEST_LIFETIME = timedelta(hours=24)


class VisitQuerySet(models.QuerySet["Visit"]):
    def possible(self) -> Self:
        """Return the visits of people who are operators now, to tenants that are served now.

        No joins: an UPDATE with joins finds its rows first and changes them then, and of two at once both would.
        """
        operators = apps.get_model("people", "AgencyRole").objects.filter(role="operator")
        active = apps.get_model("people", "Person").objects.filter(is_active=True)
        return self.filter(
            Exists(active.filter(pk=OuterRef("person"))),
            Exists(operators.filter(person=OuterRef("person"))),
            Exists(Tenant.objects.filter(pk=OuterRef("tenant"), status=Tenant.Status.ACTIVE)),
            left_at=None,
        )

    def waiting(self) -> Self:
        """Return the requests that an admin of the tenant may agree to now."""
        return self.possible().filter(
            consent=Visit.Consent.WAITING, asked_at__gt=Now() - REQUEST_LIFETIME
        )

    def enterable(self) -> Self:
        """Return the visits that may be entered now: agreed to, or in no need of it, as the tenant says today."""
        careful = Tenant.objects.filter(pk=OuterRef("tenant"), requires_consent=True)
        return self.possible().filter(
            Q(consent=Visit.Consent.GIVEN) | Q(~Exists(careful), consent=Visit.Consent.NOT_NEEDED),
            entered_at=None,
            asked_at__gt=timezone.now() - REQUEST_LIFETIME,
        )

    def under_way(self) -> Self:
        """Return the visits that go on now. Asked at every request, so an end counts from the next one on."""
        return self.possible().filter(
            consent__in=[Visit.Consent.GIVEN, Visit.Consent.NOT_NEEDED],
            ends_at__gt=Now(),
        )

    def not_over(self) -> Self:
        """Return the visits that go on, and the requests that may still become one: what can be ended."""
        now = timezone.now()
        asked = Q(entered_at=None, asked_at__gt=now - REQUEST_LIFETIME)
        return self.filter(asked | Q(ends_at__gt=now), left_at=None)


class Visit(models.Model):
    """Somebody of the agency asks to enter a tenant, enters it once, and leaves it. The row stays for ever."""

    class Consent(models.TextChoices):
        NOT_NEEDED = "not_needed"
        WAITING = "waiting"
        GIVEN = "given"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="visits")
    person_name = models.CharField(max_length=120)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="visits")
    reason = models.CharField(max_length=MAX_REASON)
    may_write = models.BooleanField(default=False)
    asked_at = models.DateTimeField(default=timezone.now)
    consent = models.CharField(max_length=20, choices=Consent)
    consent_by_id = models.UUIDField(null=True)
    consent_by_name = models.CharField(max_length=120, default="")
    # Of the ticket itself only a digest is kept: who reads this table enters nowhere.
    ticket_hash = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 - none is not equal to none
    ticket_expires_at = models.DateTimeField(null=True)
    entered_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=200, default="")

    objects = VisitQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "id"]
        indexes = [
            models.Index(fields=["tenant", "-asked_at"], name="visit_newest"),
            models.Index(fields=["tenant", "ends_at"], name="visit_under_way"),
            models.Index(
                fields=["tenant", "asked_at"],
                name="visit_waiting",
                condition=Q(consent="waiting", left_at=None),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="visit_consent_is_known",
                condition=Q(consent__in=["not_needed", "waiting", "given", "refused"]),
            ),
            models.CheckConstraint(
                name="visit_ends_once_entered",
                condition=Q(entered_at=None, ends_at=None)
                | Q(entered_at__isnull=False, ends_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.visitor

    @property
    def visitor(self) -> str:
        """The name under which the person acts in the tenant: everybody there reads where they come from."""
        return format_visitor_name(self.person_name)

    @property
    def lapses_at(self) -> datetime:
        """Until when the visit may be agreed to and entered."""
        return self.asked_at + REQUEST_LIFETIME

    @property
    def state(self) -> str:
        """What is to be said of the visit on a page, in a word or two."""
        now = timezone.now()
        if self.left_at:
            return "ended" if self.entered_at else "closed"
        if self.ends_at:
            return "under way" if self.ends_at > now else "over"
        if self.asked_at <= now - REQUEST_LIFETIME:
            return "lapsed"
        return "waiting" if self.consent == self.Consent.WAITING else "ready"


def format_visitor_name(name: str) -> str:
    """Return the name with where they come from, within the 120 characters that records keep.

    >>> format_visitor_name("Otto Operator")
    'Otto Operator (agency)'
    """
    return f"{name[:111]} (agency)"


def build_visit_roles_query(tenant_id: UUID | None) -> ArraySubquery:
    """Return the role that a session's visit gives while it goes on: never admin, and never a membership's."""
    here = Visit.objects.under_way().order_by()
    role = Case(When(may_write=True, then=Value("editor")), default=Value("viewer"))
    return ArraySubquery(
        here.filter(pk=OuterRef("visit"), person=OuterRef("person"), tenant=tenant_id)
        .annotate(visit_role=role)
        .values("visit_role")
    )
