"""A mail server that refuses, is silent or is not there: no mail is lost, and none holds up the others."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from tenants.errors import MailServerUnavailable
from tenants.jobs import mail_server
from tenants.jobs.kinds import find_kind
from tenants.jobs.models import MAX_ATTEMPTS, JobState
from tenants.people.models import Person
from tests.conftest import browser_at
from tests.mailing import mail_of, make_due, queue_reset, send_mail_of, waiting_jobs
from tests.smtp_server import SmtpServer

pytestmark = pytest.mark.django_db

ADA, ED, VIC = "ada@acme.example", "ed@acme.example", "vic@acme.example"
RESET = "/accounts/password/reset/"


def waits_unharmed(tenant) -> bool:
    """Return whether all of a tenant's mail waits as if nobody had tried to send it, for a minute at most."""
    rows, in_a_minute = mail_of(tenant), timezone.now() + timedelta(minutes=1)
    return (
        rows.exists()
        and not rows.exclude(
            attempts=0, sent_at=None, failed_at=None, due_at__lt=in_a_minute
        ).exists()
    )


# --- one mail


@pytest.mark.parametrize("command", [f"RCPT {ADA}", "."])
def test_what_is_refused_for_now_is_sent_later(command, acme, smtp):
    smtp.answers = {command: ["451 Try again later"]}
    queue_reset(acme, ADA, ED)
    send_mail_of(acme)
    row = mail_of(acme).waiting().get()
    assert (row.address, row.attempts, row.error_code) == (ADA, 1, "SMTP 451")
    assert row.due_at > timezone.now()
    assert waiting_jobs() == [f"mail:{acme.id}"]
    make_due()
    send_mail_of(acme)
    assert smtp.recipients() == [ED, ADA]


@pytest.mark.parametrize("command", [f"RCPT {ADA}", "DATA", "."])
def test_what_is_refused_for_good_is_given_up_and_others_go_on(command, acme, smtp):
    smtp.answers = {command: ["550 No such user"]}
    queue_reset(acme, ADA, ED)
    send_mail_of(acme)
    row = mail_of(acme).failed().get()
    assert (row.address, row.attempts, row.error_code) == (ADA, 1, "SMTP 550")
    assert (smtp.recipients(), smtp.connections) == ([ED], 1)


def test_the_pauses_between_tries_double_and_the_last_try_is_the_last(acme, smtp):
    smtp.answers = {"RCPT": ["451 Try again later"] * MAX_ATTEMPTS}
    queue_reset(acme, ADA)
    minutes = []
    for _ in range(MAX_ATTEMPTS):
        make_due()
        send_mail_of(acme)
        pause = mail_of(acme).get().due_at - timezone.now()
        minutes.append(round(pause.total_seconds() / 60))
    assert minutes[:4] == [1, 2, 4, 8]
    assert mail_of(acme).failed().get().error_code == "SMTP 451"


def test_a_mail_whose_last_try_was_cut_off_is_given_up(acme, smtp):
    queue_reset(acme, ADA)
    mail_of(acme).update(attempts=MAX_ATTEMPTS)
    send_mail_of(acme)
    assert (smtp.mails, mail_of(acme).failed().count()) == ([], 1)


def test_an_address_that_cannot_be_written_holds_up_nobody(acme, smtp):
    broken = "vic@acme.example\r\nrcpt to:<eve@globex.example>"
    Person.objects.filter(email=VIC).update(email=broken)
    queue_reset(acme, broken, ADA)
    send_mail_of(acme)
    assert smtp.recipients() == [ADA]
    assert mail_of(acme).failed().count() == 1


# --- the server


def test_a_mute_server_is_left_and_the_mail_waits(acme, smtp):
    smtp.is_mute = True
    queue_reset(acme, ADA, ED)
    with pytest.raises(MailServerUnavailable):
        send_mail_of(acme)
    assert waits_unharmed(acme)
    smtp.is_mute = False
    send_mail_of(acme)
    assert smtp.recipients() == [ED, ADA]


def test_a_mute_server_is_asked_once_for_all_tenants(acme, globex, smtp, monkeypatch):
    monkeypatch.setattr(mail_server, "TIMEOUT_PAUSE_SECONDS", 3600)
    smtp.is_mute = True
    queue_reset(acme, ADA)
    queue_reset(globex, "eve@globex.example")
    for tenant in (acme, globex, acme):
        with pytest.raises(MailServerUnavailable):
            send_mail_of(tenant)
        assert waits_unharmed(tenant)
    assert smtp.connections == 1


