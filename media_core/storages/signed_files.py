"""Our own signed addresses of objects on disk, the twin of presigned.py: for a row that a permission check returned."""

import base64
import binascii
import json
import time
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from media_core.ledger.models import StoredObject
from media_core.storages.presigned import choose_lifetime_seconds
from tenants.binding import bound_tenant
from tenants.errors import NotFound

SALT = "media_core.storages.signed_files"


@dataclass(frozen=True, slots=True)
class SignedFile:
    """What a signed address gives, as it was signed."""

    object_id: UUID
    file_name: str
    content_type: str


def sign_file_path(stored: StoredObject, *, file_name: str) -> str:
    """Return a path at the tenant's host that gives this one object to whoever holds it, for a few minutes.

    Object, tenant, type, name and end are signed, so the holder can change none of them. The path is a secret:
    redirect to it; never render, store, log or mail it. No query. Raises NotFound for an object that is not stored.
    """
    stored.refuse_another_tenant()
    if stored.state != StoredObject.State.STORED:
        raise NotFound
    tenant = bound_tenant()
    expires_at = int(time.time()) + choose_lifetime_seconds(tenant, stored.content_type)
    facts = [stored.pk.hex, tenant.id.hex, expires_at, stored.content_type]
    payload = base64.urlsafe_b64encode(json.dumps(facts).encode()).decode().rstrip("=")
    signature = _make_signer().signature(f"{payload}/{file_name}")
    path = reverse(
        "files:signed",
        kwargs={"token": f"{payload}.{signature}", "file_name": "x"},
        urlconf=settings.ROOT_URLCONF,
    )
    return path.removesuffix("x") + quote(file_name, safe="")


def unsign_file_path(token: str, file_name: str) -> SignedFile:
    """Return what this address gives at the bound tenant's host. Raises NotFound when it was changed or is over."""
    payload, _, signature = token.partition(".")
    if "." in signature:
        # "….pdf.SIGNATURE/offer" would be signed as "…SIGNATURE/offer.pdf" was.
        raise NotFound
    try:
        _make_signer().unsign(f"{payload}/{file_name}.{signature}")
        object_id, tenant_id, expires_at, content_type = json.loads(
            base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        )
    except (BadSignature, binascii.Error, ValueError, TypeError) as error:
        raise NotFound from error
    if tenant_id != bound_tenant().id.hex or time.time() >= expires_at:
        raise NotFound
    return SignedFile(UUID(object_id), file_name, content_type)


def _make_signer() -> Signer:
    return Signer(salt=SALT, sep=".")
