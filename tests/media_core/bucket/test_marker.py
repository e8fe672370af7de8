"""One prefix, one deployment: what the bucket says last decides."""

import json
import uuid
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from media_core.bucket.client import get_bucket_client
from media_core.bucket.marker import (
    DATABASE,
    MAX_MARKER_BYTES,
    Marker,
    MarkerOwner,
    claim_prefix,
    read_ownership,
    require_ownership,
    take_over,
)
from media_core.bucket.marker_store import make_marker_key
from media_core.bucket.models import Deployment
from media_core.errors import BucketOfAnother, BucketRefused
from tenants.database.identity import find_database_id
from tenants.errors import DatabaseNotIdentified
from tests.media_core.bucket.conftest import another_deployment, at, once
from tests.wire import bucket_requests

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_prefix")]
ANOTHER_DATABASE = "7000000000000000000/16384"
THEIRS = "0b6f9dd0-3a08-4b0e-8d6c-6a3a0a7d8f10"


def write(content: bytes) -> None:
    get_bucket_client().put_object(Bucket=settings.BUCKET_NAME, Key=make_marker_key(), Body=content)


def written() -> bytes:
    found = get_bucket_client().get_object(Bucket=settings.BUCKET_NAME, Key=make_marker_key())
    return found["Body"].read()


def write_theirs() -> None:
    write(Marker(uuid.UUID(THEIRS), "7/16384", timezone.now()).as_json())


def overlook_conditions(request: Any, **_given: Any) -> None:
    """Be a store that does not know If-None-Match."""
    del request.headers["If-None-Match"]


@pytest.mark.bucket
def test_a_new_prefix_is_nobodys_until_it_is_claimed():
    assert read_ownership().owner == MarkerOwner.NOBODYS
    assert claim_prefix().owner == MarkerOwner.OURS
    assert read_ownership().deployment == str(Deployment.get_current())


@pytest.mark.bucket
def test_claiming_twice_writes_once():
    claim_prefix()
    before = written()
    with bucket_requests() as sent:
        assert require_ownership().owner == MarkerOwner.OURS
    assert [request.method for request in sent] == ["GET"]
    assert written() == before


@pytest.mark.bucket
def test_another_deployment_is_refused_and_told_whose_the_prefix_is():
    first = str(claim_prefix().deployment)
    another_deployment()
    with pytest.raises(BucketOfAnother, match=rf"{first}.*LOCATION_PREFIX.*--take-over {first}"):
        require_ownership()
    assert json.loads(written())["deployment"] == first


@pytest.mark.bucket
def test_another_prefix_of_the_same_bucket_is_free(settings, own_prefix):
    claim_prefix()
    another_deployment()
    settings.LOCATION_PREFIX = f"{own_prefix}second/"
    assert claim_prefix().owner == MarkerOwner.OURS


@pytest.mark.bucket
def test_of_two_that_claim_at_once_the_second_is_refused():
    with at("before-sign.s3.PutObject", once(write_theirs)):
        assert claim_prefix().deployment == THEIRS
    assert read_ownership().owner == MarkerOwner.ANOTHERS


@pytest.mark.bucket
@pytest.mark.parametrize("moment", ["before-sign", "after-call"])
def test_a_store_that_overlooks_conditions_lets_no_two_believe(moment):
    with (
        at("before-sign.s3.PutObject", overlook_conditions),
        at(f"{moment}.s3.PutObject", once(write_theirs)),
    ):
        claimed = claim_prefix()
    assert (claimed.owner == MarkerOwner.OURS) is (json.loads(written())["deployment"] != THEIRS)
    assert read_ownership() == claimed


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[" * 4000,
        b"null",
        b"[]",
        b"{}",
        b'{"deployment": 5, "created_at": "2026-01-02T03:04:05+00:00"}',
        b'{"deployment": "nobody", "database": "7/1", "created_at": "2026-01-02T03:04:05+00:00"}',
        b'{"deployment": "0B6F9DD0-3A08-4B0E-8D6C-6A3A0A7D8F10", "database": "7/1", "created_at": "2026-01-02"}',
        b'{"deployment": "0b6f9dd0-3a08-4b0e-8d6c-6a3a0a7d8f10", "database": "7/1"}',
        b'{"deployment": "0b6f9dd0-3a08-4b0e-8d6c-6a3a0a7d8f10", "database": "7/1", "created_at": "once"}',
        b'{"deployment": "0b6f9dd0-3a08-4b0e-8d6c-6a3a0a7d8f10", "created_at": "2026-01-02"}',
        b'{"deployment": "0b6f9dd0-3a08-4b0e-8d6c-6a3a0a7d8f10", "database": 7, "created_at": "2026-01-02"}',
        b'{"deployment": "0b6f9dd0-3a08-4b0e-8d6c-6a3a0a7d8f10", "database": "7", "created_at": "2026-01-02"}',
        b" " * (MAX_MARKER_BYTES + 1),
    ],
)
def test_a_marker_that_cannot_be_read_is_not_ours_and_stays(content):
    write(content)
    with pytest.raises(BucketOfAnother, match="not a marker that can be read"):
        require_ownership()
    with pytest.raises(BucketOfAnother, match="nothing was taken over"):
        take_over(THEIRS)
    assert written() == content


