"""The tables of a tenant's schema, from the bottom up."""

from media_core.app_files.models import AppFile
from media_core.audit.models import AuditEvent
from media_core.documents.folders import Folder, FolderReader
from media_core.documents.models import AccessEvent, Document
from media_core.ledger.models import StoredObject

__all__ = [
    "AccessEvent", "AppFile", "AuditEvent", "Document", "Folder", "FolderReader", "StoredObject",
]  # fmt: skip
