"""How each app stores, replaces, renames and deletes a file: as its own documentation says, without a change for us."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.files.base import File
from filer.models import File as FilerFile
from filer.models import Image as FilerImage
from wagtail.documents import get_document_model
from wagtail.images import get_image_model

from tests.untouched.plain.models import Contract, Picture
from tests.untouched.rooms import file, pdf, picture


@dataclass(frozen=True)
class Use:
    """One app's way to keep a file."""

    model: Any
    area: str
    content: Callable[..., bytes]
    content_type: str
    name: str
    field: str = "file"
    facts: tuple[tuple[str, Any], ...] = ()

    def upload(self, content: bytes, name: str = "") -> Any:
        """Return a saved instance whose file has these bytes."""
        facts = dict(self.facts)
        if hasattr(self.model, "title"):
            facts["title"] = "A title"
        return self.model.objects.create(**facts, **{self.field: file(content, name or self.name)})

    def file_of(self, instance: Any) -> Any:
        return getattr(self.again(instance), self.field)

    def again(self, instance: Any) -> Any:
        return self.model.objects.get(pk=instance.pk)

    def replace(self, instance: Any, content: bytes) -> None:
        """Give the instance other bytes under the same file name, and delete the old ones, as apps do."""
        instance = self.again(instance)
        old = getattr(instance, self.field)
        storage, name = old.storage, old.name
        setattr(instance, self.field, file(content, self.name))
        instance.save()
        storage.delete(name)

    def rename(self, instance: Any, name: str) -> None:
        """Give the same bytes another name."""
        instance = self.again(instance)
        old = getattr(instance, self.field)
        storage, former = old.storage, old.name
        with storage.open(former) as body:
            setattr(instance, self.field, File(body, name=name))
            instance.save()
        storage.delete(former)

    def delete(self, instance: Any) -> None:
        """Delete the instance and its file. Django leaves the file to its developer; Wagtail and filer delete it."""
        instance = self.again(instance)
        body = getattr(instance, self.field)
        instance.delete()
        if self.model in {Contract, Picture}:
            body.delete(save=False)


USES = {
    "plain file": Use(Contract, "private", pdf, "application/pdf", "offer.pdf"),
    "plain picture": Use(Picture, "media", picture, "image/png", "red.png", field="image"),
    "Wagtail document": Use(
        get_document_model(), "private", pdf, "application/pdf", "minutes.pdf"
    ),
    "Wagtail image": Use(get_image_model(), "media", picture, "image/png", "view.png"),
    "filer public file": Use(
        FilerFile, "media", pdf, "application/pdf", "flyer.pdf",
        facts=(("is_public", True), ("original_filename", "flyer.pdf")),
    ),
    "filer private file": Use(
        FilerFile, "private", pdf, "application/pdf", "plan.pdf",
        facts=(("is_public", False), ("original_filename", "plan.pdf")),
    ),
    "filer private image": Use(
        FilerImage, "private", picture, "image/png", "team.png",
        facts=(("is_public", False), ("original_filename", "team.png")),
    ),
}  # fmt: skip
