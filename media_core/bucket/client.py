"""The one boto3 client of this process. Clients are thread-safe once made; sessions and resources are not."""

import os
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, cast

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from django.conf import settings

from media_core.bucket.attempts import register_attempt_hooks
from media_core.bucket.hooks import add_hooks
from media_core.bucket.providers import PROVIDERS, Provider
from media_core.bucket.sender import (
    CONNECT_TIMEOUT_SECONDS,
    READ_TIMEOUT_SECONDS,
    Sender,
    translate_busy_answer,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class BucketAccess:
    """Which bucket, where, and with what: everything a client is made of."""

    endpoint_url: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)
    signature_version: str
    addressing_style: Literal["virtual", "path"]


_clients: dict[tuple[int, int, BucketAccess, bool], "S3Client"] = {}
_senders: dict[tuple[int, int], Sender] = {}
_lock = Lock()


def get_provider() -> Provider:
    """Return what is known of the one who sold the bucket: BUCKET_PROVIDER in settings."""
    return PROVIDERS[settings.BUCKET_PROVIDER]


def get_bucket_access() -> BucketAccess:
    """Return what settings say about the bucket."""
    return BucketAccess(
        endpoint_url=settings.BUCKET_ENDPOINT_URL,
        region=settings.BUCKET_REGION,
        access_key=settings.BUCKET_ACCESS_KEY,
        secret_key=settings.BUCKET_SECRET_KEY,
        signature_version=settings.BUCKET_SIGNATURE_VERSION,
        addressing_style=cast("Literal['virtual', 'path']", settings.BUCKET_ADDRESSING_STYLE),
    )


def build_client_config(access: BucketAccess) -> Config:
    """Return every option explicitly, so that nothing of the environment decides.

    Checksums only where S3 demands them: boto's default sends an aws-chunked trailer over HTTPS, which Ceph RGW
    answers with 411.

    A request is tried four times. Between tries one waits up to 1, 2 and 4 seconds when the bucket is busy, and up to
    five more each time when it says Retry-After; so it fails after 22 seconds at most when every answer comes at once.
    An answer that does not come in 10 seconds, or a connection in 5, is not waited for again: see Sender.
    """
    return Config(
        signature_version=access.signature_version,
        s3={"addressing_style": access.addressing_style},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS},
        max_pool_connections=settings.BUCKET_CONNECTIONS,
        proxies={},
    )


def get_bucket_client() -> "S3Client":
    """Return this process's client for the credentials in settings. Makes it once, anew after a fork."""
    return _get_client(anonymous=False)


def get_anonymous_client() -> "S3Client":
    """Return a client that signs nothing, to see what a stranger sees. Made once as well."""
    return _get_client(anonymous=True)


def _get_client(*, anonymous: bool) -> "S3Client":
    access = get_bucket_access()
    key = (os.getpid(), settings.BUCKET_CONNECTIONS, access, anonymous)
    client = _clients.get(key)
    if client is None:
        with _lock:
            client = _clients.get(key) or _clients.setdefault(
                key, _make_shared_client(access, anonymous=anonymous)
            )
    return client


def make_isolated_session() -> botocore.session.Session:
    """Return a session that reads no AWS_* variable and no ~/.aws: an AWS_PROFILE of a shell would stop every upload.

    AWS_CA_BUNDLE alone counts: it is the way to trust an authority of one's own.
    """
    variables = {
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in botocore.session.Session.SESSION_VARIABLES.items()
        if name != "ca_bundle"
    }
    files = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return botocore.session.Session(session_vars={**variables, **files})


def make_one_off_client(access: BucketAccess, config: Config, **other: Any) -> "S3Client":
    """Return a client for one question, with some of its access and configuration changed. It is not kept."""
    changed = replace(access, **other)
    return _make_client(changed, build_client_config(changed).merge(config))


def _make_shared_client(access: BucketAccess, *, anonymous: bool) -> "S3Client":
    config = build_client_config(access)
    if anonymous:
        config = config.merge(Config(signature_version=UNSIGNED))
    return _make_client(access, config)


def _make_client(access: BucketAccess, config: Config) -> "S3Client":
    # A session of its own: boto3's default session is shared with whatever else runs in the process.
    session = boto3.session.Session(
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        region_name=access.region,
        botocore_session=make_isolated_session(),
    )
    client = session.client("s3", endpoint_url=access.endpoint_url, config=config)
    add_hooks(client)
    register_attempt_hooks(client)
    events = client.meta.events
    # Last, so that whoever looks on sees a request before it is sent.
    events.register_last("before-send.s3", cast("Any", get_bucket_sender().send))
    events.register("before-parse.s3", translate_busy_answer)
    return client


def get_bucket_sender() -> Sender:
    """Return this process's one sender: what strangers see is asked over the same connections."""
    connections = settings.BUCKET_CONNECTIONS
    key = (os.getpid(), connections)
    sender = _senders.get(key)
    if sender is None:
        verify = make_isolated_session().get_config_variable("ca_bundle") or True
        sender = _senders.setdefault(key, Sender(connections, verify=verify))
    return sender
