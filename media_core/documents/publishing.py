"""Publishing a document and taking it back."""

from uuid import UUID

from media_core.documents.permissions import Editor
from media_core.errors import PublishingRefused


def publish(document_id: UUID, *, editor: Editor) -> None:
    """Let everybody who has its address read the document."""
    raise PublishingRefused("This release does not publish yet.")


def unpublish(document_id: UUID, *, editor: Editor) -> None:
    """Take the document back: only members read it."""
    raise PublishingRefused("This release does not publish yet.")
