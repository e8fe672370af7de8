"""Mail that waits, and the step of a worker that sends it."""

from django.db import connection
from django.utils import timezone

from tenants.binding import bind_agency, bind_tenant
from tenants.jobs.kinds import find_kind
from tenants.jobs.models import Mail, MailQuerySet
from tenants.jobs.step_runner import run_step
from tenants.models import Tenant
from tenants.people.reset_mail import queue_password_reset


def send_mail_of(tenant: Tenant | None) -> None:
    """Send the mail of a tenant that is due, or with None the agency's."""
    run_step(find_kind("mail"), tenant.id if tenant else None)


def mail_of(tenant: Tenant | None) -> MailQuerySet:
    return Mail.objects.of_tenant(tenant.id if tenant else None)


def queue_reset(tenant: Tenant | None, *addresses: str) -> None:
    """Queue mails as the page for a new password does."""
    with bind_tenant(tenant, even_suspended=True) if tenant else bind_agency():
        for address in addresses:
            queue_password_reset(address)


def make_due() -> None:
    """Let all that waits be due now."""
    Mail.objects.waiting().update(due_at=timezone.now())


def waiting_jobs() -> list[str]:
    """Return the keys of the jobs of mail that wait for a worker."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT queueing_lock FROM public.procrastinate_jobs"
            " WHERE status = 'todo' AND queueing_lock LIKE 'mail:%' ORDER BY 1"
        )
        return [key for (key,) in cursor.fetchall()]
