"""The revision of a document: it rises with every change, and nobody changes what they have not seen."""

import ast
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from media_core.documents.folders import Folder
from media_core.documents.models import Document
from media_core.documents.moves import move_document
from media_core.documents.publishing import (
    bring_back,
    publish,
    republish,
    take_down,
    unpublish,
    update_unchanged,
)
from media_core.documents.renaming import rename_document
from media_core.documents.trash import restore_entry, trash_document
from media_core.documents.versions import restore_version
from media_core.errors import DocumentChanged
from media_core.uploads.flow import replace_file
from tenants.binding import bind_tenant
from tests.media_core.conftest import document_row
from tests.media_core.documents.conftest import again

pytestmark = [pytest.mark.django_db, pytest.mark.bucket, pytest.mark.usefixtures("in_acme")]
NEW = b"%PDF-1.4\nanother\n%%EOF\n"


def folder() -> Folder:
    made = Folder(name="Board", created_by_id="0" * 32, path=[])
    made.path = [made.pk]
    made.save()
    return made


def new_file() -> SimpleUploadedFile:
    return SimpleUploadedFile("second.pdf", NEW, "application/pdf")


def replace(pk, **given) -> Any:
    given["uploader"] = given.pop("editor")
    return replace_file(pk, file=new_file(), **given)


def retitle(pk, **given) -> Any:
    return rename_document(pk, title="Prices", file_name=Document.objects.get(pk=pk).name, **given)


def rename(pk, **given) -> Any:
    return rename_document(pk, title="", file_name="prices.pdf", **given)


def restore_first(pk, **given) -> Any:
    return restore_version(pk, 1, **given)


def trash_and_restore(pk, editor) -> None:
    restore_entry(trash_document(pk, editor=editor).pk, editor=editor)


def move(pk, editor) -> None:
    move_document(document_id=pk, target_id=folder().pk, editor=editor)


# Each changes the document once more than the one before it, beginning with a private one.
CHANGES = {
    "another title": lambda pk, ed: retitle(pk, editor=ed),
    "another file name": lambda pk, ed: rename(pk, editor=ed),
    "published": lambda pk, ed: publish(pk, editor=ed),
    "published again": lambda pk, _ed: republish(pk),
    "taken down": lambda pk, _ed: take_down(pk),
    "brought back": lambda pk, _ed: bring_back(pk),
    "replaced": lambda pk, ed: replace(pk, editor=ed),
    "an older version": lambda pk, ed: restore_first(pk, editor=ed),
    "unpublished": lambda pk, ed: unpublish(pk, editor=ed),
    "moved": move,
    "in the trash and back": trash_and_restore,
}


def test_it_rises_with_every_change_and_with_no_other_documents(private, keep, ed, globex):
    other = keep(NEW, "other.pdf")
    with bind_tenant(globex):
        foreign = document_row()
    seen = [again(private).revision]
    for change in CHANGES.values():
        change(private.pk, ed)
        seen.append(again(private).revision)
    rises = dict(zip(CHANGES, [after - before for before, after in zip(seen, seen[1:])]))  # noqa: B905, RUF007 - pairs
    assert seen[0] == 1
    assert rises == {name: 2 if name == "in the trash and back" else 1 for name in CHANGES}
    assert again(other).revision == 1
    with bind_tenant(globex):
        assert again(foreign).revision == 1


def test_many_at_once_rise_too():
    documents = [document_row(), document_row()]
    Document.objects.update(folder=folder())
    assert [again(document).revision for document in documents] == [2, 2]


