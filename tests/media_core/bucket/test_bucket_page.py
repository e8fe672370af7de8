"""The bucket's page on the agency's host: what was seen, what the gateway makes of it, and what to run."""

import pytest

from media_core.bucket.capabilities import Capability
from media_core.bucket.models import BucketReport
from tests.proof import forget_proofs, reported

pytestmark = pytest.mark.django_db
STAFF = ("olga", "otto", "fiona")


@pytest.fixture
def nothing_known(world):
    forget_proofs()


@pytest.mark.parametrize("name", STAFF)
def test_everybody_at_the_agency_sees_what_was_seen(name, browse):
    report = BucketReport.objects.latest("made_at")
    page = browse(None, name).get("/bucket").content.decode()
    assert "The bucket passed its check on" in page
    for finding in report.findings:
        assert finding["title"].replace("'", "&#x27;") in page
    assert f"/bucket/reports/{report.pk}" in page


def test_what_failed_stands_first(browse):
    report = BucketReport.objects.latest("made_at")
    *others, last = report.findings
    report.findings = [*others, {**last, "outcome": "failed", "title": "This one failed"}]
    report.save()
    for path in ("/bucket", f"/bucket/reports/{report.pk}"):
        page = browse(None, "olga").get(path).content.decode()
        assert page.index("This one failed") < page.index(others[0]["title"])


def test_nobody_else_does(acme, browse):
    report = reported()
    for path in ("/bucket", f"/bucket/reports/{report.pk}"):
        assert browse(None).get(path).status_code == 302
        assert browse(acme, "ada").get(path).status_code == 404


@pytest.mark.usefixtures("nothing_known")
def test_an_empty_page_says_what_to_run(browse):
    page = browse(None, "olga").get("/bucket").content.decode()
    assert "Nobody has examined this bucket" in page
    assert "manage.py bucket doctor" in page


@pytest.mark.usefixtures("nothing_known")
def test_without_a_bucket_nobody_is_sent_to_examine_one(browse, settings):
    settings.USE_S3_MEDIA, settings.BUCKET_NAME = False, ""
    page = browse(None, "olga").get("/bucket").content.decode()
    assert "There is no bucket" in page
    assert "manage.py bucket doctor" not in page


@pytest.mark.usefixtures("nothing_known")
def test_a_report_of_long_ago_and_one_that_failed_are_said_to_be_so(browse):
    reported(Capability.PRIVATE, passed=False)
    assert (
        "The bucket failed its last check" in browse(None, "olga").get("/bucket").content.decode()
    )
    forget_proofs()
    reported(days_ago=31)
    page = browse(None, "olga").get("/bucket").text
    assert "Now nobody can publish until it is proved again" in page
    assert "files of apps only: what was proved has run out" in page
    assert "The bucket passed its check on" not in page


@pytest.mark.usefixtures("nothing_known")
def test_a_report_past_half_its_life_is_said_to_be_old_and_leads_to_the_job(browse):
    reported(days_ago=14)
    assert "The bucket passed its check on" in browse(None, "olga").get("/bucket").text
    forget_proofs()
    reported(days_ago=16)
    page = browse(None, "olga").get("/bucket").text
    assert "After that, nobody can publish until it is proved again" in page
    assert '<a href="/jobs/bucket_doctor">' in page
    assert browse(None, "olga").get("/jobs/bucket_doctor").status_code == 200


@pytest.mark.usefixtures("nothing_known")
def test_what_the_settings_need_since_and_nobody_tried_is_named(browse, settings):
    reported(Capability.PUBLIC_BY_POLICY)
    settings.PUBLIC_MEDIA_MODE = "policy"
    page = browse(None, "olga").get("/bucket").text
    assert "Not proved for the current settings: public by policy." in page


def test_earlier_reports_are_paged_and_can_be_read(browse):
    reports = [reported() for _ in range(25)]
    olga = browse(None, "olga")
    assert "Page 2 of" in olga.get("/bucket?page=2").content.decode()
    assert olga.get(f"/bucket/reports/{reports[0].pk}").status_code == 200
    assert olga.get(f"/bucket/reports/{reports[-1].pk + 1}").status_code == 404


def test_the_page_costs_the_same_however_many_reports_there_are(
    browse, django_assert_max_num_queries
):
    olga = browse(None, "olga")
    for _ in range(40):
        reported()
    with django_assert_max_num_queries(6):
        olga.get("/bucket")