def test_a_server_that_refuses_at_once_may_be_asked_at_once(acme, globex, smtp, monkeypatch):
    monkeypatch.setattr(mail_server, "TIMEOUT_PAUSE_SECONDS", 3600)
    smtp.answers = {"MAIL": ["421 Too busy"]}
    queue_reset(acme, ADA)
    with pytest.raises(MailServerUnavailable):
        send_mail_of(acme)
    make_due()
    send_mail_of(acme)
    assert smtp.recipients() == [ADA]


def test_no_request_waits_for_the_mail_server(smtp):
    smtp.is_mute = True
    for email in (ADA, ED, VIC, "nobody@acme.example"):
        assert browser_at("acme.example").post(RESET, {"email": email}).status_code == 302
    assert browser_at(django_settings.AGENCY_HOST).post(RESET, {"email": ADA}).status_code == 302
    assert smtp.connections == 0


def test_a_server_that_is_not_there_is_told_by_the_jobs_state(acme, settings):
    with SmtpServer() as server:
        gone = server.settings(timeout_seconds=1)
    for name, value in gone.items():
        setattr(settings, name, value)
    queue_reset(acme, ADA)
    with pytest.raises(MailServerUnavailable):
        send_mail_of(acme)
    state = JobState.objects.get(key=f"mail:{acme.id}")
    assert (state.failures, state.error_code) == (1, "MailServerUnavailable")
    assert state.error_message == MailServerUnavailable().message
    assert waits_unharmed(acme)


def test_a_server_that_is_back_is_found_within_five_minutes():
    assert find_kind("mail").compute_retry_seconds(100) == 300


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("MAIL", "550 You may not send from here"),
        ("MAIL", "530 Authentication required"),
        ("MAIL", "421 Too busy"),
        (f"RCPT {ADA}", "421 Too busy"),
        (".", "421 Too busy"),
    ],
)
def test_what_is_no_fault_of_a_mail_is_not_held_against_it(command, answer, acme, smtp):
    smtp.answers = {command: [answer]}
    queue_reset(acme, ADA, ED)
    with pytest.raises(MailServerUnavailable):
        send_mail_of(acme)
    assert waits_unharmed(acme)
    send_mail_of(acme)
    make_due()
    send_mail_of(acme)
    assert smtp.recipients() == [ED, ADA]


def test_a_server_that_goes_away_keeps_what_it_took(acme, smtp):
    smtp.answers = {f"RCPT {ED}": ["421 Going away"]}
    queue_reset(acme, ADA, ED)
    with pytest.raises(MailServerUnavailable):
        send_mail_of(acme)
    assert smtp.recipients() == [ADA]
    assert mail_of(acme).waiting().get().address == ED


def test_a_mail_that_makes_the_server_go_away_lets_the_others_go_first(acme, globex, smtp):
    smtp.answers = {f"RCPT {ADA}": ["421 Going away"] * 2}
    queue_reset(acme, ADA, ED, VIC)
    with pytest.raises(MailServerUnavailable):
        send_mail_of(acme)
    send_mail_of(acme)
    assert smtp.recipients() == [ED, VIC]
    assert mail_of(acme).waiting().get().address == ADA
    assert JobState.objects.get(key=f"mail:{acme.id}").failures == 0


def test_a_mail_whose_answer_was_lost_is_sent_again_under_the_same_id(acme, smtp):
    smtp.answers = {".": [""]}
    queue_reset(acme, ADA)
    with pytest.raises(MailServerUnavailable):
        send_mail_of(acme)
    make_due()
    send_mail_of(acme)
    first, second = (mail.message["Message-ID"] for mail in smtp.mails)
    assert first == second
    assert str(mail_of(acme).get().id) in first


def test_another_tenants_mail_does_not_wait_for_one_that_is_refused(acme, globex, smtp):
    smtp.answers = {f"RCPT {ADA}": ["421 Too busy"]}
    queue_reset(acme, ADA)
    queue_reset(globex, "eve@globex.example")
    with pytest.raises(MailServerUnavailable):
        send_mail_of(acme)
    send_mail_of(globex)
    assert smtp.recipients() == ["eve@globex.example"]
