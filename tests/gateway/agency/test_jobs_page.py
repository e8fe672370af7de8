"""The agency's page on jobs, and the command that prints the same."""

import json
import logging
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway.logs import JsonFormatter
from tenants.jobs import kinds
from tenants.jobs.kinds import JobKind, find_kind
from tenants.jobs.models import JobState
from tenants.jobs.queue import postpone_job, request_job
from tenants.jobs.step_runner import run_step
from tests.tenants.jobs.conftest import waiting
from tests.tenants.jobs.test_operations import new_operation

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def note(tenant, **given) -> None:
    kind = find_kind("sweep")
    values = {"ended_at": NOW, "ended_seconds": 1.25, "due_at": NOW + timedelta(hours=1)}
    JobState.objects.create(
        key=kind.build_key(tenant.id), kind=kind.name, tenant=tenant, **{**values, **given}
    )


def note_many(tenant, count: int, **given) -> None:
    """As many states of one kind as there would be of so many tenants."""
    values = {"ended_at": NOW, "ended_seconds": 1.25, "due_at": NOW + timedelta(hours=1)}
    JobState.objects.bulk_create(
        JobState(key=f"sweep:{uuid4()}", kind="sweep", tenant=tenant, **{**values, **given})
        for _ in range(count)
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

    def test_of_one_kind_overdue_ones_come_before_those_that_are_well(self, browse, acme, globex):
        note(acme)
        note(globex, overdue_at=NOW - timedelta(minutes=1))
        page = browse(None, "otto").get("/jobs/sweep").text
        assert page.index("Globex") < page.index("Acme")
        assert "overdue</span> <small>since" in page

    def test_of_one_kind_it_says_that_a_failing_one_is_overdue_too(self, browse, acme, globex):
        note(acme, **FAILED, overdue_at=NOW - timedelta(minutes=1))
        page = browse(None, "otto").get("/jobs/sweep").text
        assert "failed 3 times" in page
        assert "overdue</span> <small>since" in page
        assert "OK</span>" not in page

    def test_a_kind_without_states_has_not_run_yet(self, browse, acme, globex):
        assert "It has not run yet." in browse(None, "olga").get("/jobs/sweep").text

    @pytest.mark.parametrize("path", ["/jobs", "/jobs/sweep"])
    def test_ten_thousand_states_are_shown_by_the_same_queries(self, browse, acme, globex, path):
        browser = browse(None, "olga")
        note(globex, **FAILED)
        with CaptureQueriesContext(connection) as few:
            browser.get(path)
        note_many(acme, 9_999)
        with CaptureQueriesContext(connection) as many:
            page = browser.get(path).text
        assert len(many) == len(few)
        assert ("failing for 1 of 10000" if path == "/jobs" else "Page 1 of 200") in page

    def test_pages_go_on_to_the_last_state(self, browse, acme, globex):
        note_many(acme, 50)
        note(globex)
        page = browse(None, "olga").get("/jobs/sweep?page=2").text
        assert "Page 2 of 2" in page
        assert "Globex" in page
        assert "Acme" not in page

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


class TestNext:
    """When a job runs next, as the page of its kind says."""

    @pytest.fixture
    def said(self, browse, acme):
        return lambda: browse(None, "olga").get("/jobs/sweep").text.split('data-label="Next"')[1]

    def test_one_that_is_well_runs_when_it_is_due(self, said, acme):
        note(acme)
        assert f"{NOW + timedelta(hours=1):%H:%M} UTC" in said()

    def test_one_that_runs_only_when_asked_for(self, said, acme):
        note(acme, due_at=None)
        assert "when asked for" in said()

    def test_one_that_failed_says_when_it_is_tried_again(self, said, acme):
        note(acme, **FAILED)
        at = NOW + timedelta(minutes=20)
        postpone_job(find_kind("sweep"), acme.id, at=at, attempts=3, priority=0)
        assert "tried again" in said()
        assert f"{at:%H:%M} UTC" in said()

    @pytest.mark.parametrize("at", [None, NOW - timedelta(minutes=1)])
    def test_one_that_waits_for_a_thread_runs_now(self, said, acme, at):
        note(acme)
        request_job("sweep", acme.id, at=at)
        assert "<div>now</div>" in said()

    def test_one_that_a_worker_is_at_is_running(self, said, acme):
        note(acme)
        request_job("sweep", acme.id)
        begin_jobs()
        request_job("sweep", acme.id)
        assert "<div>running</div>" in said()

    def test_one_that_was_given_up_says_how_to_run_it(self, said, acme):
        note(acme, **FAILED, due_at=None)
        assert "given up: run it with <code>manage.py jobs run sweep acme/</code>" in said()

    def test_one_that_was_given_up_until_it_is_due(self, said, acme):
        note(acme, **FAILED)
        assert f"{NOW + timedelta(hours=1):%H:%M} UTC" in said()
        assert "given up" not in said()

    @pytest.mark.parametrize(
        ("kind", "command"), [("bucket_doctor", "bucket_doctor"), ("mail", "mail --agency")]
    )
    def test_the_agencys_is_run_without_a_tenant(self, browse, acme, kind, command):
        JobState.objects.create(key=f"{kind}:", kind=kind, **FAILED)
        page = browse(None, "olga").get(f"/jobs/{kind}").text
        assert f"<code>manage.py jobs run {command}</code>" in page


def test_an_unexpected_error_is_found_in_the_log_by_what_the_page_says(
    browse, acme, monkeypatch, caplog
):
    def fail(_step):
        raise ValueError("the document is named so")

    kind = JobKind(name="odd", summary="Odd", for_each_tenant=True)
    monkeypatch.setitem(kinds._kinds, "odd", (kind, fail))
    with caplog.at_level(logging.WARNING), pytest.raises(ValueError, match="named so"):
        run_step(kind, acme.id)
    page = browse(None, "olga").get("/jobs/odd").text
    assert "An unexpected error (ValueError)." in page
    assert f"look for <code>odd:{acme.id}</code>" in page
    assert "named so" not in page
    (record,) = (record for record in caplog.records if record.exc_info)
    line = json.loads(JsonFormatter().format(record))
    assert line["job"] == f"odd:{acme.id}"
    assert "Traceback" in line["exc_info"]


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

    def test_of_an_unexpected_error_it_says_where_the_details_are(self, acme, globex, capsys):
        note(acme, **{**FAILED, "error_code": "ValueError", "error_message": ""})
        list_jobs()
        assert (
            "sweep, Acme (acme/): An unexpected error (ValueError). "
            f"The worker's log has the details: look for sweep:{acme.id}."
        ) in capsys.readouterr().err

    def test_what_is_overdue_is_named_with_its_tenant(self, acme, globex, capsys):
        since = NOW - timedelta(minutes=1)
        note(acme, overdue_at=since)
        note(globex, overdue_at=NOW + timedelta(hours=1))
        list_jobs()
        said = capsys.readouterr().err
        assert f"sweep, Acme (acme/): overdue since {since:%Y-%m-%d %H:%M} UTC" in said
        assert "Globex" not in said

    def test_what_fails_and_is_overdue_is_named_once(self, acme, globex, capsys):
        note(acme, **FAILED, overdue_at=NOW - timedelta(minutes=1))
        list_jobs()
        (line,) = [line for line in capsys.readouterr().err.splitlines() if "Acme" in line]
        assert "does not answer at the moment. Overdue since" in line

    @pytest.mark.parametrize("given", [FAILED, {"overdue_at": NOW - timedelta(minutes=1)}])
    def test_it_says_how_many_it_leaves_out(self, acme, globex, capsys, given):
        note_many(acme, 57, **given)
        list_jobs()
        said = capsys.readouterr().err
        assert said.count("Acme (acme/)") == 20
        assert "… and 37 more: the page Jobs shows all of them." in said

    def test_as_json_it_names_all_of_them(self, acme, globex, capsys):
        note(acme, **FAILED)
        note_many(globex, 30, overdue_at=NOW - timedelta(minutes=1))
        list_jobs("--json")
        facts = json.loads(capsys.readouterr().out)
        assert facts["workers"] == 1
        (sweep,) = (kind for kind in facts["kinds"] if kind["kind"] == "sweep")
        assert (sweep["tenants"], sweep["failing"], sweep["overdue"]) == (31, 1, 30)
        (failing,) = facts["failing"]
        assert (failing["tenant"], failing["error_code"]) == ("acme/", "BucketUnavailable")
        assert {state["tenant"] for state in facts["overdue"]} == {"globex/"}
        assert len(facts["overdue"]) == 30

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

    @pytest.mark.parametrize(
        ("states", "says"),
        [
            ([], r"has no open operation.*manage\.py tenant move-storage"),
            (["done"], r"has no open operation"),
            (["paused"], r"is paused.*manage\.py operations resume"),
        ],
    )
    def test_an_operation_that_would_do_nothing_is_refused(self, acme, globex, states, says):
        add_worker()
        new_operation(globex, "running")
        for state in states:
            new_operation(acme, state)
        with pytest.raises(CommandError, match=says):
            call_command("jobs", "run", "move_storage", "acme/")
        assert waiting(find_kind("move_storage")) == []

    def test_an_open_operation_goes_on(self, acme, globex, capsys):
        add_worker()
        new_operation(acme, "running")
        call_command("jobs", "run", "move_storage", "acme/")
        assert "The worker does move_storage for Acme (acme/) next." in capsys.readouterr().out


class TestWorkerCommand:
    @pytest.mark.parametrize("threads", ["0", "65", "many"])
    def test_a_wrong_number_of_threads_is_refused_in_one_sentence(self, threads):
        with pytest.raises(CommandError, match=r"--threads: must be from 1 to 64$"):
            call_command("worker", "--threads", threads)


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


def begin_jobs() -> None:
    """Have a worker begin what waits."""
    add_worker()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) FROM procrastinate_workers)"
        )


def list_jobs(*options: str) -> None:
    """Run `manage.py jobs list`, with a worker, where something is not well."""
    add_worker()
    with pytest.raises(CommandError, match="Failing or overdue"):
        call_command("jobs", "list", *options)
