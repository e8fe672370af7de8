"""manage.py bucket prove: everything is refused, nothing is left, and the numbers are those that were announced."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from media_core.bucket.client import get_bucket_client
from media_core.bucket.marker_store import make_marker_key
from media_core.upkeep.proving.attempts import AttemptKind, Control
from media_core.upkeep.proving.attestation import is_whole
from tenants.models import Domain
from tenants.provisioning import create_tenant, suspend_tenant
from tests.media_core.upkeep.proving.conftest import Prove, Run, newest, sent_requests, state

pytestmark = pytest.mark.django_db


def counted(document: dict[str, Any], kind: str) -> tuple[int, int]:
    """Return how often something was tried, and how often it ended as it must."""
    lines = [*document["kinds"], *document["controls"]]
    (line,) = (line for line in lines if line["kind"] == kind)
    return line["tried"], line.get("refused", line.get("given"))


@pytest.mark.bucket
def test_everything_is_refused_and_nothing_is_left(whole_run: Run) -> None:
    assert whole_run.said.failure == ""
    assert whole_run.document["failures"] == []
    assert whole_run.said.out.startswith("All ")
    assert whole_run.state_after == whole_run.state_before


def test_the_number_of_requests_is_said_before(whole_run: Run) -> None:
    announced = re.search(r"(\d+) requests to the bucket", whole_run.said.err)
    assert announced
    assert int(announced[1]) == len(whole_run.requests)


def test_a_dry_run_only_says_how_much(prove: Prove, acme, globex) -> None:
    before = state(acme, globex)
    with sent_requests() as sent:
        said = prove("--dry-run")
    assert (said.out, sent, state(acme, globex)) == ("", [], before)
    assert said.err.startswith("3 tenant(s), 15 canaries: ")


def test_each_kind_is_tried_and_each_control_is_given(whole_run: Run) -> None:
    tried = {kind: counted(whole_run.document, kind) for kind in (*AttemptKind, *Control)}
    assert all(how_often == right for how_often, right in tried.values())
    # There is no CDN in front of this bucket.
    assert [kind for kind, (how_often, _) in tried.items() if not how_often] == [AttemptKind.CDN]


def test_the_public_address_is_asked_where_there_is_one(acme_run: Run) -> None:
    assert counted(acme_run.document, AttemptKind.CDN) == (4, 4)


def test_in_mode_gateway_no_canary_is_public(prove: Prove, settings) -> None:
    settings.PUBLIC_MEDIA_MODE = "gateway"
    said = prove("--tenant", "acme/")
    assert said.err.startswith("1 tenant(s), 4 canaries: ")
    assert not said.failure


def test_a_tenant_without_room_is_proved_too(acme_run: Run) -> None:
    assert acme_run.said.failure == ""
    assert acme_run.state_after == acme_run.state_before


def test_one_tenant_is_asked_for_by_others(acme_run: Run) -> None:
    (tenant,) = acme_run.document["tenants"]
    assert (tenant["name"], tenant["asked_as"]) == ("Acme", ["globex/"])


def test_a_sibling_prefix_asks_too(prove: Prove) -> None:
    create_tenant(name="Acme two", location_prefix="acme2/", domain="acme2.example")
    said = prove("--tenant", "globex/", "--tenant", "acme2/")
    assert not said.failure
    assert [tenant["asked_as"] for tenant in newest()["tenants"]] == [
        ["acme/", "acme2/"][:1],
        ["globex/", "acme/"],
    ]


def test_a_tenant_without_neighbours_is_not_said_to_be_refused_to_them(
    prove: Prove, globex
) -> None:
    suspend_tenant(globex)
    said = prove("--tenant", "acme/")
    assert "Not tried for acme/: As another tenant" in said.out
    assert counted(newest(), AttemptKind.OTHER_TENANT) == (0, 0)


def test_a_tenant_without_a_host_is_not_asked_for_there(prove: Prove, acme) -> None:
    Domain.objects.filter(tenant=acme).update(state=Domain.State.PENDING)
    said = prove("--tenant", "acme/")
    assert "Not tried for acme/: At its own host" in said.out
    assert counted(newest(), AttemptKind.ANONYMOUS) == (0, 0)
    assert not said.failure


def test_a_suspended_tenant_refuses_its_own_admin(hooli_run: Run) -> None:
    tried, refused = counted(hooli_run.document, AttemptKind.SUSPENDED)
    assert tried == refused > 0
    assert counted(hooli_run.document, Control.GATEWAY) == (0, 0)


def test_the_attestation_is_printed_and_written(acme_run: Run, acme_file: Path) -> None:
    printed, written = json.loads(acme_run.said.out), json.loads(acme_file.read_text())
    assert printed == written == acme_run.document
    assert is_whole(printed)


def test_an_attestation_that_was_changed_is_not_whole(acme_run: Run) -> None:
    assert not is_whole({**acme_run.document, "seconds": 0.1})


def test_no_secret_is_said(whole_run: Run, settings) -> None:
    text = f"{whole_run.said}{whole_run.document}"
    assert "Signature" not in text
    assert settings.BUCKET_SECRET_KEY not in text
    assert settings.BUCKET_ACCESS_KEY not in text


def test_on_disk_there_is_nothing_to_prove(prove: Prove, settings) -> None:
    settings.USE_S3_MEDIA = False
    assert "there is no bucket to prove" in prove().failure


def test_an_attestation_that_cannot_be_written_down_is_stored_and_that_is_said(
    hooli_run: Run,
) -> None:
    failure = hooli_run.said.failure
    assert f"Attestation {hooli_run.attestation_id} is stored" in failure
    assert failure.endswith("No such file or directory. 0 ask(s) did not end as they must.")


def test_into_the_rooms_of_another_deployment_nothing_is_written(
    prove: Prove, settings: Any
) -> None:
    settings.LOCATION_PREFIX = "anothers/"
    marker = {
        "deployment": "7d0a4a7e-0000-4000-8000-000000000000",
        "database": "7/16384",
        "created_at": "2026-01-01T00:00:00+00:00",
    }
    at = {"Bucket": settings.BUCKET_NAME, "Key": make_marker_key()}
    get_bucket_client().put_object(**at, Body=json.dumps(marker).encode())
    try:
        with sent_requests() as sent:
            said = prove()
    finally:
        get_bucket_client().delete_object(**at)
    assert "names the deployment another deployment's, 7d0a4a7e-0000" in said.failure
    assert len(sent) == 1
