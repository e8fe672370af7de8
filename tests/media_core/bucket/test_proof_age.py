"""A proof that grows old is said to be so at half its life: in the log, by the check, and to the owners by mail."""

import logging
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.checks import run_checks
from django.utils import timezone

from media_core.bucket.capabilities import Capability
from media_core.bucket.doctor.examine import PROBES, Examination, store_examination
from media_core.bucket.findings import Finding, Outcome
from media_core.bucket.models import BucketCapabilities, BucketReport
from media_core.bucket.start import find_proof_problem, log_proof_problem
from media_core.ledger.models import StoredObject
from media_core.ledger.querysets import Content
from media_core.storages.tenant_storage import find_storage
from tenants.binding import bind_tenant
from tenants.people.models import AgencyRole, Person
from tests.mailing import mail_of, send_mail_of
from tests.proof import forget_proofs, reported
from tests.smtp_server import SmtpServer

pytestmark = pytest.mark.django_db
OLGA = "olga@agency.example"


@pytest.fixture(autouse=True)
def _nothing_is_known(world, people):
    forget_proofs()


@pytest.fixture
def smtp(settings):
    with SmtpServer() as server:
        for name, value in server.settings(timeout_seconds=5).items():
            setattr(settings, name, value)
        yield server


def warnings():
    return [each for each in run_checks(databases=["default"]) if each.id == "media_core.W011"]


def write(tenant):
    with bind_tenant(tenant):
        row = StoredObject.objects.create_pending(
            Content("x.pdf", 5, "application/pdf", "0" * 64), area="private"
        )
        find_storage(row).put(row, BytesIO(b"bytes"), file_name="x.pdf")


def run_that_cannot_ask():
    """Store a report like that of a run that reached nothing."""
    return store_examination(Examination(findings=(), requests=1, seconds=0.1))


def run_that_proves_all():
    findings = (
        Finding(
            probe=probe.id, title=probe.title, why="", outcome=Outcome.OK, seen="",
            capabilities=dict.fromkeys(probe.proves, True),
        )
        for probe in PROBES
    )  # fmt: skip
    return store_examination(Examination(tuple(findings), requests=1, seconds=0.1))


@pytest.mark.parametrize(("days_ago", "is_old"), [(14, False), (16, True), (31, True)])
def test_the_check_and_the_log_of_a_start_warn_from_half_its_life(days_ago, is_old, caplog):
    reported(days_ago=days_ago)
    with caplog.at_level(logging.WARNING, "media_core.storages"):
        log_proof_problem()
    assert len(caplog.records) == len(warnings()) == is_old
    if is_old:
        (warning,) = warnings()
        assert warning.msg in caplog.text
        assert "manage.py jobs list" in warning.hint


def test_a_warning_says_when_it_was_proved_and_what_will_stop(settings):
    report = reported(days_ago=16)
    proved, end = report.made_at, report.made_at + timedelta(days=30)
    (warning,) = warnings()
    assert warning.msg == (
        f"The bucket was last proved to be fit on {proved:%Y-%m-%d %H:%M} UTC. That counts until"
        f" {end:%Y-%m-%d %H:%M} UTC; after that nobody can publish until it is proved again."
    )
    settings.PUBLIC_MEDIA_MODE = "gateway"
    assert "after that copies go through the gateway" in str(find_proof_problem())


def test_with_other_keys_all_storing_stops_with_it(settings):
    reported(days_ago=16)
    settings.BUCKET_ACCESS_KEY = "others"
    assert "after that nothing is stored" in str(find_proof_problem())


def test_the_oldest_of_what_is_needed_counts_and_nothing_else():
    reported(days_ago=1)
    row = BucketCapabilities.objects.get()
    long_ago = (timezone.now() - timedelta(days=16)).isoformat()
    for capability, is_old in ((Capability.BATCH_DELETE, False), (Capability.OWNED, True)):
        yes, _at, key = row.proofs[capability]
        row.proofs[capability] = [yes, long_ago, key]
        row.save()
        assert bool(warnings()) is is_old


@pytest.mark.parametrize(("days", "hours_ago", "is_old"), [(2, 30, False), (3, 50, True)])
def test_a_short_life_gives_no_warning_before_the_worker_missed_a_day(
    days, hours_ago, is_old, settings
):
    settings.BUCKET_PROOF_DAYS = days
    at = timezone.now() - timedelta(hours=hours_ago)
    reported()
    row = BucketCapabilities.objects.get()
    row.proofs = {name: [yes, at.isoformat(), key] for name, (yes, _, key) in row.proofs.items()}
    row.save()
    assert bool(warnings()) is is_old


def test_what_writes_by_an_old_proof_says_so_once_a_day(acme, globex, caplog):
    reported(days_ago=16)
    with caplog.at_level(logging.WARNING, "media_core.storages"):
        for tenant in (acme, globex, acme):
            write(tenant)
    (record,) = caplog.records
    assert "The bucket was last proved to be fit on" in record.getMessage()


# --- the mail


def old_report():
    """Return a report of before half the life of a proof, which is over now."""
    return reported(days_ago=16, made_at=timezone.now() - timedelta(days=2))


def test_the_owners_are_mailed_once_and_nobody_else(smtp):
    old_report()
    for _day in range(3):
        run_that_cannot_ask()
    send_mail_of(None)
    assert smtp.recipients() == [OLGA]
    (mail,) = smtp.mails
    assert mail.subject == "The check of the bucket is getting old (agency.localhost)"
    for text in (
        "After that, nobody can publish until the check has passed again.",
        "manage.py bucket doctor",
        "manage.py worker",
        "https://agency.localhost/bucket\r\n",
        "https://agency.localhost/jobs/bucket_doctor\r\n",
    ):
        assert text in mail.body


def test_after_a_proof_was_renewed_the_next_one_is_mailed_of_too():
    old_report()
    run_that_cannot_ask()
    BucketReport.objects.update(made_at=timezone.now() - timedelta(days=14))
    reported(days_ago=15, made_at=timezone.now() - timedelta(days=1))
    run_that_cannot_ask()
    assert mail_of(None).count() == 2


def test_a_run_that_renews_the_proof_mails_nobody():
    old_report()
    assert run_that_proves_all().passed
    assert not mail_of(None).exists()


def test_before_half_its_life_and_on_disk_nobody_is_mailed(settings):
    reported(days_ago=14, made_at=timezone.now() - timedelta(days=2))
    run_that_cannot_ask()
    forget_proofs()
    old_report()
    settings.USE_S3_MEDIA = False
    run_that_cannot_ask()
    assert not mail_of(None).exists()


def test_a_mail_of_a_proof_that_has_run_out_meanwhile_says_so(smtp):
    reported(days_ago=31, made_at=timezone.now() - timedelta(days=20))
    run_that_cannot_ask()
    send_mail_of(None)
    assert smtp.subjects() == ["The check of the bucket is out of date (agency.localhost)"]
    assert "Now nobody can publish until" in smtp.mails[0].body


def deactivate_olga():
    Person.objects.filter(email=OLGA).update(is_active=False)


def remove_olga():
    AgencyRole.objects.filter(person__email=OLGA).delete()


@pytest.mark.parametrize("change", [run_that_proves_all, deactivate_olga, remove_olga])
def test_what_has_changed_before_the_mail_is_sent_counts(change, smtp):
    old_report()
    run_that_cannot_ask()
    change()
    send_mail_of(None)
    assert (smtp.mails, mail_of(None).exists()) == ([], False)
