"""The options of django-storages, all of them ours: none may unsign or publish what lies in a room."""

from typing import Any

from boto3.s3.transfer import TransferConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from media_core.bucket.client import build_client_config, get_bucket_access

# Reads roll over to disk instead of holding the whole object in memory.
MAX_MEMORY_BYTES = 2_000_000
CDN = "A CDN for public objects is set by PUBLIC_MEDIA_BASE_URL."
REMEDIES = {
    "custom_domain": f"It would take the signature away. {CDN}",
    "cloudfront_key_id": CDN,
    "cloudfront_key": CDN,
    "querystring_auth": "Public addresses have no signature anyway, and private ones are never without.",
    "default_acl": "Public objects get theirs by PUBLIC_MEDIA_MODE=acl.",
    "object_parameters": "Headers come from media_core/storages/headers.py.",
}


def build_storage_options(location: str) -> dict[str, Any]:
    """Return every option of django-storages explicitly: it reads no AWS_* of settings or environment."""
    access = get_bucket_access()
    return {
        "access_key": access.access_key,
        "secret_key": access.secret_key,
        "endpoint_url": access.endpoint_url,
        "region_name": access.region,
        "signature_version": access.signature_version,
        "addressing_style": access.addressing_style,
        "client_config": build_client_config(access),
        "bucket_name": settings.BUCKET_NAME,
        "location": location,
        # Keys carry a UUID, so nothing is overwritten and no name needs a HEAD to be tried.
        "file_overwrite": False,
        # None: an ACL is sent for public objects only, with their other headers.
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
        "max_memory_size": MAX_MEMORY_BYTES,
        "use_threads": None,
        "transfer_config": TransferConfig(use_threads=False),
    }


def refuse_options(options: dict[str, Any]) -> None:
    """Raise ImproperlyConfigured for an option that somebody gives: none is for them to choose."""
    for name in options:
        raise _build_refusal(name)


def refuse_changed_options(storage: object, expected: dict[str, Any]) -> None:
    """Raise ImproperlyConfigured when a subclass changed an option, by an attribute or by its own settings."""
    for name, value in expected.items():
        if _make_comparable(getattr(storage, name)) != _make_comparable(value):
            raise _build_refusal(name)


def _make_comparable(value: Any) -> Any:
    # The configurations of boto compare by identity, and each is made anew.
    return getattr(value, "__dict__", value)


def _build_refusal(name: str) -> ImproperlyConfigured:
    remedy = REMEDIES.get(name, "The bucket is set by the environment: see .env.example.")
    return ImproperlyConfigured(f"The storage of a room takes no option {name}. {remedy}")
