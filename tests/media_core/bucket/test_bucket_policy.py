"""The bucket policy of mode `policy`: each tenant's public area, by name, and nothing beside it."""

import json
from io import StringIO

import pytest
import requests
from django.conf import settings
from django.core.management import CommandError, call_command

from media_core.bucket.bucket_policy import (
    MAX_POLICY_BYTES,
    build_public_policy,
    build_public_statement,
)
from media_core.bucket.client import get_bucket_client
from tests.media_core.documents.conftest import address_of, open_media

pytestmark = pytest.mark.django_db
__all__ = ["open_media"]


def test_a_statement_names_one_tenants_public_area_and_no_wildcard_before_it(acme, settings):
    settings.LOCATION_PREFIX = "agency/"
    statement = build_public_statement(acme)
    assert statement["Resource"] == [f"arn:aws:s3:::{settings.BUCKET_NAME}/agency/acme/media/*"]
    assert statement["Action"] == ["s3:GetObject"]
    assert statement["Sid"] == f"GatewayPublic{acme.id.hex}"


def test_every_tenant_has_its_own_statement(acme, globex, hooli):
    statements = build_public_policy()["Statement"]
    assert len({statement["Sid"] for statement in statements}) == len(statements)
    whose = {statement["Resource"][0].split("/", 1)[1] for statement in statements}
    assert {"acme/media/*", "globex/media/*", "hooli/media/*"} <= whose


OPEN = ["acme/media/1/x.pdf", "globex/media/a/b/c"]
CLOSED = [
    "acme/private/x.pdf", "acme/private/media/x.pdf", "globex/private/incoming/x",
    "acme2/media/x.pdf", "media/x.pdf", "x/media/x.pdf", "acme/mediax/x.pdf", "_gateway/media/x",
]  # fmt: skip


def test_with_it_strangers_read_public_areas_and_list_nothing(acme, globex, open_media):
    for key in OPEN + CLOSED:
        get_bucket_client().put_object(Bucket=settings.BUCKET_NAME, Key=key, Body=b"x")
    answers = {key: requests.get(address_of(key), timeout=60).status_code for key in OPEN + CLOSED}
    assert answers == {**dict.fromkeys(OPEN, 200), **dict.fromkeys(CLOSED, 403)}
    assert {requests.head(address_of(key), timeout=60).status_code for key in OPEN} == {200}
    for path in ("", "?prefix=acme/media/", "acme/media/"):
        assert requests.get(address_of(path), timeout=60).status_code == 403
    for key in OPEN + CLOSED:
        get_bucket_client().delete_object(Bucket=settings.BUCKET_NAME, Key=key)


def test_the_command_prints_it(acme):
    said = StringIO()
    call_command("public_policy", stdout=said)
    assert json.loads(said.getvalue()) == build_public_policy()


def test_the_command_says_when_no_bucket_would_take_it(acme, monkeypatch):
    said, errors = StringIO(), StringIO()
    monkeypatch.setattr("media_core.management.commands.public_policy.MAX_POLICY_BYTES", 100)
    call_command("public_policy", stdout=said, stderr=errors)
    assert "PUBLIC_MEDIA_MODE=acl or gateway" in errors.getvalue()
    assert MAX_POLICY_BYTES == 20_480


def test_without_a_bucket_no_policy_is_printed(acme, settings):
    settings.BUCKET_NAME = ""
    said = StringIO()
    with pytest.raises(CommandError, match="AWS_STORAGE_BUCKET_NAME is empty"):
        call_command("public_policy", stdout=said)
    assert said.getvalue() == ""
