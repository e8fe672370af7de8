"""manage.py bucket apply: what it says before and after, whom it asks, and when it fails."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from media_core.bucket.client import get_bucket_client
from media_core.bucket.marker import MarkerOwner, claim_prefix, read_ownership
from media_core.bucket.models import Deployment
from tenants.models import Domain
from tests.media_core.bucket.conftest import (
    THEIR_CORS,
    another_deployment,
    bare_bucket,
    configuration,
    cors,
    ours,
    own_prefix,
    set_cors,
    set_theirs,
)
from tests.test_docs import ROOT, said_by, transcript
from tests.wire import bucket_requests

__all__ = ["bare_bucket", "own_prefix"]
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("acme", "globex", "hooli", "bare_bucket"),
]


PAGE = ROOT / "docs" / "howto" / "set-up-a-bucket.md"


class Terminal(StringIO):
    """Standard input at which a person sits."""

    def isatty(self) -> bool:
        return True


def apply(*given: str) -> str:
    said = StringIO()
    call_command("bucket", "apply", *given, stdout=said)
    return said.getvalue()


def refusal(*given: str) -> str:
    with pytest.raises(CommandError) as refused:
        apply(*given)
    return str(refused.value)


def test_a_dry_run_shows_each_rule_and_only_reads():
    set_cors(THEIR_CORS)
    with bucket_requests() as sent:
        said = apply("--dry-run")
    assert {request.method for request in sent} == {"GET"}
    assert "CORS: 1 to add, 0 to replace, 0 to remove; 2 of others stay." in said
    assert "+   AllowedOrigins: https://acme.example" in said
    assert "lifecycle: 1 to add" in said
    assert "policy: nothing to do; 0 of others stay." in said
    assert "_gateway/owner.json is to be written" in said
    assert said.endswith("Nothing was changed.\n")
    assert ours(cors()) == []
    assert read_ownership().owner == MarkerOwner.NOBODYS


def test_it_says_what_it_did_and_the_next_time_that_there_was_nothing_to_do():
    said = apply()
    assert "CORS: 1 added, 0 replaced, 0 removed." in said
    assert "Read back: the bucket has what it is to have." in said
    before = configuration()
    again = apply()
    assert "CORS: nothing to do" in again
    assert again.endswith("Nothing was changed.\n")
    assert configuration() == before


def test_the_page_shows_what_it_says(settings):
    settings.LOCATION_PREFIX = "live/"
    set_theirs()
    for command, shown in transcript(PAGE):
        rest = iter(list(said_by(command)))
        assert all(line in rest for line in shown), command
    get_bucket_client().delete_object(Bucket=settings.BUCKET_NAME, Key="live/_gateway/owner.json")


def test_a_new_domain_is_one_line(acme):
    apply()
    Domain.objects.create(domain="new.example", tenant=acme, state=Domain.State.ACTIVE)
    said = apply("--dry-run")
    assert "0 to add, 1 to replace, 0 to remove" in said
    changed = [line.strip() for line in said.splitlines() if line.startswith(("  +", "  -"))]
    assert changed == ["+   AllowedOrigins: https://new.example"]


def test_the_diff_is_coloured_on_a_terminal_only():
    plain, coloured = StringIO(), StringIO()
    call_command("bucket", "apply", "--dry-run", stdout=plain, no_color=True)
    call_command("bucket", "apply", "--dry-run", stdout=coloured, force_color=True)
    assert "\x1b[" not in plain.getvalue()
    assert "\x1b[" in coloured.getvalue()


@pytest.mark.parametrize(
    ("answer", "changed"), [("y\n", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_a_person_at_a_terminal_is_asked(monkeypatch, capsys, answer, changed):
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    if changed:
        apply()
    else:
        assert "the answer was not yes" in refusal()
    assert bool(cors()) is changed
    assert (read_ownership().owner == MarkerOwner.OURS) is changed


def test_with_yes_nobody_is_asked(monkeypatch):
    monkeypatch.setattr("sys.stdin", Terminal())
    apply("--yes")
    assert cors()


def test_what_cannot_be_done_is_an_error_after_the_rest_was_done():
    set_cors([{**THEIR_CORS[0], "ID": f"theirs-{number}"} for number in range(100)])
    said = refusal()
    assert "CORS: It would have 101 CORS rules; buckets take 100." in said
    assert configuration()[1]
    assert "CORS: It would have 101 CORS rules" in refusal("--dry-run")


def test_another_deployments_prefix_is_refused_and_can_be_taken_over_by_its_id(own_prefix):
    first = claim_prefix().deployment
    another_deployment()
    assert f"--take-over {first}" in refusal("--dry-run")
    for word in (str(Deployment.get_current()), "other-database"):
        assert "names the deployment" in refusal("--take-over", word)
    assert configuration() == ([], [], {})
    assert f"to be taken over from {first}" in apply("--dry-run", "--take-over", first)
    assert read_ownership().owner == MarkerOwner.ANOTHERS
    apply("--take-over", first)
    assert read_ownership().owner == MarkerOwner.OURS
    assert "Nothing was changed." in apply("--take-over", first)


@override_settings(BUCKET_NAME="")
def test_without_a_bucket_there_is_nothing_to_set_up():
    assert "AWS_STORAGE_BUCKET_NAME is empty" in refusal()
