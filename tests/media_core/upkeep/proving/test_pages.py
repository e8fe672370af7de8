"""The attestations on the agency's host, for every role there and nobody else."""

import json
from uuid import uuid4

import pytest

from media_core.bucket.models import Attestation
from media_core.upkeep.proving.attestation import compute_digest
from tests.conftest import Browse

pytestmark = pytest.mark.django_db
PAGE = "/bucket/attestations"


def attestation(*, passed: bool = True, **changed: object) -> Attestation:
    key = "acme/private/0/canary.bin"
    failure = {"key": key, "kind": "read at the bucket", "asker": "a stranger", "how": "GET"}
    seen = {"expected": "refused", "verdict": "given", "seen": "200, 32 bytes"}
    document = {
        "version": 1,
        "seconds": 2.5,
        "requests": {"bucket": 10, "gateway": 20},
        "kinds": [{"kind": "read at the bucket", "tried": 4, "refused": 3 + passed}],
        "controls": [{"kind": "its link opens", "tried": 1, "given": 1}],
        "tenants": [
            {"name": "Acme", "prefix": "acme/", "asked_as": [], "tried": 4, "refused": 3 + passed,
             "not_tried": ["As another tenant: there is no other one that is served."]}
        ],
        "failures": [] if passed else [{**failure, **seen}],
    }  # fmt: skip
    document["sha256"] = compute_digest(document)
    return Attestation.objects.create(
        target="t", passed=passed, tenants=1, tried=4, document={**document, **changed}
    )


@pytest.mark.parametrize("who", ["olga", "otto", "fiona"])
def test_every_role_of_the_agency_reads_them(browse: Browse, who: str) -> None:
    made, browser = attestation(), browse(None, who)
    assert "all refused" in browser.get(PAGE).content.decode()
    page = browser.get(f"{PAGE}/{made.pk}").content.decode()
    assert "Acme" in page
    assert "there is no other one" in page
    assert json.loads(browser.get(f"{PAGE}/{made.pk}.json").content) == made.document


@pytest.mark.parametrize("who", ["", "ada"])
def test_nobody_else_does(browse: Browse, people, who: str) -> None:
    made = attestation()
    browser = browse(None, who) if who else browse(None)
    for path in (PAGE, f"{PAGE}/{made.pk}", f"{PAGE}/{made.pk}.json"):
        assert browser.get(path).headers["Location"].startswith("/accounts/login/")


def test_they_are_not_on_a_tenants_host(browse: Browse, acme) -> None:
    assert browse(acme, "ada").get(PAGE).status_code == 404


def test_without_any_the_page_says_what_to_run(browse: Browse) -> None:
    assert "manage.py bucket prove" in browse(None, "olga").get(PAGE).content.decode()


def test_one_that_is_not_there_is_not_found(browse: Browse) -> None:
    assert browse(None, "olga").get(f"{PAGE}/{uuid4()}").status_code == 404


def test_a_failure_names_the_object(browse: Browse) -> None:
    page = browse(None, "olga").get(f"{PAGE}/{attestation(passed=False).pk}").content.decode()
    assert "not isolated" in page
    assert "acme/private/0/canary.bin" in page


def test_one_that_was_changed_is_called_so(browse: Browse) -> None:
    made = attestation(seconds=1.0)
    assert "it was changed" in browse(None, "olga").get(f"{PAGE}/{made.pk}").content.decode()
