"""What goes over the wire to the bucket: no word of ACLs where none was asked for, and bodies that Ceph RGW takes."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from django.conf import settings as django_settings
from django.core.files.storage import storages
from django.core.management import call_command

from gateway.demo.samples import make_pdf
from media_core.bucket.bucket_errors import get_status
from media_core.bucket.bucket_policy import build_public_policy
from media_core.bucket.client import (
    build_client_config,
    get_bucket_access,
    get_bucket_client,
    make_isolated_session,
)
from media_core.documents.permissions import require_editor
from media_core.documents.publishing import publish, unpublish
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import find_storage
from media_core.upkeep.sweeping import sweep_room
from tenants.binding import bind_tenant
from tests.conftest import member
from tests.media_core.app_files.conftest import save
from tests.media_core.conftest import content
from tests.wire import acl_words, bucket_requests

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.bucket,
    # The bucket's own words: there are none on disk.
    pytest.mark.parametrize("place", ["bucket"], indirect=True),
]


@pytest.fixture
def opened() -> Iterator[None]:
    """Let the bucket's policy open what mode `policy` publishes."""
    name, client = django_settings.BUCKET_NAME, get_bucket_client()
    client.put_bucket_policy(Bucket=name, Policy=json.dumps(build_public_policy()))
    yield
    client.delete_bucket_policy(Bucket=name)


@pytest.fixture
def ada(people, acme):
    return require_editor(member(people["ada"], acme))


def put_and_copy(kept, **_: Any) -> None:
    row = kept()
    copy = StoredObject.objects.create_pending(content("x.pdf", 6), area="private")
    find_storage(copy).copy(row, copy, file_name="x.pdf")


def publish_and_take_back(store, acme, ada, **_: Any) -> None:
    document = store(acme, make_pdf("For all", 1), name="x.pdf")
    publish(document.pk, editor=ada)
    unpublish(document.pk, editor=ada)


def save_files_of_apps(**_: Any) -> None:
    for alias in ("default", "private"):
        storages[alias].delete(save(alias, "wire/logo.png"))
    sweep_room()


def save_private_files_of_apps(**_: Any) -> None:
    storages["private"].delete(save("private", "wire/logo.png"))
    sweep_room()


def move(kept, settings, **_: Any) -> None:
    for area in ("private", "media"):
        kept(area=area)
    _move_there_and_back(settings)


def move_private(kept, settings, **_: Any) -> None:
    kept()
    _move_there_and_back(settings)


def _move_there_and_back(settings) -> None:
    for to in ("disk", "bucket"):
        settings.USE_S3_MEDIA = to == "bucket"
        call_command("tenant", "move-storage", "acme/", "--to", to, verbosity=0)


Flow = Callable[..., None]
FLOWS: list[Flow] = [put_and_copy, publish_and_take_back, save_files_of_apps, move]
PRIVATE_FLOWS: list[Flow] = [put_and_copy, save_private_files_of_apps, move_private]


@pytest.fixture
def sent_by(kept, store, acme, ada, settings) -> Callable[[Flow], list[Any]]:
    """Return what a flow of acme's sends to the bucket; it was something that writes."""

    def run(flow: Flow) -> list[Any]:
        given = {"kept": kept, "store": store, "acme": acme, "ada": ada}
        with bind_tenant(acme), bucket_requests() as sent:
            flow(**given, settings=settings)
        assert "PUT" in {request.method for request in sent}
        return sent

    return run


@pytest.mark.parametrize("mode", ["policy", "gateway"])
@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
@pytest.mark.usefixtures("opened")
def test_outside_mode_acl_no_flow_says_a_word_of_acls(mode, flow, place, sent_by, settings):
    settings.PUBLIC_MEDIA_MODE = mode
    assert acl_words(sent_by(flow)) == []


@pytest.mark.parametrize("flow", PRIVATE_FLOWS, ids=lambda flow: flow.__name__)
def test_in_mode_acl_what_is_private_is_written_without_one(flow, place, sent_by, settings):
    settings.PUBLIC_MEDIA_MODE = "acl"
    assert acl_words(sent_by(flow)) == []


def test_in_mode_acl_what_becomes_public_is_written_with_one(place, sent_by, settings):
    settings.PUBLIC_MEDIA_MODE = "acl"
    assert acl_words(sent_by(publish_and_take_back)) == ["PUT x-amz-acl"]


# --- checksums


@contextmanager
def speaking(config: Config) -> Iterator[Any]:
    access = get_bucket_access()
    session = boto3.session.Session(
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        region_name=access.region,
        botocore_session=make_isolated_session(),
    )
    client = session.client("s3", endpoint_url=access.endpoint_url, config=config)
    yield client
    client.close()


@pytest.mark.https
def test_botos_default_checksums_fail_over_https_and_ours_do_not(place, acme, settings):
    # Version 2 has no such bodies.
    settings.BUCKET_SIGNATURE_VERSION = "s3v4"
    ours = build_client_config(get_bucket_access())
    theirs = ours.merge(Config(request_checksum_calculation="when_supported"))
    key = acme.prefix.build_key(f"private/{uuid4()}/x.pdf")
    where = {"Bucket": django_settings.BUCKET_NAME, "Key": key}
    with speaking(theirs) as client, pytest.raises(ClientError) as refused:
        client.put_object(**where, Body=b"bytes")
    assert get_status(refused.value) == 411
    with speaking(ours) as client:
        client.put_object(**where, Body=b"bytes")
        assert client.get_object(**where)["Body"].read() == b"bytes"
