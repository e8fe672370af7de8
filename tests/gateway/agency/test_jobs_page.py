"""The agency's page on jobs, and the command that prints the same."""

from datetime import timedelta

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tenants.jobs.kinds import find_kind
from tenants.jobs.models import JobState
from tests.tenants.jobs.conftest import waiting

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def note(tenant, **given) -> None:
    kind = find_kind("sweep")
    values = {"ended_at": NOW, "ended_seconds": 1.25, "due_at": NOW + timedelta(hours=1)}
    JobState.objects.create(
        key=kind.key(tenant.id), kind=kind.name, tenant=tenant, **{**values, **given}
    )


FAILED = {
    "failures": 3,
    "failed_at": NOW,
    "error_code": "BucketUnavailable",
    "error_message": "The storage does not answer at the moment.",
}


class TestPage:
    def test_it_says_when_no_worker_runs(self, browse, acme, globex):
        page = browse(None, "olga").get("/jobs").text
        assert "No worker is running" in page
        assert "not run yet" in page

    def test_it_counts_the_tenants_for_which_a_job_fails(self, browse, acme, globex):
        note(acme, **FAILED)
        note(globex)
        page = browse(None, "fiona").get("/jobs").text
        assert "failing for 1 of 2" in page
        assert "1.2 s" in page or "1.3 s" in page

    def test_what_is_overdue_is_said(self, browse, acme, globex):
        note(acme, overdue_at=NOW - timedelta(minutes=1))
        note(globex, overdue_at=NOW + timedelta(hours=1))
        assert "overdue for 1 of 2" in browse(None, "olga").get("/jobs").text

    def test_of_one_kind_it_shows_each_tenant_and_failing_ones_first(self, browse, acme, globex):
        note(acme)
        note(globex, **FAILED)
        page = browse(None, "otto").get("/jobs/sweep").text
        assert page.index("Globex") < page.index("Acme")
        assert "failed 3 times" in page
        assert "The storage does not answer at the moment." in page

    def test_a_kind_that_is_none_is_not_there(self, browse, acme, globex):
        assert browse(None, "olga").get("/jobs/nothing").status_code == 404

    @pytest.mark.parametrize("path", ["/jobs", "/jobs/sweep"])
    def test_queries_do_not_grow_with_the_tenants(self, browse, acme, globex, path):
        browser = browse(None, "olga")
        note(acme)
        with CaptureQueriesContext(connection) as few:
            browser.get(path)
        note(globex, **FAILED)
        with CaptureQueriesContext(connection) as many:
            browser.get(path)
        assert len(many) == len(few)


class TestCommand:
    def test_without_a_worker_it_fails_and_says_what_to_start(self, acme, globex, capsys):
        with pytest.raises(CommandError, match=r"manage\.py worker"):
            call_command("jobs", "list")
        assert "bucket_doctor" in capsys.readouterr().out

    def test_what_fails_is_named_with_its_tenant(self, acme, globex, capsys):
        note(acme, **FAILED)
        note(globex)
        add_worker()
        with pytest.raises(CommandError, match=r"Failing or overdue: sweep\."):
            call_command("jobs", "list")
        said = capsys.readouterr()
        assert "failing for 1 of 2" in said.out
        assert "sweep, Acme (acme/): The storage does not answer" in said.err

    def test_all_is_well(self, acme, globex, capsys):
        note(acme)
        note(globex)
        add_worker()
        call_command("jobs", "list")
        assert capsys.readouterr().err == ""

    def test_a_job_is_requested_for_one_tenant(self, acme, globex, capsys):
        add_worker()
        call_command("jobs", "run", "sweep", "acme/")
        assert [job["key"] for job in waiting(find_kind("sweep"))] == [f"sweep:{acme.id}"]

    def test_it_says_when_no_worker_will_do_it(self, acme, globex):
        with pytest.raises(CommandError, match="no worker is running"):
            call_command("jobs", "run", "sweep", "acme/")

    def test_the_agencys_own_mail_is_sent_by_name(self, acme, globex):
        add_worker()
        call_command("jobs", "run", "mail", agency=True)
        assert [job["key"] for job in waiting(find_kind("mail"))] == ["mail:"]

    @pytest.mark.parametrize(
        ("given", "says"),
        [
            (["nothing"], "There is no job named nothing"),
            (["sweep"], "name it"),
            (["bucket_doctor", "acme/"], "leave REF out"),
        ],
    )
    def test_what_cannot_run_is_refused(self, acme, globex, given, says):
        with pytest.raises(CommandError, match=says):
            call_command("jobs", "run", *given)


def check_ids() -> set[str | None]:
    found = run_checks(databases=["default"])
    return {message.id for message in found if str(message.id).startswith("tenants.W")}


class TestCheck:
    def test_it_warns_when_no_worker_runs_and_when_jobs_fail(self, acme, globex):
        note(acme, **FAILED)
        assert check_ids() == {"tenants.W001", "tenants.W002"}

    def test_it_is_silent_when_all_is_well(self, acme, globex):
        note(acme)
        note(globex)
        add_worker()
        assert check_ids() == set()


def add_worker() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
