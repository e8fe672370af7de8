"""What is not refused is loud, and named: holes in the bucket, and in the gateway."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings

from gateway.demo.bucket.access_control import AccessLayer
from gateway.demo.bucket.credentials import Credentials
from gateway.demo.bucket.fault_injection import FaultRegistry
from gateway.demo.bucket.http_server import BucketServer
from gateway.demo.bucket.layers import chain_layers, make_layers
from gateway.demo.bucket.moto_store import Store
from media_core.bucket.client import get_bucket_client
from media_core.upkeep.proving.attempts import AttemptKind, Control
from tenants.models import Tenant
from tests.media_core.upkeep.proving.conftest import Prove, newest, state

pytestmark = pytest.mark.django_db


@pytest.fixture
def allowed() -> Iterator[Any]:
    """Let everybody do something with the bucket, as a policy of somebody's does."""

    def allow(*permissions: tuple[str, str]) -> None:
        arn = f"arn:aws:s3:::{django_settings.BUCKET_NAME}"
        statements = [
            {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": f"{arn}{resource}"}
            for action, resource in permissions
        ]
        policy = {"Version": "2012-10-17", "Statement": statements}
        get_bucket_client().put_bucket_policy(
            Bucket=django_settings.BUCKET_NAME, Policy=json.dumps(policy)
        )

    yield allow
    get_bucket_client().delete_bucket_policy(Bucket=django_settings.BUCKET_NAME)


@pytest.mark.bucket
def test_a_bucket_that_everybody_reads(prove: Prove, allowed: Any) -> None:
    allowed(("s3:GetObject", "/*"))
    said = prove("--tenant", "acme/")
    assert said.failure.startswith("NOT ISOLATED: "), said
    assert said.out.startswith("NOT ISOLATED: ")
    keys = {each["key"] for each in newest()["failures"] if each["kind"] == AttemptKind.READ}
    assert len(keys) == 4
    assert all(key in said.out for key in keys)


# Ceph RGW 16 ends the first * at the first slash that fits, so there it opens nothing more.
WILDCARD, LIST = ("s3:GetObject", "/*/media/*"), ("s3:ListBucket", "")


def require_wildcard_found(failures: list[dict[str, Any]]) -> None:
    keys = {each["key"] for each in failures if each["kind"] == AttemptKind.READ}
    assert len(keys) == 1
    assert keys.pop().startswith("acme/private/media/")


def test_holes_of_the_bucket_and_of_the_gateway_at_once_are_all_found(
    prove: Prove, allowed: Any, settings
) -> None:
    allowed(WILDCARD, LIST)
    settings.PRIVATE_MEDIA_READERS = f"{__name__}.{everybody.__name__}"
    prove("--tenant", "acme/")
    failures = newest()["failures"]
    require_wildcard_found(failures)
    assert {AttemptKind.LIST, AttemptKind.OTHER_SESSION} <= {each["kind"] for each in failures}
    keys = {each["key"] for each in failures if each["kind"] == AttemptKind.ANONYMOUS}
    assert any(key.startswith("acme/private/app/") for key in keys)


@pytest.mark.slow
def test_a_wildcard_that_was_meant_for_public_objects(prove: Prove, allowed: Any) -> None:
    allowed(WILDCARD)
    prove("--tenant", "acme/")
    require_wildcard_found(newest()["failures"])


@pytest.mark.slow
def test_a_bucket_that_everybody_lists(prove: Prove, allowed: Any) -> None:
    allowed(LIST)
    prove("--tenant", "acme/")
    assert {each["kind"] for each in newest()["failures"]} == {AttemptKind.LIST}


@pytest.fixture
def anybodys_bucket(settings: Any) -> Iterator[None]:
    """A bucket that asks nobody who they are: our embedded one never lets a stranger write."""
    store = Store(settings.BUCKET_REGION)
    store.create_bucket("anybodys")
    known = Credentials(
        settings.BUCKET_ACCESS_KEY, settings.BUCKET_SECRET_KEY, settings.BUCKET_REGION
    )
    layers = [
        one
        for one in make_layers(store, known, FaultRegistry())
        if not isinstance(one, AccessLayer)
    ]
    server = BucketServer("127.0.0.1", 0, chain_layers(layers, store), domains=["localhost"])
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    settings.BUCKET_ENDPOINT_URL, settings.BUCKET_NAME = server.url, "anybodys"
    yield
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.mark.usefixtures("anybodys_bucket")
def test_a_bucket_that_everybody_changes(prove: Prove, acme: Tenant) -> None:
    before = state(acme)
    prove("--tenant", "acme/")
    failures = newest()["failures"]
    changed = {each["key"] for each in failures if each["kind"] == AttemptKind.CHANGE}
    lost = {each["key"] for each in failures if each["kind"] == Control.KEPT}
    assert len(changed) == 5
    assert lost == changed
    assert state(acme) == before


def everybody(_request: object, _name: str) -> bool:
    """Let anybody read an app's files, as a mistake in one of the agency's functions would."""
    return True


@pytest.mark.slow
def test_a_hole_in_the_gateway(prove: Prove, settings) -> None:
    settings.PRIVATE_MEDIA_READERS = f"{__name__}.{everybody.__name__}"
    said = prove("--tenant", "acme/")
    kinds = {each["kind"] for each in newest()["failures"]}
    assert AttemptKind.ANONYMOUS in kinds
    assert AttemptKind.OTHER_SESSION in kinds
    assert "acme/private/app/" in said.failure


def test_a_gateway_that_does_not_answer_has_refused_nothing(prove: Prove, settings) -> None:
    settings.MIDDLEWARE = [f"{__name__}.broken"]
    prove("--tenant", "acme/")
    assert {each["verdict"] for each in newest()["failures"]} == {"no answer"}


def broken(_get_response: object) -> Any:
    def answer(_request: object) -> Any:
        raise ValueError

    return answer
