"""The storages of one room: public and private, both cheap values over the process's one client."""

import threading
from datetime import datetime
from typing import IO, Any, NoReturn, cast

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)
from django.conf import settings
from django.core.files.base import File
from storages.backends.s3 import S3Storage

from media_core.errors import BucketRefused, BucketUnavailable
from media_core.storages.client import (
    bucket_access,
    bucket_client,
    client_config,
    closed_session,
)
from media_core.storages.file_types import DOWNLOAD_TYPE
from media_core.storages.models import StoredObject
from tenants.binding import bound_tenant
from tenants.errors import NameRefused
from tenants.prefixes import ObjectKey, Prefix

NO_ANSWER = (
    ConnectTimeoutError,
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)
MAX_MEMORY_BYTES = 2_000_000
# 429 and 503 are how S3, Ceph RGW and their front ends say "later".
BUSY_STATUSES = frozenset({429, 500, 502, 503, 504})
REFUSED_STATUSES = frozenset({401, 403})


class SharedClientSession(boto3.session.Session):
    """Makes resources over the process's client instead of one client each."""

    def client(self, *_args: Any, **_kwargs: Any) -> Any:
        return bucket_client()


# Resources are not thread-safe, so each thread has one; it costs no client.
_local = threading.local()


class SharedBucketStorage(S3Storage):  # type: ignore[misc]  # django-storages ships no types
    """One area (`media` or `private`) of one tenant's room. Names are relative to the area.

    Fixed for life: it never asks which tenant is bound. It signs nothing; links come from presigned.py.
    """

    def __init__(self, prefix: Prefix, area: StoredObject.Area) -> None:
        self.prefix = prefix
        self.area = area
        super().__init__()

    def get_default_settings(self) -> dict[str, Any]:
        """Return every option of django-storages explicitly: it reads no AWS_* of settings or environment."""
        access = bucket_access()
        return {
            "access_key": access.access_key,
            "secret_key": access.secret_key,
            "endpoint_url": access.endpoint_url,
            "region_name": access.region,
            "signature_version": access.signature_version,
            "addressing_style": access.addressing_style,
            "client_config": client_config(access),
            "bucket_name": settings.BUCKET_NAME,
            "location": f"{self.prefix}{self.area}",
            # Keys carry a UUID, so nothing is overwritten and no name needs a HEAD to be tried.
            "file_overwrite": False,
            # None: no ACL header is sent. A custom domain would silently take the signature away.
            "default_acl": None,
            "custom_domain": None,
            "querystring_auth": True,
            "querystring_expire": settings.PRESIGNED_URL_EXPIRATION,
            "gzip": False,
            "gzip_content_types": (),
            "object_parameters": {},
            "file_name_charset": "utf-8",
            "url_protocol": "https:",
            "use_ssl": True,
            "verify": None,
            "proxies": None,
            "security_token": None,
            "session_profile": None,
            "cloudfront_key_id": None,
            "cloudfront_key": None,
            # Reads roll over to disk instead of holding the whole object in memory.
            "max_memory_size": MAX_MEMORY_BYTES,
            "use_threads": None,
            "transfer_config": TransferConfig(use_threads=False),
        }

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A storage holds credentials, so it is never pickled. Pass the tenant's id and the name."
        )

    @property
    def connection(self) -> Any:
        known = getattr(_local, "resource", None)
        if known is None or known.meta.client is not bucket_client():
            _local.resource = known = SharedClientSession(
                botocore_session=closed_session()
            ).resource("s3")
        return known

    @property
    def bucket(self) -> Any:
        # Never kept: django-storages keeps the first thread's and hands it to all others.
        return self.connection.Bucket(self.bucket_name)

    def _normalize_name(self, name: str) -> ObjectKey:
        return self.prefix.key(f"{self.area}/{name}")

    # django-storages tidies a name before it asks for its key ("a/../b" becomes "b"); here it is refused as it came.
    def _save(self, name: str, content: "File[bytes]") -> str:
        self._normalize_name(name)
        return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        self._normalize_name(name)
        super().delete(name)

    def exists(self, name: str) -> bool:
        self._normalize_name(name)
        return bool(super().exists(name))

    def size(self, name: str) -> int:
        self._normalize_name(name)
        return int(super().size(name))

    def get_modified_time(self, name: str) -> datetime:
        self._normalize_name(name)
        return cast("datetime", super().get_modified_time(name))

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        if max_length is not None and len(name) > max_length:
            raise NameRefused(f"It has {len(name)} characters; {max_length} is the most here.")
        return name

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        # A name is no proof of a type; neither is what a browser said of an upload.
        return {"ContentType": DOWNLOAD_TYPE}

    def _open(self, name: str, mode: str = "rb") -> File:  # type: ignore[type-arg]  # django-storages' file is untyped
        if mode != "rb":
            # django-storages completes a half-written upload when the writer fails.
            raise ValueError(
                f"Objects are opened to be read ('rb'), not {mode!r}. Write with save()."
            )
        self._normalize_name(name)
        return cast("File[Any]", super()._open(name, mode))

    def url(self, name: str, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError(
            f"No link for {self.area} by name: presigned.py signs, for a row that somebody may read."
        )

    def put(self, stored: StoredObject, body: IO[bytes], *, file_name: str) -> str:
        """Write the object of this row and return its ETag. One request.

        Raises BucketUnavailable when the bucket does not answer or is busy, after the client's own retries.
        """
        try:
            answer = bucket_client().put_object(
                Bucket=self.bucket_name,
                Key=self._key_of(stored),
                Body=body,
                ContentLength=stored.size_bytes,
                ContentType=stored.content_type,
            )
        except (BotoCoreError, ClientError) as error:
            raise translated(error) from error
        return answer["ETag"].strip('"')

    def remove(self, stored: StoredObject) -> None:
        """Delete the object of this row; one that is not there counts as deleted. One request."""
        try:
            bucket_client().delete_object(Bucket=self.bucket_name, Key=self._key_of(stored))
        except (BotoCoreError, ClientError) as error:
            raise translated(error) from error

    def _key_of(self, stored: StoredObject) -> ObjectKey:
        if stored.area != self.area or not self.prefix.holds(stored.key):
            raise ValueError(f"The object is not in the {self.area} area of {self.prefix}.")
        return stored.key


def translated(error: BotoCoreError | ClientError) -> Exception:
    """Return what the error means: no answer or busy, refused, or else the error itself."""
    if isinstance(error, NO_ANSWER):
        return BucketUnavailable(type(error).__name__)
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status in REFUSED_STATUSES:
            return BucketRefused(
                f"It answered {status} {error.response.get('Error', {}).get('Code', '')}: check its keys."
            )
        if status in BUSY_STATUSES:
            return BucketUnavailable(f"It answered {status}.")
    return error


def bucket_storage(area: str) -> SharedBucketStorage:
    """Return the bucket's storage of an area of the bound tenant's room. No query, no request."""
    return SharedBucketStorage(bound_tenant().prefix, StoredObject.Area(area))
