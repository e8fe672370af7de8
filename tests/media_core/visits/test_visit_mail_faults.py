"""Whatever ends a process, and wherever: a mail is queued with what it tells of, and is sent at least once."""

import pytest
from django.db import connection

from tenants.jobs.models import Mail
from tenants.people.visit_models import Visit
from tests.mailing import make_due, send_mail_of, waiting_jobs
from tests.media_core.uploads.faults import INTERRUPTED, INTERRUPTED_AND_KILLED
from tests.smtp_server import SmtpServer
from tests.visiting import asked_visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def smtp(settings):
    with SmtpServer() as server:
        for name, value in server.settings(timeout_seconds=10).items():
            setattr(settings, name, value)
        yield server


def forget() -> None:
    """Remove the visits, their mail and the jobs that wait."""
    Visit.objects.all().delete()
    Mail.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM public.procrastinate_jobs")


@INTERRUPTED
def test_a_visit_is_asked_for_and_mailed_or_neither(cuts, committed, acme, otto):
    def count() -> tuple[int, int, list[str]]:
        return Visit.objects.count(), Mail.objects.count(), waiting_jobs()

    # Before and after: the tenant, the visit, both histories, the admins, the mail, the job.
    for run in cuts.iterate_runs(steps=14, states=2):
        committed(forget)
        run(lambda: asked_visit(otto, acme), None)
        assert committed(count) in [(0, 0, []), (1, 1, [f"mail:{acme.id}"])]


@INTERRUPTED_AND_KILLED
def test_a_step_that_ends_anywhere_loses_no_mail(cuts, committed, acme, otto, smtp):
    def send_until_done() -> None:
        # The database may not know yet that a killed process is gone: its lock is held until then.
        while Mail.objects.waiting().exists():
            make_due()
            send_mail_of(acme)

    # The first step for a tenant writes a state, and so takes more statements.
    committed(lambda: send_mail_of(acme))
    # Before and after: what is too old, what is due, the claim, domain, admin, visit, that it is sent, what is left.
    for run in cuts.iterate_runs(steps=18, states=4):
        committed(forget)
        smtp.mails.clear()
        committed(lambda: asked_visit(otto, acme))
        run(lambda: send_mail_of(acme), None)
        committed(send_until_done)
        assert set(smtp.recipients()) == {"ada@acme.example"}
        assert len({mail.message["Message-ID"] for mail in smtp.mails}) == 1
