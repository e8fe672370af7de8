"""The step that sends mail: what it sends, to whom, and what it leaves for later."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from tenants.binding import bind_tenant
from tenants.jobs.kinds import JobStep, find_kind
from tenants.jobs.mail import queue_mail, send_due_mail
from tenants.jobs.models import MAIL_KEPT, WAITING_LIFETIME, JobState, Mail
from tenants.jobs.step_runner import run_step
from tenants.people.members import remove_member
from tenants.people.models import AgencyRole, Person
from tests.mailing import mail_of, queue_reset, send_mail_of, waiting_jobs

pytestmark = pytest.mark.django_db

ADA, ED, VIC = "ada@acme.example", "ed@acme.example", "vic@acme.example"
EVE, HANK, OLGA = "eve@globex.example", "hank@hooli.example", "olga@agency.example"


def test_what_waits_is_sent_over_one_connection_in_its_order(acme, smtp):
    queue_reset(acme, ADA, ED, VIC)
    send_mail_of(acme)
    assert (smtp.recipients(), smtp.connections) == ([ADA, ED, VIC], 1)
    assert not mail_of(acme).filter(sent_at=None).exists()


def test_what_was_sent_is_not_sent_again(acme, smtp):
    queue_reset(acme, ADA)
    send_mail_of(acme)
    send_mail_of(acme)
    assert smtp.recipients() == [ADA]


def test_mail_and_job_are_queued_together_or_not_at_all(acme):
    with transaction.atomic():
        queue_reset(acme, ADA, ED)
        transaction.set_rollback(True)
    assert (mail_of(acme).count(), waiting_jobs()) == (0, [])
    queue_reset(acme, ADA, ED)
    assert (mail_of(acme).count(), waiting_jobs()) == (2, [f"mail:{acme.id}"])


def test_without_anybody_to_write_to_there_is_no_job(acme):
    queue_mail("visit_asked", tenant_id=acme.id, addresses=[])
    assert waiting_jobs() == []


@pytest.mark.parametrize("address", ["nobody@acme.example", EVE, OLGA, HANK])
def test_nobody_who_does_not_belong_is_mailed(address, acme, smtp):
    queue_reset(acme, address)
    send_mail_of(acme)
    assert (smtp.connections, mail_of(acme).exists()) == (0, False)


def test_who_was_removed_between_asking_and_sending_gets_nothing(acme, smtp):
    queue_reset(acme, ADA, VIC)
    remove_member(acme, VIC)
    send_mail_of(acme)
    assert smtp.recipients() == [ADA]


def test_who_was_deactivated_between_asking_and_sending_gets_nothing(acme, smtp):
    queue_reset(acme, ADA, VIC)
    Person.objects.filter(email=VIC).update(is_active=False)
    send_mail_of(acme)
    assert smtp.recipients() == [ADA]


def test_who_left_the_agency_between_asking_and_sending_gets_nothing(smtp):
    queue_reset(None, OLGA, "otto@agency.example")
    AgencyRole.objects.filter(person__email=OLGA).delete()
    send_mail_of(None)
    assert smtp.recipients() == ["otto@agency.example"]


def test_nobody_is_led_to_the_pages_of_a_suspended_tenant(hooli, smtp):
    queue_reset(hooli, HANK)
    send_mail_of(hooli)
    assert (smtp.mails, mail_of(hooli).exists()) == ([], False)


def test_a_step_that_has_no_time_goes_on_later(acme, smtp):
    queue_reset(acme, ADA)
    with bind_tenant(acme):
        assert send_due_mail(JobStep("", seconds=0, is_stopping=lambda: False))
        assert send_due_mail(JobStep("", seconds=60, is_stopping=lambda: True))
    assert (smtp.mails, mail_of(acme).due().count()) == ([], 1)
    send_mail_of(acme)
    assert smtp.recipients() == [ADA]


def test_a_template_of_newer_code_is_left_to_newer_workers(acme, smtp):
    queue_mail("of_tomorrow", tenant_id=acme.id, addresses=[ADA])
    queue_reset(acme, ED)
    send_mail_of(acme)
    assert smtp.recipients() == [ED]
    assert mail_of(acme).waiting().get().template == "of_tomorrow"
    assert waiting_jobs() == [f"mail:{acme.id}"]


def test_what_waited_for_too_long_is_given_up(acme, smtp):
    queue_reset(acme, ADA, ED)
    long_ago = timezone.now() - WAITING_LIFETIME - timedelta(minutes=1)
    mail_of(acme).filter(address=ADA).update(created_at=long_ago)
    send_mail_of(acme)
    assert smtp.recipients() == [ED]
    assert mail_of(acme).failed().get().error_code == "Expired"


def test_what_ended_a_week_ago_is_removed(acme, globex, smtp):
    smtp.answers = {f"RCPT {ED}": ["550 No such user"], f"RCPT {VIC}": ["451 Later"]}
    queue_reset(acme, ADA, ED, VIC)
    queue_reset(globex, EVE)
    send_mail_of(acme)
    send_mail_of(globex)
    past = timezone.now() - MAIL_KEPT - timedelta(minutes=1)
    mail_of(acme).filter(address=ADA).update(sent_at=past)
    mail_of(acme).filter(address=ED).update(failed_at=past)
    mail_of(acme).filter(address=VIC).update(created_at=past)
    run_step(find_kind("clear_mail"), None)
    assert set(Mail.objects.values_list("address", flat=True)) == {VIC, EVE}


def test_the_state_of_the_job_says_that_all_is_well(acme, smtp):
    queue_reset(acme, ADA)
    send_mail_of(acme)
    state = JobState.objects.get(key=f"mail:{acme.id}")
    assert (state.failures, state.cursor, state.ended_at is None) == (0, "", False)
