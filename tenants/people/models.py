"""People, where they belong, their visits and sessions. One identity for all tenants; content is elsewhere."""

import uuid
from typing import Self
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.db.models import Case, When
from django.db.models.functions import Lower, Now

from tenants.models import Tenant
from tenants.people.visit_models import Visit, build_visit_roles_query


class PersonManager(BaseUserManager["Person"]):
    def create_person(self, email: str, name: str, password: str | None = None) -> "Person":
        """Return a new person. Without a password they set one by "Forgot your password?"."""
        person = self.model(email=email.strip().lower(), name=name.strip())
        person.set_password(password)
        person.save(using=self._db)
        return person

    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(email=(username or "").lower())


class Person(AbstractBaseUser):
    """Someone who signs in. What they may do is said by Membership and AgencyRole only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    objects = PersonManager()

    class Meta:
        ordering = ["email"]
        verbose_name_plural = "people"
        constraints = [
            models.CheckConstraint(
                name="person_email_is_lower", condition=models.Q(email=Lower("email"))
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email


class Role(models.TextChoices):
    """What a member may do: admin settles the tenant, editor changes documents, viewer reads."""

    ADMIN = "admin"
    EDITOR = "editor"
    VIEWER = "viewer"


class Membership(models.Model):
    """A person belongs to a tenant, with one role."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["person__email"]
        constraints = [
            models.UniqueConstraint(fields=["person", "tenant"], name="membership_once_per_tenant"),
            models.CheckConstraint(
                name="membership_role_is_known", condition=models.Q(role__in=Role.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role}"


class AgencyRole(models.Model):
    """What a person may do at the agency's own host. None of these reads a document; an operator may visit."""

    class Role(models.TextChoices):
        OWNER = "owner"
        OPERATOR = "operator"
        FINANCE = "finance"

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="agency_roles")
    role = models.CharField(max_length=20, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["person__email", "role"]
        constraints = [
            models.UniqueConstraint(fields=["person", "role"], name="agency_role_once"),
            models.CheckConstraint(
                name="agency_role_is_known",
                condition=models.Q(role__in=["owner", "operator", "finance"]),
            ),
        ]

    def __str__(self) -> str:
        return self.role


def build_roles_query(person: str, tenant_id: UUID | None) -> ArraySubquery:
    """Return the roles that the person in column `person` has in a tenant, or at the agency when it is None."""
    column = models.OuterRef(person)
    if tenant_id is None:
        return ArraySubquery(AgencyRole.objects.order_by().filter(person=column).values("role"))
    return ArraySubquery(
        Membership.objects.order_by().filter(person=column, tenant=tenant_id).values("role")
    )


class SessionQuerySet(models.QuerySet["Session"]):
    def open(self, session_key: str, tenant_id: UUID | None) -> Self:
        """Return the live session of this key and host, with its person's roles here."""
        return self.filter(
            session_key=session_key, tenant=tenant_id, expire_date__gt=Now()
        ).annotate(
            roles=Case(
                When(visit=None, then=build_roles_query("person_id", tenant_id)),
                default=build_visit_roles_query(tenant_id),
            )
        )


class Session(AbstractBaseSession):
    """A session of one person on one host: a tenant's, or the agency's when `tenant` is empty."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="sessions")
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, null=True, related_name="sessions")
    # With a visit, the person is here for the agency: the visit says what they may, no membership does.
    visit = models.ForeignKey(Visit, on_delete=models.CASCADE, null=True, related_name="sessions")

    objects = BaseSessionManager.from_queryset(SessionQuerySet)()  # type: ignore[misc]  # the stubs want a plain manager

    @classmethod
    def get_session_store_class(cls) -> type:
        from tenants.people.sessions import SessionStore  # noqa: PLC0415 - the store imports this model

        return SessionStore
