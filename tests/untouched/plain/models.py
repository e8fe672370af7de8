from django.core.files.storage import Storage, storages
from django.db import models
from wagtail.documents.models import AbstractDocument, Document


def private_storage() -> Storage:
    return storages["private"]


class Contract(models.Model):
    """Something with a private file."""

    title = models.CharField(max_length=100)
    file = models.FileField(upload_to="contracts/%Y", storage=private_storage)

    def __str__(self) -> str:
        return self.title


class Picture(models.Model):
    """Something with a public picture."""

    title = models.CharField(max_length=100)
    image = models.ImageField(upload_to="pictures", width_field="width", height_field="height")
    width = models.PositiveIntegerField(null=True, editable=False)
    height = models.PositiveIntegerField(null=True, editable=False)

    def __str__(self) -> str:
        return self.title


class PrivateDocument(AbstractDocument):
    """Wagtail's document with a private file: what Wagtail's documentation calls a custom document model."""

    file = models.FileField(upload_to="documents", storage=private_storage)

    admin_form_fields = Document.admin_form_fields

    class Meta(AbstractDocument.Meta):
        permissions = [("choose_document", "Can choose document")]
