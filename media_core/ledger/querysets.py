"""Questions to the ledger, and how a row for a new object begins."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db.models import BigIntegerField, Min, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from media_core.errors import RemovedFilesExceedQuota
from media_core.ledger.choices import Area, Kind, Place, State
from media_core.ledger.object_names import build_object_name
from media_core.rows import TenantRowQuerySet
from tenants import quotas
from tenants.errors import QuotaExceeded
from tenants.prefixes import PUBLIC_AREA

if TYPE_CHECKING:
    from media_core.ledger.models import StoredObject

# Longer than any request may take, so that nothing that is still being written is given up. The row of a failed upload
# waits as long, without its quota: a PUT that timed out here may still come to its end in the bucket.
PENDING_LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Content:
    """What is about to be stored: what people call it, how large, of which proved type, with which digest."""

    file_name: str
    size_bytes: int
    content_type: str
    sha256: str


class StoredObjectQuerySet(TenantRowQuerySet["StoredObject"]):
    def reserve(self, content: Content, *, area: str = "private", **given: Any) -> "StoredObject":
        """Return a pending row for an object that is about to be written, its bytes promised from the quota.

        Raises as `promise`. Belongs into a transaction. One INSERT, one UPDATE.
        """
        row = self.create_pending(content, area=area, charged_bytes=content.size_bytes, **given)
        self.reserve_quota(row.charged_bytes)
        return row

    def reserve_quota(self, size_bytes: int) -> None:
        """Promise bytes of the quota to an upload. Raises QuotaExceeded, or RemovedFilesExceedQuota. One UPDATE.

        What was removed holds no quota while it is kept for backups: beyond the quota, nothing more comes in.
        """
        retained = self.retained().order_by().values(ledger=Value(1))
        total = Subquery(retained.values(total=Sum("size_bytes")), BigIntegerField())
        try:
            quotas.reserve_bytes(size_bytes, Q(quota_bytes__gte=Coalesce(total, 0)))
        except QuotaExceeded:
            self._refuse_retained()
            raise

    def _refuse_retained(self) -> None:
        """Raise RemovedFilesExceedQuota if that is why nothing comes in. Two queries."""
        found = self.retained().aggregate(total=Sum("size_bytes"), first=Min("purge_after"))
        quota_bytes = quotas.read_quota().quota_bytes
        if found["total"] and quota_bytes is not None and found["total"] > quota_bytes:
            raise RemovedFilesExceedQuota(
                f"The oldest of them are gone on {found['first']:%Y-%m-%d %H:%M} UTC. "
                "An admin of this site can ask the agency for a larger quota before."
            )

    def retained(self) -> Self:
        """Return what was removed and is kept, so that a restored backup of the database finds it.

        A public copy is due at once, and so is what is condemned without a time to keep it.
        """
        return self.filter(state=State.CONDEMNED, purge_after__gt=timezone.now()).exclude(
            kind=Kind.PUBLIC_COPY
        )

    def create_pending(
        self, content: Content, *, area: str, folder: str = "", **given: Any
    ) -> "StoredObject":
        """Return a pending row for an object under a key that never was before. It holds no quota by itself.

        Its kind is what documents have in this area, unless another is given. Only a public file of an app brings its
        name along, so its key may have been another's, which is gone.
        """
        object_id = uuid.uuid4()
        facts = {
            "name": build_object_name(area, object_id, content.file_name, folder=folder),
            "kind": Kind.PUBLIC_COPY if area == PUBLIC_AREA else Kind.ORIGINAL,
            "place": Place.BUCKET if settings.USE_S3_MEDIA else Place.DISK,
            "size_bytes": content.size_bytes,
            "content_type": content.content_type,
            "sha256": content.sha256,
        }
        return self.create(id=object_id, area=area, **{**facts, **given})

    def stored(self) -> Self:
        return self.filter(state=State.STORED)

    def mark_condemned(self, *, keep_for: timedelta = timedelta()) -> int:
        """Condemn all that is stored, and return how many; what they held of the quota is for the caller. One UPDATE.

        Belongs into the transaction in which the last one stops pointing to each.
        """
        return self.stored().update(
            state=State.CONDEMNED,
            charged_bytes=0,
            purge_after=timezone.now() + keep_for,
        )

    def published(self) -> Self:
        """Return what the public gets: of documents that are public, and what apps have in the public area."""
        of_documents = Q(published_document__visibility="public")
        of_apps = Q(app_file__state="saved")
        return self.stored().filter(of_documents | of_apps, area=PUBLIC_AREA)

    def removable(self, now: datetime) -> Self:
        """Return what may be removed: what killed or failed flows left, and what is condemned and whose time is over.

        What failed is tried at once if it holds quota or is public, else when it is old.
        """
        unfinished = [State.PENDING, State.ABANDONED]
        old = Q(state__in=unfinished, created_at__lt=now - PENDING_LIFETIME)
        failed = Q(state=State.ABANDONED)
        urgent = Q(charged_bytes__gt=0) | Q(area=Area.PUBLIC)
        over = Q(state=State.CONDEMNED, purge_after__lte=now)
        return self.filter(old | failed & urgent | over)
