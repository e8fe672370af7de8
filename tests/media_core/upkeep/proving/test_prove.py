"""manage.py bucket prove: everything is refused, nothing is left, and the numbers are those that were announced."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from media_core.storages.bucket.marker import marker_key
from media_core.storages.bucket.models import Attestation
from media_core.storages.client import bucket_client
from media_core.upkeep.proving.asks import Control, Kind
from media_core.upkeep.proving.attestation import is_whole
from tenants.models import Domain
from tenants.provisioning import create_tenant, suspend
from tests.media_core.conftest import set_quota
from tests.media_core.upkeep.proving.conftest import Prove, newest, sent_requests, state

pytestmark = pytest.mark.django_db


def counted(document: dict[str, Any], kind: str) -> tuple[int, int]:
    """Return how often something was tried, and how often it ended as it must."""
    lines = [*document["kinds"], *document["controls"]]
    (line,) = (line for line in lines if line["kind"] == kind)
    return line["tried"], line.get("refused", line.get("given"))


@pytest.mark.bucket
def test_everything_is_refused_and_nothing_is_left(prove: Prove, acme, globex, hooli) -> None:
    before = state(acme, globex, hooli)
    said = prove()
    assert said.failure == ""
    assert newest()["failures"] == []
    assert said.out.startswith("All ")
    assert state(acme, globex, hooli) == before


def test_the_number_of_requests_is_said_before(prove: Prove) -> None:
    with sent_requests() as sent:
        said = prove()
    announced = re.search(r"(\d+) requests to the bucket", said.err)
    assert announced
    assert int(announced[1]) == len(sent)


def test_a_dry_run_only_says_how_much(prove: Prove, acme, globex) -> None:
    before = state(acme, globex)
    with sent_requests() as sent:
        said = prove("--dry-run")
    assert (said.out, sent, state(acme, globex)) == ("", [], before)
    assert said.err.startswith("3 tenant(s), 15 canaries: ")


def test_each_kind_is_tried_and_each_control_is_given(prove: Prove) -> None:
    prove()
    document = newest()
    tried = {kind: counted(document, kind) for kind in (*Kind, *Control)}
    assert all(how_often == right for how_often, right in tried.values())
    # There is no CDN in front of this bucket.
    assert [kind for kind, (how_often, _) in tried.items() if not how_often] == [Kind.CDN]


def test_the_public_address_is_asked_where_there_is_one(prove: Prove, settings) -> None:
    settings.PUBLIC_MEDIA_BASE_URL = f"{settings.BUCKET_ENDPOINT_URL}/{settings.BUCKET_NAME}"
    prove("--tenant", "acme/")
    assert counted(newest(), Kind.CDN) == (4, 4)


def test_in_mode_gateway_no_canary_is_public(prove: Prove, settings) -> None:
    settings.PUBLIC_MEDIA_MODE = "gateway"
    said = prove("--tenant", "acme/")
    assert said.err.startswith("1 tenant(s), 4 canaries: ")
    assert not said.failure


def test_a_tenant_without_room_is_proved_too(prove: Prove, acme) -> None:
    set_quota(acme, 0)
    assert prove("--tenant", "acme/").failure == ""


def test_one_tenant_is_asked_for_by_others(prove: Prove) -> None:
    prove("--tenant", "acme/")
    (tenant,) = newest()["tenants"]
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
    suspend(globex)
    said = prove("--tenant", "acme/")
    assert "Not tried for acme/: As another tenant" in said.out
    assert counted(newest(), Kind.OTHER_TENANT) == (0, 0)


def test_a_tenant_without_a_host_is_not_asked_for_there(prove: Prove, acme) -> None:
    Domain.objects.filter(tenant=acme).update(state=Domain.State.PENDING)
    said = prove("--tenant", "acme/")
    assert "Not tried for acme/: At its own host" in said.out
    assert counted(newest(), Kind.ANONYMOUS) == (0, 0)
    assert not said.failure


def test_a_suspended_tenant_refuses_its_own_admin(prove: Prove) -> None:
    prove("--tenant", "hooli/")
    tried, refused = counted(newest(), Kind.SUSPENDED)
    assert tried == refused > 0
    assert counted(newest(), Control.GATEWAY) == (0, 0)


def test_the_attestation_is_printed_and_written(prove: Prove, tmp_path: Path) -> None:
    said = prove("--tenant", "acme/", "--json", "--output", str(tmp_path / "attestation.json"))
    printed, written = (
        json.loads(said.out),
        json.loads((tmp_path / "attestation.json").read_text()),
    )
    assert printed == written == newest()
    assert is_whole(printed)


def test_an_attestation_that_was_changed_is_not_whole(prove: Prove) -> None:
    prove("--tenant", "acme/")
    assert not is_whole({**newest(), "seconds": 0.1})


def test_no_secret_is_said(prove: Prove, settings) -> None:
    said = prove()
    text = f"{said}{newest()}"
    assert "Signature" not in text
    assert settings.BUCKET_SECRET_KEY not in text
    assert settings.BUCKET_ACCESS_KEY not in text


def test_on_disk_there_is_nothing_to_prove(prove: Prove, settings) -> None:
    settings.USE_S3_MEDIA = False
    assert "there is no bucket to prove" in prove().failure


def test_an_attestation_that_cannot_be_written_down_is_stored_and_that_is_said(
    prove: Prove, tmp_path: Path
) -> None:
    said = prove("--output", str(tmp_path / "missing" / "attestation.json"))
    assert f"Attestation {Attestation.objects.latest('made_at').pk} is stored" in said.failure
    assert said.failure.endswith("No such file or directory. 0 ask(s) did not end as they must.")


def test_into_the_rooms_of_another_deployment_nothing_is_written(
    prove: Prove, settings: Any
) -> None:
    settings.LOCATION_PREFIX = "anothers/"
    marker = {
        "deployment": "7d0a4a7e-0000-4000-8000-000000000000",
        "created_at": "2026-01-01T00:00:00+00:00",
    }
    at = {"Bucket": settings.BUCKET_NAME, "Key": marker_key()}
    bucket_client().put_object(**at, Body=json.dumps(marker).encode())
    try:
        with sent_requests() as sent:
            said = prove()
    finally:
        bucket_client().delete_object(**at)
    assert "names the deployment another deployment's, 7d0a4a7e-0000" in said.failure
    assert len(sent) == 1
