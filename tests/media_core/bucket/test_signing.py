"""Who signs: our signer where it writes what botocore writes, botocore where it does not; and the bucket agrees."""

import logging
from typing import Any
from unicodedata import normalize
from urllib.parse import parse_qs, quote, urlsplit

import botocore.session
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from django.conf import settings as django_settings
from django.utils.http import content_disposition_header
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from media_core.bucket.client import get_bucket_client
from media_core.bucket.signing import find_own_signer, prove_signer
from media_core.bucket.sigv4 import build_query, find_signing_time
from media_core.storages.content_types import build_disposition, encode_disposition
from media_core.storages.presigned import presign_get
from tenants.binding import bind_tenant
from tests.media_core.bucket.test_sigv4 import BUCKET, access, client_of, texts
from tests.media_core.conftest import stored_row

# Keys of more kinds than our key builder makes.
NASTY_KEYS = [
    "signing/a + b.txt",
    "signing/100%25 & more=1?x#y.txt",
    "signing//two//slashes.txt",
    "signing/Übersicht – Q3 «neu».txt",
    normalize("NFD", "signing/Übersicht.txt"),
    "signing/日本語 😀 👩‍👩‍👧.txt",
    "signing/'quoted' \"twice\" (1) [2] {3} *!;:@,$~`^|.txt",
    "signing/" + "x" * 892,
    "signing/" + "é" * 446,
]
HEADERS = {
    "response-cache-control": "private, no-store",
    "response-content-disposition": "attachment; filename*=utf-8''%C3%9Cbersicht.txt",
    "response-content-type": "text/plain; charset=utf-8",
}


# --- the bucket takes it


@pytest.mark.parametrize("key", NASTY_KEYS)
def test_the_bucket_gives_the_bytes_of_any_key_with_the_headers_that_were_signed(key):
    get_bucket_client().put_object(Bucket=django_settings.BUCKET_NAME, Key=key, Body=key.encode())
    signer = find_own_signer()
    assert signer is not None
    url = signer.sign_url(key, build_query(HEADERS), method="GET", seconds=60, now=now())
    answer = requests.get(url, timeout=60)
    assert (answer.status_code, answer.content) == (200, key.encode())
    assert {f"response-{name}": answer.headers[name] for name in ANSWERED} == HEADERS


ANSWERED = ("cache-control", "content-disposition", "content-type")


def now() -> int:
    """Return the time by the clock of the one who signs for comparison."""
    url = get_bucket_client().generate_presigned_url(
        "get_object", Params={"Bucket": django_settings.BUCKET_NAME, "Key": "clock"}
    )
    return find_signing_time(url) or 0


@pytest.mark.django_db
def test_a_link_is_what_botocore_would_write(acme):
    with bind_tenant(acme):
        row = stored_row(content_type="text/plain; charset=latin-1")
        ours = presign_get(row, file_name="Übersicht.txt")
        theirs = ours
        # The clock may go on between the two.
        for _ in range(3):
            ours, theirs = presign_get(row, file_name="Übersicht.txt"), by_botocore(row.key)
            if ours == theirs:
                break
    assert ours == theirs


def by_botocore(key: str) -> str:
    return get_bucket_client().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": django_settings.BUCKET_NAME,
            "Key": key,
            "ResponseCacheControl": "private, no-store",
            "ResponseContentDisposition": "attachment; filename*=utf-8''%C3%9Cbersicht.txt",
            "ResponseContentType": "text/plain; charset=latin-1",
        },
        ExpiresIn=300,
    )


# --- what goes through botocore


def test_our_signer_signs_for_the_bucket_of_these_tests():
    assert find_own_signer() is not None
    assert find_own_signer() is find_own_signer()


def test_other_settings_are_signed_for_as_they_are(settings):
    known = find_own_signer()
    settings.BUCKET_SECRET_KEY = "another"
    assert find_own_signer() is not known


