"""Our signer against botocore's: the same bytes, for every key, header, address and time."""

import copy
import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from media_core.bucket.client import BucketAccess, build_client_config, make_isolated_session
from media_core.bucket.percent import encode_component, encode_path
from media_core.bucket.signing import prove_signer
from media_core.bucket.sigv4 import QuerySigner, build_query, find_signing_time

BUCKET = "a-bucket"
KEYS = {"access_key": "AKIA/+=EXAMPLE", "secret_key": "wJalr/+ XUtnFEMI=ü"}
# endpoint, addressing style, region
PLACES = {
    "https virtual": ("https://fsn1.your-objectstorage.com", "virtual", "fsn1"),
    "https path": ("https://fsn1.your-objectstorage.com", "path", "fsn1"),
    "a port": ("https://s3.example:8443", "virtual", "eu-central-1"),
    "a port by path": ("http://127.0.0.1:9000", "path", "us-east-1"),
    "http virtual": ("http://s3.example", "virtual", "us-east-1"),
    "the usual port said": ("https://s3.example:443", "virtual", "fsn1"),
    "the usual port of http": ("http://s3.example:80", "path", "fsn1"),
    "the other's port": ("http://s3.example:443", "path", "fsn1"),
    "capitals": ("https://S3.Example", "path", "FSN1"),
    "IPv6": ("http://[::1]:9000", "path", "fsn1"),
    "Amazon": ("https://s3.eu-central-1.amazonaws.com", "virtual", "eu-central-1"),
    "a region of its own": ("https://s3.example", "path", "My-Region-1"),
}
NASTY = " +%&?=#~'()*!;:@,$\"\\<>|{}[]^`-._/" + "aZ09" + "äß–日\u202e😀👩‍👩‍👧\x00\x1f\n\r\t\x7f"
# Letters of the whole of Unicode, and what is special to somebody, often.
texts = st.text(st.sampled_from(NASTY) | st.characters(exclude_categories=["Cs"]), max_size=60)
keys = texts.filter(bool) | st.text(st.sampled_from(NASTY), min_size=900, max_size=900)
HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
)
times = st.integers(0, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
headers = st.fixed_dictionaries({}, optional={**dict.fromkeys(HEADERS, texts), "Expires": times})


def access(place: str) -> BucketAccess:
    endpoint, style, region = PLACES[place]
    return BucketAccess(
        endpoint_url=endpoint,
        region=region,
        signature_version="s3v4",
        addressing_style=style,  # type: ignore[arg-type]  # one of the two
        **KEYS,
    )


def client_of(given: BucketAccess, **credentials: str) -> Any:
    """Return a client as media_core/bucket/client.py makes it, maybe with credentials that expire."""
    session = boto3.session.Session(
        aws_access_key_id=given.access_key,
        aws_secret_access_key=given.secret_key,
        region_name=given.region,
        botocore_session=make_isolated_session(),
        **credentials,
    )
    return session.client("s3", endpoint_url=given.endpoint_url, config=build_client_config(given))


@dataclass(frozen=True)
class Two:
    """botocore's way to sign and ours, for one place."""

    client: Any
    signer: QuerySigner


@cache
def both(place: str) -> Two:
    client = client_of(access(place))
    signer = prove_signer(client, access(place), BUCKET)
    assert signer is not None
    return Two(client, signer)


def names_of(given: dict[str, Any]) -> dict[str, str]:
    """Return the parameters of the URL for botocore's own names of them; a time as botocore writes it."""
    return {
        "response" + re.sub("[A-Z]", lambda capital: f"-{capital[0].lower()}", name): (
            format_datetime(value, usegmt=True) if name == "Expires" else value
        )
        for name, value in given.items()
    }


def signed_both_ways(
    place: str, method: str, key: str, seconds: int, given_headers: dict[str, Any]
) -> tuple[str, str]:
    """Return botocore's URL, and ours for the time that botocore took from the clock."""
    two, asked = both(place), dict(sorted(given_headers.items()))
    theirs = two.client.generate_presigned_url(
        f"{method.lower()}_object",
        Params={"Bucket": BUCKET, "Key": key} | {f"Response{name}": asked[name] for name in asked},
        ExpiresIn=seconds,
    )
    written, signed_at = build_query(names_of(asked)), find_signing_time(theirs)
    assert signed_at is not None
    return theirs, two.signer.sign_url(key, written, method=method, seconds=seconds, now=signed_at)


@pytest.mark.parametrize("place", PLACES)
@hypothesis_settings(max_examples=30, deadline=None)
@given(st.sampled_from(["GET", "HEAD"]), keys, st.integers(1, 3600), headers)
@example("GET", "a//b", 1, {})
@example("HEAD", "/a", 1, {})
@example("GET", "//", 1, {})
@example("GET", "a/../b/./c/", 1, {})
@example("HEAD", "a + b %41%2F?x=1#y", 3600, {})
@example("GET", "😀" * 225, 60, dict.fromkeys(HEADERS, ""))
def test_writes_what_botocore_writes(place, method, key, seconds, given_headers):
    theirs, ours = signed_both_ways(place, method, key, seconds, given_headers)
    assert ours == theirs


def signed_by_botocore_at(now: int, region: str, key: str) -> str:
    """Return what botocore's signer writes at another time: what its `add_auth` does after it looked at the clock."""
    credentials = Credentials(KEYS["access_key"], KEYS["secret_key"])
    auth: Any = S3SigV4QueryAuth(credentials, "s3", region, 300)
    request = AWSRequest("GET", f"https://host.example/bucket/{encode_path(key)}")
    request.context["timestamp"] = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    auth._modify_request_before_signing(request)
    signature = auth.signature(
        auth.string_to_sign(request, auth.canonical_request(request)), request
    )
    auth._inject_signature_to_request(request, signature)
    return str(request.url)


@hypothesis_settings(max_examples=200, deadline=None)
@given(now=st.integers(0, 4_102_444_800))
@example(now=86_399)
@example(now=86_400)
@example(now=1_709_164_800)  # 29 February 2024, 00:00:00
@example(now=1_709_251_199)
def test_signs_at_any_time_with_that_days_key(now, signer_at_home):
    for moment in (now, now + 1, now + 86_400, now):
        ours = signer_at_home.sign_url("a b", "", method="GET", seconds=300, now=moment)
        assert ours == signed_by_botocore_at(moment, "fsn1", "a b")


@pytest.fixture(scope="module")
def signer_at_home() -> QuerySigner:
    return QuerySigner("https://host.example/bucket", region="fsn1", **KEYS)


def test_writes_the_example_of_the_documentation():
    signer = QuerySigner(
        "https://examplebucket.s3.amazonaws.com",
        region="us-east-1",
        access_key="AKIAIOSFODNN7EXAMPLE",
        secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    )
    url = signer.sign_url("test.txt", "", method="GET", seconds=86_400, now=1_369_353_600)
    assert url.endswith("aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")


@pytest.mark.parametrize("shown", [repr, str, lambda signer: repr(signer._day)])
def test_shows_no_secret(shown: Callable[[QuerySigner], str], signer_at_home):
    signer_at_home.sign_url("a", "", method="GET", seconds=1, now=0)
    said = shown(signer_at_home)
    assert not [secret for secret in KEYS.values() if secret in said]
    assert "HMAC" not in said
    assert "AKIA" not in said


@pytest.mark.parametrize("take_along", [pickle.dumps, copy.copy, copy.deepcopy])
def test_is_never_pickled(take_along: Callable[[QuerySigner], object], signer_at_home):
    with pytest.raises(TypeError, match="holds credentials"):
        take_along(signer_at_home)


@hypothesis_settings(max_examples=500, deadline=None)
@given(text=texts)
def test_encodes_as_botocore_does(text):
    # The function of urllib that botocore calls, with the characters that it leaves.
    quote = S3SigV4QueryAuth.canonical_query_string.__globals__["quote"]
    assert encode_component(text) == quote(text, safe="-_.~")
    assert encode_path(text) == quote(text, safe="/~")
