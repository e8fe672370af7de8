"""The storages of one room: public and private, both cheap values over the process's one client."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from shutil import copyfileobj
from typing import IO, Any, NoReturn, cast

import boto3
from botocore.exceptions import ClientError
from django.conf import settings
from django.core.files.base import File
from storages.backends.s3 import S3Storage

from media_core.bucket.attempts import count_attempts
from media_core.bucket.bucket_errors import BUCKET_ERRORS, get_status, translate_error
from media_core.bucket.capabilities import Capability
from media_core.bucket.client import get_bucket_client, make_isolated_session
from media_core.bucket.etags import compute_md5, read_etag
from media_core.bucket.public_access import join_public_url
from media_core.bucket.requirements import require_to_store
from media_core.disk_files import copy_and_digest
from media_core.errors import ObjectMissing, UnknownBucketAnswer
from media_core.ledger.models import StoredObject
from media_core.storages.file_types import DOWNLOAD_TYPE
from media_core.storages.headers import build_object_parameters
from media_core.storages.options import (
    MAX_MEMORY_BYTES,
    build_storage_options,
    refuse_changed_options,
    refuse_options,
)
from tenants.binding import bound_tenant
from tenants.errors import NameRefused
from tenants.prefixes import ObjectKey, Prefix


class SharedClientSession(boto3.session.Session):
    """Makes resources over the process's client instead of one client each."""

    def client(self, *_args: Any, **_kwargs: Any) -> Any:
        return get_bucket_client()


# Resources are not thread-safe, so each thread has one; it costs no client.
_local = threading.local()