def test_no_code_changes_a_document_by_another_way():
    calls = {
        f"{ast.unparse(node.func.value)}.{node.func.attr}"
        for path in (Path(settings.BASE_DIR) / "media_core").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    # Bulk updates go by `update`. None of these is a document.
    others = {call for call in calls if call.endswith((".save", "._update", ".update_or_create"))}
    assert others == {
        "super().save", "folder.save", "store.save", "file.save",
        "BucketCapabilities.objects.update_or_create",
    }  # fmt: skip


def test_of_two_that_saw_the_same_one_changes_it():
    document = document_row()
    seen = [again(document), again(document)]
    update_unchanged(seen[0], title="mine")
    with pytest.raises(DocumentChanged):
        update_unchanged(seen[1], title="yours")
    assert again(document).title == "mine"


STALE = {
    "retitle": retitle,
    "rename": rename,
    "publish": publish,
    "replace": replace,
    "restore": restore_first,
}


@pytest.mark.parametrize("flow", STALE.values(), ids=STALE)
def test_what_was_changed_since_it_was_seen_is_not_changed(flow, private, ed):
    replace(private.pk, editor=ed)
    before = again(private)
    with pytest.raises(DocumentChanged):
        flow(private.pk, editor=ed, revision=private.revision)
    now = again(private)
    assert (now.revision, now.title, now.name) == (before.revision, before.title, before.name)
    assert now.versions.count() == 2
    assert flow(private.pk, editor=ed, revision=now.revision).revision == now.revision + 1


def test_nor_is_it_taken_back(public, ed):
    retitle(public.pk, editor=ed)
    with pytest.raises(DocumentChanged):
        unpublish(public.pk, editor=ed, revision=public.revision)
    assert again(public).visibility == "public"


def test_what_is_so_already_is_no_conflict(public, ed):
    assert publish(public.pk, editor=ed, revision=public.revision - 1).is_served_to_public
    private = unpublish(public.pk, editor=ed, revision=public.revision)
    assert unpublish(public.pk, editor=ed, revision=1).revision == private.revision


class TestPages:
    @pytest.fixture
    def path(self, private, ed) -> str:
        """Return the path of a document at its second revision."""
        retitle(private.pk, editor=ed)
        return f"/documents/{private.pk}"

    @pytest.fixture
    def replaced(self, private, ed) -> Any:
        return replace(private.pk, editor=ed)

    @pytest.fixture
    def browser(self, acme, globex, browse) -> Any:
        return browse(acme, "ed")

    @pytest.mark.parametrize("page", ["publish", "rename", "replace", "versions/1/restore"])
    def test_each_form_says_what_was_seen(self, page, path, browser):
        shown = browser.get(f"{path}/{page}").content.decode()
        assert '<input type="hidden" name="revision" value="2">' in shown

    def test_so_does_the_one_that_takes_back(self, path, private, ed, browser):
        publish(private.pk, editor=ed)
        shown = browser.get(f"{path}/unpublish").content.decode()
        assert '<input type="hidden" name="revision" value="3">' in shown

    def test_a_replacement_of_what_was_changed_keeps_the_note_and_shows_what_is_now(
        self, path, private, browser
    ):
        sent = {"file": new_file(), "note": "New prices", "revision": "1"}
        answer = browser.post(f"{path}/replace", sent)
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "It was changed meanwhile. Look at it again." in page
        assert 'value="New prices"' in page
        assert "Whoever opens “Prices” will get the new file." in page
        assert 'name="revision" value="2"' in page
        assert again(private).versions.count() == 1
        sent |= {"file": new_file(), "revision": "2"}
        assert browser.post(f"{path}/replace", sent).url == path

    def test_a_name_for_what_was_changed_is_kept_and_shown_beside_that_of_now(
        self, path, private, browser
    ):
        sent = {"title": "Offers", "file_name": "offers.pdf", "revision": "1"}
        answer = browser.post(f"{path}/rename", sent)
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "It was changed meanwhile. Look at it again." in page
        assert 'value="Offers"' in page
        assert 'value="offers.pdf"' in page
        assert f"Now its title is “Prices” and its file name “{private.name}”." in page

    @pytest.mark.parametrize("page", ["publish", "versions/1/restore"])
    @pytest.mark.parametrize("seen", ["1", "", "x", "9" * 5000])
    def test_what_was_changed_is_shown_as_it_is_now(self, page, seen, replaced, browser):
        path = f"/documents/{replaced.pk}"
        answer = browser.post(f"{path}/{page}", {"revision": seen}, follow=True)
        assert answer.redirect_chain == [(path, 302)]
        assert "It was changed meanwhile. Look at it again." in answer.content.decode()
        now = again(replaced)
        assert (now.revision, now.visibility) == (2, "private")
