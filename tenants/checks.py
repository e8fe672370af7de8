"""What must hold before anything is served."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, ProgrammingError

from tenants.database.proof import database_proof
from tenants.errors import DatabaseNotProved, MailServerUnavailable
from tenants.jobs.job_status import count_workers, list_statuses
from tenants.jobs.mail_server import require_mail_server
from tenants.schema_versions import get_app_versions, read_declaration

TAG = "tenants"


@register(TAG)
def check_shared_and_tenant_apps(**_kwargs: Any) -> list[CheckMessage]:
    """A table in both the public and a tenant's schema would answer for a tenant when its own is missing."""
    return [
        Error(
            f"{app} is in both SHARED_APPS and TENANT_APPS.",
            hint="Content belongs to TENANT_APPS, identity to SHARED_APPS.",
            id="tenants.E001",
        )
        for app in sorted(set(settings.SHARED_APPS) & set(settings.TENANT_APPS))
        if any(apps.get_app_config(app.rpartition(".")[2]).get_models())
    ]


@register(TAG)
def check_cookie_domains(**_kwargs: Any) -> list[CheckMessage]:
    """A cookie with a domain goes to every tenant's host under it."""
    names = ("SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_DOMAIN", "LANGUAGE_COOKIE_DOMAIN")
    return [
        Error(
            f"{name} is set.", hint="Leave it unset: cookies belong to one host.", id="tenants.E002"
        )
        for name in names
        if getattr(settings, name, None)
    ]


@register(TAG)
def check_stamp_is_installed(**_kwargs: Any) -> list[CheckMessage]:
    """Without the stamp no row of a tenant is ever found."""
    if "tenants.stamp" in settings.TENANT_APPS:
        return []
    return [Error("tenants.stamp is not in TENANT_APPS.", hint="Add it.", id="tenants.E003")]


@register(Tags.database)
def check_database_sessions(
    databases: Sequence[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """Behind a pooler in transaction mode a connection would stand in whatever schema another one chose."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    try:
        database_proof.require()
    except DatabaseNotProved as refusal:
        return [Error("No tenant is served.", hint=refusal.detail, id="tenants.E004")]
    return []


@register(Tags.database)
def check_jobs(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """What is to be done beside the requests must be done by somebody. Three queries."""
    if DEFAULT_DB_ALIAS not in (databases or ()) or not database_proof.holds():
        return []
    try:
        workers, statuses = count_workers(), list_statuses()
    except ProgrammingError:
        # The first migrate has not run yet.
        return []
    unwell = [status.kind.name for status in statuses if not status.is_well]
    found: list[CheckMessage] = []
    if not workers:
        hint = "Start `manage.py worker` beside the web processes."
        found.append(CheckWarning("No worker is running.", hint=hint, id="tenants.W001"))
    if unwell:
        hint = "`manage.py jobs list` says for whom."
        names = ", ".join(unwell)
        found.append(
            CheckWarning(f"Jobs that fail or are overdue: {names}.", hint=hint, id="tenants.W002")
        )
    return found


@register(Tags.database, deploy=True)
def check_mail_server(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Nobody could set a password. Asked with `--database default` only, like all that leaves this process."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    try:
        require_mail_server()
    except (ImproperlyConfigured, MailServerUnavailable) as error:
        hint = "Set EMAIL_URL to a mail server that answers, or to a folder that the gateway's user may write."
        return [Error(f"Mail cannot be sent: {error}", hint=hint, id="tenants.E006")]
    return []


@register(TAG)
def check_migration_decisions(**_kwargs: Any) -> list[CheckMessage]:
    """Each new migration of a tenant app needs a decision: which code and which tables still fit each other."""
    return [
        Error(
            f"{label}: {fault}.",
            hint=f"Decide the lines in migrations/__init__.py of {label} for its newest migration.",
            id="tenants.E005",
        )
        for label in get_app_versions()
        if read_declaration(label, "DECIDED_FOR")
        for fault in _list_decision_problems(label)
    ]


def _list_decision_problems(label: str) -> Iterator[str]:
    app = get_app_versions()[label]
    if read_declaration(label, "DECIDED_FOR") != app.last:
        yield f"the newest migration is {app.last}, and DECIDED_FOR is another"
    for name in ("OLDEST_SCHEMA", "OLDEST_CODE"):
        if read_declaration(label, name) not in app.known:
            yield f"{name} names no migration"
