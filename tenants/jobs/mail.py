"""Mail: a row for each that is to be sent, and the job that sends them. No request speaks to a mail server."""

import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from tenants.binding import get_bound_tenant_id
from tenants.errors import MailServerUnavailable
from tenants.jobs.kinds import JobKind, JobStep
from tenants.jobs.mail_server import MailServer
from tenants.jobs.mail_templates import list_templates, render_mail
from tenants.jobs.models import FIRST_PAUSE, Mail
from tenants.jobs.queue import request_job
from tenants.jobs.tasks import declare_job

logger = logging.getLogger("tenants.jobs")

MAIL_JOB = JobKind(
    name="mail",
    summary="Send mail",
    for_each_tenant=True,
    is_for_agency_too=True,
    # People wait for it.
    priority=10,
    # A server that does not answer holds so many threads of a worker, and no more.
    slots=2,
    # A server may be away for days; once it is back, nobody wants to wait for an hour.
    gives_up=False,
    longest_retry_seconds=300,
)
# A template of newer code is left to newer workers: this one looks again after so long.
SHORTEST_PAUSE = timedelta(seconds=5)
MORE_LEFT = "more"


def queue_mail(
    template: str,
    *,
    tenant_id: UUID | None,
    addresses: Iterable[str],
    parameters: Mapping[str, str] | None = None,
) -> None:
    """Have a mail sent to each address once the caller's transaction is committed; None is the agency's own mail.

    `parameters` are ids of what the mail tells of; texts and links are made when it is sent. Two statements.
    """
    rows = [
        Mail(
            tenant_id=tenant_id,
            template=template,
            address=address,
            parameters=dict(parameters or {}),
        )
        for address in addresses
    ]
    if not rows:
        return
    with transaction.atomic(savepoint=False):
        Mail.objects.bulk_create(rows)
        request_job(MAIL_JOB.name, tenant_id)


@declare_job(MAIL_JOB)
def send_due_mail(step: JobStep) -> str | None:
    """Send the mails of the bound tenant, or of the agency, that are due.

    At least once: a worker that is killed after the server took a mail, and before that is written down, sends it again
    with the same Message-ID. Raises MailServerUnavailable. Cost of a mail: three statements, and its template's.
    """
    mails = Mail.objects.of_tenant(get_bound_tenant_id())
    if given_up := mails.expire():
        logger.warning("Mail was given up: it waited too long.", extra={"mails": given_up})
    with MailServer() as server:
        while step.has_time():
            mail = mails.due().filter(template__in=list_templates()).first()
            if mail is None:
                _request_next(get_bound_tenant_id())
                return None
            if mail.claim():
                _deliver(mail, server)
    return MORE_LEFT


def _deliver(mail: Mail, server: MailServer) -> None:
    facts = {"mail": str(mail.id), "template": mail.template, "attempts": mail.attempts}
    message = render_mail(mail)
    if message is None:
        mail.delete()
        logger.info("There was nothing to mail.", extra=facts)
        return
    try:
        refusal = server.send(message)
    except MailServerUnavailable:
        mail.release(pause=FIRST_PAUSE if server.is_open else timedelta())
        raise
    if refusal is None:
        mail.mark_sent()
        logger.info("A mail was sent.", extra=facts)
    else:
        mail.mark_refused(refusal.code, is_final=refusal.is_final)
        logger.warning("A mail was not taken.", extra={**facts, "code": refusal.code})


def _request_next(tenant_id: UUID | None) -> None:
    """Ask for a step when the next mail is due, if one waits. Two statements at most."""
    waiting = Mail.objects.of_tenant(tenant_id).waiting()
    next_at = waiting.aggregate(at=Min("due_at"))["at"]
    if next_at:
        request_job(MAIL_JOB.name, tenant_id, at=max(next_at, timezone.now() + SHORTEST_PAUSE))


@declare_job(
    JobKind(
        name="clear_mail",
        summary="Remove mail that was sent, or given up, a week ago",
        for_each_tenant=False,
        every=timedelta(days=1),
    )
)
def clear_mail(_step: JobStep) -> None:
    Mail.objects.removable().delete()