@pytest.mark.django_db
def test_signature_version_2_is_botocores(acme, settings):
    settings.BUCKET_SIGNATURE_VERSION, settings.BUCKET_ADDRESSING_STYLE = "s3", "virtual"
    assert find_own_signer() is None
    with bind_tenant(acme):
        url = presign_get(stored_row(), file_name="x.pdf")
    assert {"AWSAccessKeyId", "Expires", "Signature"} <= parse_qs(urlsplit(url).query).keys()


def test_temporary_credentials_are_botocores():
    given = access("https path")
    client = client_of(given, aws_session_token="a token")
    assert "X-Amz-Security-Token" in client.generate_presigned_url(
        "get_object", Params={"Bucket": BUCKET, "Key": "k"}
    )
    assert prove_signer(client, given, BUCKET) is None


def test_what_is_not_signed_is_botocores():
    given = access("https path")
    client = anonymous(client_of(given))
    assert prove_signer(client, given, BUCKET) is None


def anonymous(client: Any) -> Any:
    session = botocore.session.Session()
    config = Config(signature_version=UNSIGNED)
    return session.create_client(
        "s3", region_name="fsn1", endpoint_url=client.meta.endpoint_url, config=config
    )


@pytest.mark.parametrize(
    "bucket",
    [
        "arn:aws:s3:eu-central-1:123456789012:accesspoint/mine",
        "arn:aws:s3-outposts:eu-central-1:123456789012:outpost/op-01234567890123456/accesspoint/mine",
        "arn:aws:s3-object-lambda:eu-central-1:123456789012:accesspoint/mine",
    ],
)
def test_what_botocore_signs_in_another_way_is_never_signed_in_ours(bucket):
    given = access("Amazon")
    assert_never_another(client_of(given), given, bucket)


@pytest.mark.parametrize("bucket", ["a.bucket.with.dots", "a--bucket", "127-bucket", "xn-a"])
@pytest.mark.parametrize("place", ["https virtual", "http virtual", "https path"])
def test_a_bucket_that_botocore_addresses_in_its_own_way_is_found_there(bucket, place):
    given = access(place)
    assert_never_another(client_of(given), given, bucket)


def test_a_wrong_secret_is_not_taken_for_the_right_one():
    given, other = access("https path"), client_of(access("https path"))
    other = client_of(type(given)(**{**fields(given), "secret_key": "another"}))
    assert prove_signer(other, given, BUCKET) is None


def fields(given: Any) -> dict[str, Any]:
    return {name: getattr(given, name) for name in type(given).__slots__}


def assert_never_another(client: Any, given: Any, bucket: str) -> None:
    """Our signer declines, or writes what botocore writes for another key than the one it was tried with."""
    signer = prove_signer(client, given, bucket)
    theirs = client.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "a b"}, ExpiresIn=300
    )
    if signer is not None:
        signed_at = find_signing_time(theirs) or 0
        assert signer.sign_url("a b", "", method="GET", seconds=300, now=signed_at) == theirs


# --- what is around it


@pytest.mark.django_db
def test_signing_writes_nothing_into_the_log(acme, caplog):
    with caplog.at_level(logging.DEBUG), bind_tenant(acme):
        row = stored_row()
        find_own_signer()
        caplog.clear()
        presign_get(row, file_name="x.pdf")
    assert [record for record in caplog.records if "X-Amz" in record.getMessage()] == []
    assert [record.name for record in caplog.records if record.name.startswith("boto")] == []


@hypothesis_settings(max_examples=400, deadline=None)
@given(name=texts, content_type=st.sampled_from(["application/pdf", "text/html", ""]))
@example(name="", content_type="application/pdf")
@example(name="trailing\n", content_type="application/pdf")
def test_the_disposition_is_the_one_that_django_writes(name, content_type):
    inline = content_type == "application/pdf"
    assert build_disposition(content_type, name) == (
        content_disposition_header(not inline, name) or "attachment"
    )
    assert encode_disposition(content_type, name) == quote(
        build_disposition(content_type, name), safe="-_.~"
    )