def test_of_a_huge_marker_the_beginning_is_read():
    write(b"x" * 5_000_000)
    read: list[int] = []
    with at("after-call.s3.GetObject", partial(count_reads, read)):
        assert read_ownership().owner == MarkerOwner.UNREADABLE
    assert read == [MAX_MARKER_BYTES + 1]


def count_reads(read: list[int], parsed: dict[str, Any], **_given: Any) -> None:
    """Note how much is asked of the body."""
    body, original = parsed["Body"], parsed["Body"].read

    def counted(amount: int) -> Any:
        read.append(amount)
        return original(amount)

    body.read = counted


@pytest.mark.bucket
def test_another_database_of_the_same_deployment_is_refused_until_it_takes_over():
    this = Deployment.get_current()
    write(Marker(this.pk, ANOTHER_DATABASE, this.created_at).as_json())
    assert read_ownership().owner == MarkerOwner.OTHER_DATABASES
    with pytest.raises(BucketOfAnother, match=rf"{ANOTHER_DATABASE}.*--take-over other-database"):
        require_ownership()
    with pytest.raises(BucketOfAnother, match="nothing was taken over"):
        take_over(THEIRS)
    assert json.loads(written())["database"] == ANOTHER_DATABASE
    assert take_over(str(this)).owner == MarkerOwner.OURS
    assert json.loads(written())["database"] == find_database_id()


def test_a_copy_of_the_database_is_another_one():
    """Also in the same cluster: the number of the database is another."""
    cluster, _, number = find_database_id().partition("/")
    with connection.cursor() as cursor:
        cursor.execute("SELECT oid FROM pg_database WHERE datname = 'postgres'")
        assert number != str(cursor.fetchone()[0])
    assert DATABASE.fullmatch(f"{cluster}/{number}")


@pytest.mark.parametrize("is_revoked", [False, True])
def test_every_role_may_ask_which_database_it_is_unless_that_was_revoked(is_revoked):
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("CREATE ROLE ordinary NOLOGIN")
        if is_revoked:
            cursor.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        cursor.execute("SET LOCAL ROLE ordinary")
        if is_revoked:
            with pytest.raises(DatabaseNotIdentified, match="GRANT EXECUTE"), transaction.atomic():
                find_database_id()
        else:
            assert find_database_id()
        cursor.execute("RESET ROLE")


@pytest.mark.bucket
def test_who_names_the_other_exactly_takes_over():
    write_theirs()
    assert take_over(THEIRS).owner == MarkerOwner.OURS
    assert require_ownership().deployment == str(Deployment.get_current())


@pytest.mark.bucket
def test_who_names_somebody_else_takes_nothing_over():
    write_theirs()
    for given in (str(uuid.uuid4()), THEIRS.upper(), "", str(Deployment.get_current())):
        with pytest.raises(BucketOfAnother, match="nothing was taken over"):
            take_over(given)
    assert json.loads(written())["deployment"] == THEIRS


@pytest.mark.bucket
def test_the_first_reading_costs_a_request_and_a_claim_three():
    with bucket_requests() as sent:
        read_ownership()
        claim_prefix()
    assert [request.method for request in sent] == ["GET", "GET", "PUT", "GET"]


def test_wrong_keys_are_a_refusal_and_no_missing_marker(settings):
    settings.BUCKET_SECRET_KEY = "another"
    with pytest.raises(BucketRefused, match="check its keys"):
        claim_prefix()


def test_a_bucket_that_is_not_there_is_named_as_that(settings):
    settings.BUCKET_NAME = "no-such-bucket"
    with pytest.raises(BucketRefused, match="AWS_STORAGE_BUCKET_NAME"):
        claim_prefix()
