"""What is done for people beside the requests."""

from datetime import timedelta

from django.apps import apps
from django.utils import timezone

import tenants.people.visit_mail
from tenants.jobs.kinds import JobKind, JobStep
from tenants.jobs.tasks import declare_job
from tenants.models import CacheEntry
from tenants.people.sessions import SessionStore

if apps.is_installed("allauth.account"):
    import tenants.people.reset_mail  # noqa: F401 - the same; a project with users of its own has no allauth


@declare_job(
    JobKind(
        name="clear_sessions",
        summary="Remove expired sessions and sign-in counters",
        for_each_tenant=False,
        every=timedelta(days=1),
    )
)
def clear_sessions(_step: JobStep) -> None:
    remove_expired_sessions()


def remove_expired_sessions() -> None:
    """Remove sessions and counters of sign-in that have expired. Two statements."""
    SessionStore.clear_expired()
    CacheEntry.objects.filter(expires__lt=timezone.now()).delete()