class SharedBucketStorage(S3Storage):  # type: ignore[misc]  # django-storages ships no types
    """One area (`media` or `private`) of one tenant's room. Names are relative to the area.

    Fixed for life: it never asks which tenant is bound. It signs nothing; links come from presigned.py. No option can
    be given, neither here nor by a subclass: ImproperlyConfigured says why.
    """

    def __init__(self, prefix: Prefix, area: StoredObject.Area, **options: Any) -> None:
        refuse_options(options)
        self.prefix = prefix
        self.area = area
        super().__init__()
        refuse_changed_options(self, build_storage_options(f"{prefix}{area}"))

    def get_default_settings(self) -> dict[str, Any]:
        """Return every option explicitly: django-storages reads no AWS_* of settings or environment."""
        return build_storage_options(f"{self.prefix}{self.area}")

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A storage holds credentials, so it is never pickled. Pass the tenant's id and the name."
        )

    @property
    def connection(self) -> Any:
        known = getattr(_local, "resource", None)
        if known is None or known.meta.client is not get_bucket_client():
            _local.resource = known = SharedClientSession(
                botocore_session=make_isolated_session()
            ).resource("s3")
        return known

    @property
    def bucket(self) -> Any:
        # Never kept: django-storages keeps the first thread's and hands it to all others.
        return self.connection.Bucket(self.bucket_name)

    def _normalize_name(self, name: str) -> ObjectKey:
        return self.prefix.build_key(f"{self.area}/{name}")

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
        return build_object_parameters(self.area, DOWNLOAD_TYPE, file_name=name.rpartition("/")[2])

    def _open(self, name: str, mode: str = "rb") -> File:  # type: ignore[type-arg]  # django-storages' file is untyped
        if mode != "rb":
            # django-storages completes a half-written upload when the writer fails.
            raise ValueError(
                f"Objects are opened to be read ('rb'), not {mode!r}. Write with save()."
            )
        self._normalize_name(name)
        return cast("File[Any]", super()._open(name, mode))

    def url(self, name: str, *_args: Any, **_kwargs: Any) -> str:
        """Return the public address of a public object. There is none of a private one: TypeError."""
        self._refuse_private_url()
        return join_public_url(self._normalize_name(name))

    def build_public_url(self, stored: StoredObject) -> str:
        """Return the address of a public object, without a signature. No request, and no client is made for it."""
        self._refuse_private_url()
        return join_public_url(self._require_key(stored))

    def _refuse_private_url(self) -> None:
        if self.area != StoredObject.Area.PUBLIC:
            raise TypeError(
                f"No link for {self.area} by name: presigned.py signs, for a row that somebody may read."
            )

    def put(self, stored: StoredObject, body: IO[bytes], *, file_name: str) -> str:
        """Write the object of this row with its headers and return its ETag. One query, one request.

        Raises BucketUnavailable when the bucket does not answer or is busy, after the client's own retries,
        BucketNotProved where nobody has proved that the bucket is fit for this area, and UnknownBucketAnswer for any
        other answer that does not confirm the object. `stored.may_be_there` then says whether the bucket may have
        stored it anyway. When the ETag is not the MD5, the object is read back: one request more.
        """
        with count_attempts() as attempts:
            try:
                return self._put(stored, body, file_name=file_name)
            finally:
                stored.may_be_there = bool(attempts.in_doubt)

    def _put(self, stored: StoredObject, body: IO[bytes], *, file_name: str) -> str:
        require_to_store(self.area)
        digest = compute_md5(body)
        try:
            answer = get_bucket_client().put_object(
                Bucket=self.bucket_name,
                Key=self._require_key(stored),
                Body=body,
                ContentLength=stored.size_bytes,
                **build_object_parameters(
                    self.area,
                    stored.content_type,
                    file_name=file_name,
                    key_is_its_own=stored.has_unique_key,
                ),
            )
        except BUCKET_ERRORS as error:
            raise translate_error(error) from error
        etag = read_etag(answer)
        if etag != digest:
            self._confirm(stored)
        return etag

    def _confirm(self, stored: StoredObject) -> None:
        """Raise UnknownBucketAnswer when the bucket has no object, or not the bytes of its row. One request."""
        if not self._has_its_bytes(stored):
            raise UnknownBucketAnswer("It says that it stored the object, and has not.")

    def _has_its_bytes(self, stored: StoredObject) -> bool:
        try:
            with self.read(stored) as body:
                return copy_and_digest(body, len) == (stored.size_bytes, stored.sha256)
        except ObjectMissing:
            return False

    def copy(self, source: StoredObject, target: StoredObject, *, file_name: str) -> str:
        """Write the object of `target` with the bytes of `source` and headers of its own; return its ETag.

        One request where the bucket was proved to copy; where it was not, or fails to, as Hetzner's may, the bytes come
        and go through a temporary file. One copy takes 5 GB at most, which is the most that an upload may have. Raises
        ObjectMissing, and as `put` does.
        """
        if not require_to_store(self.area).has(Capability.COPY):
            return self._copy_through_file(source, target, file_name=file_name)
        try:
            return self._copy_in_bucket(source, target, file_name=file_name)
        except BUCKET_ERRORS as error:
            if not isinstance(error, ClientError) or isinstance(
                translate_error(error), ObjectMissing
            ):
                raise translate_error(error) from error
        return self._copy_through_file(source, target, file_name=file_name)

    def _copy_in_bucket(self, source: StoredObject, target: StoredObject, *, file_name: str) -> str:
        # REPLACE, or the headers of the other area would come along; the ACL never does.
        answer = get_bucket_client().copy_object(
            Bucket=self.bucket_name,
            Key=self._require_key(target),
            CopySource={"Bucket": self.bucket_name, "Key": self._require_tenant_key(source)},
            MetadataDirective="REPLACE",
            **build_object_parameters(
                self.area,
                target.content_type,
                file_name=file_name,
                key_is_its_own=target.has_unique_key,
            ),
        )
        return read_etag(answer.get("CopyObjectResult", {}))

    def _copy_through_file(
        self, source: StoredObject, target: StoredObject, *, file_name: str
    ) -> str:
        with make_temporary_file() as body:
            with self._open_body(self._require_tenant_key(source)) as original:
                copyfileobj(original, body)
            body.seek(0)
            # Not `put`: the bucket may have done what it was asked to copy.
            return self._put(target, body, file_name=file_name)

    @contextmanager
    def read(self, stored: StoredObject) -> Iterator[IO[bytes]]:
        """Lend the bytes of the object as a stream. Raises ObjectMissing. One request."""
        with self._open_body(self._require_key(stored)) as body:
            yield body

    @contextmanager
    def _open_body(self, key: ObjectKey) -> Iterator[IO[bytes]]:
        try:
            body = get_bucket_client().get_object(Bucket=self.bucket_name, Key=key)["Body"]
            try:
                yield cast("IO[bytes]", body)
            finally:
                body.close()
        except BUCKET_ERRORS as error:
            raise translate_error(error) from error

    def holds(self, stored: StoredObject) -> bool:
        """Return whether the object of this row is there; another's under its key is not. One request, or two."""
        try:
            found = get_bucket_client().head_object(
                Bucket=self.bucket_name, Key=self._require_key(stored)
            )
        except ClientError as error:
            if get_status(error) == HTTPStatus.NOT_FOUND:
                return False
            raise translate_error(error) from error
        except BUCKET_ERRORS as error:
            raise translate_error(error) from error
        return stored.has_unique_key or (
            found["ContentLength"] == stored.size_bytes
            and (read_etag(found) == stored.etag or self._has_its_bytes(stored))
        )

    def remove(self, stored: StoredObject) -> None:
        """Delete the object of this row, and no other; it may be gone already. One to three requests."""
        if not (stored.has_unique_key or self.holds(stored)):
            return
        try:
            get_bucket_client().delete_object(
                Bucket=self.bucket_name, Key=self._require_key(stored)
            )
        except BUCKET_ERRORS as error:
            raise translate_error(error) from error

    def _require_key(self, stored: StoredObject) -> ObjectKey:
        if stored.area != self.area or not self.prefix.holds(stored.key):
            raise ValueError(f"The object is not in the {self.area} area of {self.prefix}.")
        return stored.key

    def _require_tenant_key(self, stored: StoredObject) -> ObjectKey:
        if not self.prefix.holds(stored.key):
            raise ValueError(f"The object is not in the room {self.prefix}.")
        return stored.key


def make_temporary_file() -> IO[bytes]:
    """Return a file for bytes on their way; a large one waits on disk, where uploads wait."""
    return cast(
        "IO[bytes]",
        tempfile.SpooledTemporaryFile(MAX_MEMORY_BYTES, dir=settings.FILE_UPLOAD_TEMP_DIR),
    )


def get_bucket_storage(area: str) -> SharedBucketStorage:
    """Return the bucket's storage of an area of the bound tenant's room. No query, no request."""
    return SharedBucketStorage(bound_tenant().prefix, StoredObject.Area(area))
